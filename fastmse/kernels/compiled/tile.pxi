# Tiles of rows for fits: the features and targets as columns of float64, shifted and scaled, a
# few rows at a time. Decoded on the way, in place where they are float64 as they lie; see tile.h.

cdef extern from "tile.h" nogil:
    void rows_to_tile(
        const double *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d, const double *scale,
        const double *shift, double *z, ptrdiff_t pitch
    ) noexcept
    void column_to_tile(
        const double *v, ptrdiff_t n, double scale, double shift, double *z
    ) noexcept
    void shift_in_place(double *z, ptrdiff_t n, double shift) noexcept

cdef enum:
    LEAST_ROW = 2             # features: a single one is a column
    TILE = 128                # rows: ten columns of them fill 10 KB of L1, the next as many
    PAD = 8                   # doubles: columns a power of two apart would share sets of L1
    DECODED_DOUBLES = 2048    # 16 KB: rows decoded at once
    ASKED_BYTES = 1048576     # of the next tile, asked for meanwhile: more would not be kept


cdef struct Rows:
    Storage X
    Storage *columns          # (n_features) of them in a table, else NULL
    Storage y                 # (n, n_targets)
    Storage w                 # data is NULL without weights
    bint by_columns
    bint in_place             # rows of X are float64 as they lie
    ptrdiff_t n               # rows
    ptrdiff_t n_features
    ptrdiff_t n_targets
    const double *scale       # (n_features + n_targets), and so is
    const double *shift       # NULL for zeros
    ptrdiff_t tile            # rows of a tile
    ptrdiff_t pitch           # doubles from one column of a tile to the next


cdef int read_sources(Rows *rows, X, cnp.ndarray y, sample_weight) except -1:
    """Where everything lies. `rows.columns` is to be freed."""
    cdef ptrdiff_t j
    memset(rows, 0, sizeof(Rows))
    rows.y = storage_of(y)
    rows.n, rows.n_features = cnp.PyArray_DIM(y, 0), X.shape[1]
    rows.n_targets = cnp.PyArray_DIM(y, 1) if cnp.PyArray_NDIM(y) == 2 else 1
    rows.by_columns = True
    if sample_weight is not None:
        rows.w = storage_of(sample_weight)
    if isinstance(X, np.ndarray):
        rows.X = storage_of(X)
        rows.by_columns = rows.n_features < LEAST_ROW \
            or labs(rows.X.row) < labs(rows.X.column)
        rows.in_place = rows.X.native and rows.X.column == sizeof(double) \
            and rows.X.row % <ptrdiff_t> sizeof(double) == 0
        return 0
    rows.columns = <Storage *> malloc(max(rows.n_features, 1) * sizeof(Storage))
    if rows.columns == NULL:
        raise MemoryError("fastmse: no memory for the places of the columns")
    for j, column in enumerate(X.arrays):
        rows.columns[j] = storage_of(column)
    return 0


cdef inline Storage column_source(const Rows *rows, ptrdiff_t j) noexcept nogil:
    """Column j of the features and, after them, of the targets."""
    cdef Storage column
    if j >= rows.n_features:
        column = rows.y
        column.data += (j - rows.n_features) * column.column
    elif rows.columns != NULL:
        column = rows.columns[j]
    else:
        column = rows.X
        column.data += j * column.column
    return column


cdef void set_tile(Rows *rows) noexcept nogil:
    rows.tile, rows.pitch = TILE, TILE + PAD


