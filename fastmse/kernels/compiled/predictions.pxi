# Predictions: SSE = sum_i w_i r_i^2 with r_i = f_i - y_i, and, into `out`,
# dMSE/df_i = 2 / W * w_i r_i. 16 bytes read a row (24 with weights), 3 flops
# (5 with the gradient); the gradient writes 8 more.
#
# Weights: W = sum_i w_i, with the numbers of zero and of invalid ones, which the
# caller must know before it trusts the rest.

cdef extern from "<float.h>" nogil:
    const double DBL_MAX

cdef enum:
    SCRATCH_RUNS = 4          # y, f, w and the gradient of one run


cdef void weights_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    cdef ptrdiff_t start, n, i
    cdef const double *w
    cdef pair total
    cdef double zeros = 0.0, invalid = 0.0
    total.high = total.low = 0.0
    for start from 0 <= start < rows by RUN:
        n = min(RUN, rows - start)
        w = read_rows(&job.w, first + start, n, scratch)
        add_run(&total, run_sum(w, n))
        for i in range(n):
            zeros += w[i] == 0.0
            invalid += not (w[i] >= 0.0 and w[i] <= DBL_MAX)
    store_pair(total, node, 1)
    node[2], node[3] = zeros, invalid


cdef void predictions_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    cdef bint in_place = job.out.native and job.out.row == sizeof(double)
    cdef ptrdiff_t start, n
    cdef const double *y
    cdef const double *f
    cdef const double *w
    cdef char *target = NULL
    cdef double *gradient = NULL
    cdef pair sse
    sse.high = sse.low = 0.0
    for start from 0 <= start < rows by RUN:
        n = min(RUN, rows - start)
        y = read_rows(&job.y, first + start, n, scratch)
        f = read_rows(&job.f, first + start, n, scratch + RUN)
        w = read_rows(&job.w, first + start, n, scratch + 2 * RUN)
        if job.out.data != NULL:
            target = job.out.data + (first + start) * job.out.row
            gradient = <double *> target if in_place else scratch + 3 * RUN
        add_run(&sse, run_loss(f, y, w, job.scale, gradient, n))
        if job.out.data != NULL and not in_place:
            job.out.encode(gradient, n, target, job.out.row)
    store_pair(sse, node, 1)


cdef Job empty_job(object sample_weight):
    cdef Job job
    memset(&job, 0, sizeof(Job))
    job.n_thetas = 1
    job.y = job.f = job.X = job.out = job.w = no_storage()
    if sample_weight is not None:
        job.w = storage_of(sample_weight)
    return job


def weights(cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t block, sample_weight, int n_threads):
    """Count the rows of `sample_weight` into nodes (57, 4): W.hi, W.lo, zeros, invalid."""
    cdef Job job = empty_job(sample_weight)
    job.block, job.width, job.scratch = block, 4, RUN
    job.evaluate = weights_block
    return accumulate_rows(&job, nodes, blocks, sample_weight.shape[0], n_threads)


def predictions(
    cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t block,
    cnp.ndarray y_true, cnp.ndarray y_pred, sample_weight, out, double scale, int n_threads,
):
    """Count rows into nodes (57, 2): SSE.hi, SSE.lo. Fills `out` with scale * w_i r_i."""
    cdef Job job = empty_job(sample_weight)
    job.y, job.f = storage_of(y_true), storage_of(y_pred)
    if out is not None:
        job.out = storage_of(out)
    job.scale = scale
    job.block, job.width, job.scratch = block, 2, SCRATCH_RUNS * RUN
    job.evaluate = predictions_block
    return accumulate_rows(&job, nodes, blocks, y_true.shape[0], n_threads)
