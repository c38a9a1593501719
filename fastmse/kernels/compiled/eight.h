/* Eight doubles at once, the lanes of <theta, x>: one vector of AVX-512, or two of four. */
#ifndef FASTMSE_EIGHT_H
#define FASTMSE_EIGHT_H

#include "four.h"

#if WIDTH >= 4
#include <immintrin.h>
#endif

#if WIDTH == 8

typedef double eight __attribute__((vector_size(64), aligned(8), may_alias));

static ALWAYS_INLINE eight join8(four low, four high) {
    const __m512d a = _mm512_castpd256_pd512((__m256d)low);
    return (eight)_mm512_insertf64x4(a, (__m256d)high, 1);
}
static ALWAYS_INLINE eight load8(const double *a) { return *(const eight *)a; }
static ALWAYS_INLINE void store8(double *a, eight b) { *(eight *)a = b; }
static ALWAYS_INLINE eight add8(eight a, eight b) { return a + b; }
static ALWAYS_INLINE eight sub8(eight a, eight b) { return a - b; }
static ALWAYS_INLINE eight mul8(eight a, eight b) { return a * b; }
static ALWAYS_INLINE eight twice4(four a) { return (eight)_mm512_broadcast_f64x4((__m256d)a); }
static ALWAYS_INLINE four low4(eight a) { return (four)_mm512_castpd512_pd256((__m512d)a); }
static ALWAYS_INLINE four high4(eight a) { return (four)_mm512_extractf64x4_pd((__m512d)a, 1); }
static ALWAYS_INLINE eight part8(const double *a, int from, int to) {
    return (eight)_mm512_maskz_loadu_pd((__mmask8)((0xff << from) & (0xff >> (8 - to))), a);
}

static ALWAYS_INLINE four part4(const double *a, int from, int to) {
    return (four)_mm256_maskz_loadu_pd((__mmask8)((0xf << from) & (0xf >> (4 - to))), a);
}

typedef int64_t eight_bits __attribute__((vector_size(64), aligned(8), may_alias));
#if defined(__clang__)
#define SHUFFLE8(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE8(a, b, ...) __builtin_shuffle(a, b, (eight_bits){__VA_ARGS__})
#endif

static ALWAYS_INLINE void pair_columns(eight *a) {
    const eight x0 = SHUFFLE8(a[0], a[1], 0, 8, 1, 9, 2, 10, 3, 11);
    const eight x1 = SHUFFLE8(a[0], a[1], 4, 12, 5, 13, 6, 14, 7, 15);
    const eight x2 = SHUFFLE8(a[2], a[3], 0, 8, 1, 9, 2, 10, 3, 11);
    const eight x3 = SHUFFLE8(a[2], a[3], 4, 12, 5, 13, 6, 14, 7, 15);
    a[0] = SHUFFLE8(x0, x2, 0, 1, 8, 9, 2, 3, 10, 11);
    a[1] = SHUFFLE8(x0, x2, 4, 5, 12, 13, 6, 7, 14, 15);
    a[2] = SHUFFLE8(x1, x3, 0, 1, 8, 9, 2, 3, 10, 11);
    a[3] = SHUFFLE8(x1, x3, 4, 5, 12, 13, 6, 7, 14, 15);
}

static ALWAYS_INLINE void pair_half(const four *a, eight *pair) {
    eight b[4];
    for (int i = 0; i < 4; i++) b[i] = (eight)_mm512_castpd256_pd512((__m256d)a[i]);
    const eight x0 = SHUFFLE8(b[0], b[1], 0, 8, 1, 9, 2, 10, 3, 11);
    const eight x1 = SHUFFLE8(b[2], b[3], 0, 8, 1, 9, 2, 10, 3, 11);
    pair[0] = SHUFFLE8(x0, x1, 0, 1, 8, 9, 2, 3, 10, 11);
    pair[1] = SHUFFLE8(x0, x1, 4, 5, 12, 13, 6, 7, 14, 15);
}

