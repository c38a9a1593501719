# Gram matrices: G = sum_i w_i z_i z_i' of z = (1, x, y), with x and y shifted and scaled: the
# statistic of a linear fit. d (d + 1) flops a row in float64, 6 to 10 times as much in
# double-double; X is read once, a tile of rows at a time, see gram.h and double_double.h.
#
# Rows are grouped into blocks of fixed length. A block's G is summed in float64 or double-double;
# blocks are added to the total in double-double, in their order. So the bits are the same for any
# number of threads and any build.

cdef extern from "gram.h" nogil:
    enum:
        PANEL
    ctypedef struct Asking:
        const char *const *next
        ptrdiff_t streams, lines, share, line
    ptrdiff_t product_calls(ptrdiff_t m) noexcept
    void subtract_products(
        const double *b, const double *z, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t d, double *y
    ) noexcept
    void weigh_panel(
        const double *w, const double *z, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t width, double *u
    ) noexcept
    void add_tile(
        const double *z, const double *w, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t start,
        ptrdiff_t end, double *G, ptrdiff_t G_pitch, ptrdiff_t G_low, double *u, Asking *ahead
    ) noexcept

cdef enum:
    ASKED_COLUMNS = 16
    CHUNK = 16                # columns, 16 KB, whose products with all before are summed at once
    GROUP_DOUBLES = 524288    # 4 MB of blocks' G at once
    GROUP = 64

include "tile.pxi"


cdef struct Products:
    Rows rows
    ptrdiff_t m               # columns of z
    const double *shift
    const double *about_hi    # (n_features + 1), or NULL: y is then a residual
    const double *about_lo    # of the columns as they are; NULL if of z, in float64
    ptrdiff_t pitch           # doubles from one row of G to the next
    ptrdiff_t size            # doubles of G; its low parts are as many, behind it
    ptrdiff_t block           # rows
    ptrdiff_t scratch         # doubles a thread needs
    bint double_double


cdef inline ptrdiff_t in_fours(ptrdiff_t n) noexcept nogil:
    return (n + 3) // 4 * 4


cdef void begin_tile(const Products *job, ptrdiff_t n, double *z) noexcept nogil:
    """The column of ones, and zeros up to a multiple of four rows."""
    cdef ptrdiff_t r
    for r in range(job.rows.tile):
        z[r] = r < n


cdef void subtract_fit(
    const Products *job, ptrdiff_t n, double *z, const double *w, double *square, double *scratch
) noexcept nogil:
    """y of a tile becomes the residual; its squares add to square[0] + square[PANEL].

    If it is exact, x is shifted. If not, w r rounds before it is multiplied by r.
    """
    cdef ptrdiff_t d = job.rows.n_features, pitch = job.rows.pitch, j
    cdef double *y = z + (d + 1) * pitch
    cdef const double *wy = y
    if job.about_lo == NULL:
        subtract_products(job.about_hi, z + pitch, pitch, in_fours(n), d, y)
        for j in range(n, in_fours(n)):
            y[j] = 0.0
        if w != NULL:
            weigh_panel(w, y, pitch, in_fours(n), 1, scratch)
            wy = scratch
        dd_high_products_of_1(wy, 0, y, 0, pitch, in_fours(n), square, PANEL)
        return
    dd_add_residuals(
        square, square + PANEL, z + pitch, pitch, y, counting(w, n, scratch), in_fours(n), d,
        job.about_hi, job.about_lo, y,
    )
    for j in range(d):
        shift_in_place(z + (j + 1) * pitch, n, job.shift[j])


cdef void gram_block(
    const Products *job, ptrdiff_t first, ptrdiff_t n, double *G, double *scratch
) noexcept nogil:
    """G of the rows [first, first + n), lower triangular."""
    cdef const Rows *rows = &job.rows
    cdef ptrdiff_t m = job.m, pitch = rows.pitch, start, count, c
    cdef double *z = scratch
    cdef double *panel = z + m * pitch
    cdef double *free = panel + PANEL * pitch
    cdef double *last
    cdef const double *w
    cdef const char *places[ASKED_COLUMNS]
    cdef Asking ahead
    cdef double square[2 * PANEL]
    memset(square, 0, sizeof(square))
    memset(G, 0, 2 * job.size * sizeof(double))
    for start from 0 <= start < n by rows.tile:
        count = min(rows.tile, n - start)
        begin_tile(job, count, z)
        read_tile(rows, first + start, count, z + pitch, free)
        w = read_weights(rows, first + start, count, free)
        if job.about_hi != NULL:
            subtract_fit(job, count, z, w, square, free + pitch)
        ahead = ask_for_rows(rows, first + start + count, rows.tile, places, product_calls(m))
        for c from 0 <= c < m by CHUNK:
            add_tile(
                z, w, pitch, in_fours(count), c, min(c + CHUNK, m), G, job.pitch, job.size,
                panel, &ahead,
            )
    if job.about_hi != NULL:
        last = G + (m - 1) * (job.pitch + 1)
        last[0], last[job.size] = square[0], square[PANEL]


