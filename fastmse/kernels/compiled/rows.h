/* The linear model on rows that lie in memory one after the other.
 *
 * theta . x: term j goes to lane j mod 8, the lanes fold pairwise. The gradient
 * takes four rows at a time, (c0 x0 + c1 x1) + (c2 x2 + c3 x3), which add to g.
 *
 * Each row is touched twice: for its residual, then for the gradient. Memory
 * must not idle meanwhile, and how it is kept busy depends on the length of a
 * row (best of 8 interleaved rounds on Zen 3; fraction of a sequential read):
 *
 *   d <= 56     four rows at once, the lines ahead asked for       0.9-1.1
 *   d < 512     one row at a time, one stream, while the rows
 *               before it add to the gradient; lines ahead         0.9-1.0
 *   d >= 512    four rows at once, four streams of pages           0.9-1.1
 *
 * Four rows at once reached 0.5-0.8 in the middle, one at a time 0.8 elsewhere.
 * Those are the loops alone; docs/benchmarks.md has the whole calls.
 *
 * theta is followed by seven zeros and g by three doubles; after x three
 * doubles can be read, whose values are not used.
 */
#ifndef FASTMSE_ROWS_H
#define FASTMSE_ROWS_H

#include "four_rows.h"

enum {
    SHORT_ROW = 56,
    LONG_ROW = 512,
    AHEAD_LINES = 24,         /* 16 to 32 are equal, 8 and 64 slower */
    AHEAD_OF_ROW = 128        /* doubles; 64 to 256 are equal */
};

/* What rows have besides X: y and the weights come in, r and c = w r go out. Without
 * weights (NULL) c is r. */
typedef struct {
    const double *y, *w;
    double *r, *c;
} Column;

/* Memory to ask for meanwhile: `lines` of it for every group of four rows; and whether the
 * rows themselves come from there, not from a cache. */
typedef struct {
    const char *next;
    ptrdiff_t lines;
    int far;
} Ahead;

static ALWAYS_INLINE void ask(Ahead *ahead) {
    for (ptrdiff_t l = 0; l < ahead->lines; l++) PREFETCH(ahead->next + l * LINE);
    ahead->next += ahead->lines * LINE;
}

/* r_i = f_i - y_i, and 0 where the weight is 0, whatever the row holds; c_i = w_i r_i.
 * Four c are returned: read back from memory they cost a third of the speed at d = 16. */
static ALWAYS_INLINE void residual(double f, const Column *at, ptrdiff_t i) {
    const double r = f - at->y[i];
    at->r[i] = at->w ? keep_double(r, at->w[i]) : r;
    if (at->w) at->c[i] = at->w[i] * at->r[i];
}

static ALWAYS_INLINE four residual4(four f, const Column *at, ptrdiff_t i, int weighted) {
    four r = sub4(f, load4(at->y + i)), c = r;
    if (weighted) {
        const four w = load4(at->w + i);
        r = keep4(r, w);
        c = mul4(w, r);
        store4(at->c + i, c);
    }
    store4(at->r + i, r);
    return c;
}

static inline void residuals(const double *f, const Column *at, ptrdiff_t n) {
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) residual4(load4(f + i), at, i, at->w != NULL);
    for (; i < n; i++) residual(f[i], at, i);
}

/* <theta, x> of one row; meanwhile the four rows of `x4`, if any, add to g in the columns
 * [from, to), about a quarter of d. */
