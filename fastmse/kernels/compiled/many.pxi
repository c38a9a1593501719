# Many small fits side by side: see many.h. What is under way lies in batches of lanes, which go on
# for some points at a call, so that signals are served between the calls.

cdef extern from "many.h" nogil:
    const int CURVES
    ctypedef void (*curves_t)(const double *, double *, ptrdiff_t) noexcept
    ctypedef struct Table:
        const char *data
        ptrdiff_t curve, point
        decoder_t decode
    ctypedef struct Curves:
        curves_t model
        ptrdiff_t k, n, p, q
        const double *x
        Table y, w
        const double *start
        ptrdiff_t start_step
        const double *lower
        const double *upper
        bint frequency
        double tol
        ptrdiff_t max_iter, n_batches, chunk
        double *theta
        double *error
        double *sse
        int64_t *n_iter
        signed char *status
    ctypedef struct Batch:
        pass
    ptrdiff_t batch_doubles(const Curves *job) noexcept
    void lay_out_batch(const Curves *job, Batch *b, ptrdiff_t index, double *memory) noexcept
    ptrdiff_t run_batch(const Curves *job, Batch *b, ptrdiff_t points) noexcept

cdef enum:
    BATCHES_PER_THREAD = 2    # where one ends late another has begun
    CURVES_IN_ROW = 64        # curves in a row that a batch takes: no line of outputs has two
    CALL_POINTS = 131072      # of all lanes of a batch in one call: 1 to 20 ms


CURVES_AT_ONCE = CURVES


cdef Table table_of(cnp.ndarray array):
    """Curves by points (k, n); (n,) belongs to every curve."""
    cdef Table table
    cdef Storage storage = storage_of(array)
    cdef bint shared = cnp.PyArray_NDIM(array) == 1
    table.data = storage.data
    table.curve = 0 if shared else storage.row
    table.point = storage.row if shared else storage.column
    table.decode = storage.decode
    return table


cdef class ManyFits:
    """The fits under way of Y (k, n), which `advance` brings on.

    x (n, q), start (k, p) or (1, p), bounds (2, p) or None and the outputs theta and error (k, p),
    sse (k,), n_iter (k,) int64 and status (k,) int8 are C-contiguous and of float64 otherwise.
    """

    cdef Curves job
    cdef Batch *batches
    cdef double *memory
    cdef tuple kept

    def __cinit__(
        self, ptrdiff_t model, cnp.ndarray x, cnp.ndarray Y, sample_weight, cnp.ndarray start,
        bounds, bint frequency, double tol, ptrdiff_t max_iter, outputs, int n_threads,
    ):
        cdef Curves *job = &self.job
        self.kept = (x, Y, sample_weight, start, bounds, outputs)
        job.model = <curves_t> <void *> model
        job.k, job.n = cnp.PyArray_DIM(Y, 0), cnp.PyArray_DIM(Y, 1)
        job.q, job.p = cnp.PyArray_DIM(x, 1), cnp.PyArray_DIM(start, 1)
        job.x = <const double *> cnp.PyArray_DATA(x)
        job.start = <const double *> cnp.PyArray_DATA(start)
        job.start_step = job.p if cnp.PyArray_DIM(start, 0) == job.k else 0
        job.y = table_of(Y)
        if sample_weight is not None:
            job.w = table_of(sample_weight)
        if bounds is not None:
            job.lower = <const double *> cnp.PyArray_DATA(bounds)
            job.upper = job.lower + job.p
        job.frequency, job.tol, job.max_iter = frequency, tol, max_iter
        self.place(outputs)
        self.allot(n_threads)

    cdef place(self, outputs):
        cdef Curves *job = &self.job
        theta, error, sse, n_iter, status = outputs
        job.theta = <double *> cnp.PyArray_DATA(theta)
        job.error = <double *> cnp.PyArray_DATA(error)
        job.sse = <double *> cnp.PyArray_DATA(sse)
        job.n_iter = <int64_t *> cnp.PyArray_DATA(n_iter)
        job.status = <signed char *> cnp.PyArray_DATA(status)

    cdef allot(self, int n_threads):
        """Batches for the threads, each with no less than its lanes full."""
        cdef Curves *job = &self.job
        cdef ptrdiff_t b, most = (job.k + CURVES - 1) // CURVES, doubles = batch_doubles(job)
        job.n_batches = max(1, min(BATCHES_PER_THREAD * n_threads if n_threads > 1 else 1, most))
        job.chunk = max(1, min(CURVES_IN_ROW, job.k // job.n_batches))
        self.batches = <Batch *> calloc(job.n_batches, sizeof(Batch))
        self.memory = <double *> calloc(job.n_batches * doubles, sizeof(double))
        if self.batches == NULL or self.memory == NULL:
            raise MemoryError("fastmse: no memory for the fits under way")
        for b in range(job.n_batches):
            lay_out_batch(job, self.batches + b, b, self.memory + b * doubles)

    def __dealloc__(self):
        free(self.batches)
        free(self.memory)

    def advance(self, int n_threads):
        """Go on for a bounded while; how many curves that ended."""
        cdef ptrdiff_t done = 0, points = CALL_POINTS // CURVES, b
        cdef const Curves *job = &self.job
        cdef Batch *batches = self.batches
        with nogil:
            if n_threads > 1 and job.n_batches > 1:
                for b in prange(job.n_batches, num_threads=n_threads, schedule="dynamic"):
                    done += run_batch(job, batches + b, points)
            else:
                for b in range(job.n_batches):
                    done += run_batch(job, batches + b, points)
        return done
