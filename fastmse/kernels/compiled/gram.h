/* Double-double arithmetic for Gram matrices.

   A double-double is the unevaluated sum hi + lo of two doubles, |lo| <= ulp(hi) / 2: 106 bits.
   The product of two doubles is split exactly, by one fused multiply-add where the processor has
   it and by Dekker's algorithm where not. Both give the same two numbers, so every build of this
   file gives the same bits. Relative error of one sum or product: below 2^-102.

   Source: Joldes, Muller, Popescu, "Tight and rigorous error bounds for basic building blocks of
   double-word arithmetic", ACM TOMS 44 (2017). */

#ifndef FASTMSE_GRAM_H
#define FASTMSE_GRAM_H

#include <stddef.h>

/* A lane is a chain of dependent additions, 28 cycles a step: four 256-bit registers hide it. */
#define DD_LANES 16

/* p + e = a * b, exactly, unless the product leaves the range of normal numbers. */
static inline void dd_two_prod(double a, double b, double *p, double *e) {
    double product = a * b;
#if defined(__FMA__) || defined(__FP_FAST_FMA)
    *e = __builtin_fma(a, b, -product);
#else
    double ca = 134217729.0 * a, cb = 134217729.0 * b; /* 2^27 + 1 */
    double ah = ca - (ca - a), bh = cb - (cb - b);
    double al = a - ah, bl = b - bh;
    *e = ((ah * bh - product) + ah * bl + al * bh) + al * bl;
#endif
    *p = product;
}

/* (hi, lo) += (p, e) */
static inline void dd_add(double *hi, double *lo, double p, double e) {
    double s = *hi + p;
    double b = s - *hi;
    double t = (*hi - (s - b)) + (p - b);
    t += *lo + e;
    double h = s + t;
    *lo = t - (h - s);
    *hi = h;
}

/* (hi, lo) += (ah, al) * (bh, bl) */
static inline void dd_add_product(double *hi, double *lo, double ah, double al, double bh,
                                  double bl) {
    double p, e;
    dd_two_prod(ah, bh, &p, &e);
    e += ah * bl + al * bh;
    dd_add(hi, lo, p, e);
}

/* (hi, lo) += the sum of all lanes (h, l), by a fixed tree */
static inline void dd_merge_lanes(double *hi, double *lo, double *h, double *l) {
    for (int width = DD_LANES / 2; width > 0; width /= 2)
        for (int k = 0; k < width; k++)
            dd_add(&h[k], &l[k], h[k + width], l[k + width]);
    dd_add(hi, lo, h[0], l[0]);
}

/* (hi, lo) += sum_r a[r] * b[r], element r in lane r % DD_LANES */
static inline void dd_add_dot(double *hi, double *lo, const double *ah, const double *al,
                              const double *bh, const double *bl, ptrdiff_t n) {
    double h[DD_LANES] = {0}, l[DD_LANES] = {0};
    ptrdiff_t whole = n - n % DD_LANES;
    for (ptrdiff_t r = 0; r < whole; r += DD_LANES)
        for (int k = 0; k < DD_LANES; k++)
            dd_add_product(&h[k], &l[k], ah[r + k], al[r + k], bh[r + k], bl[r + k]);
    for (ptrdiff_t r = whole; r < n; r++)
        dd_add_product(&h[r - whole], &l[r - whole], ah[r], al[r], bh[r], bl[r]);
    dd_merge_lanes(hi, lo, h, l);
}

/* y[j] += c * x[j] */
static inline void dd_add_scaled(double *__restrict yh, double *__restrict yl, double ch, double cl,
                                 const double *__restrict xh, const double *__restrict xl, ptrdiff_t n) {
    for (ptrdiff_t j = 0; j < n; j++)
        dd_add_product(&yh[j], &yl[j], ch, cl, xh[j], xl[j]);
}

/* (hi, lo) -= (ch, cl) * x, low parts in plain double: a step of Ogita, Rump and Oishi's Dot2.
   12 flops; the error of n steps is below 2^-105 n of the sum of the sizes. */
static inline void dd_subtract(double *hi, double *lo, double ch, double cl, double x) {
    double p, e;
    dd_two_prod(-ch, x, &p, &e);
    double s = *hi + p;
    double b = s - *hi;
    *lo += ((*hi - (s - b)) + (p - b)) + (e - cl * x);
    *hi = s;
}

/* Lane k of (hi, lo) += w r^2 of row k < width, with r = y - t[0] - sum_j t[j + 1] x_j. The columns
   x_0 .. x_{d-1}, y, w lie `stride` apart; x and y are multiplied by their power of two first. `out`
   takes r, rounded, where there is one. */
static inline void dd_add_residuals(double *hi, double *lo, const double *rows, ptrdiff_t stride,
                                    ptrdiff_t d, const double *scale, const double *th,
                                    const double *tl, double *out, int width) {
    double h[DD_LANES], l[DD_LANES] = {0};
    for (int k = 0; k < width; k++) {
        h[k] = scale[d] * rows[d * stride + k];
        dd_subtract(&h[k], &l[k], th[0], tl[0], 1.0);
    }
    for (ptrdiff_t j = 0; j < d; j++)
        for (int k = 0; k < width; k++)
            dd_subtract(&h[k], &l[k], th[j + 1], tl[j + 1], scale[j] * rows[j * stride + k]);
    for (int k = 0; k < width; k++) {
        double r = h[k] + l[k], rest = l[k] - (r - h[k]), p, e;
        if (out)
            out[k] = r;
        dd_two_prod(r, r, &p, &e);
        dd_add_product(&hi[k], &lo[k], p, e + 2 * r * rest, rows[(d + 1) * stride + k], 0.0);
    }
}

/* sum_r w_r r_r^2 over n rows, see above */
static inline void dd_residual_sum(double *hi, double *lo, const double *rows, ptrdiff_t stride,
                                   ptrdiff_t n, ptrdiff_t d, const double *scale,
                                   const double *th, const double *tl, double *out) {
    double h[DD_LANES] = {0}, l[DD_LANES] = {0};
    ptrdiff_t whole = n - n % DD_LANES;
    for (ptrdiff_t r = 0; r < whole; r += DD_LANES)
        dd_add_residuals(h, l, rows + r, stride, d, scale, th, tl, out ? out + r : NULL, DD_LANES);
    dd_add_residuals(h, l, rows + whole, stride, d, scale, th, tl, out ? out + whole : NULL,
                     (int)(n - whole));
    dd_merge_lanes(hi, lo, h, l);
}

#endif