cdef inline ptrdiff_t decoded_rows(const Rows *rows) noexcept nogil:
    return min(max(DECODED_DOUBLES // max(rows.n_features, 1) // 4 * 4, 4), rows.tile)


cdef inline ptrdiff_t tile_scratch(const Rows *rows) noexcept nogil:
    """Doubles that reading a tile needs: one column, some rows, its weights."""
    return 2 * rows.pitch + decoded_rows(rows) * rows.n_features


cdef inline double shift_of(const Rows *rows, ptrdiff_t j) noexcept nogil:
    return rows.shift[j] if rows.shift != NULL else 0.0


cdef void read_rows_of_tile(
    const Rows *rows, ptrdiff_t first, ptrdiff_t n, double *z, double *scratch
) noexcept nogil:
    cdef const Storage *X = &rows.X
    cdef ptrdiff_t d = rows.n_features, step = decoded_rows(rows), start, count, i
    cdef const char *source = X.data + first * X.row
    if rows.in_place:
        rows_to_tile(
            <const double *> source, X.row // <ptrdiff_t> sizeof(double), n, d, rows.scale,
            rows.shift, z, rows.pitch,
        )
        return
    for start from 0 <= start < n by step:
        count = min(step, n - start)
        if is_dense(X, d):
            X.decode(source + start * X.row, X.column, count * d, scratch)
        else:
            for i in range(count):
                X.decode(source + (start + i) * X.row, X.column, d, scratch + i * d)
        rows_to_tile(scratch, d, count, d, rows.scale, rows.shift, z + start, rows.pitch)


cdef void read_tile(
    const Rows *rows, ptrdiff_t first, ptrdiff_t n, double *z, double *scratch
) noexcept nogil:
    """Rows [first, first + n) into the columns z; zeros up to a multiple of four rows."""
    cdef ptrdiff_t j = 0, r, last = rows.n_features + rows.n_targets
    cdef Storage column
    cdef const double *values
    if not rows.by_columns:
        read_rows_of_tile(rows, first, n, z, scratch + rows.pitch)
        j = rows.n_features
    while j < last:
        column = column_source(rows, j)
        values = read_rows(&column, first, n, scratch)
        column_to_tile(values, n, rows.scale[j], shift_of(rows, j), z + j * rows.pitch)
        j += 1
    for r in range(n, (n + 3) // 4 * 4):
        for j in range(last):
            z[j * rows.pitch + r] = 0.0


cdef const double *read_weights(
    const Rows *rows, ptrdiff_t first, ptrdiff_t n, double *scratch
) noexcept nogil:
    """Of rows [first, first + n), and zeros up to a multiple of four; NULL without weights."""
    cdef const double *w = read_rows(&rows.w, first, n, scratch)
    if w == NULL or n % 4 == 0:
        return w
    memmove(scratch, w, n * sizeof(double))
    memset(scratch + n, 0, (4 - n % 4) * sizeof(double))
    return scratch


cdef const double *counting(
    const double *w, ptrdiff_t n, double *scratch
) noexcept nogil:
    """Weights that leave out what stands between n rows and a multiple of four."""
    cdef ptrdiff_t r
    if w != NULL or n % 4 == 0:
        return w
    for r in range((n + 3) // 4 * 4):
        scratch[r] = r < n
    return scratch


cdef Asking ask_for_rows(
    const Rows *rows, ptrdiff_t first, ptrdiff_t n, const char **places, ptrdiff_t calls
) noexcept nogil:
    """Rows [first, first + n), to be read next; nothing where the caches would not keep them."""
    cdef Asking ahead
    cdef Storage column
    cdef ptrdiff_t j, size = 0
    memset(&ahead, 0, sizeof(Asking))
    n = min(n, rows.n - first)
    if n <= 0:
        return ahead
    if rows.columns == NULL and is_dense(&rows.X, rows.n_features):
        places[0], ahead.streams, size = rows.X.data + first * rows.X.row, 1, rows.X.row
    elif rows.by_columns and rows.n_features <= ASKED_COLUMNS:
        for j in range(rows.n_features):
            column = column_source(rows, j)
            if column.row != column.size:
                return ahead
            places[j], size = column.data + first * column.row, max(size, column.row)
        ahead.streams = rows.n_features
    if n * size * ahead.streams > ASKED_BYTES:
        ahead.streams = 0
    ahead.next, ahead.lines = places, (n * size + LINE - 1) // LINE
    ahead.share = (ahead.lines * ahead.streams + calls - 1) // calls
    return ahead
