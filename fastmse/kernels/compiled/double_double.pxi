# Updates of double-double matrices, for the solution of a Gram matrix; see double_double.h.

cdef extern from "double_double.h" nogil:
    void dd_add(double *hi, double *lo, double p, double e) noexcept
    void dd_divide(
        double *qh, double *ql, double ah, double al, double bh, double bl
    ) noexcept
    void dd_add_scaled(
        double *yh, double *yl,
        double ch, double cl, const double *xh, const double *xl, Py_ssize_t n,
    )
    void dd_add_gram(double *hi, double *lo, const double *G, ptrdiff_t m) noexcept
    int dd_shift(
        double *z, ptrdiff_t low, ptrdiff_t n, ptrdiff_t m, const double *shift
    ) noexcept
    void dd_add_tile(
        const double *z, ptrdiff_t low, const double *w, ptrdiff_t n, ptrdiff_t m, double *G,
        double *u, int any_low
    ) noexcept
    enum:
        SQUARES
    void dd_add_lanes(double *hi, double *lo, const double *squares) noexcept
    void dd_add_residuals(
        double *squares, const double *s, ptrdiff_t s_low, const double *z, ptrdiff_t p,
        const double *y, const double *w, ptrdiff_t n, double *out
    ) noexcept
    void dd_add_squares(
        double *squares, const double *y, const double *w, ptrdiff_t n
    ) noexcept


cdef enum:
    SWEPT_ROWS = 16           # of a triangle at once: a thread's share is neither long nor short


def update_double_double(
    double[:, ::1] out_hi, double[:, ::1] out_lo,
    const double[::1] u_hi, const double[::1] u_lo,
    const double[::1] v_hi, const double[::1] v_lo,
):
    """Add the outer product u v' to `out`, which is (len(u), len(v)). 17 flops an element.

    A matrix is a pair of C-ordered float64 arrays (hi, lo) of one shape.
    """
    cdef Py_ssize_t m = out_hi.shape[0], n = out_hi.shape[1], i
    if m == 0 or n == 0:
        return
    with nogil:
        for i in range(m):
            dd_add_scaled(
                &out_hi[i, 0], &out_lo[i, 0], u_hi[i], u_lo[i], &v_hi[0], &v_lo[0], n,
            )


cdef void sweep_double_double_column(
    double[:, ::1] hi, double[:, ::1] lo, Py_ssize_t k, double *scratch, int n_threads
) noexcept nogil:
    """Of the lower triangle; scratch has room for four columns."""
    cdef Py_ssize_t m = hi.shape[0], i
    cdef double *column_hi = scratch
    cdef double *column_lo = scratch + m
    cdef double *scaled_hi = scratch + 2 * m
    cdef double *scaled_lo = scratch + 3 * m
    for i in range(m):
        column_hi[i] = hi[max(i, k), min(i, k)]
        column_lo[i] = lo[max(i, k), min(i, k)]
    for i in range(m):
        dd_divide(
            &scaled_hi[i], &scaled_lo[i], column_hi[i], column_lo[i], column_hi[k], column_lo[k]
        )
    for i in prange(m, num_threads=n_threads, schedule="dynamic", chunksize=SWEPT_ROWS):
        dd_add_scaled(
            &hi[i, 0], &lo[i, 0], -column_hi[i], -column_lo[i], scaled_hi, scaled_lo, i + 1
        )
    for i in range(m):
        hi[max(i, k), min(i, k)] = scaled_hi[i]
        lo[max(i, k), min(i, k)] = scaled_lo[i]
    dd_divide(&hi[k, k], &lo[k, k], -1.0, 0.0, column_hi[k], column_lo[k])


def sweep_double_double(
    double[:, ::1] hi, double[:, ::1] lo, const Py_ssize_t[::1] columns,
    const double[::1] tolerance, cnp.uint8_t[::1] swept, int n_threads,
):
    """Sweep those columns of a symmetric (m, m) matrix of which more than tolerance[k] is left.

    `swept`, as long as `columns`, tells which. 9 m² flops a column.
    """
    cdef Py_ssize_t m = hi.shape[0], i
    cdef double *scratch = <double *> malloc(4 * m * sizeof(double))
    if scratch == NULL:
        raise MemoryError("fastmse: no memory for a column")
    with nogil:
        for i in range(columns.shape[0]):
            swept[i] = hi[columns[i], columns[i]] > tolerance[columns[i]]
            if swept[i]:
                sweep_double_double_column(hi, lo, columns[i], scratch, n_threads)
        mirror(&hi[0, 0], m)
        mirror(&lo[0, 0], m)
    free(scratch)
