# Gram matrices: G = sum_i w_i z_i z_i' of z = (1, x, y), with x and y shifted and scaled: the
# statistic of a linear fit. d (d + 1) flops a row in float64, 6 to 10 times as much in
# double-double; X is read once, a tile of rows at a time, see gram.h and double_double.h.
#
# Rows are grouped into blocks of fixed length. A block's G is summed in float64 or double-double;
# blocks are added to the total in double-double, in their order. So the bits are the same for any
# number of threads and any build.

cdef extern from "gram.h" nogil:
    ctypedef struct Asking:
        const char *const *next
        ptrdiff_t streams, bytes, share, done
    ptrdiff_t gram_doubles(ptrdiff_t m) noexcept
    ptrdiff_t gram_place(ptrdiff_t k, ptrdiff_t j) noexcept
    ptrdiff_t product_calls(ptrdiff_t m) noexcept
    enum:
        PART_LOW
    void gram_residuals(
        const double *s, const double *z, ptrdiff_t n, ptrdiff_t p, double *y
    ) noexcept
    void add_tile(
        const double *z, const double *w, ptrdiff_t n, ptrdiff_t m, double *G, double *u,
        Asking *asking
    ) noexcept

cdef enum:
    ASKED_COLUMNS = 256
    GROUP_DOUBLES = 524288    # 4 MB of blocks' G at once
    GROUP = 64
    RUN_DOUBLES = 131072      # 1 MB of blocks in a row to a thread: one stream of memory
    MIRRORED = 16             # columns
    ALIGNED = 64              # bytes, of a vector: those across two lines take twice the time

include "tile.pxi"


cdef struct Products:
    Rows rows
    double *about             # (m - 1), of `negate_each`, or NULL: y is then a residual
    ptrdiff_t about_low       # doubles to its low part: of the columns as they are. 0: of z
    ptrdiff_t size            # doubles of G
    ptrdiff_t block           # rows
    ptrdiff_t scratch         # doubles a thread needs
    bint double_double


cdef inline ptrdiff_t in_fours(ptrdiff_t n) noexcept nogil:
    return (n + 3) // 4 * 4


cdef inline ptrdiff_t in_eights(ptrdiff_t n) noexcept nogil:
    return (n + 7) // 8 * 8


cdef void subtract_fit(
    const Products *job, ptrdiff_t n, double *z, const double *w, double *squares
) noexcept nogil:
    """y of a tile becomes the residual; its squares add to those given.

    If it is exact, x is shifted. If not, w r rounds before it is multiplied by r.
    """
    cdef ptrdiff_t p = job.rows.m - 1, fours = in_fours(n)
    cdef double *y = z + column_place(p)
    if job.about_low == 0:
        gram_residuals(job.about, z, fours, p, y)
        dd_add_squares(squares, y, w, fours)
        return
    dd_add_residuals(squares, job.about, job.about_low, z, p, y, w, fours, y)
    shift_tile(z, n, p, job.rows.shift)


cdef void gram_block(
    const Products *job, ptrdiff_t first, ptrdiff_t n, double *G, double *scratch
) noexcept nogil:
    """G of the rows [first, first + n), lower triangular."""
    cdef const Rows *rows = &job.rows
    cdef ptrdiff_t m = rows.m, start, count
    cdef double *z = scratch
    cdef double *panel = z + tile_doubles(m)
    cdef double *free = panel + PANEL_DOUBLES
    cdef double *last = G + gram_place(m - 1, m - 1)
    cdef const double *w
    cdef const char *places[ASKED_COLUMNS]
    cdef Asking asking
    cdef double squares[SQUARES]
    memset(squares, 0, sizeof(squares))
    memset(G, 0, job.size * sizeof(double))
    memset(panel - PANEL_DOUBLES, 0, PANEL_DOUBLES * sizeof(double))
    for start from 0 <= start < n by TILE:
        count = min(TILE, n - start)
        read_tile(rows, first + start, count, z, free)
        w = read_weights(rows, first + start, count, free)
        if job.about != NULL:
            subtract_fit(job, count, z, w, squares)
        asking = ask_for_rows(rows, first + start + count, TILE, places, product_calls(m))
        add_tile(z, w, in_fours(count), m, G, panel, &asking)
    if job.about != NULL:
        last[0] = last[PART_LOW] = 0.0
        dd_add_lanes(last, last + PART_LOW, squares)


cdef void gram2_block(
    const Products *job, ptrdiff_t first, ptrdiff_t n, double *G, double *scratch
) noexcept nogil:
    """The same in double-double: z is the exact v - shift, its low parts behind it."""
    cdef const Rows *rows = &job.rows
    cdef ptrdiff_t m = rows.m, low = tile_doubles(m), start, count
    cdef double *z = scratch
    cdef double *panel = z + 2 * low
    cdef double *free = panel + 2 * PANEL_DOUBLES
    cdef const double *w
    cdef int any_low
    memset(G, 0, job.size * sizeof(double))
    memset(z + low - PANEL_DOUBLES, 0, PANEL_DOUBLES * sizeof(double))
    memset(panel - PANEL_DOUBLES, 0, PANEL_DOUBLES * sizeof(double))
    for start from 0 <= start < n by TILE:
        count = min(TILE, n - start)
        read_tile(rows, first + start, count, z, free)
        any_low = dd_shift(z, low, count, m, rows.shift)
        w = read_weights(rows, first + start, count, free)
        dd_add_tile(z, low, w, in_fours(count), m, G, panel, any_low)


