/* Four doubles at once: four rows, or four columns of a row. */
#ifndef FASTMSE_FOUR_H
#define FASTMSE_FOUR_H

#include "lanes.h"

#if WIDTH > 1

typedef double four __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t four_bits __attribute__((vector_size(32), aligned(8), may_alias));

static ALWAYS_INLINE four load4(const double *a) { return *(const four *)a; }
static ALWAYS_INLINE void store4(double *a, four b) { *(four *)a = b; }
static ALWAYS_INLINE four spread4(double a) { return (four){a, a, a, a}; }
static ALWAYS_INLINE four lane4(four a, int l) { return spread4(a[l]); }
static ALWAYS_INLINE four add4(four a, four b) { return a + b; }
static ALWAYS_INLINE four sub4(four a, four b) { return a - b; }
static ALWAYS_INLINE four mul4(four a, four b) { return a * b; }

/* a where w is not 0, and 0 there, whatever a is */
static ALWAYS_INLINE four keep4(four a, four w) {
    return (four)((four_bits)a & (four_bits)(w != spread4(0.0)));
}

/* The first n of four, and 0 after them, whatever was there */
static ALWAYS_INLINE four first4(four a, ptrdiff_t n) {
    static const int64_t KEEP[8] = {-1, -1, -1, -1};
    return n >= 4 ? a : (four)((four_bits)a & *(const four_bits *)(KEEP + 4 - n));
}

#if defined(__clang__)
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (four_bits){i, j, k, l})
#endif

/* Lane l of vector i to lane i of vector l */
static ALWAYS_INLINE void transpose4(four *a) {
    const four x0 = SHUFFLE(a[0], a[1], 0, 4, 2, 6), x1 = SHUFFLE(a[0], a[1], 1, 5, 3, 7);
    const four x2 = SHUFFLE(a[2], a[3], 0, 4, 2, 6), x3 = SHUFFLE(a[2], a[3], 1, 5, 3, 7);
    a[0] = SHUFFLE(x0, x2, 0, 1, 4, 5);
    a[1] = SHUFFLE(x1, x3, 0, 1, 4, 5);
    a[2] = SHUFFLE(x0, x2, 2, 3, 6, 7);
    a[3] = SHUFFLE(x1, x3, 2, 3, 6, 7);
}

/* (l0 + l2) + (l1 + l3) of the lanes of each of four vectors */
static ALWAYS_INLINE four fold4(const four *a) {
    const four x = SHUFFLE(a[0], a[2], 0, 1, 4, 5) + SHUFFLE(a[0], a[2], 2, 3, 6, 7);
    const four y = SHUFFLE(a[1], a[3], 0, 1, 4, 5) + SHUFFLE(a[1], a[3], 2, 3, 6, 7);
    return SHUFFLE(x, y, 0, 4, 2, 6) + SHUFFLE(x, y, 1, 5, 3, 7);
}

#else

typedef struct {
    double lane[4];
} four;

#define EACH4(VALUE)                                     \
    four result;                                         \
    for (int l = 0; l < 4; l++) result.lane[l] = (VALUE); \
    return result;

static ALWAYS_INLINE four load4(const double *a) { EACH4(a[l]) }
static ALWAYS_INLINE void store4(double *a, four b) { memcpy(a, b.lane, sizeof b.lane); }
static ALWAYS_INLINE four spread4(double a) { EACH4(a) }
static ALWAYS_INLINE four lane4(four a, int l) { return spread4(a.lane[l]); }
static ALWAYS_INLINE four add4(four a, four b) { EACH4(a.lane[l] + b.lane[l]) }
static ALWAYS_INLINE four sub4(four a, four b) { EACH4(a.lane[l] - b.lane[l]) }
static ALWAYS_INLINE four mul4(four a, four b) { EACH4(a.lane[l] * b.lane[l]) }
static ALWAYS_INLINE four keep4(four a, four w) { EACH4(w.lane[l] == 0.0 ? 0.0 : a.lane[l]) }
static ALWAYS_INLINE four first4(four a, ptrdiff_t n) { EACH4(l < n ? a.lane[l] : 0.0) }
static ALWAYS_INLINE void transpose4(four *a) {
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < i; l++) {
            const double held = a[i].lane[l];
            a[i].lane[l] = a[l].lane[i];
            a[l].lane[i] = held;
        }
}
static ALWAYS_INLINE four fold4(const four *a) {
    EACH4((a[l].lane[0] + a[l].lane[2]) + (a[l].lane[1] + a[l].lane[3]))
}

#endif

/* Each of four numbers in a vector of its own */
static ALWAYS_INLINE void spread_each4(const double *a, four *b) {
    for (int l = 0; l < 4; l++) b[l] = spread4(a[l]);
}

/* What s = a + b lost, exactly: Knuth's two-sum */
static ALWAYS_INLINE four sum_error4(four a, four b, four s) {
    const four t = sub4(s, a);
    return add4(sub4(a, sub4(s, t)), sub4(b, t));
}

/* a0 x0 + a1 x1 + a2 x2 + a3 x3, pairwise */
static ALWAYS_INLINE four combine4(const four *a, four x0, four x1, four x2, four x3) {
    return add4(add4(mul4(a[0], x0), mul4(a[1], x1)), add4(mul4(a[2], x2), mul4(a[3], x3)));
}

#endif
