# Predictions: SSE = sum_i w_i r_i^2 with r_i = f_i - y_i, and, into `out`,
# dMSE/df_i = 2 / W * w_i r_i. 16 bytes read a row (24 with weights), 3 flops
# (4 with the gradient, 1 more with weights); the gradient writes 8 bytes more.

cdef enum:
    SCRATCH_RUNS = 4          # y, f, w and the gradient of one run
    STREAM_ROWS = 1048576     # a gradient of 8 MB: no cache would keep it until it is read


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
        add_run(&sse, run_loss(f, y, w, job.scale, gradient, job.stream, n))
        if job.out.data != NULL and not in_place:
            job.out.encode(gradient, n, target, job.out.row)
    if job.stream:
        end_stream()
    store_pair(sse, node, 1)


cdef bint worth_streaming(const Job *job, ptrdiff_t rows) noexcept:
    """Whether `out` is large, and nothing that is read anyway."""
    return (
        rows >= STREAM_ROWS and job.out.native and job.out.row == sizeof(double)
        and can_stream(<const double *> job.out.data)
        and job.out.data != job.f.data and job.out.data != job.y.data
    )


cdef Job empty_job(object sample_weight):
    cdef Job job
    memset(&job, 0, sizeof(Job))
    job.n_thetas = job.n_double = 1
    job.y = job.f = job.X = job.out = job.w = no_storage()
    if sample_weight is not None:
        job.w = storage_of(sample_weight)
    return job


def predictions(
    cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t block,
    cnp.ndarray y_true, cnp.ndarray y_pred, sample_weight, out, double scale, int n_threads,
):
    """Count rows into nodes (57, 2): SSE.hi, SSE.lo. Fills `out` with scale * w_i r_i."""
    cdef Job job = empty_job(sample_weight)
    cdef ptrdiff_t rows = cnp.PyArray_DIM(y_true, 0)
    job.y, job.f = storage_of(y_true), storage_of(y_pred)
    if out is not None:
        job.out = storage_of(out)
        job.stream = worth_streaming(&job, rows)
    job.scale = scale
    job.block, job.width, job.scratch = block, 2, SCRATCH_RUNS * RUN
    job.evaluate = predictions_block
    return accumulate_rows(&job, nodes, blocks, rows, n_threads)
