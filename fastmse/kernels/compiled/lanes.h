/* The order of every sum inside a block of rows: the bits are made here.
 *
 * A run is up to 128 consecutive terms. Term i of a run goes to lane i mod 16,
 * each lane adds its terms in order, and the lanes fold pairwise. Eight terms a
 * lane: equal terms, whose roundings all point one way, come out 2.6 ulp off at
 * worst; with 16 a lane it was 4.6 ulp.
 *
 * Lanes are held in the widest vectors of the instruction set, which changes
 * no order. Left to itself gcc keeps them in memory wherever the length of a
 * run is not a constant, at two thirds of the speed.
 *
 * No sum may be contracted or reassociated: compile with -ffp-contract=off.
 */
#ifndef FASTMSE_LANES_H
#define FASTMSE_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16, RUN = 128, DOT_LANES = 8 };

#if defined(__AVX512F__)
#define WIDTH 8
#elif defined(__AVX__)
#define WIDTH 4
#elif defined(__GNUC__)
#define WIDTH 2
#else
#define WIDTH 1
#endif

#if WIDTH > 1
typedef double vec __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
typedef int64_t mask __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
#else
typedef double vec;
#define restrict __restrict
#endif

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PREFETCH(address) __builtin_prefetch(address, 0, 2)
#else
#define ALWAYS_INLINE inline
#define PREFETCH(address) ((void)(address))
#endif

#define AT(TYPE, a, i) (*(const TYPE *)((a) + (i)))

/* Pairwise: the upper half of the lanes to the lower, until one is left. */
static ALWAYS_INLINE double fold_lanes(double *lane, int count) {
    for (count /= 2; count > 0; count /= 2)
        for (int l = 0; l < count; l++) lane[l] += lane[l + count];
    return lane[0];
}

static ALWAYS_INLINE double fold(vec *lane, int count) {
    double part[WIDTH];
    for (count /= 2; count > 0; count /= 2)
        for (int k = 0; k < count; k++) lane[k] += lane[k + count];
    memcpy(part, lane, sizeof part);
    return fold_lanes(part, WIDTH);
}

/* sum_i TERM(i) over one run of n <= RUN terms */
#define RUN_SUM(TERM)                                                                     \
    vec lane[LANES / WIDTH];                                                              \
    const ptrdiff_t whole = n / LANES * LANES;                                            \
    memset(lane, 0, sizeof lane);                                                         \
    for (ptrdiff_t i = 0; i < whole; i += LANES)                                          \
        for (int k = 0; k < LANES / WIDTH; k++) lane[k] += TERM(vec, i + k * WIDTH);      \
    if (whole < n) {                                                                      \
        double tail[LANES];                                                               \
        memcpy(tail, lane, sizeof tail);                                                  \
        for (ptrdiff_t i = whole; i < n; i++) tail[i - whole] += TERM(double, i);         \
        return fold_lanes(tail, LANES);                                                   \
    }                                                                                     \
    return fold(lane, LANES / WIDTH);

static ALWAYS_INLINE double run_sum(const double *restrict a, ptrdiff_t n) {
#define TERM(T, i) AT(T, a, i)
    RUN_SUM(TERM)
#undef TERM
}

static ALWAYS_INLINE double run_dot(const double *restrict a, const double *restrict b, ptrdiff_t n) {
#define TERM(T, i) (AT(T, a, i) * AT(T, b, i))
    RUN_SUM(TERM)
#undef TERM
}

/* r where w is not 0, and 0 there, whatever r is */
static ALWAYS_INLINE double keep_double(double r, double w) { return w == 0.0 ? 0.0 : r; }
#if WIDTH > 1
static ALWAYS_INLINE vec keep_vec(vec r, vec w) { return (vec)((mask)r & (mask)(w != 0.0)); }
#else
#define keep_vec keep_double
#endif

/* sum_i c_i r_i over one run, with r_i = f_i - y_i and c_i = w_i r_i; out_i = scale c_i.
 * One pass: `out` may be f or y itself. */
