# Linear model: f_i = theta_0 + sum_j theta_j x_ij, r_i = f_i - y_i, c_i = w_i r_i;
# SSE = sum_i c_i r_i and G_j = sum_i c_i x_ij, each x_ij read from memory once.
# 8 (d + 1) bytes a row (8 more with weights), 4 d + 3 flops.
#
# Node: SSE.hi[K] and W.hi, SSE.lo[K] and W.lo, the numbers of zero and of invalid
# weights, G (K, p). W and the two numbers only with weights.

cdef struct Block:
    const double *y
    const double *w           # NULL without weights
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


cdef class Layout:
    """Where X and theta lie, for as long as a job needs them."""

    cdef Storage X
    cdef Storage *columns
    cdef double *thetas

    def __cinit__(self, X, double[:, ::1] theta, bint intercept, bint by_columns, ptrdiff_t pitch):
        cdef ptrdiff_t K = theta.shape[0], d = theta.shape[1] - intercept, j, k
        self.thetas = <double *> calloc(K * (pitch + 1), sizeof(double))
        if by_columns:
            self.columns = <Storage *> malloc((d + 1) * sizeof(Storage))
        if self.thetas == NULL or (by_columns and self.columns == NULL):
            raise MemoryError("fastmse: no memory for a copy of theta")
        for k in range(K):
            for j in range(d):
                self.thetas[k * pitch + j] = theta[k, j + intercept]
            self.thetas[K * pitch + k] = theta[k, 0] if intercept else 0.0
        if isinstance(X, np.ndarray):
            self.X = storage_of(X)
            if by_columns:
                for j in range(d):
                    self.columns[j] = self.X
                    self.columns[j].data += j * self.X.column
        else:
            self.X = no_storage()
            for j, column in enumerate(X.arrays):
                self.columns[j] = storage_of(column)

    def __dealloc__(self):
        free(self.columns)
        free(self.thetas)


def linear(
    cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t block,
    X, cnp.ndarray y, sample_weight,
    cnp.ndarray theta, bint intercept, bint grad, bint by_columns, int n_threads,
):
    """Count rows into nodes (57, width). theta is (K, p), C order."""
    cdef Job job = empty_job(sample_weight)
    cdef ptrdiff_t p = cnp.PyArray_DIM(theta, 1), d = p - intercept, K = cnp.PyArray_DIM(theta, 0)
    cdef ptrdiff_t weighted = job.w.data != NULL
    job.pitch = (d + 3) // 4 * 4 + 8
    cdef Layout layout = Layout(X, theta, intercept, by_columns, job.pitch)
    job.X, job.y, job.columns = layout.X, storage_of(y), layout.columns
    job.slopes, job.offsets = layout.thetas, layout.thetas + K * job.pitch
    job.n_rows, job.n_thetas, job.n_features, job.n_parameters = cnp.PyArray_DIM(y, 0), K, d, p
    job.intercept, job.grad, job.block = intercept, grad, block
    job.n_double = K + weighted
    job.width = 2 * job.n_double + 2 * weighted + (K * p if grad else 0)
    job.room = min(block, job.n_rows)
    job.scratch = 2 * (K + 1) * job.room
    if by_columns:
        job.scratch += TOGETHER * SLAB
        job.evaluate = columns_block
        if d <= TOGETHER:
            job.evaluate = tiny_block if 1 <= d <= TINY else few_columns_block
    else:
        job.scratch += K * job.pitch + max(d * tile_rows(d) + 8, LAST_ROWS * job.pitch)
        job.evaluate = rows_block
    return accumulate_rows(&job, nodes, blocks, job.n_rows, n_threads)
