# Linear model: f_i = theta_0 + sum_j theta_j x_ij, r_i = f_i - y_i, c_i = w_i r_i;
# SSE = sum_i c_i r_i and G_j = sum_i c_i x_ij, each x_ij read from memory once.
# 8 (d + 1) bytes a row (8 more with weights), 4 d + 3 flops.
#
# Two orders of the same sums: by rows, for long rows, and by columns, for
# column-major data and for short rows, which are packed into columns in L1.
# The tile of rows, or slab of columns, is touched twice: for f, then for G.

cdef enum:
    TILE_ROWS = 64            # rows of a gradient run: 16 groups of four, then added to the block's
    TILE_DOUBLES = 2048       # 16 KB, half of a small L1


cdef ptrdiff_t tile_rows(ptrdiff_t d) noexcept nogil:
    """Rows that fit in half of L1: a power of two in [4, 64]."""
    cdef ptrdiff_t rows = TILE_ROWS
    while rows > 4 and rows * d > TILE_DOUBLES:
        rows //= 2
    return rows


cdef const double *read_tile(
    const Job *job, const double *w, ptrdiff_t first, ptrdiff_t rows,
    double *scratch, ptrdiff_t *pitch,
) noexcept nogil:
    """X[first : first + rows] row-major, rows of zero weight cleared; pitch in doubles."""
    cdef const Storage *X = &job.X
    cdef ptrdiff_t d = job.n_features, i
    if X.native and X.column == sizeof(double) and X.row % <ptrdiff_t> sizeof(double) == 0 \
            and not job.has_zero_weights:
        pitch[0] = X.row // <ptrdiff_t> sizeof(double)
        return <const double *> (X.data + first * X.row)
    pitch[0] = d
    for i in range(rows):
        if w != NULL and w[i] == 0.0:
            memset(scratch + i * d, 0, d * sizeof(double))
        else:
            X.decode(X.data + (first + i) * X.row, X.column, d, scratch + i * d)
    return scratch


cdef bint columns_in_place(const Job *job) noexcept nogil:
    return job.X.native and job.X.row == sizeof(double) \
        and job.X.column % <ptrdiff_t> sizeof(double) == 0 and not job.has_zero_weights


cdef const double *read_slab(
    const Job *job, const double *w, ptrdiff_t first, ptrdiff_t rows,
    double *scratch, ptrdiff_t *pitch,
) noexcept nogil:
    """X[first : first + rows] column-major, rows of zero weight cleared; pitch in doubles."""
    cdef const Storage *X = &job.X
    cdef ptrdiff_t length = min(job.room, RUN), i, j
    cdef double *column
    if columns_in_place(job):
        pitch[0] = X.column // <ptrdiff_t> sizeof(double)
        return <const double *> (X.data + first * X.row)
    pitch[0] = length
    if X.column == sizeof(double) and X.native and not job.has_zero_weights:
        transpose(
            <const double *> (X.data + first * X.row), X.row // <ptrdiff_t> sizeof(double),
            rows, job.n_features, scratch, length,
        )
        return scratch
    for j in range(job.n_features):
        column = scratch + j * length
        X.decode(X.data + first * X.row + j * X.column, X.row, rows, column)
        if job.has_zero_weights:
            for i in range(rows):
                column[i] = 0.0 if w[i] == 0.0 else column[i]
    return scratch


cdef void finish_block(
    const Job *job, ptrdiff_t rows, const double *c, const double *r, double *node
) noexcept nogil:
    """SSE and the intercept's gradient, from the residuals of the whole block."""
    cdef ptrdiff_t k, K = job.n_thetas
    for k in range(K):
        store_pair(block_dot2(c + k * job.room, r + k * job.room, rows), node + k, K)
        if job.grad and job.intercept:
            node[2 * K + k * job.n_parameters] = block_sum(c + k * job.room, rows)


