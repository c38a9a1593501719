# Nonlinear models: f_i = f(x_i; theta), r_i = f_i - y_i, c_i = w_i r_i; SSE = sum_i c_i r_i,
# G_j = sum_i c_i g_ij with g_ij = df_i/dtheta_j, and the packed lower triangle
# N_jk = sum_i (w_i g_ij) g_ik, to which sum_i c_i d2f_i/dtheta_j dtheta_k may be added.
#
# f and its derivatives come from a callback, a run of rows at a time: q columns of x in, one of f
# and those of its derivatives out, `pitch` doubles apart in L1. Each column of X is decoded once
# for all thetas. 8 (q + 1) bytes a row (8 more with weights), the callback's flops, 2 p of the
# gradient and p (p + 1) of the matrix.
#
# Node: SSE.hi[K] and W.hi, SSE.lo[K] and W.lo, the numbers of zero and of invalid weights, and for
# each theta G (p,), N (p (p + 1) / 2,). W and the two numbers only with weights.

cdef extern from "models.h" nogil:
    ctypedef struct Dots:
        const double *left
        double *sums
        ptrdiff_t count
    void end_lanes(double *a, ptrdiff_t n) noexcept
    void add_dots(
        const Dots *rows, ptrdiff_t n_rows, const double *z, ptrdiff_t pitch, ptrdiff_t n
    ) noexcept
    void keep_columns(
        double *columns, ptrdiff_t pitch, ptrdiff_t count, const double *w, ptrdiff_t n
    ) noexcept
    void weigh_columns(
        const double *w, const double *g, ptrdiff_t pitch, ptrdiff_t count, ptrdiff_t n,
        double *weighted
    ) noexcept

cdef enum:
    MODEL_PITCH = 136         # of a callback's columns: RUN and 8

    VALUE = 0                 # what is summed: SSE,
    GRADIENT = 1              # and G,
    NORMAL = 2                # and N,
    HESSIAN = 3               # with the second derivatives


cdef struct Model:            # where a thread's columns lie, MODEL_PITCH doubles each
    double *x                 # (q)
    double *f
    double *g                 # (p)
    double *h                 # (p (p + 1) / 2) of HESSIAN
    double *y                 # decoded, and so is
    double *w
    double *c
    double *weighted          # (p): w g
    Dots *dots                # (p + 1)
    pair *sse                 # (K)


cdef inline ptrdiff_t triangle(ptrdiff_t p) noexcept nogil:
    return p * (p + 1) // 2


cdef inline ptrdiff_t sums_of_theta(const Job *job) noexcept nogil:
    """Plain sums of a node for each theta."""
    cdef ptrdiff_t p = job.n_parameters
    return (p if job.sums >= GRADIENT else 0) + (triangle(p) if job.sums >= NORMAL else 0)


cdef inline ptrdiff_t model_columns(const Job *job) noexcept nogil:
    """x, the outputs, y, w, c, and w g."""
    cdef bint weighs = job.w.data != NULL and job.sums >= NORMAL
    return job.n_features + job.n_outputs + 3 + (job.n_parameters if weighs else 0)


cdef Model lay_out_model(const Job *job, double *scratch) noexcept nogil:
    cdef Model at
    at.x = scratch
    at.f = at.x + job.n_features * MODEL_PITCH
    at.g = at.f + MODEL_PITCH
    at.h = at.g + job.n_parameters * MODEL_PITCH
    at.y = at.f + job.n_outputs * MODEL_PITCH
    at.w = at.y + MODEL_PITCH
    at.c = at.w + MODEL_PITCH
    at.weighted = at.c + MODEL_PITCH
    at.sse = <pair *> (scratch + model_columns(job) * MODEL_PITCH)
    at.dots = <Dots *> (at.sse + job.n_thetas)
    return at


cdef void read_variables(
    const Job *job, ptrdiff_t first, ptrdiff_t n, double *x
) noexcept nogil:
    """Rows [first, first + n) of the variables, as the columns of a callback."""
    cdef ptrdiff_t j
    cdef Storage column
    cdef const double *values
    for j in range(job.n_features):
        if job.columns != NULL:
            column = job.columns[j]
        else:
            column = job.X
            column.data += j * column.column
        values = read_rows(&column, first, n, x)
        if values != x:
            memcpy(x, values, n * sizeof(double))
        x += MODEL_PITCH


cdef void add_derivatives(
    const Job *job, const Model *at, const double *w, ptrdiff_t n, double *sums
) noexcept nogil:
    """G and N of one theta over a run; c and the outputs are there."""
    cdef ptrdiff_t p = job.n_parameters, j, rows = 0
    cdef double *N = sums + p
    cdef double *left = at.g
    for j in range(job.n_outputs - 1):
        end_lanes(at.g + j * MODEL_PITCH, n)
    end_lanes(at.c, n)
    if job.sums >= NORMAL:
        if w != NULL:
            left = at.weighted
            weigh_columns(w, at.g, MODEL_PITCH, p, n, left)
        for j in range(p):
            at.dots[j].left, at.dots[j].sums = left + j * MODEL_PITCH, N + triangle(j)
            at.dots[j].count = j + 1
        rows = p
    at.dots[rows].left, at.dots[rows].sums, at.dots[rows].count = at.c, sums, p
    add_dots(at.dots, rows + 1, at.g, MODEL_PITCH, n)
    if job.sums == HESSIAN:
        at.dots[0].left, at.dots[0].sums, at.dots[0].count = at.c, N, triangle(p)
        add_dots(at.dots, 1, at.h, MODEL_PITCH, n)


