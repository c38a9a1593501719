/* Gram matrices in float64: G_kj += sum_r w_r z_rk z_rj over a tile of rows.
 *
 * A tile holds columns, `pitch` doubles apart. Row r goes to lane r mod 4 of a sum that stays in a
 * register, twelve of them for four columns by three; the lanes fold pairwise at the end of the
 * tile and add to G in double-double. In an L2 of 512 KB 0.4 to 0.5 of BLAS, which fuses multiply
 * and add; those would not be the same bits on every CPU.
 *
 * G is lower triangular, its low parts `G_low` doubles behind it, its rows padded to a multiple of
 * four; above the diagonal it is whatever a vector leaves there.
 */
#ifndef FASTMSE_GRAM_H
#define FASTMSE_GRAM_H

#include "four.h"

enum { PANEL = 4 };

/* Memory to ask for meanwhile: `streams` of `lines` each, `share` lines with every call */
typedef struct {
    const char *const *next;
    ptrdiff_t streams, lines, share, line;
} Asking;

static ALWAYS_INLINE void ask_share(Asking *ahead) {
    for (ptrdiff_t q = ahead->share; q > 0 && ahead->streams > 0; q--) {
        PREFETCH(*ahead->next + ahead->line * LINE);
        if (++ahead->line == ahead->lines) {
            ahead->line = 0;
            ahead->next++;
            ahead->streams--;
        }
    }
}

/* G + its low part += t: a tile's sums are small beside those of a block, and equal terms would
 * lose the same half bit with every tile */
static ALWAYS_INLINE void add_sum4(double *G, ptrdiff_t low, four t) {
    const four g = load4(G), s = add4(g, t);
    store4(G, s);
    store4(G + low, add4(load4(G + low), sum_error4(g, t, s)));
}

/* G_kj += sum_r z_rk u_rj for J <= 4 columns u and K columns z over n rows, a multiple of four.
 * Where `triangle`, for j <= k alone. Every sum has a name: gcc keeps an array of them in memory
 * before and after the loop, a third of the time of 64 rows. */
