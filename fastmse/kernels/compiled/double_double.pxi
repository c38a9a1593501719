# Updates of double-double matrices, for the solution of a Gram matrix; see double_double.h.

cdef extern from "double_double.h" nogil:
    void dd_add(double *hi, double *lo, double p, double e) noexcept
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


def update_double_double(
    double[:, ::1] out_hi, double[:, ::1] out_lo,
    const double[::1] u_hi, const double[::1] u_lo,
    const double[::1] v_hi, const double[::1] v_lo,
    int n_threads,
):
    """Add the outer product u v' to `out`, which is (len(u), len(v)). 17 flops an element.

    A matrix is a pair of C-ordered float64 arrays (hi, lo) of one shape.
    """
    cdef Py_ssize_t m = out_hi.shape[0], n = out_hi.shape[1], i
    if m == 0 or n == 0:
        return
    with nogil:
        for i in prange(m, num_threads=n_threads):
            dd_add_scaled(
                &out_hi[i, 0], &out_lo[i, 0], u_hi[i], u_lo[i], &v_hi[0], &v_lo[0], n,
            )