cdef void gram2_block(
    const Products *job, ptrdiff_t first, ptrdiff_t n, double *G, double *scratch
) noexcept nogil:
    """The same in double-double: z is the exact v - shift, its low parts behind it."""
    cdef const Rows *rows = &job.rows
    cdef ptrdiff_t m = job.m, pitch = rows.pitch, low = m * rows.pitch, start, count, j
    cdef double *z = scratch
    cdef double *panel = z + 2 * low
    cdef double *free = panel + 2 * PANEL * pitch
    cdef const double *w
    cdef int any_low
    memset(G, 0, 2 * job.size * sizeof(double))
    for start from 0 <= start < n by rows.tile:
        count = min(rows.tile, n - start)
        begin_tile(job, count, z)
        read_tile(rows, first + start, count, z + pitch, free)
        memset(z + low, 0, pitch * sizeof(double))
        any_low = 0
        for j in range(1, m):
            memset(z + low + j * pitch, 0, pitch * sizeof(double))
            any_low |= dd_shift(z + j * pitch, low, count, job.shift[j - 1])
        w = read_weights(rows, first + start, count, free)
        dd_add_tile(
            z, low, w, pitch, in_fours(count), m, G, job.pitch, job.size, panel, any_low
        )


cdef bint is_finite(const Products *job, const double *G) noexcept nogil:
    """Whether every column's sum is: of a column that holds NaN or infinity it is not."""
    cdef ptrdiff_t k
    for k in range(job.m):
        if not G[k * job.pitch] - G[k * job.pitch] == 0.0:
            return False
    return True


cdef void add_block(
    const Products *job, const double *G, double *out_hi, double *out_lo
) noexcept nogil:
    cdef ptrdiff_t k
    for k in range(job.m):
        dd_add_row(
            out_hi + k * job.m, out_lo + k * job.m, G + k * job.pitch,
            G + job.size + k * job.pitch, k + 1,
        )


cdef ptrdiff_t add_blocks(
    const Products *job, double *out_hi, double *out_lo, bint checked, int n_threads
) noexcept nogil:
    """Add whole blocks, and a last part of one; the number of rows done, or -1."""
    cdef ptrdiff_t n = job.rows.n, block = job.block, size = 2 * job.size
    cdef ptrdiff_t group = min(max(GROUP_DOUBLES // size, n_threads), GROUP), first = 0, count, b
    group = min(group, (n + block - 1) // block)
    n_threads = min(n_threads, <int> group)
    cdef double *G = <double *> malloc((group * size + n_threads * job.scratch) * sizeof(double))
    cdef double *scratch = G + group * size
    cdef bint fine = True
    if G == NULL:
        return -1
    while fine and first < n:
        count = min(group, (n - first + block - 1) // block)
        for b in prange(count, num_threads=n_threads, schedule="dynamic"):
            (gram2_block if job.double_double else gram_block)(
                job, first + b * block, min(block, n - first - b * block), G + b * size,
                scratch + threadid() * job.scratch,
            )
        for b in range(count):
            fine = not checked or is_finite(job, G + b * size)
            if not fine:
                break
            add_block(job, G + b * size, out_hi, out_lo)
            first += block
    free(G)
    return min(first, n)


cdef void mirror(double *a, ptrdiff_t m) noexcept nogil:
    cdef ptrdiff_t j, k
    for k in range(m):
        for j in range(k):
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
    cdef ptrdiff_t m = out_hi.shape[0], done
    memset(&job, 0, sizeof(Products))
    read_sources(&job.rows, X, y, sample_weight)
    job.m, job.block, job.double_double = m, block, double_double
    job.pitch = (m + PANEL - 1) // PANEL * PANEL
    job.size = m * job.pitch
    job.rows.scale, job.shift = &scale[0], &shift[0]
    job.rows.shift = job.shift
    if double_double:
        job.rows.shift = NULL  # shifts exactly
    elif about_hi is not None:
        job.about_hi = &about_hi[0]
        if about_lo is not None:
            job.rows.shift, job.about_lo = NULL, &about_lo[0]
    set_tile(&job.rows)
    job.scratch = (1 + double_double) * (m + PANEL) * job.rows.pitch + tile_scratch(&job.rows)
    with nogil:
        done = add_blocks(&job, &out_hi[0, 0], &out_lo[0, 0], checked, n_threads)
        mirror(&out_hi[0, 0], m)
        mirror(&out_lo[0, 0], m)
    free(job.rows.columns)
    if done < 0:
        raise MemoryError("fastmse: no memory for the Gram matrices of blocks")
    return done
