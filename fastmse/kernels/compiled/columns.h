/* The linear model on columns: f += theta_j x_j first, then g_j = sum_i c_i x_ij.
 *
 * theta . x: four columns at a time, (t0 x0 + t1 x1) + (t2 x2 + t3 x3), which add
 * to f; up to three more one by one. The gradient of a column is a sum of runs.
 *
 * Eight columns are read side by side: eight streams of 4 KB and more are read
 * from memory 1.0 to 1.4 times as fast as one long one on Zen 3, two streams of
 * 512 B half as fast. The block then waits in the cache for its second touch,
 * two columns at a time. A column ends where no prefetcher can guess how it
 * goes on, so the next ones are asked for: 0.51 to 0.83 of the roof at d = 496
 * on two threads, 0.50 to 0.87 at d = 2000 on one.
 *
 * Where the second cache is large, 1 MB, and the last one slow, a part of a block
 * waits in the second one, and the rows below are asked for meanwhile: 0.72 to 0.82
 * of the roof at d = 16 on Cascade Lake, 0.56 to 0.72 at d = 100 on one thread.
 */
#ifndef FASTMSE_COLUMNS_H
#define FASTMSE_COLUMNS_H

#include "rows.h"

#if defined(__linux__)
#include <unistd.h>
#endif

enum { TOGETHER = 8, PAIR = 2 };

/* What will be read after each column: asked for as this one is read, `step` bytes a row. The next
 * columns; or, `below`, more rows of the same ones, for the second cache. Nothing where step is 0. */
typedef struct {
    const char *next[TOGETHER];
    ptrdiff_t step;
    int below;
} Following;

static ALWAYS_INLINE void ask_for(const char *address, int below) {
    if (below) PREFETCH_SECOND(address);
    else PREFETCH(address);
}

/* Bytes, so that a pass over n rows asks for n / 2 of the rows below: each of two touches does */
enum { STEP_BELOW = 4 };

/* Bytes of the second cache; 0 where nobody tells. In a virtual machine the question costs 20 us. */
static inline ptrdiff_t second_cache(void) {
#if defined(_SC_LEVEL2_CACHE_SIZE)
    const long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return size > 0 ? size : 0;
#else
    return 0;
#endif
}

static ALWAYS_INLINE four add_four_columns(
    four f, const four *theta, const double *const *x, ptrdiff_t i
) {
    return add4(
        f, combine4(theta, load4(x[0] + i), load4(x[1] + i), load4(x[2] + i), load4(x[3] + i))
    );
}

static ALWAYS_INLINE double add_columns_to(
    double f, const double *theta, const double *const *x, ptrdiff_t i
) {
    const double low = theta[0] * x[0][i] + theta[1] * x[1][i];
    const double high = theta[2] * x[2][i] + theta[3] * x[3][i];
    return f + (low + high);
}

/* f_i += sum_j theta_j x_ij over eight columns */
static ALWAYS_INLINE void add_eight_columns(
    const double *theta, const double *const *x, ptrdiff_t n, double *f, const Following *after,
    int below
) {
    four low[4], high[4];
    ptrdiff_t i = 0;
    spread_each4(theta, low);
    spread_each4(theta + 4, high);
    for (; i + 8 <= n; i += 8) {
        const four f0 = add_four_columns(load4(f + i), low, x, i);
        const four f1 = add_four_columns(load4(f + i + 4), low, x, i + 4);
        if (after)
            for (int j = 0; j < TOGETHER; j++) ask_for(after->next[j] + i * after->step, below);
        store4(f + i, add_four_columns(f0, high, x + 4, i));
        store4(f + i + 4, add_four_columns(f1, high, x + 4, i + 4));
    }
    for (; i < n; i++)
        f[i] = add_columns_to(add_columns_to(f[i], theta, x, i), theta + 4, x + 4, i);
}

/* The same over `count` <= 8 columns */
static inline void add_columns(
    const double *theta, const double *const *x, ptrdiff_t count, ptrdiff_t n, double *f,
    const Following *after
) {
    ptrdiff_t j = 0;
    if (count == TOGETHER) {
        if (!after->step)
            add_eight_columns(theta, x, n, f, NULL, 0);
        else if (after->below)
            add_eight_columns(theta, x, n, f, after, 1);
        else
            add_eight_columns(theta, x, n, f, after, 0);
        return;
    }
    for (; j + 4 <= count; j += 4)
        for (ptrdiff_t i = 0; i < n; i++) f[i] = add_columns_to(f[i], theta + j, x + j, i);
    for (; j < count; j++)
        for (ptrdiff_t i = 0; i < n; i++) f[i] += theta[j] * x[j][i];
}

