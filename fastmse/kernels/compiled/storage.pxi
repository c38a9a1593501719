# Where an array's elements lie, and how to read a stretch of them as float64.

cdef extern from "storage.h" nogil:
    ctypedef void (*decoder_t)(const char *, ptrdiff_t, ptrdiff_t, double *) noexcept
    ctypedef void (*encoder_t)(const double *, ptrdiff_t, char *, ptrdiff_t) noexcept
    const decoder_t DECODERS[13][2]
    const encoder_t ENCODERS[4][2]
    const int STORAGE_float64, STORAGE_float32, STORAGE_float16, STORAGE_bfloat16
    const int STORAGE_int8, STORAGE_int16, STORAGE_int32, STORAGE_int64
    const int STORAGE_uint8, STORAGE_uint16, STORAGE_uint32, STORAGE_uint64, STORAGE_boolean


cdef struct Storage:
    char *data
    ptrdiff_t row            # bytes from one row to the next
    ptrdiff_t column         # bytes from one column to the next; 0 for a vector
    ptrdiff_t size           # bytes of an element
    decoder_t decode
    encoder_t encode         # NULL unless the elements are floating
    int code                 # STORAGE_*, or -1 where the bytes are swapped
    bint native              # aligned float64 in this machine's byte order


cdef int storage_code(char kind, ptrdiff_t itemsize) noexcept:
    """The decoder of a dtype that the gate has let through."""
    if kind == c"f":
        if itemsize == 8:
            return STORAGE_float64
        return STORAGE_float32 if itemsize == 4 else STORAGE_float16
    if kind == c"V":
        return STORAGE_bfloat16
    if kind == c"b":
        return STORAGE_boolean
    cdef int first = STORAGE_int8 if kind == c"i" else STORAGE_uint8
    if itemsize == 1:
        return first
    if itemsize == 2:
        return first + 1
    return first + 2 if itemsize == 4 else first + 3


cdef Storage storage_of(cnp.ndarray array) noexcept:
    cdef Storage storage
    cdef int code = storage_code(array.descr.kind, cnp.PyArray_ITEMSIZE(array))
    cdef bint swapped = cnp.PyArray_ISBYTESWAPPED(array)
    storage.data = cnp.PyArray_BYTES(array)
    storage.row = cnp.PyArray_STRIDE(array, 0)
    storage.column = cnp.PyArray_STRIDE(array, 1) if cnp.PyArray_NDIM(array) == 2 else 0
    storage.size = cnp.PyArray_ITEMSIZE(array)
    storage.decode = DECODERS[code][swapped]
    storage.encode = ENCODERS[code][swapped] if code <= STORAGE_bfloat16 else NULL
    storage.code = -1 if swapped else code
    storage.native = code == STORAGE_float64 and not swapped and cnp.PyArray_ISALIGNED(array)
    return storage


cdef inline const double *read_rows(
    const Storage *vector, ptrdiff_t first, ptrdiff_t rows, double *scratch
) noexcept nogil:
    """Rows [first, first + rows) as float64: in place if they are so, else in scratch."""
    cdef const char *source = vector.data + first * vector.row
    if vector.data == NULL:
        return NULL
    if vector.native and vector.row == sizeof(double):
        return <const double *> source
    vector.decode(source, vector.row, rows, scratch)
    return scratch