cdef void rows_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    cdef ptrdiff_t K = job.n_thetas, d = job.n_features, p = job.n_parameters, B = job.room
    cdef ptrdiff_t tile = tile_rows(d), start, n, i, j, k, readable, pitch = 0
    cdef double *r = scratch + 2 * B
    cdef double *c = r + K * B
    cdef double *g_run = c + K * B
    cdef double *G = node + 2 * K + job.intercept
    cdef const double *y = read_rows(&job.y, first, rows, scratch)
    cdef const double *w = read_rows(&job.w, first, rows, scratch + B)
    cdef const double *w_tile = NULL
    cdef const double *x
    cdef const double *theta
    cdef double *f
    cdef double *c_tile
    cdef double offset = 0.0
    if w == NULL:
        c = r
    if job.grad:
        memset(node + 2 * K, 0, K * p * sizeof(double))
        memset(g_run, 0, K * d * sizeof(double))
    for start from 0 <= start < rows by tile:
        n = min(tile, rows - start)
        if w != NULL:
            w_tile = w + start
        x = read_tile(job, w_tile, first + start, n, g_run + K * d, &pitch)
        readable = n if first + start + n < job.n_rows else n - 1
        if pitch < DOT_LANES:
            readable = 0
        for k in range(K):
            theta = job.theta + k * p
            if job.intercept:
                offset = theta[0]
                theta = theta + 1
            f = r + k * B + start
            c_tile = c + k * B + start
            for i in range(n):
                f[i] = offset + row_dot(theta, x + i * pitch, d, i < readable)
            residuals(f, y + start, w_tile, f, c_tile, n)
            if job.grad:
                add_rows(c_tile, x, pitch, n, d, g_run + k * d)
        if job.grad and ((start + n) % TILE_ROWS == 0 or start + n == rows):
            for k in range(K):
                for j in range(d):
                    G[k * p + j] += g_run[k * d + j]
            memset(g_run, 0, K * d * sizeof(double))
    finish_block(job, rows, c, r, node)


cdef void columns_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    cdef ptrdiff_t K = job.n_thetas, d = job.n_features, p = job.n_parameters, B = job.room
    cdef bint in_place = columns_in_place(job)
    cdef ptrdiff_t slab = B if in_place else min(B, RUN)
    cdef ptrdiff_t start, n, i, j, k, pitch = 0
    cdef double *r = scratch + 2 * B
    cdef double *c = r + K * B
    cdef double *G = node + 2 * K + job.intercept
    cdef const double *y = read_rows(&job.y, first, rows, scratch)
    cdef const double *w = read_rows(&job.w, first, rows, scratch + B)
    cdef const double *w_slab = NULL
    cdef const double *x
    cdef const double *theta
    cdef double *f
    cdef double *c_slab
    cdef double offset = 0.0
    cdef double *packed = c + K * B
    if w == NULL:
        c = r
    if job.grad:
        memset(node + 2 * K, 0, K * p * sizeof(double))
    for start from 0 <= start < rows by slab:
        n = min(slab, rows - start)
        if w != NULL:
            w_slab = w + start
        x = read_slab(job, w_slab, first + start, n, packed, &pitch)
        for k in range(K):
            theta = job.theta + k * p
            if job.intercept:
                offset = theta[0]
                theta = theta + 1
            f = r + k * B + start
            c_slab = c + k * B + start
            for i in range(n):
                f[i] = offset
            add_columns(theta, x, pitch, n, d, f)
            residuals(f, y + start, w_slab, f, c_slab, n)
            if job.grad:
                for j in range(d):
                    G[k * p + j] += block_dot(c_slab, x + j * pitch, n, in_place)
    finish_block(job, rows, c, r, node)


def linear(
    cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t block,
    cnp.ndarray X, cnp.ndarray y, sample_weight, bint has_zero_weights,
    cnp.ndarray theta, bint intercept, bint grad, bint by_columns, int n_threads,
):
    """Count rows into nodes (57, 2 K + K p): SSE.hi, SSE.lo, G. theta is (K, p), C order."""
    cdef Job job = empty_job(sample_weight)
    cdef ptrdiff_t d = X.shape[1], p = d + intercept, K = theta.shape[0]
    job.X, job.y = storage_of(X), storage_of(y)
    job.has_zero_weights = has_zero_weights
    job.n_rows, job.n_thetas, job.n_features, job.n_parameters = X.shape[0], K, d, p
    job.intercept, job.grad, job.block = intercept, grad, block
    job.width = 2 * K + (K * p if grad else 0)
    job.room = min(block, job.n_rows)
    job.scratch = 2 * (K + 1) * job.room
    job.scratch += d * min(job.room, RUN) if by_columns else d * (tile_rows(d) + K)
    job.scratch += DOT_LANES  # row_dot may read so far past the last row of a tile
    job.evaluate = columns_block if by_columns else rows_block
    cdef double *padded = <double *> malloc((K * p + DOT_LANES) * sizeof(double))
    if padded == NULL:
        raise MemoryError("fastmse: no memory for a copy of theta")
    memcpy(padded, cnp.PyArray_DATA(theta), K * p * sizeof(double))
    job.theta = padded
    try:
        return accumulate_rows(&job, nodes, blocks, X.shape[0], n_threads)
    finally:
        free(padded)
