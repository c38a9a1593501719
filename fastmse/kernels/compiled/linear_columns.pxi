# The linear model on columns: column-major matrices, the columns of a table, and
# rows of one to three features, which are too short for a vector. See columns.h.

cdef enum:
    TINY = 3                  # columns whose sums fit in registers
    SLAB = 256                # rows: eight decoded columns of them fill 16 KB of L1
    ASKED_FEATURES = 256      # up to here a column is long enough for the processor's own guess


cdef struct Slab:
    const double *x[8]        # columns [j, j + count), rows [start, start + n) of the block
    ptrdiff_t count
    ptrdiff_t start
    ptrdiff_t n
    bint zeros                # whether a row of it weighs nothing


cdef inline bint packs_rows(const Job *job) noexcept nogil:
    return job.X.data != NULL and job.X.native and job.X.column == sizeof(double) \
        and job.X.row > 0 and job.X.row % <ptrdiff_t> sizeof(double) == 0


cdef void read_slab(
    const Job *job, const double *w, ptrdiff_t j, ptrdiff_t first, Slab *slab, double *scratch
) noexcept nogil:
    """Columns from j on, in place where that is possible; zeros in rows of zero weight."""
    cdef ptrdiff_t q, i
    cdef const Storage *column
    cdef double *target
    cdef bint packed = job.columns[j].row != sizeof(double) and packs_rows(job)
    if packed:
        to_columns(
            <const double *> (job.X.data + (first + slab.start) * job.X.row), job.X.row // 8,
            slab.n, slab.count, scratch, SLAB,
        )
    for q in range(slab.count):
        column = job.columns + j + q
        target = scratch + q * SLAB
        slab.x[q] = target
        if not packed:
            if column.native and column.row == sizeof(double) and not slab.zeros:
                slab.x[q] = <const double *> column.data + first + slab.start
            else:
                column.decode(
                    column.data + (first + slab.start) * column.row, column.row, slab.n, target
                )
        if slab.zeros:
            for i in range(slab.n):
                target[i] = 0.0 if w[slab.start + i] == 0.0 else target[i]


cdef Slab slab_of(const Block *at, ptrdiff_t start, ptrdiff_t rows, ptrdiff_t count) noexcept nogil:
    cdef Slab slab
    slab.start, slab.n, slab.count = start, min(SLAB, rows - start), count
    slab.zeros = at.w != NULL and any_zero(at.w + start, slab.n)
    return slab


cdef Following following(
    const Job *job, ptrdiff_t j, ptrdiff_t count, ptrdiff_t row
) noexcept nogil:
    """The columns from j on, where there are `count` of them and they lie packed."""
    cdef Following after
    cdef ptrdiff_t q
    cdef const Storage *column
    after.step = 0
    if job.n_features <= ASKED_FEATURES or j + count > job.n_features:
        return after
    for q in range(count):
        column = job.columns + j + q
        if column.row != column.size:
            after.step = 0
            return after
        after.step = max(after.step, column.row)
        after.next[q] = column.data + row * column.row
    return after


cdef inline void add_slab(
    const Job *job, const Slab *slab, ptrdiff_t j, const Block *at, const Following *after
) noexcept nogil:
    """f += theta x for every theta; the intercepts first."""
    cdef ptrdiff_t i, k
    cdef double *f
    cdef Following nothing
    nothing.step = 0
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
    cdef ptrdiff_t k, q
    cdef Following nothing
    nothing.step = 0
    for k in range(job.n_thetas):
        for q from 0 <= q < slab.count by PAIR:
            dot_columns(
                at.c + k * job.room + slab.start, slab.x + q, min(PAIR, slab.count - q), slab.n,
                at.G + k * job.n_parameters + j + q, &nothing if k else after,
            )


cdef inline void subtract(const Job *job, const Block *at, ptrdiff_t rows) noexcept nogil:
    """r = f - y and c = w r, for every theta."""
    cdef ptrdiff_t k
    cdef Column column
    for k in range(job.n_thetas):
        column = column_of(job, at, k, 0)
        residuals(column.r, &column, rows)


cdef void tiny_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    """At most three columns: every element is touched once."""
    cdef Block at = begin_block(job, first, rows, node, scratch)
    cdef Slab slab
    cdef Column column
    cdef Sums sums
    cdef ptrdiff_t start, k
    for k in range(job.n_thetas):
        sums.sse.high = sums.sse.low = 0.0
        sums.g = at.G + k * job.n_parameters
        for start from 0 <= start < rows by SLAB:
            slab = slab_of(&at, start, rows, job.n_features)
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
    cdef ptrdiff_t start, k
    nothing.step = 0
    for start from 0 <= start < rows by SLAB:
        slab = slab_of(&at, start, rows, job.n_features)
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
    cdef ptrdiff_t d = job.n_features, j, start
    cdef Slab slab
    cdef Following after
    for j from 0 <= j < d by TOGETHER:
        for start from 0 <= start < rows by SLAB:
            slab = slab_of(&at, start, rows, min(TOGETHER, d - j))
            read_slab(job, at.w, j, first, &slab, at.free)
            after = following(job, j + TOGETHER, TOGETHER, first + start)
            add_slab(job, &slab, j, &at, &after)
    subtract(job, &at, rows)
    if job.grad:
        for j from 0 <= j < d by PAIR:
            for start from 0 <= start < rows by SLAB:
                slab = slab_of(&at, start, rows, min(PAIR, d - j))
                read_slab(job, at.w, j, first, &slab, at.free)
                after = following(job, j + PAIR, PAIR, first + start)
                dot_slab(job, &slab, j, &at, &after)
    end_block(job, rows, &at, node)