static ALWAYS_INLINE eight fold8(const eight *a, const eight *b) {
#define HALVED(a) \
    (SHUFFLE8(a[0], a[1], 0, 1, 4, 5, 8, 9, 12, 13) +   \
     SHUFFLE8(a[0], a[1], 2, 3, 6, 7, 10, 11, 14, 15))
    const eight x = HALVED(a), y = HALVED(b);
#undef HALVED
    return SHUFFLE8(x, y, 0, 2, 4, 6, 8, 10, 12, 14) + SHUFFLE8(x, y, 1, 3, 5, 7, 9, 11, 13, 15);
}

#else

typedef struct {
    four low, high;
} eight;

static ALWAYS_INLINE eight join8(four low, four high) { return (eight){low, high}; }
static ALWAYS_INLINE eight load8(const double *a) { return join8(load4(a), load4(a + 4)); }
static ALWAYS_INLINE void store8(double *a, eight b) {
    store4(a, b.low);
    store4(a + 4, b.high);
}
static ALWAYS_INLINE eight add8(eight a, eight b) {
    return join8(add4(a.low, b.low), add4(a.high, b.high));
}
static ALWAYS_INLINE eight sub8(eight a, eight b) {
    return join8(sub4(a.low, b.low), sub4(a.high, b.high));
}
static ALWAYS_INLINE eight mul8(eight a, eight b) {
    return join8(mul4(a.low, b.low), mul4(a.high, b.high));
}
static ALWAYS_INLINE eight twice4(four a) { return join8(a, a); }
static ALWAYS_INLINE four low4(eight a) { return a.low; }
static ALWAYS_INLINE four high4(eight a) { return a.high; }

static ALWAYS_INLINE four part4(const double *a, int from, int to) {
#if WIDTH == 4
    static const int64_t KEEP[] = {0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0};
    const four_bits begun = *(const four_bits *)(KEEP + 4 - from);
    const four_bits not_over = *(const four_bits *)(KEEP + 8 - to);
    return (four)_mm256_maskload_pd(a, (__m256i)(begun & not_over));
#else
    double held[4] = {0};
    if (from == 0 && to == 4) return load4(a);
    for (int l = from; l < to; l++) held[l] = a[l];
    return load4(held);
#endif
}
static ALWAYS_INLINE int within4(int l) { return l < 0 ? 0 : l > 4 ? 4 : l; }
static ALWAYS_INLINE eight part8(const double *a, int from, int to) {
    return join8(
        part4(a, within4(from), within4(to)), part4(a + 4, within4(from - 4), within4(to - 4))
    );
}

static ALWAYS_INLINE void pair_half(const four *a, eight *pair) {
    four b[4] = {a[0], a[1], a[2], a[3]};
    transpose4(b);
    for (int i = 0; i < 2; i++) pair[i] = join8(b[2 * i], b[2 * i + 1]);
}

static ALWAYS_INLINE void pair_columns(eight *a) {
    four low[4], high[4];
    for (int i = 0; i < 4; i++) low[i] = a[i].low, high[i] = a[i].high;
    pair_half(low, a);
    pair_half(high, a + 2);
}

static ALWAYS_INLINE eight fold8(const eight *a, const eight *b) {
    const four x[4] = {a[0].low, a[0].high, a[1].low, a[1].high};
    const four y[4] = {b[0].low, b[0].high, b[1].low, b[1].high};
    return join8(fold4(x), fold4(y));
}

#endif

/* part4, part8: doubles [from, to) of those at a, and 0 for the others, which need not be there.
 * pair_columns: of four rows of eight columns, lane i of vector p becomes row i of column 2 p, and
 * lane 4 + i that of column 2 p + 1; pair_half: the same of four columns.
 * fold8: each of the four columns in a[0] and a[1] folded as by fold4, then those in b. */

/* What s = a + b lost, exactly: Knuth's two-sum */
static ALWAYS_INLINE eight sum_error8(eight a, eight b, eight s) {
    const eight t = sub8(s, a);
    return add8(sub8(a, sub8(s, t)), sub8(b, t));
}

/* a0 x0 + a1 x1 + a2 x2 + a3 x3, pairwise */
static ALWAYS_INLINE eight combine8(const eight *a, eight x0, eight x1, eight x2, eight x3) {
    return add8(add8(mul8(a[0], x0), mul8(a[1], x1)), add8(mul8(a[2], x2), mul8(a[3], x3)));
}

#endif
