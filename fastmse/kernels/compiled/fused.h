/* a b + c, rounded once: one instruction where the processor has it, and the same bits without.
 *
 * There the product is split exactly (Dekker) and the three parts are added with one rounding to
 * odd (Boldo, Melquiond, "Emulation of FMA and correctly rounded sums", IEEE TC 57, 2008), 20 times
 * as slow. Exact unless a part is near the ends of the exponents: the C library serves those.
 */
#ifndef FASTMSE_FUSED_H
#define FASTMSE_FUSED_H

#include "eight.h"

#include <math.h>
#if defined(__FMA__)
#include <immintrin.h>
#endif

/* s + e = a + b, exactly: Knuth's */
static ALWAYS_INLINE void two_sum(double a, double b, double *s, double *e) {
    const double sum = a + b, t = sum - a;
    *e = (a - (sum - t)) + (b - t);
    *s = sum;
}

/* p + e = a b, exactly, unless the product leaves the range of normal numbers: Dekker's */
static ALWAYS_INLINE void two_product(double a, double b, double *p, double *e) {
    const double product = a * b;
#if defined(__FMA__) || defined(__FP_FAST_FMA)
    *e = __builtin_fma(a, b, -product);
#else
    const double ca = 134217729.0 * a, cb = 134217729.0 * b; /* 2^27 + 1 */
    const double ah = ca - (ca - a), bh = cb - (cb - b), al = a - ah, bl = b - bh;
    *e = ((ah * bh - product) + ah * bl + al * bh) + al * bl;
#endif
    *p = product;
}

#if defined(__FMA__) && WIDTH > 1

static ALWAYS_INLINE four fused4(four a, four b, four c) {
    return (four)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}

#else

static ALWAYS_INLINE double fused1(double a, double b, double c) {
#if defined(__FMA__) || defined(__FP_FAST_FMA)
    return __builtin_fma(a, b, c);
#else
    const double LEAST = 0x1p-960, MOST = 0x1p990, size = fabs(a * b);
    if (!((size > LEAST || a == 0.0 || b == 0.0) && size < MOST && fabs(a) < MOST &&
          fabs(b) < MOST && fabs(c) < MOST))
        return fma(a, b, c);
    double p, e, t, t_low, v, v_low, odd, rest;
    int64_t bits, rest_bits;
    two_product(a, b, &p, &e);
    two_sum(c, e, &t, &t_low);
    two_sum(p, t, &v, &v_low);
    two_sum(t_low, v_low, &odd, &rest);
    memcpy(&bits, &odd, sizeof bits);
    memcpy(&rest_bits, &rest, sizeof bits);
    if (rest != 0.0 && bits % 2 == 0) bits += (bits < 0) == (rest_bits < 0) ? 1 : -1;
    memcpy(&odd, &bits, sizeof bits);
    return v + odd;
#endif
}

static ALWAYS_INLINE four fused4(four a, four b, four c) {
    double x[4], y[4], z[4];
    store4(x, a);
    store4(y, b);
    store4(z, c);
    for (int l = 0; l < 4; l++) z[l] = fused1(x[l], y[l], z[l]);
    return load4(z);
}

#endif

#if WIDTH == 8

static ALWAYS_INLINE eight fused8(eight a, eight b, eight c) {
    return (eight)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}

#endif

#endif
