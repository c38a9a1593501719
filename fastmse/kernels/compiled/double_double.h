/* Double-double arithmetic for Gram matrices and residuals.

   A double-double is the unevaluated sum hi + lo of two doubles, |lo| <= ulp(hi) / 2: 106 bits.
   The product of two doubles is split exactly, by one fused multiply-add where the processor has
   it and by Dekker's algorithm where not. Both give the same two numbers, so every build of this
   file gives the same bits. Relative error of one sum or product: below 2^-102.

   Source: Joldes, Muller, Popescu, "Tight and rigorous error bounds for basic building blocks of
   double-word arithmetic", ACM TOMS 44 (2017). */

#ifndef FASTMSE_DOUBLE_DOUBLE_H
#define FASTMSE_DOUBLE_DOUBLE_H

#include "gram.h"

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
    two_product(ah, bh, &p, &e);
    e += ah * bl + al * bh;
    dd_add(hi, lo, p, e);
}

/* The same of four at once */
static ALWAYS_INLINE four dd_product_error4(four a, four b, four p) {
#if defined(__FMA__) && WIDTH > 1
    return (four)_mm256_fmsub_pd((__m256d)a, (__m256d)b, (__m256d)p);
#else
    const four split = spread4(134217729.0);
    const four ca = mul4(split, a), cb = mul4(split, b);
    const four ah = sub4(ca, sub4(ca, a)), bh = sub4(cb, sub4(cb, b));
    const four al = sub4(a, ah), bl = sub4(b, bh);
    return add4(
        add4(add4(sub4(mul4(ah, bh), p), mul4(ah, bl)), mul4(al, bh)), mul4(al, bl)
    );
#endif
}

static ALWAYS_INLINE void dd_add4(four *hi, four *lo, four p, four e) {
    const four s = add4(*hi, p);
    const four t = add4(sum_error4(*hi, p, s), add4(*lo, e));
    *hi = add4(s, t);
    *lo = sub4(t, sub4(*hi, s));
}

/* Lane j of (hi, lo) += the sum of the lanes of (h[j], l[j]), in the order (0 + 2) + (1 + 3) */
static ALWAYS_INLINE void dd_fold4(four *hi, four *lo, four *h, four *l) {
    transpose4(h);
    transpose4(l);
    for (int i = 0; i < 4; i++) {
        const four s = add4(h[i], l[i]);
        l[i] = sub4(l[i], sub4(s, h[i]));
        h[i] = s;
    }
    dd_add4(&h[0], &l[0], h[2], l[2]);
    dd_add4(&h[1], &l[1], h[3], l[3]);
    dd_add4(&h[0], &l[0], h[1], l[1]);
    dd_add4(hi, lo, h[0], l[0]);
}

/* y[j] += c * x[j] */
static inline void dd_add_scaled(double *__restrict yh, double *__restrict yl, double ch, double cl,
                                 const double *__restrict xh, const double *__restrict xl, ptrdiff_t n) {
    for (ptrdiff_t j = 0; j < n; j++)
        dd_add_product(&yh[j], &yl[j], ch, cl, xh[j], xl[j]);
}

/* (hi[j], lo[j]) += (x[j], low[j]) */
static inline void dd_add_row(double *__restrict hi, double *__restrict lo,
                              const double *__restrict x, const double *__restrict low,
                              ptrdiff_t n) {
    for (ptrdiff_t j = 0; j < n; j++) dd_add(&hi[j], &lo[j], x[j], low[j]);
}

/* (h, l) += (ah, al) (bh, bl), low parts in plain double: a step of Ogita, Rump and Oishi's Dot2.
   12 flops, 8 where the low parts are 0; the error of n steps is below 2^-105 n of the sum of the
   sizes. */
static ALWAYS_INLINE void dd_accumulate4(four *h, four *l, four ah, four al, four bh, four bl,
                                         int low) {
    const four p = mul4(ah, bh), s = add4(*h, p);
    four e = dd_product_error4(ah, bh, p);
    if (low) e = add4(e, add4(mul4(ah, bl), mul4(al, bh)));
    *l = add4(*l, add4(sum_error4(*h, p, s), e));
    *h = s;
}

/* G_kj += sum_r z_rk u_rj for J <= 4 columns u and one column z over n rows, a multiple of four.
   A low part lies `low` doubles behind its high part in z and u, `G_low` in G. */