/* Residuals over `count` <= 8 columns, none included, whose f is not kept */
static ALWAYS_INLINE void residuals_of(
    const double *theta, double offset, const double *const *x, int count, ptrdiff_t n,
    const Column *at
) {
    const Column here = *at;
    const double *column[TOGETHER];
    ptrdiff_t i = 0;
    for (int j = 0; j < count; j++) column[j] = x[j];
    for (; i + 4 <= n; i += 4) {
        four f = spread4(offset);
        int j = 0;
        for (; j + 4 <= count; j += 4) {
            four factors[4];
            spread_each4(theta + j, factors);
            f = add_four_columns(f, factors, column + j, i);
        }
        for (; j < count; j++) f = add4(f, mul4(spread4(theta[j]), load4(column[j] + i)));
        residual4(f, &here, i, here.w != NULL);
    }
    for (; i < n; i++) {
        double f = offset;
        int j = 0;
        for (; j + 4 <= count; j += 4) f = add_columns_to(f, theta + j, column + j, i);
        for (; j < count; j++) f += theta[j] * column[j][i];
        residual(f, &here, i);
    }
}

/* A loop for each number of columns */
static NEVER_INLINE void residuals_of_columns(
    const double *theta, double offset, const double *const *x, ptrdiff_t count, ptrdiff_t n,
    const Column *at
) {
    switch (count) {
    case 0: residuals_of(theta, offset, x, 0, n, at); return;
    case 1: residuals_of(theta, offset, x, 1, n, at); return;
    case 2: residuals_of(theta, offset, x, 2, n, at); return;
    case 3: residuals_of(theta, offset, x, 3, n, at); return;
    case 4: residuals_of(theta, offset, x, 4, n, at); return;
    case 5: residuals_of(theta, offset, x, 5, n, at); return;
    case 6: residuals_of(theta, offset, x, 6, n, at); return;
    case 7: residuals_of(theta, offset, x, 7, n, at); return;
    default: residuals_of(theta, offset, x, 8, n, at); return;
    }
}

/* What a theta sums up over rows; g[-1] is the intercept's, where there is one */
typedef struct {
    pair sse;
    double *g;
} Sums;

/* One run of one to three columns, all its sums in registers: nothing is touched twice */
static ALWAYS_INLINE void sum_run(
    const double *theta, double offset, const double *const *x, int count, const Column *at,
    ptrdiff_t start, Sums *sums, int weighted, int intercept, int graded
) {
    const double *y = at->y + start, *w = at->w + start;
    vec sse[LANES / WIDTH] = {0}, level[LANES / WIDTH] = {0}, g[3][LANES / WIDTH] = {0};
    for (int i = 0; i < RUN; i += LANES)
        for (int k = 0; k < LANES / WIDTH; k++) {
            const ptrdiff_t l = i + k * WIDTH;
            vec f = spread_vec(offset), r, c;
            for (int j = 0; j < count; j++) f += spread_vec(theta[j]) * AT(vec, x[j], start + l);
            c = r = f - AT(vec, y, l);
            if (weighted) {
                r = keep_vec(r, AT(vec, w, l));
                c = AT(vec, w, l) * r;
            }
            sse[k] += c * r;
            if (graded)
                for (int j = 0; j < count; j++) g[j][k] += c * AT(vec, x[j], start + l);
            if (graded && intercept) level[k] += c;
        }
    add_run(&sums->sse, fold(sse, LANES / WIDTH));
    if (graded)
        for (int j = 0; j < count; j++) sums->g[j] += fold(g[j], LANES / WIDTH);
    if (graded && intercept) sums->g[-1] += fold(level, LANES / WIDTH);
}

/* The same in fewer than 128 rows, by way of r and c in memory */
static NEVER_INLINE void sum_part(
    const double *theta, double offset, const double *const *x, int count, const Column *at,
    ptrdiff_t start, ptrdiff_t n, Sums *sums, int intercept, int graded
) {
    const double *const shifted[3] = {x[0] + start, x[count > 1] + start, x[count - 1] + start};
    const Column rows = {at->y + start, at->w ? at->w + start : NULL, at->r, at->c};
    residuals_of_columns(theta, offset, shifted, count, n, &rows);
    add_run(&sums->sse, run_dot_part(at->c, at->r, n));
    for (int j = 0; graded && j < count; j++) sums->g[j] += run_dot_part(at->c, shifted[j], n);
    if (graded && intercept) sums->g[-1] += run_sum_part(at->c, n);
}

static ALWAYS_INLINE void sum_columns_of(
    const double *theta, double offset, const double *const *x, int count, const Column *at,
    ptrdiff_t n, Sums *sums, int weighted, int intercept, int graded
) {
    ptrdiff_t i = 0;
    for (; i + RUN <= n; i += RUN)
        sum_run(theta, offset, x, count, at, i, sums, weighted, intercept, graded);
    if (i < n) sum_part(theta, offset, x, count, at, i, n - i, sums, intercept, graded);
}

