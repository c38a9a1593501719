# A few rows of plain float64: what such a call costs is the way to the kernel.
# The same block kernels, hence the same bits; anything else is left to the general way.

cdef enum:
    SMALL_DOUBLES = 65536     # fits into one block whatever the number of features
    SMALL_ROWS = 1024


cdef inline bint is_plain(object array, int ndim):
    """A C-contiguous ndarray of this machine's own float64."""
    return (
        cnp.PyArray_CheckExact(array)
        and cnp.PyArray_TYPE(<cnp.ndarray> array) == cnp.NPY_FLOAT64
        and cnp.PyArray_NDIM(<cnp.ndarray> array) == ndim
        and cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray> array)
        and cnp.PyArray_ISBEHAVED_RO(<cnp.ndarray> array)
    )


def small_predictions(y_true, y_pred, ptrdiff_t block, ptrdiff_t most):
    """SSE, or None where this is not the way: other than plain vectors of one length <= most."""
    if not (is_plain(y_true, 1) and is_plain(y_pred, 1)):
        return None
    cdef ptrdiff_t n = cnp.PyArray_DIM(y_true, 0), blocks
    if n != cnp.PyArray_DIM(y_pred, 0) or not 0 < n <= most:
        return None
    cdef Job job
    cdef double nodes[2 * (LEVELS + 1)]
    cdef double sse[2]
    begin_predictions(&job, y_true, y_pred, None, block)
    memset(nodes + 2 * LEVELS, 0, 2 * sizeof(double))  # levels are written before they are read
    if n <= SMALL_ROWS:  # a turn of the GIL would cost as much again
        blocks = run_serial(&job, nodes, 0, n // block, n % block)
    else:
        with nogil:
            blocks = run_serial(&job, nodes, 0, n // block, n % block)
    if blocks < 0:
        raise MemoryError("fastmse: no memory for the kernels' scratch")
    fold_nodes(sse, nodes, LEVELS, blocks, 1, 2)
    return sse[0] + sse[1]


def small_linear(X, y, theta, bint intercept, bint grad):
    """SSE and gradient, or None where this is not the way: other than plain and few rows."""
    if not (is_plain(X, 2) and is_plain(y, 1) and is_plain(theta, 1)):
        return None
    cdef ptrdiff_t n = cnp.PyArray_DIM(X, 0), d = cnp.PyArray_DIM(X, 1), p = d + intercept, j
    if cnp.PyArray_DIM(y, 0) != n or cnp.PyArray_DIM(theta, 0) != p or p == 0:
        return None
    if not (0 < n <= SMALL_ROWS and n * d <= SMALL_DOUBLES):
        return None
    cdef Job job
    cdef double *memory
    cdef cnp.npy_intp length = p
    cdef cnp.ndarray gradient = None
    cdef double *target
    begin_linear(&job, X, y, None, theta, 1, intercept, grad, d <= TINY, SMALL_ROWS)
    memory = <double *> malloc((job.width + job.scratch) * sizeof(double))
    if memory == NULL:
        release(&job)
        raise MemoryError("fastmse: no memory for the kernels' scratch")
    job.evaluate(&job, 0, n, memory, memory + job.width)
    release(&job)
    sse = memory[0] + memory[1]
    if grad:
        gradient = cnp.PyArray_SimpleNew(1, &length, cnp.NPY_FLOAT64)
        target = <double *> cnp.PyArray_DATA(gradient)
        for j in range(p):
            target[j] = memory[2 + j] * 2.0 / <double> n
        cnp.PyArray_CLEARFLAGS(gradient, cnp.NPY_ARRAY_WRITEABLE)
    free(memory)
    return sse, gradient