cdef bint is_finite(const Products *job, const double *G) noexcept nogil:
    """Whether every column's sum is: of a column that holds NaN or infinity it is not."""
    cdef ptrdiff_t k, place
    for k in range(job.rows.m):
        place = gram_place(k, 0)
        if not G[place] - G[place] == 0.0:
            return False
    return True


cdef inline double *aligned(void *memory) noexcept nogil:
    return <double *> ((<size_t> memory + ALIGNED - 1) // ALIGNED * ALIGNED)


cdef ptrdiff_t add_blocks(
    const Products *job, double *out_hi, double *out_lo, bint checked, int n_threads
) noexcept nogil:
    """Add whole blocks, and a last part of one; the number of rows done, or -1."""
    cdef ptrdiff_t n = job.rows.n, block = job.block, size = job.size
    cdef ptrdiff_t group = min(max(GROUP_DOUBLES // size, n_threads), GROUP)
    cdef ptrdiff_t first = 0, count, run, b
    group = min(group, (n + block - 1) // block)
    n_threads = min(n_threads, <int> group)
    cdef void *memory = malloc(
        (group * size + n_threads * job.scratch) * sizeof(double) + ALIGNED
    )
    cdef double *G = aligned(memory)
    cdef double *scratch = G + group * size
    cdef bint fine = True
    if memory == NULL:
        return -1
    while fine and first < n:
        count = min(group, (n - first + block - 1) // block)
        run = max(min(RUN_DOUBLES // (block * job.rows.m), count // (2 * n_threads)), 1)
        for b in prange(count, num_threads=n_threads, schedule="dynamic", chunksize=run):
            (gram2_block if job.double_double else gram_block)(
                job, first + b * block, min(block, n - first - b * block), G + b * size,
                scratch + threadid() * job.scratch,
            )
        for b in range(count):
            fine = not checked or is_finite(job, G + b * size)
            if not fine:
                break
            dd_add_gram(out_hi, out_lo, G + b * size, job.rows.m)
            first += block
    free(memory)
    return min(first, n)


cdef void mirror(double *a, ptrdiff_t m) noexcept nogil:
    """The upper triangle from the lower one, a few lines of memory at a time."""
    cdef ptrdiff_t begin, j, k
    for begin from 0 <= begin < m by MIRRORED:
        for k in range(begin + 1, m):
            for j in range(begin, min(begin + MIRRORED, k)):
                a[j * m + k] = a[k * m + j]


def gram(
    double[:, ::1] out_hi, double[:, ::1] out_lo, X, cnp.ndarray y, sample_weight,
    const double[::1] scale, const double[::1] shift,
    ptrdiff_t block, bint double_double, bint checked, int n_threads,
    const double[::1] about_hi=None, const double[::1] about_lo=None,
):
    """Add G of the rows to `out`, (m, m) with m = 1 + d + k; returns the number of rows done.

    X is (n, d), an array or `Columns`; y (n,) or (n, k); scale and shift (d + k,). Where `checked`
    it ends before a block that is not finite. With `about`, (d + 1,), the intercept first, a
    residual stands for y, whose squares are summed in double-double. With a low part it is that of
    the scaled columns, not shifted, and computed in double-double, else z_y - about (1, z) in
    float64. Not for `double_double`, nor several targets.
    """
    cdef Products job
    cdef ptrdiff_t m = out_hi.shape[0], room = coefficient_doubles(m - 1), done
    memset(&job, 0, sizeof(Products))
    read_sources(
        &job.rows, X, y, sample_weight, scale, shift, not double_double and about_lo is None
    )
    job.size, job.block, job.double_double = gram_doubles(m), block, double_double
    job.scratch = (1 + double_double) * (tile_doubles(m) + PANEL_DOUBLES) + in_eights(
        tile_scratch(&job.rows)
    )
    if about_hi is not None:
        job.about = <double *> malloc(2 * room * sizeof(double))
        if job.about == NULL:
            free_sources(&job.rows)
            raise MemoryError("fastmse: no memory for coefficients")
        negate_each(&about_hi[0], m - 1, job.about)
        if about_lo is not None:
            job.about_low = room
            negate_each(&about_lo[0], m - 1, job.about + room)
    with nogil:
        done = add_blocks(&job, &out_hi[0, 0], &out_lo[0, 0], checked, n_threads)
        mirror(&out_hi[0, 0], m)
        mirror(&out_lo[0, 0], m)
    free(job.about)
    free_sources(&job.rows)
    if done < 0:
        raise MemoryError("fastmse: no memory for the Gram matrices of blocks")
    return done


def eliminate(double[:, ::1] a, Py_ssize_t begin, Py_ssize_t end):
    """Columns [begin, end) of a (p, q), q >= p, in float64: rows below lose their multiples.

    The first p columns are symmetric: of them the upper triangle is read and written. p (q - p / 2)
    flops a column, without pivots: for positive definite matrices.
    """
    cdef Py_ssize_t p = a.shape[0], q = a.shape[1], i, j, k
    cdef double factor
    cdef double *pivot
    cdef double *row
    with nogil:
        for k in range(begin, end):
            pivot = &a[k, 0]
            for i in range(k + 1, p):
                factor = pivot[i] / pivot[k]
                row = &a[i, 0]
                for j in range(i, q):
                    row[j] -= factor * pivot[j]