static ALWAYS_INLINE void dd_add_products(const double *u, ptrdiff_t u_low, const double *z,
                                          ptrdiff_t z_low, ptrdiff_t pitch, ptrdiff_t n, double *G,
                                          ptrdiff_t G_low, int J, int low) {
#define EACH_J(X) X(0) X(1) X(2) X(3)
#define BEGIN(j) four h##j = spread4(0.0), l##j = spread4(0.0);
#define STEP(j)                                                                         \
    if (j < J)                                                                          \
        dd_accumulate4(&h##j, &l##j, load4(u + j * pitch + r),                          \
                       low ? load4(u + u_low + j * pitch + r) : spread4(0.0), zh, zl, low);
    EACH_J(BEGIN)
    for (ptrdiff_t r = 0; r < n; r += 4) {
        const four zh = load4(z + r), zl = low ? load4(z + z_low + r) : zh;
        EACH_J(STEP)
    }
    four h[4] = {h0, h1, h2, h3}, l[4] = {l0, l1, l2, l3}, hi = load4(G), lo = load4(G + G_low);
    dd_fold4(&hi, &lo, h, l);
    store4(G, hi);
    store4(G + G_low, lo);
#undef EACH_J
#undef BEGIN
#undef STEP
}

#define DD_PRODUCTS_OF(NAME, J, LOW)                                                          \
    static NEVER_INLINE void NAME(const double *u, ptrdiff_t u_low, const double *z,          \
                                  ptrdiff_t z_low, ptrdiff_t pitch, ptrdiff_t n, double *G,   \
                                  ptrdiff_t G_low) {                                          \
        dd_add_products(u, u_low, z, z_low, pitch, n, G, G_low, J, LOW);                      \
    }
DD_PRODUCTS_OF(dd_products_of_1, 1, 1)
DD_PRODUCTS_OF(dd_products_of_2, 2, 1)
DD_PRODUCTS_OF(dd_products_of_3, 3, 1)
DD_PRODUCTS_OF(dd_products_of_4, 4, 1)
DD_PRODUCTS_OF(dd_high_products_of_1, 1, 0)
DD_PRODUCTS_OF(dd_high_products_of_2, 2, 0)
DD_PRODUCTS_OF(dd_high_products_of_3, 3, 0)
DD_PRODUCTS_OF(dd_high_products_of_4, 4, 0)

typedef void (*dd_products_t)(const double *, ptrdiff_t, const double *, ptrdiff_t, ptrdiff_t,
                              ptrdiff_t, double *, ptrdiff_t);

static const dd_products_t DD_PRODUCTS[2][4] = {
    {dd_high_products_of_1, dd_high_products_of_2, dd_high_products_of_3, dd_high_products_of_4},
    {dd_products_of_1, dd_products_of_2, dd_products_of_3, dd_products_of_4},
};

/* (z, low part) = z - shift, exactly; whether a low part is not 0 */
static inline int dd_shift(double *z, ptrdiff_t low, ptrdiff_t n, double shift) {
    int any = 0;
    for (ptrdiff_t r = 0; r < n; r++) {
        const double s = z[r] - shift, t = s - z[r];
        const double e = (z[r] - (s - t)) + (-shift - t);
        z[r] = s;
        z[low + r] = e;
        any |= e != 0.0;
    }
    return any;
}

/* w_r z_rj of a panel */
static inline void dd_weigh_panel(const double *w, const double *z, ptrdiff_t low, ptrdiff_t pitch,
                                  ptrdiff_t n, ptrdiff_t width, double *u, ptrdiff_t u_low) {
    for (ptrdiff_t j = 0; j < width; j++)
        for (ptrdiff_t r = 0; r < n; r += 4) {
            const four a = load4(w + r), b = load4(z + j * pitch + r), p = mul4(a, b);
            const four bl = load4(z + low + j * pitch + r);
            const four e = add4(dd_product_error4(a, b, p), mul4(a, bl));
            const four s = add4(p, e);
            store4(u + j * pitch + r, s);
            store4(u + u_low + j * pitch + r, sub4(e, sub4(s, p)));
        }
}

/* All products of a tile of m columns: as `add_tile`, low parts `low` doubles behind. Without
   weights w is NULL; u has room for a panel and its low part. */
