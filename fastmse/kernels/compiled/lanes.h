/* The order of every sum inside a block of rows: the bits are made here.
 *
 * A run is up to 128 consecutive terms. Term i of a run goes to lane i mod 16,
 * each lane adds its terms in order, and the lanes fold pairwise. Sixteen lanes
 * fill two AVX-512 registers or eight of SSE, so that a compiler may vectorise
 * without reordering. Eight terms a lane: equal terms, whose roundings all point
 * one way, come out 2.6 ulp off at worst; with 16 a lane it was 4.6 ulp.
 *
 * No sum may be contracted or reassociated: compile with -ffp-contract=off.
 */
#ifndef FASTMSE_LANES_H
#define FASTMSE_LANES_H

#include <stddef.h>

enum { LANES = 16, RUN = 128, DOT_LANES = 8 };

#if defined(_MSC_VER)
#define restrict __restrict
#define ALWAYS_INLINE __forceinline
#else
#define ALWAYS_INLINE inline __attribute__((always_inline))
#endif

static ALWAYS_INLINE double fold(double *lane, int width) {
    for (width /= 2; width > 0; width /= 2)
        for (int l = 0; l < width; l++) lane[l] += lane[l + width];
    return lane[0];
}

/* sum_i TERM(i) over one run of n <= RUN terms */
#define RUN_SUM(TERM)                                                \
    double lane[LANES] = {0.0};                                      \
    ptrdiff_t i = 0;                                                 \
    for (; i + LANES <= n; i += LANES)                               \
        for (int l = 0; l < LANES; l++) lane[l] += TERM(i + l);      \
    for (int l = 0; i < n; i++, l++) lane[l] += TERM(i);             \
    return fold(lane, LANES);

static inline double run_sum(const double *restrict a, ptrdiff_t n) {
#define TERM(i) a[i]
    RUN_SUM(TERM)
#undef TERM
}

static inline double run_dot(const double *restrict a, const double *restrict b, ptrdiff_t n) {
#define TERM(i) (a[i] * b[i])
    RUN_SUM(TERM)
#undef TERM
}

static inline double run_squared_difference(
    const double *restrict a, const double *restrict b, ptrdiff_t n
) {
#define TERM(i) ((a[i] - b[i]) * (a[i] - b[i]))
    RUN_SUM(TERM)
#undef TERM
}

/* A sum of runs in double-double: what the runs lose against each other is kept. Without
 * it the roundings of equal terms all point one way, 4 ulp and more over a block. */
typedef struct {
    double high, low;
} pair;

static ALWAYS_INLINE void add_run(pair *sum, double run) {
    const double s = sum->high + run;
    const double t = s - sum->high;
    sum->low += (sum->high - (s - t)) + (run - t);
    sum->high = s;
}

/* high and low to node[0] and node[k]; infinity and NaN have no low part */
static ALWAYS_INLINE void store_pair(pair sum, double *node, ptrdiff_t k) {
    node[0] = sum.high;
    node[k] = sum.high - sum.high == 0.0 ? sum.low : 0.0;
}

/* sum_i a_i b_i over a block */
static inline pair block_dot2(const double *a, const double *b, ptrdiff_t n) {
    pair sum = {0.0, 0.0};
    for (ptrdiff_t i = 0; i < n; i += RUN) add_run(&sum, run_dot(a + i, b + i, n - i < RUN ? n - i : RUN));
    return sum;
}

/* The same, its runs added plainly: for gradients, whose terms have both signs */
static inline double block_dot(const double *a, const double *b, ptrdiff_t n) {
    double total = 0.0;
    for (ptrdiff_t i = 0; i < n; i += RUN) total += run_dot(a + i, b + i, n - i < RUN ? n - i : RUN);
    return total;
}

static inline double block_sum(const double *a, ptrdiff_t n) {
    double total = 0.0;
    for (ptrdiff_t i = 0; i < n; i += RUN) total += run_sum(a + i, n - i < RUN ? n - i : RUN);
    return total;
}

/* r_i = f_i - y_i, and 0 where the weight is 0, whatever the row holds;
 * c_i = w_i r_i. Without weights c is r, and only r is written. */
static inline void residuals(
    const double *f, const double *restrict y, const double *restrict w, double *r,
    double *restrict c, ptrdiff_t n
) {
    if (!w) {
        for (ptrdiff_t i = 0; i < n; i++) r[i] = f[i] - y[i];
        return;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        r[i] = w[i] == 0.0 ? 0.0 : f[i] - y[i];
        c[i] = w[i] * r[i];
    }
}

/* <theta, x> of one row: term j in lane j mod 8 */
static inline double row_dot(const double *restrict theta, const double *restrict x, ptrdiff_t d) {
    double lane[DOT_LANES] = {0.0};
    ptrdiff_t j = 0;
    for (; j + DOT_LANES <= d; j += DOT_LANES)
        for (int l = 0; l < DOT_LANES; l++) lane[l] += theta[j + l] * x[j + l];
    for (int l = 0; j < d; j++, l++) lane[l] += theta[j] * x[j];
    return fold(lane, DOT_LANES);
}

/* g_j += sum_i c_i x_ij over a tile of rows, four rows at a time */
static inline void add_rows(
    const double *restrict c, const double *restrict x, ptrdiff_t pitch, ptrdiff_t rows,
    ptrdiff_t d, double *restrict g
) {
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        const double *restrict a = x + i * pitch;
        const double *restrict b = a + pitch;
        const double *restrict e = b + pitch;
        const double *restrict h = e + pitch;
        for (ptrdiff_t j = 0; j < d; j++)
            g[j] += (c[i] * a[j] + c[i + 1] * b[j]) + (c[i + 2] * e[j] + c[i + 3] * h[j]);
    }
    for (; i < rows; i++)
        for (ptrdiff_t j = 0; j < d; j++) g[j] += c[i] * x[i * pitch + j];
}

/* f_i += sum_j theta_j x_ij over the columns of a slab, four columns at a time */
static inline void add_columns(
    const double *restrict theta, const double *restrict x, ptrdiff_t pitch, ptrdiff_t rows,
    ptrdiff_t d, double *restrict f
) {
    ptrdiff_t j = 0;
    for (; j + 4 <= d; j += 4) {
        const double *restrict a = x + j * pitch;
        const double *restrict b = a + pitch;
        const double *restrict e = b + pitch;
        const double *restrict h = e + pitch;
        for (ptrdiff_t i = 0; i < rows; i++)
            f[i] += (theta[j] * a[i] + theta[j + 1] * b[i]) + (theta[j + 2] * e[i] + theta[j + 3] * h[i]);
    }
    for (; j < d; j++)
        for (ptrdiff_t i = 0; i < rows; i++) f[i] += theta[j] * x[j * pitch + i];
}

#endif
