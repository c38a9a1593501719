/* What four rows do at once: <theta, x> of each, and their gradient. For one theta or,
 * `thetas` being 2, for two, which share each vector of x that is loaded.
 *
 * `thetas` is a constant wherever these are called: the loops over it vanish.
 */
#ifndef FASTMSE_FOUR_ROWS_H
#define FASTMSE_FOUR_ROWS_H

#include "four.h"

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
#define EACH_HALF for (int h = 0; h < 2; h++)

/* Four of the eight lanes of <theta, x>, twice: those of theta[h] that begin at from[h] */
static ALWAYS_INLINE void dot_halves(
    const double *const *theta, const int *from, const double *x, ptrdiff_t pitch, ptrdiff_t d,
    const Asked *asked, four (*lanes)[4]
) {
#define TERM(h, i, j) mul4(load4(theta[h] + (j)), load4(x + (i) * pitch + (j)))
#define LAST(h, i, j) mul4(load4(theta[h] + (j)), first4(load4(x + (i) * pitch + (j)), d - (j)))
    ptrdiff_t j = 8;
    if (d < 8) {
        EACH_HALF EACH_ROW lanes[h][i] = from[h] < d ? LAST(h, i, from[h]) : spread4(0.0);
        return;
    }
    ask_ahead(asked, 0);
    EACH_HALF EACH_ROW lanes[h][i] = TERM(h, i, from[h]);
    for (; j + 8 <= d; j += 8) {
        ask_ahead(asked, j);
        EACH_HALF EACH_ROW lanes[h][i] = add4(lanes[h][i], TERM(h, i, j + from[h]));
    }
    if (j < d) ask_ahead(asked, j);
    EACH_HALF if (j + from[h] < d)
        EACH_ROW lanes[h][i] = add4(lanes[h][i], LAST(h, i, j + from[h]));
#undef TERM
#undef LAST
}

/* <theta, x> of four rows */
static ALWAYS_INLINE void dot_four_rows(
    const double *const *theta, int thetas, const double *x, ptrdiff_t pitch, ptrdiff_t d,
    const Asked *asked, four *f
) {
    static const int HALVES[3][2] = {{0, 0}, {4, 4}, {0, 4}};
    four low[2][4], high[2][4];
    if (thetas == 2) {
        dot_halves(theta, HALVES[0], x, pitch, d, asked, low);
        dot_halves(theta, HALVES[1], x, pitch, d, &NOTHING, high);
    } else {
        const double *const same[2] = {theta[0], theta[0]};
        four both[2][4];
        dot_halves(same, HALVES[2], x, pitch, d, asked, both);
        EACH_ROW low[0][i] = both[0][i], high[0][i] = both[1][i];
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
    for (int t = 0; t < thetas; t++) EACH_ROW factors[t][i] = lane4(c[t], i);
#define ADD(j)                                                                         \
    do {                                                                               \
        four at[4];                                                                    \
        EACH_ROW at[i] = load4(x + i * pitch + (j));                                   \
        for (int t = 0; t < thetas; t++)                                               \
            store4(                                                                    \
                g[t] + (j),                                                            \
                add4(load4(g[t] + (j)), combine4(factors[t], at[0], at[1], at[2], at[3])) \
            );                                                                         \
    } while (0)
    for (; j + 8 <= end; j += 8) {
        ask_ahead(asked, j);
        ADD(j);
        ADD(j + 4);
    }
    if (j < end) ask_ahead(asked, j);
    for (; j < end; j += 4) ADD(j);
#undef ADD
}

#undef EACH_ROW
#undef EACH_HALF

#endif