static ALWAYS_INLINE void add_products(
    const double *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *G, ptrdiff_t G_pitch,
    ptrdiff_t G_low, int J, int K, int triangle
) {
#define EACH_J(X, k) X(k, 0) X(k, 1) X(k, 2) X(k, 3)
#define EACH(X) EACH_J(X, 0) EACH_J(X, 1) EACH_J(X, 2) EACH_J(X, 3)
#define BEGIN(k, j) four sum##k##j = spread4(0.0);
#define STEP(k, j) \
    if (k < K && j < J && (j <= k || !triangle)) \
        sum##k##j = add4(sum##k##j, mul4(load4(u + j * pitch + r), z##k));
#define END(k)                                                                      \
    if (k < K) {                                                                    \
        const four sums[4] = {sum##k##0, sum##k##1, sum##k##2, sum##k##3};          \
        add_sum4(G + k * G_pitch, G_low, fold4(sums));                              \
    }
    EACH(BEGIN)
    for (ptrdiff_t r = 0; r < n; r += 4) {
        const four z0 = load4(z + r);
        const four z1 = K > 1 ? load4(z + pitch + r) : z0;
        const four z2 = K > 2 ? load4(z + 2 * pitch + r) : z0;
        const four z3 = K > 3 ? load4(z + 3 * pitch + r) : z0;
        EACH(STEP)
    }
    END(0)
    END(1)
    END(2)
    END(3)
#undef EACH_J
#undef EACH
#undef BEGIN
#undef STEP
#undef END
}

/* A loop for each shape */
#define PRODUCTS_OF(NAME, J, K, TRIANGLE)                                                 \
    static NEVER_INLINE void NAME(                                                        \
        const double *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *G,        \
        ptrdiff_t G_pitch, ptrdiff_t G_low                                                \
    ) {                                                                                   \
        add_products(u, z, pitch, n, G, G_pitch, G_low, J, K, TRIANGLE);                  \
    }
PRODUCTS_OF(triangle_of_1, 1, 1, 1)
PRODUCTS_OF(triangle_of_2, 2, 2, 1)
PRODUCTS_OF(triangle_of_3, 3, 3, 1)
PRODUCTS_OF(triangle_of_4, 4, 4, 1)
PRODUCTS_OF(four_by_1, 4, 1, 0)
PRODUCTS_OF(four_by_2, 4, 2, 0)
PRODUCTS_OF(four_by_3, 4, 3, 0)

static inline void add_triangle(
    const double *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *G, ptrdiff_t G_pitch,
    ptrdiff_t G_low, ptrdiff_t width
) {
    switch (width) {
    case 1: triangle_of_1(u, z, pitch, n, G, G_pitch, G_low); return;
    case 2: triangle_of_2(u, z, pitch, n, G, G_pitch, G_low); return;
    case 3: triangle_of_3(u, z, pitch, n, G, G_pitch, G_low); return;
    default: triangle_of_4(u, z, pitch, n, G, G_pitch, G_low); return;
    }
}

/* Columns [k, end) below a whole panel u. The last four are two and two: one is two thirds as fast. */
static inline void add_rectangle(
    const double *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *G, ptrdiff_t G_pitch,
    ptrdiff_t G_low, ptrdiff_t k, ptrdiff_t end, Asking *ahead
) {
    while (k < end) {
        const ptrdiff_t left = end - k, K = left == 4 || left == 2 ? 2 : left == 1 ? 1 : 3;
        ask_share(ahead);
        (K == 3 ? four_by_3 : K == 2 ? four_by_2 : four_by_1)(
            u, z + k * pitch, pitch, n, G + k * G_pitch, G_pitch, G_low
        );
        k += K;
    }
}

/* y -= b_0 + sum_j b_{j + 1} z_j over n rows, a multiple of four, in float64 */
static inline void subtract_products(
    const double *b, const double *z, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t d, double *y
) {
    ptrdiff_t r = 0;
#define SUBTRACT(FOURS)                                                                           \
    for (; r + 4 * FOURS <= n; r += 4 * FOURS) {                                                  \
        four f[FOURS];                                                                            \
        for (int i = 0; i < FOURS; i++) f[i] = sub4(load4(y + r + 4 * i), spread4(b[0]));         \
        for (ptrdiff_t j = 0; j < d; j++)                                                         \
            for (int i = 0; i < FOURS; i++)                                                       \
                f[i] = sub4(f[i], mul4(spread4(b[j + 1]), load4(z + j * pitch + r + 4 * i)));     \
        for (int i = 0; i < FOURS; i++) store4(y + r + 4 * i, f[i]);                              \
    }
    SUBTRACT(4)
    SUBTRACT(1)
#undef SUBTRACT
}

/* w_r z_rj of a panel */
static inline void weigh_panel(
    const double *w, const double *z, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t width, double *u
) {
    for (ptrdiff_t j = 0; j < width; j++)
        for (ptrdiff_t r = 0; r < n; r++) u[j * pitch + r] = w[r] * z[j * pitch + r];
}

/* Calls of add_products for m columns: about as many shares of the memory to ask for */
static inline ptrdiff_t product_calls(ptrdiff_t m) {
    const ptrdiff_t panels = (m + PANEL - 1) / PANEL;
    return panels + panels * (panels - 1) / 2 * PANEL / 3;
}

/* The products of columns [from, to) with those up to themselves. Without weights w is NULL; u has
 * room for a panel. */
static inline void add_tile(
    const double *z, const double *w, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t from, ptrdiff_t to,
    double *G, ptrdiff_t G_pitch, ptrdiff_t G_low, double *u, Asking *ahead
) {
    for (ptrdiff_t j = 0; j < to; j += PANEL) {
        const ptrdiff_t width = to - j < PANEL ? to - j : PANEL;
        const double *panel = z + j * pitch;
        if (w) {
            weigh_panel(w, panel, pitch, n, width, u);
            panel = u;
        }
        if (j >= from) {
            ask_share(ahead);
            add_triangle(
                panel, z + j * pitch, pitch, n, G + j * G_pitch + j, G_pitch, G_low, width
            );
        }
        add_rectangle(
            panel, z, pitch, n, G + j, G_pitch, G_low, j + PANEL > from ? j + PANEL : from, to, ahead
        );
    }
}

#endif
