# Predictions: SSE = sum_i w_i r_i^2 with r_i = f_i - y_i, and, into `out`,
# dMSE/df_i = 2 / W * w_i r_i. 16 bytes read a row (24 with weights), 3 flops
# (4 with the gradient, 1 more with weights); the gradient writes 8 bytes more.

cdef enum:
    SCRATCH_RUNS = 4          # y, f, w and the gradient of one run
    STREAM_ROWS = 1048576     # a gradient of 8 MB: no cache would keep it until it is read


cdef inline bint as_it_lies(const Storage *vector) noexcept nogil:
    """Whether a vector is contiguous float64, or absent."""
    return vector.data == NULL or (vector.native and vector.row == sizeof(double))


cdef void predictions_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    """All rows at once if nothing needs decoding, else run by run."""
    cdef bint in_place = as_it_lies(&job.out)
    cdef bint all_in_place = (
        in_place and as_it_lies(&job.y) and as_it_lies(&job.f) and as_it_lies(&job.w)
    )
    cdef ptrdiff_t step = rows if all_in_place else RUN, start, n
    cdef const double *y
    cdef const double *f
    cdef const double *w
    cdef char *target = NULL
    cdef double *gradient = NULL
    cdef pair sse
    sse.high = sse.low = 0.0
    for start from 0 <= start < rows by step:
        n = min(step, rows - start)
        y = read_rows(&job.y, first + start, n, scratch)
        f = read_rows(&job.f, first + start, n, scratch + RUN)
        w = read_rows(&job.w, first + start, n, scratch + 2 * RUN)
        if job.out.data != NULL:
            target = job.out.data + (first + start) * job.out.row
            gradient = <double *> target if in_place else scratch + 3 * RUN
        add_losses(&sse, f, y, w, job.scale, gradient, job.stream, n)
        if not in_place:
            job.out.encode(gradient, n, target, job.out.row)
    if job.stream:
        end_stream()
    store_pair(sse, node, 1)


cdef bint worth_streaming(const Job *job, ptrdiff_t rows) noexcept:
    """Whether `out` is large, and nothing that is read anyway."""
    return (
        rows >= STREAM_ROWS and job.out.data != NULL and as_it_lies(&job.out)
        and can_stream(<const double *> job.out.data)
        and job.out.data != job.f.data and job.out.data != job.y.data
    )


cdef int begin(Job *job, object sample_weight) except -1:
    """A job of nothing but weights. Returned by value, its 600 bytes would cost 50 ns a copy."""
    memset(job, 0, sizeof(Job))
    job.n_thetas = job.n_double = 1
    if sample_weight is not None:
        job.w = storage_of(sample_weight)
    return 0


cdef int begin_predictions(
    Job *job, cnp.ndarray y_true, cnp.ndarray y_pred, object sample_weight, ptrdiff_t block
) except -1:
    begin(job, sample_weight)
    job.y, job.f = storage_of(y_true), storage_of(y_pred)
    job.block, job.width, job.scratch = block, 2, SCRATCH_RUNS * RUN
    job.evaluate = predictions_block
    return 0


def predictions(
    cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t block,
    cnp.ndarray y_true, cnp.ndarray y_pred, sample_weight, out, double scale, int n_threads,
):
    """Count rows into nodes (57, 2): SSE.hi, SSE.lo. Fills `out` with scale * w_i r_i."""
    cdef Job job
    cdef ptrdiff_t rows = cnp.PyArray_DIM(y_true, 0)
    begin_predictions(&job, y_true, y_pred, sample_weight, block)
    if out is not None:
        job.out = storage_of(out)
        job.stream = worth_streaming(&job, rows)
    job.scale = scale
    return accumulate_rows(&job, nodes, blocks, rows, n_threads)
