# The linear model on columns: column-major matrices, the columns of a table, and
# rows of one to three features, which are too short for a vector. See columns.h.

cdef enum:
    TINY = 3                  # columns whose sums fit in registers
    SLAB = 256                # rows: eight columns of them fill 16 KB of L1, decoded or read again
    ASKED_FEATURES = 256      # up to here a column is long enough for the processor's own guess
    LARGE_CACHE = 1048576     # bytes of a second cache in which parts of a block wait: columns.h
    LONG_PART = 512           # rows: columns of 4 KB
    SHORT_PART = 256

cdef ptrdiff_t SECOND_CACHE = second_cache()


cdef struct Part:
    ptrdiff_t rows            # of a block, touched twice before the next ones are
    bint asks                 # for those below meanwhile


cdef struct Slab:
    const double *x[8]        # columns [j, j + count), rows [start, start + n) of the block
    ptrdiff_t count
    ptrdiff_t start
    ptrdiff_t n
    bint zeros                # whether a row of it weighs nothing


cdef inline const Storage *column_storage(const Job *job, ptrdiff_t j) noexcept nogil:
    """Of column j, but for its address in a matrix."""
    return &job.X if job.columns == NULL else job.columns + j


cdef inline const char *column_data(const Job *job, ptrdiff_t j) noexcept nogil:
    return job.X.data + j * job.X.column if job.columns == NULL else job.columns[j].data


cdef inline bint lies_in_columns(const Job *job) noexcept nogil:
    """Whether X is a matrix whose columns can be read as they lie."""
    return job.columns == NULL and job.X.native and job.X.row == sizeof(double)


cdef inline bint packs_rows(const Job *job) noexcept nogil:
    """Whether a slab of rows is turned into columns at once, not column by column."""
    return job.columns == NULL and job.X.native and job.X.column == sizeof(double) \
        and job.X.row > <ptrdiff_t> sizeof(double) and job.X.row % <ptrdiff_t> sizeof(double) == 0


cdef void read_slab(
    const Job *job, const double *w, ptrdiff_t j, ptrdiff_t first, Slab *slab, double *scratch
) noexcept nogil:
    """Columns from j on, in place where that is possible; zeros in rows of zero weight."""
    cdef ptrdiff_t q, i
    cdef const Storage *column
    cdef const char *source
    cdef double *target
    cdef bint packed
    if lies_in_columns(job) and not slab.zeros:
        source = job.X.data + j * job.X.column + (first + slab.start) * <ptrdiff_t> sizeof(double)
        for q in range(slab.count):
            slab.x[q] = <const double *> (source + q * job.X.column)
        return
    packed = packs_rows(job)
    if packed:
        to_columns(
            <const double *> (
                job.X.data + (first + slab.start) * job.X.row + j * job.X.column
            ),
            job.X.row // <ptrdiff_t> sizeof(double), slab.n, slab.count, scratch, SLAB,
        )
    for q in range(slab.count):
        column = column_storage(job, j + q)
        source = column_data(job, j + q) + (first + slab.start) * column.row
        target = scratch + q * SLAB
        slab.x[q] = target
        if column.native and column.row == sizeof(double) and not slab.zeros:
            slab.x[q] = <const double *> source
        elif not packed:
            column.decode(source, column.row, slab.n, target)
        if slab.zeros:
            for i in range(slab.n):
                target[i] = 0.0 if w[slab.start + i] == 0.0 else target[i]


cdef bint columns_in_place(const Job *job) noexcept nogil:
    """Whether every column is float64 as it lies."""
    cdef ptrdiff_t j
    if job.columns == NULL:
        return lies_in_columns(job)
    for j in range(job.n_features):
        if not (job.columns[j].native and job.columns[j].row == sizeof(double)):
            return False
    return True


cdef inline void place_slab(
    Slab *slab, const Block *at, ptrdiff_t start, ptrdiff_t end, ptrdiff_t count
) noexcept nogil:
    slab.start, slab.n, slab.count = start, end - start, count
    slab.zeros = at.w != NULL and any_zero(at.w + start, slab.n)


cdef inline void follow(
    const Job *job, ptrdiff_t j, ptrdiff_t count, ptrdiff_t row, Following *after
) noexcept nogil:
    """Ask for the columns from j on, where there are `count` of them and they lie packed."""
    cdef ptrdiff_t q
    cdef const char *source = job.X.data + j * job.X.column + row * job.X.row
    after.step = after.below = 0
    if job.n_features <= ASKED_FEATURES or j + count > job.n_features:
        return
    if job.columns == NULL and job.X.row == job.X.size:
        after.step = job.X.row
        for q in range(count):
            after.next[q] = source + q * job.X.column
        return
    for q in range(count):
        if column_storage(job, j + q).row != column_storage(job, j + q).size:
            after.step = 0
            return
        after.step = max(after.step, column_storage(job, j + q).row)
        after.next[q] = column_data(job, j + q) + row * column_storage(job, j + q).row


cdef inline void add_slab(
    const Job *job, const Slab *slab, ptrdiff_t j, const Block *at, const Following *after
) noexcept nogil:
    """f += theta x for every theta; the intercepts first."""
    cdef ptrdiff_t i, k
    cdef double *f
    cdef Following nothing
    nothing.step = nothing.below = 0
    for k in range(job.n_thetas):
        f = at.r + k * job.room + slab.start
        if j == 0:
            for i in range(slab.n):
                f[i] = job.offsets[k]
        add_columns(
            job.slopes + k * job.pitch + j, slab.x, slab.count, slab.n, f,
            &nothing if k else after,
        )