static NEVER_INLINE void dd_add_tile(const double *z, ptrdiff_t low, const double *w, ptrdiff_t pitch,
                               ptrdiff_t n, ptrdiff_t m, double *G, ptrdiff_t G_pitch,
                               ptrdiff_t G_low, double *u, int any_low) {
    const int all = any_low || w;
    for (ptrdiff_t j = 0; j < m; j += PANEL) {
        const double *panel = z + j * pitch;
        ptrdiff_t panel_low = low;
        if (w) {
            dd_weigh_panel(w, panel, low, pitch, n, m - j < PANEL ? m - j : PANEL, u, PANEL * pitch);
            panel = u;
            panel_low = PANEL * pitch;
        }
        for (ptrdiff_t k = j; k < m; k++)
            DD_PRODUCTS[all][k - j < PANEL ? k - j : PANEL - 1](
                panel, panel_low, z + k * pitch, low, pitch, n, G + k * G_pitch + j, G_low
            );
    }
}

/* (h, l) -= (ch, cl) x, low parts in plain double as in `dd_accumulate4` */
static ALWAYS_INLINE void dd_subtract4(four *h, four *l, four ch, four cl, four x) {
    const four minus = sub4(spread4(0.0), x), p = mul4(ch, minus), s = add4(*h, p);
    const four e = add4(dd_product_error4(ch, minus, p), mul4(cl, minus));
    *l = add4(*l, add4(sum_error4(*h, p, s), e));
    *h = s;
}

/* Rows [r, r + 4 FOURS) of dd_add_residuals, to as many sums */
static ALWAYS_INLINE void dd_add_residuals_of(four *sum_h, four *sum_l, const double *x,
                                              ptrdiff_t pitch, const double *y, const double *w,
                                              ptrdiff_t r, ptrdiff_t d, const double *th,
                                              const double *tl, double *out, const int FOURS) {
    four h[4], l[4];
    for (int i = 0; i < FOURS; i++) {
        h[i] = load4(y + r + 4 * i);
        l[i] = spread4(0.0);
        dd_subtract4(&h[i], &l[i], spread4(th[0]), spread4(tl[0]), spread4(1.0));
    }
    for (ptrdiff_t j = 0; j < d; j++) {
        const four ch = spread4(th[j + 1]), cl = spread4(tl[j + 1]);
        for (int i = 0; i < FOURS; i++)
            dd_subtract4(&h[i], &l[i], ch, cl, load4(x + j * pitch + r + 4 * i));
    }
    for (int i = 0; i < FOURS; i++) {
        const four a = add4(h[i], l[i]), rest = sub4(l[i], sub4(a, h[i]));
        four p = mul4(a, a), e = dd_product_error4(a, a, p);
        e = add4(e, mul4(mul4(spread4(2.0), a), rest));
        if (out) store4(out + r + 4 * i, a);
        if (w) {
            const four wr = load4(w + r + 4 * i), q = mul4(wr, p);
            e = add4(dd_product_error4(wr, p, q), mul4(wr, e));
            p = q;
        }
        dd_add4(&sum_h[i], &sum_l[i], p, e);
    }
}

/* (hi, lo) += sum_r w_r r_r^2 with r = y - t_0 - sum_j t_{j + 1} x_j over n rows, a multiple of
   four. x_0 .. x_{d-1} are `pitch` doubles apart. Without weights w is NULL; `out` takes r, rounded,
   where there is one, and may be y. */
static NEVER_INLINE void dd_add_residuals(double *hi, double *lo, const double *x, ptrdiff_t pitch,
                                          const double *y, const double *w, ptrdiff_t n,
                                          ptrdiff_t d, const double *th, const double *tl,
                                          double *out) {
    four h[4], l[4], sum_h = spread4(0.0), sum_l = spread4(0.0);
    double lane_h[4], lane_l[4];
    ptrdiff_t r = 0;
    for (int i = 0; i < 4; i++) h[i] = l[i] = spread4(0.0);
    for (; r + 16 <= n; r += 16) dd_add_residuals_of(h, l, x, pitch, y, w, r, d, th, tl, out, 4);
    for (; r < n; r += 4) dd_add_residuals_of(h, l, x, pitch, y, w, r, d, th, tl, out, 1);
    dd_fold4(&sum_h, &sum_l, h, l);
    store4(lane_h, sum_h);
    store4(lane_l, sum_l);
    for (int i = 0; i < 4; i++) dd_add(hi, lo, lane_h[i], lane_l[i]);
}

#endif
