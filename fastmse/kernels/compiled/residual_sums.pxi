# Sums of squared residuals in double-double: sum_i w_i (y_i - t_0 - sum_j t_j x_ij)^2 for every
# target, with t in double-double and x and y scaled by powers of two: double_double.h. 12 flops a
# product, hidden by the read of X up to 16 or so. Blocks are added in order: the same bits for any
# number of threads and any build.

cdef struct Residuals:
    Rows rows
    double *s                 # of `negate_each`, for every target, and its low part
    ptrdiff_t s_low           # doubles from the one to the other
    ptrdiff_t block
    ptrdiff_t scratch


cdef void residuals_block(
    const Residuals *job, ptrdiff_t first, ptrdiff_t n, double *sums, double *scratch
) noexcept nogil:
    """Sums of squares for each target."""
    cdef const Rows *rows = &job.rows
    cdef ptrdiff_t p = rows.n_features + 1, k = rows.n_targets, start, count, t
    cdef double *z = scratch
    cdef double *free = z + tile_doubles(rows.m)
    cdef const double *w
    memset(sums, 0, SQUARES * k * sizeof(double))
    memset(free - PANEL_DOUBLES, 0, PANEL_DOUBLES * sizeof(double))
    for start from 0 <= start < n by TILE:
        count = min(TILE, n - start)
        read_tile(rows, first + start, count, z, free)
        w = read_weights(rows, first + start, count, free)
        for t in range(k):
            dd_add_residuals(
                sums + SQUARES * t, job.s + 2 * t * job.s_low, job.s_low, z, p,
                z + column_place(p + t), w, in_fours(count), NULL,
            )


def residual_sums(
    double[::1] out_hi, double[::1] out_lo, X, cnp.ndarray y, sample_weight,
    const double[::1] scale, const double[:, ::1] theta_hi, const double[:, ::1] theta_lo,
    ptrdiff_t block, int n_threads,
):
    """Add the sums over the rows to `out`, (k,).

    X is (n, d), an array or `Columns`; y (n,) or (n, k); scale (d + k,); theta (k, d + 1), the
    intercept first.
    """
    cdef Residuals job
    cdef ptrdiff_t k = out_hi.shape[0], p = theta_hi.shape[1], count, b, t
    cdef double *scratch
    cdef double *sums
    cdef double hi, lo
    cdef void *memory
    memset(&job, 0, sizeof(Residuals))
    read_sources(&job.rows, X, y, sample_weight, scale, None, False)
    job.block, job.s_low = block, coefficient_doubles(p)
    job.scratch = tile_doubles(job.rows.m) + in_eights(tile_scratch(&job.rows))
    count = (job.rows.n + block - 1) // block
    n_threads = <int> min(n_threads, count)
    memory = malloc(
        (n_threads * job.scratch + k * (2 * job.s_low + SQUARES * count)) * sizeof(double) + ALIGNED
    )
    if memory == NULL:
        free_sources(&job.rows)
        raise MemoryError("fastmse: no memory for a tile of rows")
    scratch = aligned(memory)
    job.s = scratch + n_threads * job.scratch
    sums = job.s + 2 * k * job.s_low
    for t in range(k):
        negate_each(&theta_hi[t, 0], p, job.s + 2 * t * job.s_low)
        negate_each(&theta_lo[t, 0], p, job.s + (2 * t + 1) * job.s_low)
    with nogil:
        for b in prange(count, num_threads=n_threads, schedule="dynamic"):
            residuals_block(
                &job, b * block, min(block, job.rows.n - b * block), sums + SQUARES * k * b,
                scratch + threadid() * job.scratch,
            )
        for b in range(count):
            for t in range(k):
                hi = lo = 0.0
                dd_add_lanes(&hi, &lo, sums + SQUARES * (k * b + t))
                dd_add(&out_hi[t], &out_lo[t], hi, lo)
    free(memory)
    free_sources(&job.rows)
