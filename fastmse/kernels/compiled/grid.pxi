# The block grid: rows in blocks of fixed length on the global row index, block
# partials ("nodes") merged by a binary counter. A node at level k is the sum of
# 2^k aligned blocks, so its bits do not depend on which thread, task or update
# made it.
#
# Node layout: hi[n_double], lo[n_double], then plain sums. The first sums are
# double-double: an SSE for each theta evaluated at once, and the sum of the weights.

cdef enum:
    LEVELS = 56               # 2^55 blocks; the row after them holds the partial last block
    MAX_TASKS = 1024
    TASKS_PER_THREAD = 32     # the last task to end idles the others for 1/64 of a piece on average
    TASK_BYTES = 4194304      # of all task results together


ctypedef void (*model_t)(const double *, double *, ptrdiff_t) noexcept nogil


cdef struct Job:
    Storage y
    Storage f                 # predictions
    Storage X                 # a matrix
    Storage *columns          # (n_features) of them in a table, else NULL
    Storage w                 # data is NULL without weights
    Storage out               # data is NULL without a gradient of predictions
    bint in_place             # every column is float64 as it lies
    double scale              # of that gradient: 2 / sum of weights
    bint stream               # leave the cache out as it is written
    double *thetas            # holds both of these:
    const double *slopes      # (n_thetas, pitch): each theta but its intercept, then zeros
    const double *offsets     # (n_thetas): the intercepts, or 0
    ptrdiff_t pitch
    ptrdiff_t n_thetas
    ptrdiff_t n_features
    ptrdiff_t n_parameters    # n_features + intercept
    bint intercept
    bint grad
    model_t call              # a nonlinear model
    int sums                  # of it
    ptrdiff_t n_outputs       # of call
    ptrdiff_t n_rows          # of this call
    ptrdiff_t block           # rows
    ptrdiff_t room            # rows that scratch is for: fewer in a call of less than a block
    ptrdiff_t n_double        # double-double sums in a node
    ptrdiff_t width           # doubles in a node
    ptrdiff_t scratch         # doubles of working memory a thread needs
    void (*evaluate)(const Job *, ptrdiff_t, ptrdiff_t, double *, double *) noexcept nogil


cdef struct Task:
    ptrdiff_t first           # block of this call
    int level                 # it spans 2^level blocks


cdef extern from "merge.h" nogil:
    void merge_nodes(double *into, const double *other, ptrdiff_t k, ptrdiff_t width) noexcept
    void fold_nodes(
        double *into, const double *nodes, ptrdiff_t levels, ptrdiff_t blocks, ptrdiff_t k,
        ptrdiff_t width
    ) noexcept


cdef ptrdiff_t push(
    double *nodes, ptrdiff_t blocks, double *node, int level, const Job *job
) noexcept nogil:
    """Count the node in; it must be the next one. Returns the new number of blocks."""
    cdef int k = level
    cdef double *held
    while (blocks >> k) & 1:
        held = nodes + k * job.width
        merge_nodes(held, node, job.n_double, job.width)
        memcpy(node, held, job.width * sizeof(double))
        k += 1
    memcpy(nodes + k * job.width, node, job.width * sizeof(double))
    return blocks + (<ptrdiff_t> 1 << level)


cdef void run_task(const Job *job, const Task *task, double *stack, double *scratch) noexcept nogil:
    """stack[0] = the node of blocks [first, first + 2^level), by a counter of its own."""
    cdef ptrdiff_t b, carry
    cdef ptrdiff_t top = 0
    cdef double *node
    for b in range(<ptrdiff_t> 1 << task.level):
        node = stack + top * job.width
        job.evaluate(job, (task.first + b) * job.block, job.block, node, scratch)
        carry = b
        while carry & 1:
            merge_nodes(node - job.width, node, job.n_double, job.width)
            node -= job.width
            top -= 1
            carry >>= 1
        top += 1


