/* What four rows do at once: <theta, x> of each, and their gradient. For one theta or,
 * `thetas` being 2, for two, which share each vector of x that is loaded.
 *
 * `thetas` is a constant wherever these are called: the loops over it vanish.
 */
#ifndef FASTMSE_FOUR_ROWS_H
#define FASTMSE_FOUR_ROWS_H

#include "eight.h"

/* Memory to ask for while rows are walked: one or two lines, `step` bytes, every eight columns.
 * Many at once are more than a core can wait for: at d = 200 four thetas took a fifth
 * longer. */
typedef struct {
    const char *next;
    ptrdiff_t step;
} Asked;

static ALWAYS_INLINE void ask_ahead(const Asked *asked, ptrdiff_t j) {
    const char *next = asked->next + j / 8 * asked->step;
    if (asked->step >= LINE) PREFETCH(next);
    if (asked->step > LINE) PREFETCH(next + LINE);
}

static const Asked NOTHING = {NULL, 0};

#define EACH_ROW for (int i = 0; i < 4; i++)
#define EACH_THETA for (int t = 0; t < 2; t++)

#define LAST(theta, i, j) mul4(load4((theta) + (j)), first4(load4(x + (i) * pitch + (j)), d - (j)))

/* The lanes of <theta, x> of four rows, `at` of which are summed; the last columns, fewer than
 * eight, come to them */
static ALWAYS_INLINE void add_rest(
    const double *theta, const double *x, ptrdiff_t pitch, ptrdiff_t j, ptrdiff_t d, four *low,
    four *high
) {
    if (j < d) EACH_ROW low[i] = add4(low[i], LAST(theta, i, j));
    if (j + 4 < d) EACH_ROW high[i] = add4(high[i], LAST(theta, i, j + 4));
}

/* ... of a row of eight or fewer: halves are there already where the lanes fold */
static ALWAYS_INLINE void short_lanes(
    const double *theta, const double *x, ptrdiff_t pitch, ptrdiff_t d, four *low, four *high
) {
    EACH_ROW low[i] = d > 0 ? LAST(theta, i, 0) : spread4(0.0);
    EACH_ROW high[i] = d > 4 ? LAST(theta, i, 4) : spread4(0.0);
}
#undef LAST

/* All eight at once, of one theta */
static ALWAYS_INLINE void dot_lanes(
    const double *theta, const double *x, ptrdiff_t pitch, ptrdiff_t d, const Asked *asked,
    four *low, four *high
) {
    eight lanes[4];
    ptrdiff_t j = 8;
    if (d <= 8) {
        short_lanes(theta, x, pitch, d, low, high);
        return;
    }
    ask_ahead(asked, 0);
    EACH_ROW lanes[i] = mul8(load8(theta), load8(x + i * pitch));
    for (; j + 8 <= d; j += 8) {
        ask_ahead(asked, j);
        EACH_ROW lanes[i] = add8(lanes[i], mul8(load8(theta + j), load8(x + i * pitch + j)));
    }
    if (j < d) ask_ahead(asked, j);
    EACH_ROW low[i] = low4(lanes[i]), high[i] = high4(lanes[i]);
    add_rest(theta, x, pitch, j, d, low, high);
}

/* Four of them, those that begin at `from`, of two thetas */
static ALWAYS_INLINE void dot_halves(
    const double *const *theta, int from, const double *x, ptrdiff_t pitch, ptrdiff_t d,
    const Asked *asked, four (*lanes)[4]
) {
#define TERM(t, i, j) mul4(load4(theta[t] + (j)), load4(x + (i) * pitch + (j)))
    ptrdiff_t j = 8;
    ask_ahead(asked, 0);
    EACH_THETA EACH_ROW lanes[t][i] = TERM(t, i, from);
    for (; j + 8 <= d; j += 8) {
        ask_ahead(asked, j);
        EACH_THETA EACH_ROW lanes[t][i] = add4(lanes[t][i], TERM(t, i, j + from));
    }
    if (j < d) ask_ahead(asked, j);
#undef TERM
}

/* <theta, x> of four rows */
static ALWAYS_INLINE void dot_four_rows(
    const double *const *theta, int thetas, const double *x, ptrdiff_t pitch, ptrdiff_t d,
    const Asked *asked, four *f
) {
    four low[2][4], high[2][4];
    if (thetas == 1) {
        dot_lanes(theta[0], x, pitch, d, asked, low[0], high[0]);
    } else if (d <= 8) {
        EACH_THETA short_lanes(theta[t], x, pitch, d, low[t], high[t]);
    } else {
        dot_halves(theta, 0, x, pitch, d, asked, low);
        dot_halves(theta, 4, x, pitch, d, &NOTHING, high);
        EACH_THETA add_rest(theta[t], x, pitch, d / 8 * 8, d, low[t], high[t]);
    }
    for (int t = 0; t < thetas; t++) {
        if (d > 4) EACH_ROW low[t][i] = add4(low[t][i], high[t][i]);
        f[t] = fold4(low[t]);
    }
}

/* g_j += sum_i c_i x_ij over four rows, for the columns [j, end) and up to three more */
static ALWAYS_INLINE void add_four_rows(
    const four *c, int thetas, const double *x, ptrdiff_t pitch, ptrdiff_t j, ptrdiff_t end,
    double *const *g, const Asked *asked
) {
    four factors[2][4];
    eight twice[2][4];
    for (int t = 0; t < thetas; t++) EACH_ROW factors[t][i] = lane4(c[t], i);
    for (int t = 0; t < thetas; t++) EACH_ROW twice[t][i] = twice4(factors[t][i]);
    for (; j + 8 <= end; j += 8) {
        eight at[4];
        ask_ahead(asked, j);
        EACH_ROW at[i] = load8(x + i * pitch + j);
        for (int t = 0; t < thetas; t++)
            store8(
                g[t] + j, add8(load8(g[t] + j), combine8(twice[t], at[0], at[1], at[2], at[3]))
            );
    }
    if (j < end) ask_ahead(asked, j);
    for (; j < end; j += 4) {
        four at[4];
        EACH_ROW at[i] = load4(x + i * pitch + j);
        for (int t = 0; t < thetas; t++)
            store4(
                g[t] + j, add4(load4(g[t] + j), combine4(factors[t], at[0], at[1], at[2], at[3]))
            );
    }
}

#undef EACH_ROW
#undef EACH_THETA

#endif