cdef inline void dot_slab(
    const Job *job, const Slab *slab, ptrdiff_t j, const Block *at, const Following *after
) noexcept nogil:
    """G += sum_i c_i x_i for every theta."""
    cdef ptrdiff_t k
    cdef Following nothing
    nothing.step = nothing.below = 0
    for k in range(job.n_thetas):
        dot_columns(
            at.c + k * job.room + slab.start, slab.x, slab.count, slab.n,
            at.G + k * job.n_parameters + j, &nothing if k else after,
        )


cdef inline void subtract(
    const Job *job, const Block *at, ptrdiff_t start, ptrdiff_t end
) noexcept nogil:
    """r = f - y and c = w r of rows [start, end), for every theta."""
    cdef ptrdiff_t k
    cdef Column column
    for k in range(job.n_thetas):
        column = column_of(job, at, k, start)
        residuals(column.r, &column, end - start)


cdef inline Part part_of(const Job *job, ptrdiff_t rows) noexcept nogil:
    """What the second cache holds until its second touch, with as much of what comes next."""
    cdef Part part
    cdef ptrdiff_t row = job.n_features * <ptrdiff_t> sizeof(double)
    part.rows, part.asks = rows, False
    if SECOND_CACHE >= LARGE_CACHE and SHORT_PART * row <= SECOND_CACHE // 2:
        part.rows = LONG_PART if LONG_PART * row <= SECOND_CACHE // 4 else SHORT_PART
        part.asks = part.rows * row <= SECOND_CACHE // 4
    return part


cdef inline void follow_below(
    const Job *job, ptrdiff_t j, ptrdiff_t row, Following *after
) noexcept nogil:
    """Ask for more rows of eight columns, those from `row` on."""
    cdef ptrdiff_t q
    after.step = after.below = 0
    if j + TOGETHER > job.n_features:
        return
    after.step, after.below = STEP_BELOW, True
    for q in range(TOGETHER):
        after.next[q] = column_data(job, j + q) + row * <ptrdiff_t> sizeof(double)


cdef void tiny_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    """At most three columns: every element is touched once."""
    cdef Block at = begin_block(job, first, rows, node, scratch)
    cdef Slab slab
    cdef Column column
    cdef Sums sums
    cdef ptrdiff_t length = SLAB, start, k
    for k in range(job.n_thetas):
        sums.sse.high = sums.sse.low = 0.0
        sums.g = at.G + k * job.n_parameters
        for start from 0 <= start < rows by length:
            place_slab(&slab, &at, start, min(start + length, rows), job.n_features)
            read_slab(job, at.w, 0, first, &slab, at.free)
            column = column_of(job, &at, k, start)
            sum_columns(
                job.slopes + k * job.pitch, job.offsets[k], slab.x, slab.count, &column, slab.n,
                &sums, job.intercept, job.grad,
            )
        store_pair(sums.sse, node + k, job.n_double)


cdef void few_columns_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    """At most eight columns: a slab of them all is touched twice in L1."""
    cdef Block at = begin_block(job, first, rows, node, scratch)
    cdef Slab slab
    cdef Column column
    cdef Following nothing
    cdef ptrdiff_t length = SLAB, start, k
    nothing.step = nothing.below = 0
    for start from 0 <= start < rows by length:
        place_slab(&slab, &at, start, min(start + length, rows), job.n_features)
        read_slab(job, at.w, 0, first, &slab, at.free)
        for k in range(job.n_thetas):
            column = column_of(job, &at, k, start)
            residuals_of_columns(
                job.slopes + k * job.pitch, job.offsets[k], slab.x, slab.count, slab.n, &column
            )
        if job.grad:
            dot_slab(job, &slab, 0, &at, &nothing)
    end_block(job, rows, &at, node)


cdef void columns_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    cdef Block at = begin_block(job, first, rows, node, scratch)
    cdef ptrdiff_t d = job.n_features, length = SLAB, top, end, j, start
    cdef Slab slab
    cdef Following after
    cdef Part part
    part.rows, part.asks = rows, False
    if job.n_thetas == 1 and job.in_place and not (at.w != NULL and any_zero(at.w, rows)):
        part = part_of(job, rows)
        length = part.rows
    for top from 0 <= top < rows by part.rows:
        end = min(top + part.rows, rows)
        for j from 0 <= j < d by TOGETHER:
            for start from top <= start < end by length:
                place_slab(&slab, &at, start, min(start + length, end), min(TOGETHER, d - j))
                read_slab(job, at.w, j, first, &slab, at.free)
                if part.asks:
                    follow_below(job, j, first + end, &after)
                else:
                    follow(job, j + TOGETHER, TOGETHER, first + start, &after)
                add_slab(job, &slab, j, &at, &after)
        subtract(job, &at, top, end)
        if not job.grad:
            continue
        for j from 0 <= j < d by TOGETHER:
            for start from top <= start < end by length:
                place_slab(&slab, &at, start, min(start + length, end), min(TOGETHER, d - j))
                read_slab(job, at.w, j, first, &slab, at.free)
                if part.asks:
                    follow_below(job, j, first + end + part.rows // 2, &after)
                else:
                    follow(job, j + TOGETHER, PAIR, first + start, &after)
                dot_slab(job, &slab, j, &at, &after)
    end_block(job, rows, &at, node)
