# Sums of squared residuals in double-double: sum_i w_i (y_i - t_0 - sum_j t_j x_ij)^2 for every
# target, with t in double-double and x and y scaled by powers of two: double_double.h. 12 flops a
# product, hidden by the read of X up to 16 or so. Blocks are added in order: the same bits for any
# number of threads and any build.

cdef struct Residuals:
    Rows rows
    const double *theta_hi    # (n_targets, n_features + 1)
    const double *theta_lo
    ptrdiff_t block
    ptrdiff_t scratch


cdef void residuals_block(
    const Residuals *job, ptrdiff_t first, ptrdiff_t n, double *sums, double *scratch
) noexcept nogil:
    """hi and lo for each target."""
    cdef const Rows *rows = &job.rows
    cdef ptrdiff_t d = rows.n_features, k = rows.n_targets, start, count, t
    cdef double *z = scratch
    cdef double *free = z + (d + k) * rows.pitch
    cdef const double *w
    memset(sums, 0, 2 * k * sizeof(double))
    for start from 0 <= start < n by rows.tile:
        count = min(rows.tile, n - start)
        read_tile(rows, first + start, count, z, free)
        w = counting(read_weights(rows, first + start, count, free), count, free)
        for t in range(k):
            dd_add_residuals(
                sums + 2 * t, sums + 2 * t + 1, z, rows.pitch, z + (d + t) * rows.pitch, w,
                in_fours(count), d, job.theta_hi + t * (d + 1), job.theta_lo + t * (d + 1), NULL,
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
    cdef ptrdiff_t k = out_hi.shape[0], count, b, t
    cdef double *sums
    memset(&job, 0, sizeof(Residuals))
    read_sources(&job.rows, X, y, sample_weight)
    job.block, job.rows.scale = block, &scale[0]
    job.theta_hi, job.theta_lo = &theta_hi[0, 0], &theta_lo[0, 0]
    set_tile(&job.rows)
    job.scratch = (job.rows.n_features + k) * job.rows.pitch + tile_scratch(&job.rows)
    count = (job.rows.n + block - 1) // block
    n_threads = <int> min(n_threads, count)
    sums = <double *> malloc((2 * k * count + n_threads * job.scratch) * sizeof(double))
    if sums == NULL:
        free(job.rows.columns)
        raise MemoryError("fastmse: no memory for a tile of rows")
    with nogil:
        for b in prange(count, num_threads=n_threads, schedule="dynamic"):
            residuals_block(
                &job, b * block, min(block, job.rows.n - b * block), sums + 2 * k * b,
                sums + 2 * k * count + threadid() * job.scratch,
            )
        for b in range(count):
            for t in range(k):
                dd_add(
                    &out_hi[t], &out_lo[t], sums[2 * (k * b + t)], sums[2 * (k * b + t) + 1]
                )
    free(sums)
    free(job.rows.columns)
