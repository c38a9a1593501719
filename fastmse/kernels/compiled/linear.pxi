# Linear model: f_i = theta_0 + sum_j theta_j x_ij, r_i = f_i - y_i, c_i = w_i r_i;
# SSE = sum_i c_i r_i and G_j = sum_i c_i x_ij, each x_ij read from memory once.
# 8 (d + 1) bytes a row (8 more with weights), 4 d + 3 flops.
#
# Node: SSE.hi[K] and W.hi, SSE.lo[K] and W.lo, the numbers of zero and of invalid
# weights, G (K, p). W and the two numbers only with weights.

cdef struct Block:
    const double *y
    const double *w           # NULL without weights
    bint zeros                # some of them are 0
    double *r                 # (K, room): f, then the residuals
    double *c                 # (K, room): w r; r itself without weights
    double *G                 # of the node, without the intercept
    double *free              # scratch after all that


cdef Block begin_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    """y and w as float64; the node cleared, and the weights counted into it."""
    cdef ptrdiff_t K = job.n_thetas, B = job.room, start
    cdef Block at
    cdef Weighing sums
    memset(node, 0, job.width * sizeof(double))
    at.y = read_rows(&job.y, first, rows, scratch)
    at.w = read_rows(&job.w, first, rows, scratch + B)
    at.r = scratch + 2 * B
    at.zeros = False
    at.c = at.r + K * B
    at.free = at.c + K * B
    at.G = node + 2 * job.n_double + job.intercept
    if at.w == NULL:
        at.c = at.r
        return at
    at.G += 2
    memset(&sums, 0, sizeof(Weighing))
    for start from 0 <= start < rows by RUN:
        weigh_run(&sums, at.w + start, min(RUN, rows - start))
    store_weighing(&sums, node, K, job.n_double)
    at.zeros = sums.zeros > 0.0
    return at


cdef inline Column column_of(
    const Job *job, const Block *at, ptrdiff_t k, ptrdiff_t start
) noexcept nogil:
    """Rows from `start` of the block, for theta k."""
    cdef Column column
    column.y = at.y + start
    column.w = at.w + start if at.w != NULL else NULL
    column.r = at.r + k * job.room + start
    column.c = at.c + k * job.room + start
    return column


cdef void end_block(
    const Job *job, ptrdiff_t rows, const Block *at, double *node
) noexcept nogil:
    """SSE and the intercept's gradient, from the residuals of the whole block."""
    cdef ptrdiff_t k, B = job.room
    for k in range(job.n_thetas):
        store_pair(block_dot2(at.c + k * B, at.r + k * B, rows), node + k, job.n_double)
        if job.grad and job.intercept:
            at.G[k * job.n_parameters - 1] = block_sum(at.c + k * B, rows)


include "linear_rows.pxi"
include "linear_columns.pxi"


cdef int lay_out(Job *job, X, cnp.ndarray theta) except -1:
    """Where theta and the columns of X lie; to be released when the job is done."""
    cdef ptrdiff_t K = job.n_thetas, d = job.n_features, p = job.n_parameters, k
    cdef const double *source = <const double *> cnp.PyArray_DATA(theta)
    job.pitch = (d + 3) // 4 * 4 + 8
    job.thetas = <double *> calloc(K * (job.pitch + 1), sizeof(double))
    if job.thetas == NULL:
        raise MemoryError("fastmse: no memory for a copy of theta")
    job.slopes, job.offsets = job.thetas, job.thetas + K * job.pitch
    for k in range(K):
        memcpy(
            job.thetas + k * job.pitch, source + k * p + job.intercept, d * sizeof(double)
        )
        job.thetas[K * job.pitch + k] = source[k * p] if job.intercept else 0.0
    if isinstance(X, np.ndarray):
        job.X = storage_of(X)
        return 0
    job.columns = <Storage *> malloc(max(d, 1) * sizeof(Storage))
    if job.columns == NULL:
        release(job)
        raise MemoryError("fastmse: no memory for the places of the columns")
    for k, column in enumerate(X.arrays):
        job.columns[k] = storage_of(column)
    return 0


cdef void release(Job *job) noexcept:
    free(job.thetas)
    free(job.columns)


cdef int begin_linear(
    Job *job, X, cnp.ndarray y, sample_weight, cnp.ndarray theta, ptrdiff_t K, bint intercept,
    bint grad, bint by_columns, ptrdiff_t block,
) except -1:
    cdef ptrdiff_t p = cnp.PyArray_SIZE(theta) // K, d = p - intercept
    cdef ptrdiff_t weighted = sample_weight is not None
    begin(job, sample_weight)
    job.y = storage_of(y)
    job.n_rows, job.n_thetas, job.n_features, job.n_parameters = cnp.PyArray_DIM(y, 0), K, d, p
    job.intercept, job.grad, job.block = intercept, grad, block
    job.n_double = K + weighted
    job.width = 2 * job.n_double + 2 * weighted + (K * p if grad else 0)
    job.room = min(block, job.n_rows)
    lay_out(job, X, theta)
    job.scratch = 2 * (K + 1) * job.room
    if by_columns:
        job.in_place = columns_in_place(job)
        job.scratch += TOGETHER * SLAB
        job.evaluate = columns_block
        if d <= TOGETHER:
            job.evaluate = tiny_block if 1 <= d <= TINY else few_columns_block
    else:
        job.scratch += K * job.pitch + max(d * tile_rows(d) + 8, LAST_ROWS * job.pitch)
        job.evaluate = rows_block
    return 0


def linear(
    cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t block,
    X, cnp.ndarray y, sample_weight,
    cnp.ndarray theta, bint intercept, bint grad, bint by_columns, int n_threads,
):
    """Count rows into nodes (57, width). theta is (K, p), C order."""
    cdef Job job
    begin_linear(
        &job, X, y, sample_weight, theta, cnp.PyArray_DIM(theta, 0), intercept, grad, by_columns,
        block,
    )
    try:
        return accumulate_rows(&job, nodes, blocks, job.n_rows, n_threads)
    finally:
        release(&job)
