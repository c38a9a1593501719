/* Gram matrices in float64: G_kj += sum_r w_r z_rk z_rj over a tile of rows.
 *
 * A tile holds columns, `pitch` doubles apart. Row r goes to lane r mod 4 of a sum that stays in a
 * register, by fused multiply-adds, see fused.h; the lanes fold pairwise at the end of the tile and
 * add to G in double-double.
 *
 * G is lower triangular, its low parts `G_low` doubles behind it, its rows padded to a multiple of
 * four; above the diagonal it is whatever a vector leaves there.
 */
#ifndef FASTMSE_GRAM_H
#define FASTMSE_GRAM_H

#include "fused.h"

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

#if WIDTH == 8

/* Four rows of two columns */
typedef eight Columns;
enum { COLUMNS = 2, MOST_COLUMNS = 8 }; /* 16 sums and 8 columns z in 32 registers */

static ALWAYS_INLINE Columns columns_at(const double *const *u, ptrdiff_t r) {
    return join8(load4(u[0] + r), load4(u[1] + r));
}
static ALWAYS_INLINE Columns each_column(const double *z) { return twice4(load4(z)); }
static ALWAYS_INLINE Columns add_fused(Columns u, Columns z, Columns sum) {
    return fused8(u, z, sum);
}
#define EACH_GROUP(X) X(0) X(1)
#define SUMS(k) {low4(sum##k##0), high4(sum##k##0), low4(sum##k##1), high4(sum##k##1)}

#else

typedef four Columns;
enum { COLUMNS = 1, MOST_COLUMNS = 3 }; /* 12 sums, 3 columns z and one u in 16 registers */

static ALWAYS_INLINE Columns columns_at(const double *const *u, ptrdiff_t r) {
    return load4(u[0] + r);
}
static ALWAYS_INLINE Columns each_column(const double *z) { return load4(z); }
static ALWAYS_INLINE Columns add_fused(Columns u, Columns z, Columns sum) {
    return fused4(u, z, sum);
}
#define EACH_GROUP(X) X(0) X(1) X(2) X(3)
#define SUMS(k) {sum##k##0, sum##k##1, sum##k##2, sum##k##3}

#endif

/* G_kj += sum_r z_rk u_rj for four columns u and K columns z over n rows, a multiple of four. Where
 * `triangle`, z is u and only j <= k counts. Every sum has a name: gcc keeps an array of them in
 * memory before and after the loop. */
static ALWAYS_INLINE void add_products(
    const double *const *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *G,
    ptrdiff_t G_pitch, ptrdiff_t G_low, int K, int triangle
) {
#define EACH_K(X, g) X(0, g) X(1, g) X(2, g) X(3, g) X(4, g) X(5, g) X(6, g) X(7, g)
#define ZERO(k, g) Columns sum##k##g = {0};
#define BEGIN(g) EACH_K(ZERO, g)
#define READ(k, _) const Columns z##k = each_column(z + (k < K ? k * pitch : 0) + r);
#define ADD(k, g)                                  \
    if (k < K && (g * COLUMNS <= k || !triangle)) \
        sum##k##g = add_fused(u##g, z##k, sum##k##g);
#define STEP(g)                                               \
    const Columns u##g = columns_at(u + g * COLUMNS, r); \
    EACH_K(ADD, g)
#define END(k, _)                                        \
    if (k < K) {                                         \
        const four sums[4] = SUMS(k);                    \
        add_sum4(G + k * G_pitch, G_low, fold4(sums));   \
    }
    EACH_GROUP(BEGIN)
    for (ptrdiff_t r = 0; r < n; r += 4) {
        EACH_K(READ, _)
        EACH_GROUP(STEP)
    }
    EACH_K(END, _)
#undef EACH_K
#undef ZERO
#undef BEGIN
#undef READ
#undef ADD
#undef STEP
#undef END
}

/* A loop for each shape */
#define PRODUCTS_OF(NAME, K, TRIANGLE)                                                    \
    static NEVER_INLINE void NAME(                                                        \
        const double *const *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *G, \
        ptrdiff_t G_pitch, ptrdiff_t G_low                                                \
    ) {                                                                                   \
        add_products(u, z, pitch, n, G, G_pitch, G_low, K, TRIANGLE);                     \
    }
PRODUCTS_OF(gram_triangle_1, 1, 1)
PRODUCTS_OF(gram_triangle_2, 2, 1)
PRODUCTS_OF(gram_triangle_3, 3, 1)
PRODUCTS_OF(gram_triangle_4, 4, 1)
PRODUCTS_OF(gram_products_1, 1, 0)
PRODUCTS_OF(gram_products_2, 2, 0)
PRODUCTS_OF(gram_products_3, 3, 0)
#if WIDTH == 8
PRODUCTS_OF(gram_products_4, 4, 0)
PRODUCTS_OF(gram_products_5, 5, 0)
PRODUCTS_OF(gram_products_6, 6, 0)
PRODUCTS_OF(gram_products_7, 7, 0)
PRODUCTS_OF(gram_products_8, 8, 0)
#endif

typedef void AddProducts(
    const double *const *, const double *, ptrdiff_t, ptrdiff_t, double *, ptrdiff_t, ptrdiff_t
);

static AddProducts *const TRIANGLES[] = {
    gram_triangle_1, gram_triangle_2, gram_triangle_3, gram_triangle_4
};
static AddProducts *const PRODUCTS[] = {
    gram_products_1, gram_products_2, gram_products_3,
#if WIDTH == 8
    gram_products_4, gram_products_5, gram_products_6, gram_products_7, gram_products_8
#endif
};

/* How many of so many columns next: the last ones in shares of about the same size */
static inline ptrdiff_t next_columns(ptrdiff_t left) {
    const ptrdiff_t calls = (left + MOST_COLUMNS - 1) / MOST_COLUMNS;
    return (left + calls - 1) / calls;
}

/* Columns [k, end) below a whole panel u */
static inline void add_rectangle(
    const double *const *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *G,
    ptrdiff_t G_pitch, ptrdiff_t G_low, ptrdiff_t k, ptrdiff_t end, Asking *ahead
) {
    while (k < end) {
        const ptrdiff_t K = next_columns(end - k);
        ask_share(ahead);
        PRODUCTS[K - 1](u, z + k * pitch, pitch, n, G + k * G_pitch, G_pitch, G_low);
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
    return panels + panels * (panels - 1) / 2 * PANEL / MOST_COLUMNS;
}

/* The products of columns [from, to) with those up to themselves. Without weights w is NULL; u has
 * room for a panel. */
static inline void add_tile(
    const double *z, const double *w, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t from, ptrdiff_t to,
    double *G, ptrdiff_t G_pitch, ptrdiff_t G_low, double *u, Asking *ahead
) {
    for (ptrdiff_t j = 0; j < to; j += PANEL) {
        const ptrdiff_t width = to - j < PANEL ? to - j : PANEL;
        const double *weighted = z + j * pitch, *panel[PANEL];
        if (w) {
            weigh_panel(w, weighted, pitch, n, width, u);
            weighted = u;
        }
        for (int i = 0; i < PANEL; i++) panel[i] = weighted + (i < width ? i : 0) * pitch;
        if (j >= from) {
            ask_share(ahead);
            TRIANGLES[width - 1](
                panel, z + j * pitch, pitch, n, G + j * G_pitch + j, G_pitch, G_low
            );
        }
        add_rectangle(
            panel, z, pitch, n, G + j, G_pitch, G_low, j + PANEL > from ? j + PANEL : from, to, ahead
        );
    }
}

#endif