static ALWAYS_INLINE double run_loss_case(
    const double *f, const double *y, const double *w, double scale, double *out, ptrdiff_t n
) {
#define STEP(TYPE, i, sum)                         \
    do {                                           \
        TYPE r = AT(TYPE, f, i) - AT(TYPE, y, i);  \
        TYPE c = r;                                \
        if (w) {                                   \
            r = keep_##TYPE(r, AT(TYPE, w, i));    \
            c = AT(TYPE, w, i) * r;                \
        }                                          \
        sum += c * r;                              \
        if (out) *(TYPE *)(out + (i)) = scale * c; \
    } while (0)
    vec lane[LANES / WIDTH];
    double tail[LANES];
    const ptrdiff_t whole = n / LANES * LANES;
    memset(lane, 0, sizeof lane);
    for (ptrdiff_t i = 0; i < whole; i += LANES)
        for (int k = 0; k < LANES / WIDTH; k++) STEP(vec, i + k * WIDTH, lane[k]);
    if (whole == n) return fold(lane, LANES / WIDTH);
    memcpy(tail, lane, sizeof tail);
    for (ptrdiff_t i = whole; i < n; i++) STEP(double, i, tail[i - whole]);
    return fold_lanes(tail, LANES);
#undef STEP
}

/* A loop for each case: what is not there costs nothing. */
static inline double run_loss(
    const double *f, const double *y, const double *w, double scale, double *out, ptrdiff_t n
) {
    if (w) return out ? run_loss_case(f, y, w, scale, out, n) : run_loss_case(f, y, w, 0.0, NULL, n);
    return out ? run_loss_case(f, y, NULL, scale, out, n) : run_loss_case(f, y, NULL, 0.0, NULL, n);
}

/* A sum of runs in double-double: what the runs lose against each other is kept. Without
 * it the roundings of equal terms all point one way, 4 ulp and more over a block. */
typedef struct {
    double high, low;
} pair;

static inline void add_run(pair *sum, double run) {
    const double s = sum->high + run;
    const double t = s - sum->high;
    sum->low += (sum->high - (s - t)) + (run - t);
    sum->high = s;
}

/* high and low to node[0] and node[k]; infinity and NaN have no low part */
static inline void store_pair(pair sum, double *node, ptrdiff_t k) {
    node[0] = sum.high;
    node[k] = sum.high - sum.high == 0.0 ? sum.low : 0.0;
}

static inline ptrdiff_t run_length(ptrdiff_t start, ptrdiff_t n) {
    return n - start < RUN ? n - start : RUN;
}

/* sum_i a_i b_i over a block */
static inline pair block_dot2(const double *a, const double *b, ptrdiff_t n) {
    pair sum = {0.0, 0.0};
    for (ptrdiff_t i = 0; i < n; i += RUN) add_run(&sum, run_dot(a + i, b + i, run_length(i, n)));
    return sum;
}

/* The same, its runs added plainly: for gradients, whose terms have both signs.
 * Columns are read from cache here, and memory idles: asking for the column's next n
 * rows meanwhile, which may lie past its end, gains 5 to 10 % from d = 500 on. */
static inline double block_dot(const double *c, const double *x, ptrdiff_t n, int ahead) {
    double total = 0.0;
    for (ptrdiff_t i = 0; i < n; i += RUN) {
        if (ahead)
            for (ptrdiff_t l = 0; l < RUN; l += 8) PREFETCH(x + n + i + l);
        total += run_dot(c + i, x + i, run_length(i, n));
    }
    return total;
}

