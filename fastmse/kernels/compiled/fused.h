/* a b + c, rounded once: one instruction where the processor has it, and the same bits without.
 *
 * There the product is split exactly (Dekker) and the three parts are added with one rounding to
 * odd (Boldo, Melquiond, "Emulation of FMA and correctly rounded sums", IEEE TC 57, 2008): 50
 * instructions, 20 to 80 times as slow. Exact unless a part is near the ends of the exponents: the C
 * library serves those.
 */
#ifndef FASTMSE_FUSED_H
#define FASTMSE_FUSED_H

#include "eight.h"

#include <math.h>
#if defined(__FMA__)
#include <immintrin.h>
#endif

#if defined(__FMA__) || defined(__FP_FAST_FMA) || defined(__ARM_FEATURE_FMA)
#define CAN_FUSE 1
#else
#define CAN_FUSE 0
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
#if CAN_FUSE
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

#define LEAST_PRODUCT 0x1p-960 /* whose error is a normal number */
#define MOST 0x1p990           /* that can be split */

static inline double fused1(double a, double b, double c) {
#if CAN_FUSE
    return __builtin_fma(a, b, c);
#else
    double p, e, t, t_low, v, v_low, odd, rest;
    int64_t bits, rest_bits;
    two_product(a, b, &p, &e);
    if (!((fabs(p) > LEAST_PRODUCT || a == 0.0 || b == 0.0) &&
          fabs(a) + fabs(b) + fabs(c) + fabs(p) < MOST))
        return fma(a, b, c);
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

static inline four fused_each(four a, four b, four c) {
    double x[4], y[4], z[4];
    store4(x, a);
    store4(y, b);
    store4(z, c);
    for (int l = 0; l < 4; l++) z[l] = fused1(x[l], y[l], z[l]);
    return load4(z);
}

#if CAN_FUSE || WIDTH == 1

static ALWAYS_INLINE four fused4(four a, four b, four c) { return fused_each(a, b, c); }

#else

/* Two doubles: of four that are two vectors gcc takes comparisons apart, one by one */
typedef double two __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t two_bits __attribute__((vector_size(16), aligned(8), may_alias));

static ALWAYS_INLINE two size2(two a) {
    return (two)((two_bits)a & (two_bits){INT64_MAX, INT64_MAX});
}

static ALWAYS_INLINE two sum_error2(two a, two b, two s) {
    const two t = s - a;
    return (a - (s - t)) + (b - t);
}

/* What p = a b lost */
static ALWAYS_INLINE two product_error2(two a, two b, two p) {
    const two split = {134217729.0, 134217729.0}, ca = split * a, cb = split * b; /* 2^27 + 1 */
    const two ah = ca - (ca - a), bh = cb - (cb - b), al = a - ah, bl = b - bh;
    return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
}

/* Whether all is in reach of the exponents */
static ALWAYS_INLINE two_bits plain2(two a, two b, two c, two p) {
    const two zero = {0.0, 0.0}, least = {LEAST_PRODUCT, LEAST_PRODUCT}, most = {MOST, MOST};
    return ((size2(p) > least) | (a == zero) | (b == zero)) &
           (size2(a) + size2(b) + size2(c) + size2(p) < most);
}

/* fused1 of two in reach */
static ALWAYS_INLINE two fused2(two a, two b, two c, two p) {
    const two_bits one = {1, 1}, none = {0, 0};
    const two e = product_error2(a, b, p);
    const two t = c + e, t_low = sum_error2(c, e, t);
    const two v = p + t, v_low = sum_error2(p, t, v);
    const two sum = t_low + v_low, rest = sum_error2(t_low, v_low, sum);
    const two_bits even = (((two_bits)sum & one) == none) & (rest != (two){0.0, 0.0});
    const two_bits towards = (((two_bits)sum ^ (two_bits)rest) < none) | one; /* -1 or 1 */
    return v + (two)((two_bits)sum + (towards & even));
}

static ALWAYS_INLINE four fused4(four a, four b, four c) {
    two x[2], y[2], z[2], p[2];
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    memcpy(z, &c, sizeof z);
    for (int h = 0; h < 2; h++) p[h] = x[h] * y[h];
    const two_bits plain =
        plain2(x[0], y[0], z[0], p[0]) & plain2(x[1], y[1], z[1], p[1]);
    if (__builtin_expect((plain[0] & plain[1]) == 0, 0)) return fused_each(a, b, c);
    for (int h = 0; h < 2; h++) z[h] = fused2(x[h], y[h], z[h], p[h]);
    memcpy(&c, z, sizeof c);
    return c;
}

#endif

#endif

static ALWAYS_INLINE eight fused8(eight a, eight b, eight c) {
#if WIDTH == 8
    return (eight)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#else
    return join8(fused4(a.low, b.low, c.low), fused4(a.high, b.high, c.high));
#endif
}

#endif