static ALWAYS_INLINE double dot_row_and_add(
    const double *theta, const double *x, ptrdiff_t d,
    const double *c4, const double *x4, ptrdiff_t pitch, ptrdiff_t from, ptrdiff_t to, double *g
) {
    eight lanes = twice4(spread4(0.0));
    double lane[DOT_LANES];
    ptrdiff_t j = 0;
#define DOT8(j) lanes = add8(lanes, mul8(load8(theta + (j)), load8(x + (j))))
    if (x4) {
        const four c = load4(c4);
        const four factors[4] = {lane4(c, 0), lane4(c, 1), lane4(c, 2), lane4(c, 3)};
        for (; j + 16 <= d && from < to; j += 16, from += 4) {
            PREFETCH(x + j + AHEAD_OF_ROW);
            PREFETCH(x + j + AHEAD_OF_ROW + 8);
            const double *at = x4 + from;
            const four sum = combine4(
                factors, load4(at), load4(at + pitch), load4(at + 2 * pitch), load4(at + 3 * pitch)
            );
            DOT8(j);
            DOT8(j + 8);
            store4(g + from, add4(load4(g + from), sum));
        }
        add_four_rows(&c, 1, x4, pitch, from, to, &g, &NOTHING);
    }
    for (; j + 8 <= d; j += 8) {
        PREFETCH(x + j + AHEAD_OF_ROW);
        DOT8(j);
    }
#undef DOT8
    four low = low4(lanes), high = high4(lanes);
    if (j < d) low = add4(low, mul4(load4(theta + j), first4(load4(x + j), d - j)));
    if (j + 4 < d)
        high = add4(high, mul4(load4(theta + j + 4), first4(load4(x + j + 4), d - j - 4)));
    store4(lane, add4(low, high));
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

static ALWAYS_INLINE double dot_row(const double *theta, const double *x, ptrdiff_t d) {
    return dot_row_and_add(theta, x, d, NULL, NULL, 0, 0, 0, NULL);
}

/* Rows [i, n), fewer than four, each by itself */
static inline void last_rows(
    const double *theta, double offset, const double *x, ptrdiff_t pitch, ptrdiff_t i, ptrdiff_t n,
    ptrdiff_t d, const Column *at, double *g
) {
    for (; i < n; i++) {
        residual(offset + dot_row(theta, x + i * pitch, d), at, i);
        if (g)
            for (ptrdiff_t j = 0; j < d; j++) g[j] += at->c[i] * x[i * pitch + j];
    }
}

/* What rows are evaluated for: one theta, or two */
typedef struct {
    const double *theta[2];
    double offset[2];
    Column at[2];
    double *g[2];
} Turn;

/* Residuals of n rows, and their gradient added to g. For one theta `lines` are asked
 * for by every four rows, for two by every eight columns of each touch. */
static ALWAYS_INLINE void rows_by_four(
    const Turn *turn, int thetas, const double *x, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t d,
    Ahead ahead, int weighted, int graded
) {
    const Turn here = *turn; /* in registers: a store of four may alias anything */
    Asked asked = {ahead.next, thetas == 2 ? ahead.lines * LINE : 0};
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const double *x4 = x + i * pitch;
        four f[2], c[2];
        if (thetas == 1) ask(&ahead);
        dot_four_rows(here.theta, thetas, x4, pitch, d, &asked, f);
        asked.next += (d + 7) / 8 * asked.step;
        for (int t = 0; t < thetas; t++)
            c[t] = residual4(add4(spread4(here.offset[t]), f[t]), &here.at[t], i, weighted);
        if (!graded) continue;
        add_four_rows(c, thetas, x4, pitch, 0, d, here.g, &asked);
        asked.next += (d + 7) / 8 * asked.step;
    }
    for (int t = 0; t < thetas; t++)
        last_rows(turn->theta[t], turn->offset[t], x, pitch, i, n, d, &turn->at[t], turn->g[t]);
}

/* A loop for each case: what is not there costs nothing. */
static ALWAYS_INLINE void rows_by_four_of(
    const Turn *turn, int thetas, const double *x, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t d,
    Ahead ahead
) {
    if (!turn->g[0])
        rows_by_four(turn, thetas, x, pitch, n, d, ahead, turn->at[0].w != NULL, 0);
    else if (turn->at[0].w)
        rows_by_four(turn, thetas, x, pitch, n, d, ahead, 1, 1);
    else
        rows_by_four(turn, thetas, x, pitch, n, d, ahead, 0, 1);
}

static inline void rows_in_turn(
    const double *theta, double offset, const double *x, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t d,
    const Column *at, double *g
) {
    const ptrdiff_t quarter = (d + 15) / 16 * 4;
    const double *before = NULL;
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (ptrdiff_t k = 0; k < 4; k++) {
            const ptrdiff_t from = k * quarter, to = from + quarter < d ? from + quarter : d;
            const double *row = x + (i + k) * pitch;
            residual(
                offset + dot_row_and_add(theta, row, d, at->c + i - 4, before, pitch, from, to, g),
                at, i + k
            );
        }
        before = g ? x + i * pitch : NULL;
    }
    if (before) {
        const four c = load4(at->c + i - 4);
        add_four_rows(&c, 1, before, pitch, 0, d, &g, &NOTHING);
    }
    last_rows(theta, offset, x, pitch, i, n, d, at, g);
}

/* G += run, and the run begins anew */
static inline void end_run(double *restrict G, double *restrict run, ptrdiff_t d) {
    for (ptrdiff_t j = 0; j < d; j++) {
        G[j] += run[j];
        run[j] = 0.0;
    }
}

/* Short rows of a known length: the loops over it vanish. */
#define ROWS_OF(D)                                                                          \
    static NEVER_INLINE void rows_of_##D(                                                   \
        const Turn *turn, const double *x, ptrdiff_t pitch, ptrdiff_t n, Ahead ahead        \
    ) {                                                                                     \
        rows_by_four_of(turn, 1, x, pitch, n, D, ahead);                                    \
    }
ROWS_OF(4)
ROWS_OF(5)
ROWS_OF(6)
ROWS_OF(7)
ROWS_OF(8)

/* Two thetas that take one turn over rows in L1: each has the bits it has alone. */
static inline void evaluate_rows(
    const Turn *turn, int thetas, const double *x, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t d,
    Ahead ahead
) {
    if (thetas == 2) {
        rows_by_four_of(turn, 2, x, pitch, n, d, ahead);
        return;
    }
    switch (d) {
    case 4: rows_of_4(turn, x, pitch, n, ahead); return;
    case 5: rows_of_5(turn, x, pitch, n, ahead); return;
    case 6: rows_of_6(turn, x, pitch, n, ahead); return;
    case 7: rows_of_7(turn, x, pitch, n, ahead); return;
    case 8: rows_of_8(turn, x, pitch, n, ahead); return;
    default: break;
    }
    if (SHORT_ROW < d && d < LONG_ROW && ahead.far)
        rows_in_turn(
            turn->theta[0], turn->offset[0], x, pitch, n, d, &turn->at[0], turn->g[0]
        );
    else
        rows_by_four_of(turn, 1, x, pitch, n, d, ahead);
}

#endif