cdef void models_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    cdef ptrdiff_t K = job.n_thetas, p = job.n_parameters, each = sums_of_theta(job), start, n, k
    cdef Model at = lay_out_model(job, scratch)
    cdef Weighing weighing
    cdef double zeros
    cdef double *sums = node + 2 * job.n_double + (0 if job.w.data == NULL else 2)
    cdef const double *y
    cdef const double *w
    memset(node, 0, job.width * sizeof(double))
    memset(&weighing, 0, sizeof(Weighing))
    memset(at.sse, 0, K * sizeof(pair))
    for start from 0 <= start < rows by RUN:
        n = min(RUN, rows - start)
        read_variables(job, first + start, n, at.x)
        y = read_rows(&job.y, first + start, n, at.y)
        w = read_rows(&job.w, first + start, n, at.w)
        zeros = weighing.zeros
        if w != NULL:
            weigh_run(&weighing, w, n)
        for k in range(K):
            job.call(job.thetas + k * p, at.x, n)
            if weighing.zeros > zeros:
                keep_columns(at.f, MODEL_PITCH, job.n_outputs, w, n)
            add_losses(
                &at.sse[k], at.f, y, w, 1.0, at.c if job.sums >= GRADIENT else NULL, False, n
            )
            if job.sums >= GRADIENT:
                add_derivatives(job, &at, w, n, sums + k * each)
    for k in range(K):
        store_pair(at.sse[k], node + k, job.n_double)
    if job.w.data != NULL:
        store_weighing(&weighing, node, K, job.n_double)


cdef int lay_out_variables(Job *job, X) except -1:
    """Where the columns of X lie; job.columns is to be freed."""
    cdef ptrdiff_t j
    if isinstance(X, np.ndarray):
        job.X = storage_of(X)
        return 0
    job.columns = <Storage *> malloc(max(job.n_features, 1) * sizeof(Storage))
    if job.columns == NULL:
        raise MemoryError("fastmse: no memory for the places of the columns")
    for j, column in enumerate(X.arrays):
        job.columns[j] = storage_of(column)
    return 0


cdef int begin_models(
    Job *job, X, cnp.ndarray y, sample_weight, cnp.ndarray theta, size_t address, int sums,
    ptrdiff_t block,
) except -1:
    cdef ptrdiff_t K = cnp.PyArray_DIM(theta, 0), p = cnp.PyArray_DIM(theta, 1)
    cdef ptrdiff_t weighted = sample_weight is not None
    begin(job, sample_weight)
    job.y = storage_of(y)
    job.call, job.sums, job.block = <model_t> address, sums, block
    job.n_thetas, job.n_parameters, job.n_features = K, p, X.shape[1]
    job.thetas = <double *> cnp.PyArray_DATA(theta)
    job.n_outputs = 1 + (p if sums >= GRADIENT else 0) + (triangle(p) if sums == HESSIAN else 0)
    job.n_double = K + weighted
    job.width = 2 * job.n_double + 2 * weighted + K * sums_of_theta(job)
    job.scratch = model_columns(job) * MODEL_PITCH + 2 * K + 3 * (p + 1)
    job.evaluate = models_block
    return lay_out_variables(job, X)


def models(
    cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t block,
    X, cnp.ndarray y, sample_weight,
    cnp.ndarray theta, size_t address, int sums, int n_threads,
):
    """Count rows into nodes (57, width). theta is (K, p), C order; X (n, q), array or `Columns`.

    `address` is that of a callback (theta, columns, n) of the derivatives that `sums` needs.
    """
    cdef Job job
    begin_models(&job, X, y, sample_weight, theta, address, sums, block)
    try:
        return accumulate_rows(&job, nodes, blocks, cnp.PyArray_DIM(y, 0), n_threads)
    finally:
        free(job.columns)


cdef void copy_outputs(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *out, double *scratch
) noexcept nogil:
    """The outputs of rows [first, first + rows) to out (n_outputs, n_rows)."""
    cdef ptrdiff_t start, n, j
    cdef double *f = scratch + job.n_features * MODEL_PITCH
    for start from first <= start < first + rows by RUN:
        n = min(RUN, first + rows - start)
        read_variables(job, start, n, scratch)
        job.call(job.thetas, scratch, n)
        for j in range(job.n_outputs):
            memcpy(out + j * job.n_rows + start, f + j * MODEL_PITCH, n * sizeof(double))


def model_outputs(
    X, const double[::1] theta, size_t address, double[:, ::1] out, ptrdiff_t block, int n_threads
):
    """out (n_outputs, n) = f(x_i; theta) and what else the callback gives, for X (n, q)."""
    cdef Job job
    cdef ptrdiff_t n = out.shape[1], count = (n + block - 1) // block, b
    cdef double *scratch
    begin(&job, None)
    job.call, job.thetas = <model_t> address, <double *> &theta[0]
    job.n_features, job.n_outputs, job.n_rows = X.shape[1], out.shape[0], n
    job.scratch = (job.n_features + job.n_outputs) * MODEL_PITCH
    n_threads = <int> min(n_threads, max(count, 1))
    scratch = <double *> malloc(n_threads * job.scratch * sizeof(double))
    if scratch == NULL:
        raise MemoryError("fastmse: no memory for the kernels' scratch")
    try:
        lay_out_variables(&job, X)
        with nogil:
            for b in prange(count, num_threads=n_threads, schedule="dynamic"):
                copy_outputs(
                    &job, b * block, min(block, n - b * block), &out[0, 0],
                    scratch + threadid() * job.scratch,
                )
    finally:
        free(scratch)
        free(job.columns)