/* A loop for each case: what is not there costs nothing. */
static NEVER_INLINE void sum_columns(
    const double *theta, double offset, const double *const *x, ptrdiff_t count, const Column *at,
    ptrdiff_t n, Sums *sums, int intercept, int graded
) {
#define CASE(COUNT)                                                                              \
    if (count == COUNT) {                                                                        \
        if (at->w)                                                                               \
            sum_columns_of(theta, offset, x, COUNT, at, n, sums, 1, intercept, graded);          \
        else if (intercept || !graded)                                                           \
            sum_columns_of(theta, offset, x, COUNT, at, n, sums, 0, intercept, graded);          \
        else                                                                                     \
            sum_columns_of(theta, offset, x, COUNT, at, n, sums, 0, 0, 1);                       \
    }
    CASE(1)
    CASE(2)
    CASE(3)
#undef CASE
}

/* g_0 += sum_i c_i x_0i and g_1 likewise over one run, c read once for both; next is what
 * will be read after each, `step` bytes a row, or NULL */
static ALWAYS_INLINE void dot_two_columns(
    const double *c, const double *x0, const double *x1, ptrdiff_t n, double *g,
    const char *next0, const char *next1, ptrdiff_t step, int below
) {
    vec lane[PAIR][LANES / WIDTH] = {0};
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        if (step) {
            ask_for(next0 + i * step, below);
            ask_for(next1 + i * step, below);
            if (!below) ask_for(next0 + (i + 8) * step, below);
            if (!below) ask_for(next1 + (i + 8) * step, below);
        }
        for (int k = 0; k < LANES / WIDTH; k++) {
            const vec factor = AT(vec, c, i + k * WIDTH);
            lane[0][k] += factor * AT(vec, x0, i + k * WIDTH);
            lane[1][k] += factor * AT(vec, x1, i + k * WIDTH);
        }
    }
    if (i < n) {
        double last[PAIR][LANES];
        memcpy(last, lane, sizeof last);
        for (ptrdiff_t l = 0; i + l < n; l++) {
            last[0][l] += c[i + l] * x0[i + l];
            last[1][l] += c[i + l] * x1[i + l];
        }
        memcpy(lane, last, sizeof last);
    }
    for (int j = 0; j < PAIR; j++) g[j] += fold(lane[j], LANES / WIDTH);
}

/* g_j += sum_i c_i x_ij over `count` <= 8 columns, in runs. The next pair is asked for as one
 * is read, and after the last the first of `after`; or the rows below of each. */
static inline void dot_columns(
    const double *c, const double *const *x, ptrdiff_t count, ptrdiff_t n, double *g,
    const Following *after
) {
    ptrdiff_t j = 0;
    for (; j + PAIR <= count; j += PAIR) {
        const int below = after->below, inside = !below && j + 2 * PAIR <= count;
        const char *next0 = inside ? (const char *)x[j + 2] : after->next[below ? j : 0];
        const char *next1 = inside ? (const char *)x[j + 3] : after->next[below ? j + 1 : 1];
        const ptrdiff_t step = !after->step ? 0 : inside ? (ptrdiff_t)sizeof(double) : after->step;
        for (ptrdiff_t i = 0; i < n; i += RUN) {
            const ptrdiff_t m = run_length(i, n);
            const double *x0 = x[j] + i, *x1 = x[j + 1] + i;
            const char *after0 = next0 + i * step, *after1 = next1 + i * step;
            if (m < RUN)
                dot_two_columns(c + i, x0, x1, m, g + j, after0, after1, step, below);
            else if (step && below)
                dot_two_columns(c + i, x0, x1, RUN, g + j, after0, after1, STEP_BELOW, 1);
            else if (step)
                dot_two_columns(c + i, x0, x1, RUN, g + j, after0, after1, step, 0);
            else
                dot_two_columns(c + i, x0, x1, RUN, g + j, NULL, NULL, 0, 0);
        }
    }
    if (j < count)
        for (ptrdiff_t i = 0; i < n; i += RUN) g[j] += run_dot(c + i, x[j] + i, run_length(i, n));
}

/* Rows of one to three features to columns of `pitch` doubles; the lines ahead are asked for */
static ALWAYS_INLINE void to_columns_of(
    const double *restrict rows, ptrdiff_t row_pitch, ptrdiff_t n, ptrdiff_t d,
    double *restrict columns, ptrdiff_t pitch
) {
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (ptrdiff_t j = 0; j < d; j++) PREFETCH(rows + (i + 64) * row_pitch + 8 * j);
        for (ptrdiff_t j = 0; j < d; j++)
            for (ptrdiff_t k = i; k < i + 8; k++) columns[j * pitch + k] = rows[k * row_pitch + j];
    }
    for (; i < n; i++)
        for (ptrdiff_t j = 0; j < d; j++) columns[j * pitch + i] = rows[i * row_pitch + j];
}

static inline void to_columns(
    const double *rows, ptrdiff_t row_pitch, ptrdiff_t n, ptrdiff_t d, double *columns,
    ptrdiff_t pitch
) {
    if (d == 2 && row_pitch == 2)
        to_columns_of(rows, 2, n, 2, columns, pitch);
    else if (d == 3 && row_pitch == 3)
        to_columns_of(rows, 3, n, 3, columns, pitch);
    else
        to_columns_of(rows, row_pitch, n, d, columns, pitch);
}

#endif
