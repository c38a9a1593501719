# The linear model on row-major data: tiles of rows that fit in L1, see rows.h.

cdef enum:
    TILE_ROWS = 64            # rows of a gradient run: 16 groups of four, then added to the block's
    TILE_DOUBLES = 2048       # 16 KB, half of a small L1
    LAST_ROWS = 4             # of the array, evaluated from a copy: vectors read beyond them


cdef ptrdiff_t tile_rows(ptrdiff_t d) noexcept nogil:
    """Rows that fit in half of L1: a power of two in [4, 64]."""
    cdef ptrdiff_t rows = TILE_ROWS
    while rows > 4 and rows * d > TILE_DOUBLES:
        rows //= 2
    return rows


cdef inline bint is_dense(const Storage *X, ptrdiff_t d) noexcept nogil:
    """Whether rows lie side by side in ascending memory: to be read ahead, and decoded at once."""
    return X.column == X.size and X.row == d * X.size


cdef inline bint rows_in_place(const Job *job) noexcept nogil:
    cdef const Storage *X = &job.X
    return X.native and X.column == sizeof(double) and X.row % <ptrdiff_t> sizeof(double) == 0 \
        and X.row >= job.n_features * <ptrdiff_t> sizeof(double)


cdef void copy_tile(
    const Job *job, const double *w, ptrdiff_t first, ptrdiff_t rows, double *tile
) noexcept nogil:
    """X[first : first + rows] as float64; rows of zero weight, whatever they hold, as zeros."""
    cdef const Storage *X = &job.X
    cdef ptrdiff_t d = job.n_features, i
    if is_dense(X, d):
        X.decode(X.data + first * X.row, X.column, rows * d, tile)
    else:
        for i in range(rows):
            X.decode(X.data + (first + i) * X.row, X.column, d, tile + i * d)
    if w != NULL:
        for i in range(rows):
            if w[i] == 0.0:
                memset(tile + i * d, 0, d * sizeof(double))


cdef inline bint any_zero(const double *w, ptrdiff_t n) noexcept nogil:
    cdef ptrdiff_t i
    cdef int zeros = 0
    if w != NULL:
        for i in range(n):
            zeros |= w[i] == 0.0
    return zeros


cdef Ahead ahead_of(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, bint in_place, ptrdiff_t k
) noexcept nogil:
    """What to ask memory for while theta k is evaluated on a tile.

    Alone in place: the lines a little ahead. Else the next tile, a share for each theta.
    """
    cdef const Storage *X = &job.X
    cdef ptrdiff_t line = LINE, group = 4 * X.row, groups = rows // 4, distance
    cdef Ahead ahead
    ahead.next, ahead.lines = NULL, 0
    if not is_dense(X, job.n_features) or (job.n_thetas == 1 and job.n_features >= LONG_ROW):
        return ahead
    if in_place and job.n_thetas == 1:
        ahead.lines = (group + line - 1) // line
        distance = min(AHEAD_LINES * line, rows * X.row)
    else:
        ahead.lines = (group + line * job.n_thetas - 1) // (line * job.n_thetas)
        distance = rows * X.row + k * groups * ahead.lines * line
        if distance >= 2 * rows * X.row:
            ahead.lines = 0
    ahead.next = X.data + first * X.row + distance
    return ahead


cdef void rows_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    cdef ptrdiff_t K = job.n_thetas, d = job.n_features, p = job.n_parameters
    cdef ptrdiff_t start = 0, n, j, k, pitch
    cdef bint in_place, dense = rows_in_place(job)
    cdef ptrdiff_t longest = TILE_ROWS if dense and K == 1 else tile_rows(d)
    cdef Block at = begin_block(job, first, rows, node, scratch)
    cdef double *runs = at.free
    cdef double *tile = runs + K * job.pitch
    cdef double *g
    cdef const double *x
    cdef const double *w
    cdef Column column
    memset(runs, 0, K * job.pitch * sizeof(double))
    while start < rows:
        n = min(min(longest, TILE_ROWS - start % TILE_ROWS), rows - start)
        w = at.w + start if at.w != NULL else NULL
        in_place = dense and not any_zero(w, n)
        if in_place and first + start + n == job.n_rows:
            if n > LAST_ROWS:
                n = (n - 1) // LAST_ROWS * LAST_ROWS
            else:
                in_place = False
        if in_place:
            x, pitch = <const double *> (job.X.data + (first + start) * job.X.row), job.X.row // 8
        else:
            n = min(n, tile_rows(d))
            copy_tile(job, w, first + start, n, tile)
            x, pitch = tile, d
        for k in range(K):
            column = column_of(job, &at, k, start)
            g = runs + k * job.pitch if job.grad else NULL
            evaluate_rows(
                job.slopes + k * job.pitch, job.offsets[k], x, pitch, n, d, &column, g,
                ahead_of(job, first + start, n, in_place, k),
            )
        start += n
        if job.grad and (start % TILE_ROWS == 0 or start == rows):
            for k in range(K):
                for j in range(d):
                    at.G[k * p + j] += runs[k * job.pitch + j]
            memset(runs, 0, K * job.pitch * sizeof(double))
    end_block(job, rows, &at, node)
