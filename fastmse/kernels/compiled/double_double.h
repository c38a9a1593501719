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

/* What p = a b of four lost, exactly */
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

static ALWAYS_INLINE eight dd_product_error8(eight a, eight b, eight p) {
#if WIDTH == 8
    return (eight)_mm512_fmsub_pd((__m512d)a, (__m512d)b, (__m512d)p);
#else
    return join8(
        dd_product_error4(a.low, b.low, p.low), dd_product_error4(a.high, b.high, p.high)
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

/* (qh, ql) = a / b; relative error below 2^-100 */
static inline void dd_divide(double *qh, double *ql, double ah, double al, double bh, double bl) {
    double q = ah / bh, p, e, c;
    two_product(q, bh, &p, &e);
    c = (((ah - p) - (e + q * bl)) + al) / bh;
    *qh = q + c;
    *ql = c - (*qh - q);
}

/* y[j] += c * x[j] */
static inline void dd_add_scaled(double *__restrict yh, double *__restrict yl, double ch, double cl,
                                 const double *__restrict xh, const double *__restrict xl, ptrdiff_t n) {
    for (ptrdiff_t j = 0; j < n; j++)
        dd_add_product(&yh[j], &yl[j], ch, cl, xh[j], xl[j]);
}

/* The j <= k of every G_kj, (m, m), += that of a block, see gram.h */
static inline void dd_add_gram(
    double *__restrict hi, double *__restrict lo, const double *__restrict G, ptrdiff_t m
) {
    for (ptrdiff_t k = 0; k < m; k++, hi += m, lo += m) {
        ptrdiff_t j = 0;
        for (; j + HALF <= k + 1; j += HALF) {
            const double *part = G + gram_place(k, j);
            four h = load4(hi + j), l = load4(lo + j);
            dd_add4(&h, &l, load4(part), load4(part + PART_LOW));
            store4(hi + j, h);
            store4(lo + j, l);
        }
        for (; j <= k; j++) {
            const double *part = G + gram_place(k, j);
            dd_add(&hi[j], &lo[j], part[0], part[PART_LOW]);
        }
    }
}

/* (h, l) += a b + rest, low parts in plain double: a step of Ogita, Rump and Oishi's Dot2. 9 flops;
   the error of n steps is below 2^-105 n of the sum of the sizes. */
static ALWAYS_INLINE void dd_accumulate8(eight *h, eight *l, eight a, eight b, eight rest, int any) {
    const eight p = mul8(a, b), s = add8(*h, p);
    eight e = dd_product_error8(a, b, p);
    if (any) e = add8(e, rest);
    *l = add8(*l, add8(sum_error8(*h, p, s), e));
    *h = s;
}

/* G_kj += sum_r z_rk u_rj for four columns u and a column z over n rows, a multiple of four. A low
   part lies `low` doubles behind its high part. */
static ALWAYS_INLINE void dd_add_products(const double *u, ptrdiff_t u_low, const double *z,
                                          ptrdiff_t z_low, ptrdiff_t n, double *G, int low) {
    eight h[2], l[2];
    for (int g = 0; g < 2; g++) h[g] = l[g] = twice4(spread4(0.0));
    for (ptrdiff_t r = 0; r < PANEL * n; r += PANEL * 4) {
        const eight zh = twice4(load4(z + r)), zl = low ? twice4(load4(z + z_low + r)) : zh;
        for (int g = 0; g < 2; g++) {
            const eight uh = load8(u + r + 8 * g), ul = low ? load8(u + u_low + r + 8 * g) : uh;
            dd_accumulate8(&h[g], &l[g], uh, zh, add8(mul8(uh, zl), mul8(ul, zh)), low);
        }
    }
    four fours[4] = {low4(h[0]), high4(h[0]), low4(h[1]), high4(h[1])};
    four lows[4] = {low4(l[0]), high4(l[0]), low4(l[1]), high4(l[1])};
    four hi = load4(G), lo = load4(G + PART_LOW);
    dd_fold4(&hi, &lo, fours, lows);
    store4(G, hi);
    store4(G + PART_LOW, lo);
}

static NEVER_INLINE void dd_products(const double *u, ptrdiff_t u_low, const double *z,
                                     ptrdiff_t z_low, ptrdiff_t n, double *G) {
    dd_add_products(u, u_low, z, z_low, n, G, 1);
}
static NEVER_INLINE void dd_high_products(const double *u, ptrdiff_t u_low, const double *z,
                                          ptrdiff_t z_low, ptrdiff_t n, double *G) {
    dd_add_products(u, u_low, z, z_low, n, G, 0);
}

/* (z, low part) = z - shift, exactly, of m columns, and of the last one's pair; whether a low part
   is not 0. Shift is by columns, of whole panels. */
static inline int dd_shift(double *z, ptrdiff_t low, ptrdiff_t n, ptrdiff_t m, const double *shift) {
    int any = 0;
    for (ptrdiff_t c = 0; c < m; c += 2) {
        const four first = spread4(-shift[c]), second = spread4(-shift[c + 1]);
        const eight minus = join8(first, second);
        double *pair = z + column_place(c);
        for (ptrdiff_t r = 0; r < PANEL * n; r += PANEL * 4) {
            const eight a = load8(pair + r), s = add8(a, minus);
            store8(pair + r, s);
            store8(pair + low + r, sum_error8(a, minus, s));
        }
    }
    clear_rest(z, n, m);
    clear_rest(z + low, n, m);
    for (ptrdiff_t c = 0; c < m; c++)
        for (ptrdiff_t r = 0; r < PANEL * n; r += PANEL * 4)
            for (int i = 0; i < 4; i++) any |= z[low + column_place(c) + r + i] != 0.0;
    return any;
}

/* w_r z_rc of a panel */
static inline void dd_weigh_panel(const double *w, const double *z, ptrdiff_t low, ptrdiff_t n,
                                  double *u, ptrdiff_t u_low) {
    for (ptrdiff_t r = 0; r < n; r += 4) {
        const eight weight = twice4(load4(w + r));
        for (ptrdiff_t i = PANEL * r; i < PANEL * (r + 4); i += 8) {
            const eight a = load8(z + i), p = mul8(weight, a);
            const eight e = add8(dd_product_error8(weight, a, p), mul8(weight, load8(z + low + i)));
            const eight s = add8(p, e);
            store8(u + i, s);
            store8(u + u_low + i, sub8(e, sub8(s, p)));
        }
    }
}

/* All products of a tile of m columns: as `add_tile`, low parts `low` doubles behind. Without
   weights w is NULL; u has room for a panel and its low part. */
static NEVER_INLINE void dd_add_tile(const double *z, ptrdiff_t low, const double *w, ptrdiff_t n,
                                     ptrdiff_t m, double *G, double *u, int any_low) {
    for (ptrdiff_t k = 0; k < m; k += PANEL) {
        const ptrdiff_t K = m - k < PANEL ? m - k : PANEL;
        const double *weighted = z + column_place(k);
        ptrdiff_t weighted_low = low;
        if (w) {
            dd_weigh_panel(w, weighted, low, n, u, PANEL_DOUBLES);
            weighted = u;
            weighted_low = PANEL_DOUBLES;
        }
        for (ptrdiff_t j = 0; j < k + PANEL; j += HALF, G += PART)
            for (ptrdiff_t i = j < k ? 0 : j - k; i < K; i++)
                (any_low || w ? dd_products : dd_high_products)(
                    z + column_place(j), low, weighted + 4 * i, weighted_low, n, G + 4 * i
                );
    }
}

/* Sums of squares: 16 lanes and their low parts. (hi, lo) += their sum */
enum { SQUARES = 32 };

static NEVER_INLINE void dd_add_lanes(double *hi, double *lo, const double *squares) {
    four h[4], l[4], sum_h = spread4(0.0), sum_l = spread4(0.0);
    double lane_h[4], lane_l[4];
    for (int i = 0; i < 4; i++) h[i] = load4(squares + 4 * i), l[i] = load4(squares + 16 + 4 * i);
    dd_fold4(&sum_h, &sum_l, h, l);
    store4(lane_h, sum_h);
    store4(lane_l, sum_l);
    for (int i = 0; i < 4; i++) dd_add(hi, lo, lane_h[i], lane_l[i]);
}

/* The terms of dd_add_residuals of some fours of rows */
static ALWAYS_INLINE void dd_add_residuals_of(double *squares, const double *s, ptrdiff_t s_low,
                                              const double *z, ptrdiff_t p, const double *y,
                                              const double *w, double *out, const int FOURS) {
    eight h[4], l[4];
    for (int i = 0; i < FOURS; i++) {
        h[i] = join8(load4(y + 4 * PANEL * i), spread4(0.0));
        l[i] = twice4(spread4(0.0));
    }
    for (ptrdiff_t c = 0; c < p; c += 2) {
        const eight a = load8(s + 4 * c), rest = load8(s + s_low + 4 * c);
        const double *pair = z + column_place(c);
        for (int i = 0; i < FOURS; i++) {
            const eight x = load8(pair + 4 * PANEL * i);
            dd_accumulate8(&h[i], &l[i], a, x, mul8(rest, x), 1);
        }
    }
    for (int i = 0; i < FOURS; i++) {
        four a = low4(h[i]), rest = low4(l[i]);
        dd_add4(&a, &rest, high4(h[i]), high4(l[i]));
        four square = mul4(a, a), e = dd_product_error4(a, a, square);
        e = add4(e, mul4(mul4(spread4(2.0), a), rest));
        if (out) store4(out + 4 * PANEL * i, a);
        if (w) {
            const four wr = load4(w + 4 * i), q = mul4(wr, square);
            e = add4(dd_product_error4(wr, square, q), mul4(wr, e));
            square = q;
        }
        four sum_h = load4(squares + 4 * i), sum_l = load4(squares + 16 + 4 * i);
        dd_add4(&sum_h, &sum_l, square, e);
        store4(squares + 4 * i, sum_h);
        store4(squares + 16 + 4 * i, sum_l);
    }
}

/* squares += w_r r_r^2 with r = y - t_0 - sum_j t_{j + 1} x_j over n rows, a multiple of four, of the
   columns (1, x) at z, p of them, and y. s is of `negate_each`, its low parts s_low behind. Without
   weights w is NULL; `out` takes r, rounded, where there is one, and may be y. */
static NEVER_INLINE void dd_add_residuals(double *squares, const double *s, ptrdiff_t s_low,
                                          const double *z, ptrdiff_t p, const double *y,
                                          const double *w, ptrdiff_t n, double *out) {
    ptrdiff_t r = 0;
#define EACH_FOURS(FOURS)                                                                   \
    for (; r + 4 * FOURS <= n; r += 4 * FOURS)                                              \
        dd_add_residuals_of(squares, s, s_low, z + PANEL * r, p, y + PANEL * r, w ? w + r : w, \
                            out ? out + PANEL * r : out, FOURS);
    EACH_FOURS(4)
    EACH_FOURS(1)
#undef EACH_FOURS
}

/* squares += (w_r y_r) y_r of a column of n rows, a multiple of four; what stands in parentheses is
   rounded */
static NEVER_INLINE void dd_add_squares(double *squares, const double *y, const double *w,
                                        ptrdiff_t n) {
    eight h[2], l[2];
    ptrdiff_t r = 0;
    for (int i = 0; i < 2; i++) h[i] = load8(squares + 8 * i), l[i] = load8(squares + 16 + 8 * i);
#define ADD(i, LOW, HIGH, WEIGHTS)                                       \
    {                                                                    \
        const eight a = join8(LOW, HIGH);                                \
        dd_accumulate8(&h[i], &l[i], a, w ? mul8(WEIGHTS, a) : a, a, 0); \
    }
#define ROWS(i) load4(y + PANEL * (r + 4 * i))
    for (; r + 16 <= n; r += 16) {
        ADD(0, ROWS(0), ROWS(1), load8(w + r))
        ADD(1, ROWS(2), ROWS(3), load8(w + r + 8))
    }
    for (; r < n; r += 4) ADD(0, ROWS(0), spread4(0.0), twice4(load4(w + r)))
#undef ROWS
#undef ADD
    for (int i = 0; i < 2; i++) store8(squares + 8 * i, h[i]), store8(squares + 16 + 8 * i, l[i]);
}

#endif