static inline double block_sum(const double *a, ptrdiff_t n) {
    double total = 0.0;
    for (ptrdiff_t i = 0; i < n; i += RUN) total += run_sum(a + i, run_length(i, n));
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

/* The last d mod 8 terms of a row's dot product. Where seven doubles past the row may be
 * read they are cleared by a mask and add +0, which changes no lane: none is -0. */
static ALWAYS_INLINE void add_tail(
    vec *lane, const double *theta, const double *x, ptrdiff_t rest, int readable
) {
#if WIDTH > 1
    static const int64_t KEEP[2 * DOT_LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
    if (readable) {
        const int64_t *keep = KEEP + DOT_LANES - rest;
        for (int k = 0; k * WIDTH < rest; k++) {
            const mask m = AT(mask, keep, k * WIDTH);
            const vec t = (vec)(AT(mask, theta, k * WIDTH) & m);
            lane[k] += t * (vec)(AT(mask, x, k * WIDTH) & m);
        }
        return;
    }
#endif
    double tail[DOT_LANES];
    memcpy(tail, lane, sizeof tail);
    for (ptrdiff_t l = 0; l < rest; l++) tail[l] += theta[l] * x[l];
    memcpy(lane, tail, sizeof tail);
}

/* <theta, x> of one row: term j in lane j mod 8. theta has seven doubles more to read;
 * `readable` says whether x has. */
static ALWAYS_INLINE double row_dot(
    const double *restrict theta, const double *restrict x, ptrdiff_t d, int readable
) {
    vec lane[DOT_LANES / WIDTH];
    const ptrdiff_t whole = d / DOT_LANES * DOT_LANES;
    memset(lane, 0, sizeof lane);
    for (ptrdiff_t j = 0; j < whole; j += DOT_LANES)
        for (int k = 0; k < DOT_LANES / WIDTH; k++)
            lane[k] += AT(vec, theta, j + k * WIDTH) * AT(vec, x, j + k * WIDTH);
    if (whole < d) add_tail(lane, theta + whole, x + whole, d - whole, readable);
    return fold(lane, DOT_LANES / WIDTH);
}

/* g_j += sum_i c_i x_ij over a tile of rows, four rows at a time */
static inline void add_rows(
    const double *restrict c, const double *restrict x, ptrdiff_t pitch, ptrdiff_t rows,
    ptrdiff_t d, double *restrict g
) {
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        const double *restrict x0 = x + i * pitch;
        const double *restrict x1 = x0 + pitch;
        const double *restrict x2 = x1 + pitch;
        const double *restrict x3 = x2 + pitch;
        const double c0 = c[i], c1 = c[i + 1], c2 = c[i + 2], c3 = c[i + 3];
        for (ptrdiff_t j = 0; j < d; j++)
            g[j] += (c0 * x0[j] + c1 * x1[j]) + (c2 * x2[j] + c3 * x3[j]);
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
        const double *restrict x0 = x + j * pitch;
        const double *restrict x1 = x0 + pitch;
        const double *restrict x2 = x1 + pitch;
        const double *restrict x3 = x2 + pitch;
        const double t0 = theta[j], t1 = theta[j + 1], t2 = theta[j + 2], t3 = theta[j + 3];
        for (ptrdiff_t i = 0; i < rows; i++)
            f[i] += (t0 * x0[i] + t1 * x1[i]) + (t2 * x2[i] + t3 * x3[i]);
    }
    for (; j < d; j++)
        for (ptrdiff_t i = 0; i < rows; i++) f[i] += theta[j] * x[j * pitch + i];
}

/* Rows (n, d) to columns (d, n) of `pitch`, two by two: a load and a store for two elements */
static inline void transpose(
    const double *restrict rows, ptrdiff_t row_pitch, ptrdiff_t n, ptrdiff_t d,
    double *restrict columns, ptrdiff_t pitch
) {
#if WIDTH > 1
    typedef double two __attribute__((vector_size(16), aligned(8), may_alias));
    const ptrdiff_t even_n = n / 2 * 2, even_d = d / 2 * 2;
#else
    const ptrdiff_t even_n = 0, even_d = d;
#endif
    for (ptrdiff_t i = 0; i < even_n; i += 2) {
        const double *x0 = rows + i * row_pitch;
        const double *x1 = x0 + row_pitch;
#if WIDTH > 1
        for (ptrdiff_t j = 0; j < even_d; j += 2) {
            const two a = AT(two, x0, j), b = AT(two, x1, j);
            double *target = columns + j * pitch + i;
            *(two *)target = (two){a[0], b[0]};
            *(two *)(target + pitch) = (two){a[1], b[1]};
        }
#endif
        for (ptrdiff_t j = even_d; j < d; j++) {
            columns[j * pitch + i] = x0[j];
            columns[j * pitch + i + 1] = x1[j];
        }
    }
    for (ptrdiff_t i = even_n; i < n; i++)
        for (ptrdiff_t j = 0; j < d; j++) columns[j * pitch + i] = rows[i * row_pitch + j];
}

#endif
