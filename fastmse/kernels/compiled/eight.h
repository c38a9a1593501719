/* Eight doubles at once, the lanes of <theta, x>: one vector of AVX-512, or two of four. */
#ifndef FASTMSE_EIGHT_H
#define FASTMSE_EIGHT_H

#include "four.h"

#if WIDTH == 8
#include <immintrin.h>

typedef double eight __attribute__((vector_size(64), aligned(8), may_alias));

static ALWAYS_INLINE eight join8(four low, four high) {
    const __m512d a = _mm512_castpd256_pd512((__m256d)low);
    return (eight)_mm512_insertf64x4(a, (__m256d)high, 1);
}
static ALWAYS_INLINE eight load8(const double *a) { return *(const eight *)a; }
static ALWAYS_INLINE void store8(double *a, eight b) { *(eight *)a = b; }
static ALWAYS_INLINE eight add8(eight a, eight b) { return a + b; }
static ALWAYS_INLINE eight mul8(eight a, eight b) { return a * b; }
static ALWAYS_INLINE eight twice4(four a) { return (eight)_mm512_broadcast_f64x4((__m256d)a); }
static ALWAYS_INLINE four low4(eight a) { return (four)_mm512_castpd512_pd256((__m512d)a); }
static ALWAYS_INLINE four high4(eight a) { return (four)_mm512_extractf64x4_pd((__m512d)a, 1); }

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
static ALWAYS_INLINE eight mul8(eight a, eight b) {
    return join8(mul4(a.low, b.low), mul4(a.high, b.high));
}
static ALWAYS_INLINE eight twice4(four a) { return join8(a, a); }
static ALWAYS_INLINE four low4(eight a) { return a.low; }
static ALWAYS_INLINE four high4(eight a) { return a.high; }

#endif

/* a0 x0 + a1 x1 + a2 x2 + a3 x3, pairwise */
static ALWAYS_INLINE eight combine8(const eight *a, eight x0, eight x1, eight x2, eight x3) {
    return add8(add8(mul8(a[0], x0), mul8(a[1], x1)), add8(mul8(a[2], x2), mul8(a[3], x3)));
}

#endif