cdef int plan_tasks(
    Task *tasks, ptrdiff_t start, ptrdiff_t count, ptrdiff_t wanted, int *depth
) noexcept nogil:
    """Cut `count` blocks, the first with global number `start`, into aligned spans."""
    cdef int level = 0, n = 0, fit
    cdef ptrdiff_t done = 0
    while (count >> level) > wanted:
        level += 1
    depth[0] = level
    while done < count:
        fit = 0
        while fit < level and not ((start + done) >> fit) & 1 and done + (2 << fit) <= count:
            fit += 1
        tasks[n].first = done
        tasks[n].level = fit
        done += <ptrdiff_t> 1 << fit
        n += 1
    return n


cdef ptrdiff_t run_serial(
    const Job *job, double *nodes, ptrdiff_t blocks, ptrdiff_t count, ptrdiff_t rest
) noexcept nogil:
    cdef double *memory = <double *> malloc((job.width + job.scratch) * sizeof(double))
    cdef double *scratch = memory + job.width
    cdef ptrdiff_t b
    if memory == NULL:
        return -1
    for b in range(count):
        job.evaluate(job, b * job.block, job.block, memory, scratch)
        blocks = push(nodes, blocks, memory, 0, job)
    if rest > 0:
        job.evaluate(job, count * job.block, rest, nodes + LEVELS * job.width, scratch)
    free(memory)
    return blocks


cdef ptrdiff_t run_parallel(
    const Job *job, double *nodes, ptrdiff_t blocks, ptrdiff_t count, ptrdiff_t rest, int n_threads
) noexcept nogil:
    """The partial last block is one task more."""
    cdef Task tasks[MAX_TASKS]
    cdef ptrdiff_t wanted = min(TASKS_PER_THREAD * n_threads, TASK_BYTES // (8 * job.width))
    cdef int depth = 0, n_tasks, t
    wanted = min(max(wanted, 2 * n_threads), MAX_TASKS // 2)
    n_tasks = plan_tasks(tasks, blocks, count, wanted, &depth)
    cdef ptrdiff_t stack_size = (depth + 2) * job.width
    cdef double *results = <double *> malloc(max(n_tasks, 1) * job.width * sizeof(double))
    cdef double *stack
    cdef int failed = results == NULL
    if not failed:
        with parallel(num_threads=n_threads):
            stack = <double *> malloc((stack_size + job.scratch) * sizeof(double))
            for t in prange(n_tasks + (rest > 0), schedule="dynamic"):
                if stack == NULL:
                    failed |= 1
                elif t < n_tasks:
                    run_task(job, &tasks[t], stack, stack + stack_size)
                    memcpy(results + t * job.width, stack, job.width * sizeof(double))
                else:
                    job.evaluate(
                        job, count * job.block, rest, nodes + LEVELS * job.width, stack + stack_size
                    )
            free(stack)
    if not failed:
        for t in range(n_tasks):
            blocks = push(nodes, blocks, results + t * job.width, tasks[t].level, job)
    free(results)
    return -1 if failed else blocks


cdef ptrdiff_t accumulate(
    const Job *job, double *nodes, ptrdiff_t blocks, ptrdiff_t rows, int n_threads
) noexcept nogil:
    """Count all whole blocks in; a partial last block goes to the row after the levels."""
    cdef ptrdiff_t count = rows // job.block
    cdef ptrdiff_t rest = rows - count * job.block
    if n_threads > 1 and count > 0 and count + (rest > 0) > 1:
        return run_parallel(job, nodes, blocks, count, rest, n_threads)
    return run_serial(job, nodes, blocks, count, rest)


cdef ptrdiff_t accumulate_rows(
    const Job *job, cnp.ndarray nodes, ptrdiff_t blocks, ptrdiff_t rows, int n_threads
) except -2:
    """accumulate without the GIL; raises MemoryError."""
    cdef double *target = <double *> cnp.PyArray_DATA(nodes)
    with nogil:
        blocks = accumulate(job, target, blocks, rows, n_threads)
    if blocks < 0:
        raise MemoryError("fastmse: no memory for the kernels' scratch")
    return blocks
