# Tiles of rows for fits: the features and targets as columns of float64, shifted and scaled, a
# few rows at a time. Decoded on the way, in place where they are float64 as they lie; see tile.h.

cdef extern from "tile.h" nogil:
    enum:
        TILE
        PANEL
        PANEL_DOUBLES
    ptrdiff_t column_place(ptrdiff_t c) noexcept
    ptrdiff_t tile_doubles(ptrdiff_t m) noexcept
    ptrdiff_t coefficient_doubles(ptrdiff_t p) noexcept
    void negate_each(const double *t, ptrdiff_t p, double *s) noexcept
    void rows_to_tile(
        const double *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d, const double *scale,
        const double *shift, double *z
    ) noexcept
    void column_to_tile(
        const double *v, ptrdiff_t n, double scale, double shift, double *z, ptrdiff_t ahead
    ) noexcept
    void ones_to_tile(ptrdiff_t n, double *z) noexcept
    void shift_tile(double *z, ptrdiff_t n, ptrdiff_t m, const double *shift) noexcept

cdef enum:
    LEAST_ROW = 2             # features: a single one is a column
    MANY_COLUMNS = 16         # features, from which on asking for the next values takes turns
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
    ptrdiff_t m               # columns of a tile: ones, features, targets
    double *scale             # of columns, of whole panels, and so are
    double *shift
    double *subtracted        # the same, or zeros


cdef int read_sources(
    Rows *rows, X, cnp.ndarray y, sample_weight, const double[::1] scale,
    const double[::1] shift, bint shifted,
) except -1:
    """Where everything lies; scale and shift are (n_features + n_targets,), shift None for zeros.

    Whether tiles are `shifted`, or left to the kernel. To be released.
    """
    cdef ptrdiff_t j, padded
    memset(rows, 0, sizeof(Rows))
    rows.y = storage_of(y)
    rows.n, rows.n_features = cnp.PyArray_DIM(y, 0), X.shape[1]
    rows.n_targets = cnp.PyArray_DIM(y, 1) if cnp.PyArray_NDIM(y) == 2 else 1
    rows.by_columns = True
    if sample_weight is not None:
        rows.w = storage_of(sample_weight)
    rows.m = 1 + rows.n_features + rows.n_targets
    padded = (rows.m + PANEL - 1) // PANEL * PANEL
    rows.scale = <double *> calloc(3 * padded, sizeof(double))
    if not isinstance(X, np.ndarray):
        rows.columns = <Storage *> malloc(max(rows.n_features, 1) * sizeof(Storage))
    if rows.scale == NULL or rows.columns == NULL and not isinstance(X, np.ndarray):
        free_sources(rows)
        raise MemoryError("fastmse: no memory for the places and scales of the columns")
    rows.shift = rows.scale + padded
    rows.subtracted = rows.shift if shifted else rows.shift + padded
    for j in range(1, rows.m):
        rows.scale[j] = scale[j - 1]
        if shift is not None:
            rows.shift[j] = shift[j - 1]
    try:
        read_features(rows, X)
    except BaseException:
        free_sources(rows)
        raise
    return 0


cdef int read_features(Rows *rows, X) except -1:
    """Of an array or `Columns`."""
    cdef ptrdiff_t j
    if isinstance(X, np.ndarray):
        rows.X = storage_of(X)
        rows.by_columns = rows.n_features < LEAST_ROW \
            or labs(rows.X.row) < labs(rows.X.column)
        rows.in_place = rows.X.native and rows.X.column == sizeof(double) \
            and rows.X.row % <ptrdiff_t> sizeof(double) == 0
        return 0
    for j, column in enumerate(X.arrays):
        rows.columns[j] = storage_of(column)
    return 0


cdef void free_sources(Rows *rows) noexcept:
    free(rows.columns)
    free(rows.scale)


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


cdef inline ptrdiff_t decoded_rows(const Rows *rows) noexcept nogil:
    return min(max(DECODED_DOUBLES // max(rows.n_features, 1) // 4 * 4, 4), TILE)


cdef inline ptrdiff_t tile_scratch(const Rows *rows) noexcept nogil:
    """Doubles that reading a tile needs: one column, some rows, its weights."""
    return 2 * TILE + decoded_rows(rows) * rows.n_features


cdef void read_rows_of_tile(
    const Rows *rows, ptrdiff_t first, ptrdiff_t n, double *z, double *scratch
) noexcept nogil:
    cdef const Storage *X = &rows.X
    cdef ptrdiff_t d = rows.n_features, step = decoded_rows(rows), start, count, i
    cdef const char *source = X.data + first * X.row
    if rows.in_place:
        rows_to_tile(
            <const double *> source, X.row // <ptrdiff_t> sizeof(double), n, d, rows.scale,
            rows.subtracted, z,
        )
        return
    for start from 0 <= start < n by step:
        count = min(step, n - start)
        if is_dense(X, d):
            X.decode(source + start * X.row, X.column, count * d, scratch)
        else:
            for i in range(count):
                X.decode(source + (start + i) * X.row, X.column, d, scratch + i * d)
        rows_to_tile(scratch, d, count, d, rows.scale, rows.subtracted, z + PANEL * start)


cdef void read_tile(
    const Rows *rows, ptrdiff_t first, ptrdiff_t n, double *z, double *scratch
) noexcept nogil:
    """Rows [first, first + n) into the columns z; zeros up to a multiple of four rows."""
    cdef ptrdiff_t c = 1
    cdef Storage column
    cdef const double *values
    if not rows.by_columns:
        read_rows_of_tile(rows, first, n, z, scratch + TILE)
        c += rows.n_features
    ones_to_tile(n, z)
    while c < rows.m:
        column = column_source(rows, c - 1)
        values = read_rows(&column, first, n, scratch)
        column_to_tile(
            values, n, rows.scale[c], rows.subtracted[c], z + column_place(c),
            2 * TILE if c > rows.n_features or rows.n_features < MANY_COLUMNS else 0,
        )
        c += 1


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


cdef Asking ask_for_rows(
    const Rows *rows, ptrdiff_t first, ptrdiff_t n, const char **places, ptrdiff_t loops
) noexcept nogil:
    """Rows [first, first + n), to be read next; nothing where the caches would not keep them."""
    cdef Asking asking
    cdef Storage column
    cdef ptrdiff_t j
    memset(&asking, 0, sizeof(Asking))
    n = min(n, rows.n - first)
    if n <= 0:
        return asking
    asking.next = places
    if rows.columns == NULL and is_dense(&rows.X, rows.n_features):
        places[0], asking.streams = rows.X.data + first * rows.X.row, 1
        asking.bytes = n * rows.X.row
        asking.share = (asking.bytes + loops - 1) // loops
    elif rows.by_columns and rows.n_features <= ASKED_COLUMNS:
        for j in range(rows.n_features):
            column = column_source(rows, j)
            if column.row != column.size:
                return asking
            places[j], asking.bytes = column.data + first * column.row, n * column.row
        asking.share, asking.streams = asking.bytes, rows.n_features
    if asking.bytes * asking.streams > ASKED_BYTES:
        asking.streams = 0
    return asking
