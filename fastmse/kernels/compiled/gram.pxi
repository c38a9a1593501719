"""Products of double-double matrices: all that a Gram matrix, its solution and residuals need.

    gram_double_double:          out[i, j] += sum_r a[i, r] * b[j, r]     for j >= i, mirrored below
    update_double_double:        out[i, j] += u[i] * v[j]
    residual_sum_double_double:  sum_r w[r] (y[r] - t[0] - sum_j t[j + 1] x[j, r])^2

A matrix is a pair of C-ordered float64 arrays (hi, lo) of one shape, see gram.h. Parallel over the
rows of `out`, each element summed in one fixed order: the same bits for any number of threads.
Cost: 17 flops with a fused multiply-add, else 33, for each product that is summed; 13 or 29 for one
of a residual.
"""

cdef extern from "gram.h" nogil:
    void dd_add_dot(
        double *hi, double *lo,
        const double *ah, const double *al, const double *bh, const double *bl, Py_ssize_t n,
    )
    void dd_add_scaled(
        double *yh, double *yl,
        double ch, double cl, const double *xh, const double *xl, Py_ssize_t n,
    )
    void dd_residual_sum(
        double *hi, double *lo, const double *rows, Py_ssize_t stride, Py_ssize_t n, Py_ssize_t d,
        const double *scale, const double *th, const double *tl, double *out,
    )


def gram_double_double(
    const double[:, ::1] a_hi, const double[:, ::1] a_lo,
    const double[:, ::1] b_hi, const double[:, ::1] b_lo,
    double[:, ::1] out_hi, double[:, ::1] out_lo,
    int n_threads,
):
    """Add a b' to `out`, where a and b are (m, n) and the product is known to be symmetric."""
    cdef Py_ssize_t m = a_hi.shape[0], n = a_hi.shape[1], i, j
    if m == 0 or n == 0:
        return
    with nogil:
        for i in prange(m, num_threads=n_threads, schedule="dynamic"):
            for j in range(i, m):
                dd_add_dot(
                    &out_hi[i, j], &out_lo[i, j],
                    &a_hi[i, 0], &a_lo[i, 0], &b_hi[j, 0], &b_lo[j, 0], n,
                )
                out_hi[j, i] = out_hi[i, j]
                out_lo[j, i] = out_lo[i, j]


def update_double_double(
    double[:, ::1] out_hi, double[:, ::1] out_lo,
    const double[::1] u_hi, const double[::1] u_lo,
    const double[::1] v_hi, const double[::1] v_lo,
    int n_threads,
):
    """Add the outer product u v' to `out`, which is (len(u), len(v))."""
    cdef Py_ssize_t m = out_hi.shape[0], n = out_hi.shape[1], i
    if m == 0 or n == 0:
        return
    with nogil:
        for i in prange(m, num_threads=n_threads):
            dd_add_scaled(
                &out_hi[i, 0], &out_lo[i, 0], u_hi[i], u_lo[i], &v_hi[0], &v_lo[0], n,
            )


def residual_sum_double_double(
    const double[:, :] rows, const double[::1] scale,
    const double[::1] theta_hi, const double[::1] theta_lo, double[::1] out=None,
):
    """Return the sum of w r^2 as hi, lo; `out` (n,), if given, takes r, rounded.

    `rows` (d + 2, n) are the columns x, y, w, each contiguous; `scale` (d + 1,) are powers of two
    that x and y are multiplied by; `theta` (d + 1,) starts with the intercept.
    """
    cdef Py_ssize_t d = rows.shape[0] - 2, n = rows.shape[1]
    cdef double hi = 0.0, lo = 0.0
    if n > 0:
        with nogil:
            dd_residual_sum(
                &hi, &lo, &rows[0, 0], rows.strides[0] // <Py_ssize_t>sizeof(double), n, d,
                &scale[0], &theta_hi[0], &theta_lo[0], &out[0] if out is not None else NULL,
            )
    return hi, lo
