/* Gram matrices in float64: G_kj += sum_r w_r z_rk z_rj, j <= k, of a tile of rows, see tile.h.
 *
 * Row r goes to lane r mod 4 of a sum that stays in a register, by fused multiply-adds, see
 * fused.h; the lanes fold pairwise at the end of the tile and add to G in double-double.
 *
 * G lies in parts of eight k and four j, in the order in which they are summed: k in panels, of
 * each the j up to it. A part holds four sums of each k, then their low parts. What a part holds
 * above the diagonal is of no use.
 */
#ifndef FASTMSE_GRAM_H
#define FASTMSE_GRAM_H

#include "fused.h"
#include "tile.h"

enum { PART = 2 * PANEL * HALF, PART_LOW = PANEL * HALF };

static inline ptrdiff_t gram_doubles(ptrdiff_t m) {
    const ptrdiff_t panels = (m + PANEL - 1) / PANEL;
    return panels * (panels + 1) * PART;
}

/* Of G_kj, j <= k */
static inline ptrdiff_t gram_place(ptrdiff_t k, ptrdiff_t j) {
    const ptrdiff_t panel = k / PANEL;
    return (panel * (panel + 1) + j / HALF) * PART + k % PANEL * HALF + j % HALF;
}

/* Memory to ask for meanwhile: `streams` of `bytes` each, a share of it with every loop */
typedef struct {
    const char *const *next;
    ptrdiff_t streams, bytes, share, done;
} Asking;

/* What a loop asks for: `step` bytes on with every four rows */
typedef struct {
    const char *at;
    ptrdiff_t step;
} Share;

static inline Share next_share(Asking *asking) {
    static const char nothing = 0;
    Share ahead = {&nothing, 0};
    if (asking->streams == 0) return ahead;
    ahead.at = *asking->next + asking->done;
    ahead.step = (asking->share * 4 + TILE - 1) / TILE;
    asking->done += asking->share;
    if (asking->done >= asking->bytes) asking->done = 0, asking->next++, asking->streams--;
    return ahead;
}

/* G + its low part += t: a tile's sums are small beside those of a block, and equal terms would
 * lose the same half bit with every tile */
static ALWAYS_INLINE void add_sum4(double *G, four t) {
    const four g = load4(G), s = add4(g, t);
    store4(G, s);
    store4(G + PART_LOW, add4(load4(G + PART_LOW), sum_error4(g, t, s)));
}
static ALWAYS_INLINE void add_sum8(double *G, eight t) {
    const eight g = load8(G), s = add8(g, t);
    store8(G, s);
    store8(G + PART_LOW, add8(load8(G + PART_LOW), sum_error8(g, t, s)));
}

#if WIDTH == 8
enum { MOST_COLUMNS = 8, MOST_TRIANGLE = 8 }; /* 16 sums and 8 columns z in 32 registers */
#else
enum { MOST_COLUMNS = 3, MOST_TRIANGLE = 4 }; /* 12 sums, 3 columns z and one u in 16 registers */
#endif

/* G_kj += sum_r z_rk u_rj for four columns u and K columns z over n rows, a multiple of four. Where
 * `triangle`, z is u and what follows it, and only j <= k counts. Every sum has a name: gcc keeps an
 * array of them in memory before and after the loop. */
static ALWAYS_INLINE void add_products(
    const double *u, const double *z, ptrdiff_t n, double *G, Share ahead, int K, int triangle
) {
#define EACH_K(X, g) X(0, g) X(1, g) X(2, g) X(3, g) X(4, g) X(5, g) X(6, g) X(7, g)
#define ZERO(k, g) eight sum##k##g = twice4(spread4(0.0));
#define READ(k, _) const eight z##k = twice4(load4(z + (k < K ? 4 * k : 0) + PANEL * r));
#define ADD(k, g) \
    if (k < K && (2 * g <= k || !triangle)) sum##k##g = fused8(u##g, z##k, sum##k##g);
#define STEP(g)                                      \
    const eight u##g = load8(u + 8 * g + PANEL * r); \
    EACH_K(ADD, g)
#define END(k, l)                                  \
    if (k < K) {                                   \
        const eight a[2] = {sum##k##0, sum##k##1}; \
        const eight b[2] = {sum##l##0, sum##l##1}; \
        const eight folded = fold8(a, b);          \
        if (l < K) add_sum8(G + 4 * k, folded);    \
        else add_sum4(G + 4 * k, low4(folded));    \
    }
    EACH_K(ZERO, 0)
    EACH_K(ZERO, 1)
    for (ptrdiff_t r = 0; r < n; r += 4) {
        PREFETCH_SECOND(ahead.at);
        ahead.at += ahead.step;
        EACH_K(READ, _)
        STEP(0)
        STEP(1)
    }
    END(0, 1)
    END(2, 3)
    END(4, 5)
    END(6, 7)
#undef EACH_K
#undef ZERO
#undef READ
#undef ADD
#undef STEP
#undef END
}

/* A loop for each shape */
#define PRODUCTS_OF(NAME, K, TRIANGLE)                                        \
    static NEVER_INLINE void NAME(                                            \
        const double *u, const double *z, ptrdiff_t n, double *G, Share ahead \
    ) {                                                                       \
        add_products(u, z, n, G, ahead, K, TRIANGLE);                         \
    }
PRODUCTS_OF(gram_triangle_1, 1, 1)
PRODUCTS_OF(gram_triangle_2, 2, 1)
PRODUCTS_OF(gram_triangle_3, 3, 1)
PRODUCTS_OF(gram_triangle_4, 4, 1)
PRODUCTS_OF(gram_products_1, 1, 0)
PRODUCTS_OF(gram_products_2, 2, 0)
PRODUCTS_OF(gram_products_3, 3, 0)
#if WIDTH == 8
PRODUCTS_OF(gram_triangle_5, 5, 1)
PRODUCTS_OF(gram_triangle_6, 6, 1)
PRODUCTS_OF(gram_triangle_7, 7, 1)
PRODUCTS_OF(gram_triangle_8, 8, 1)
PRODUCTS_OF(gram_products_4, 4, 0)
PRODUCTS_OF(gram_products_5, 5, 0)
PRODUCTS_OF(gram_products_6, 6, 0)
PRODUCTS_OF(gram_products_7, 7, 0)
PRODUCTS_OF(gram_products_8, 8, 0)
#endif

typedef void AddProducts(const double *, const double *, ptrdiff_t, double *, Share);

static AddProducts *const TRIANGLES[] = {
    gram_triangle_1, gram_triangle_2, gram_triangle_3, gram_triangle_4,
#if WIDTH == 8
    gram_triangle_5, gram_triangle_6, gram_triangle_7, gram_triangle_8
#endif
};
static AddProducts *const PRODUCTS[] = {
    gram_products_1, gram_products_2, gram_products_3,
#if WIDTH == 8
    gram_products_4, gram_products_5, gram_products_6, gram_products_7, gram_products_8
#endif
};

/* Four columns u times K of a panel z, in shares of about the same size */
static inline void add_rectangle(
    const double *u, const double *z, ptrdiff_t n, ptrdiff_t K, double *G, Asking *asking
) {
    while (K > 0) {
        const ptrdiff_t calls = (K + MOST_COLUMNS - 1) / MOST_COLUMNS;
        const ptrdiff_t share = (K + calls - 1) / calls;
        PRODUCTS[share - 1](u, z, n, G, next_share(asking));
        K -= share, z += 4 * share, G += 4 * share;
    }
}

/* Four columns u times themselves and the others that follow in their panel, K in all */
static inline void add_triangle(
    const double *u, const double *z, ptrdiff_t n, ptrdiff_t K, double *G, Asking *asking
) {
    const ptrdiff_t share = K < MOST_TRIANGLE ? K : MOST_TRIANGLE;
    TRIANGLES[share - 1](u, z, n, G, next_share(asking));
    add_rectangle(u, z + 4 * share, n, K - share, G + 4 * share, asking);
}

/* Loops over a tile of m columns, at least */
static inline ptrdiff_t product_calls(ptrdiff_t m) {
    const ptrdiff_t panels = (m + PANEL - 1) / PANEL;
    return panels * panels + panels - (m % PANEL > 0 && m % PANEL <= HALF);
}

/* w_r z_rc of a panel */
static inline void weigh_panel(const double *w, const double *z, ptrdiff_t n, double *u) {
    for (ptrdiff_t r = 0; r < n; r += 4) {
        const eight weight = twice4(load4(w + r));
        for (ptrdiff_t i = PANEL * r; i < PANEL * (r + 4); i += 8)
            store8(u + i, mul8(weight, load8(z + i)));
    }
}

/* All products of a tile of m columns. Without weights w is NULL; u has room for a panel. */
static inline void add_tile(
    const double *z, const double *w, ptrdiff_t n, ptrdiff_t m, double *G, double *u, Asking *asking
) {
    for (ptrdiff_t k = 0; k < m; k += PANEL) {
        const ptrdiff_t K = m - k < PANEL ? m - k : PANEL;
        const double *panel = z + column_place(k), *weighted = panel;
        if (w) {
            weigh_panel(w, panel, n, u);
            weighted = u;
        }
        for (ptrdiff_t j = 0; j < k; j += HALF, G += PART)
            add_rectangle(z + column_place(j), weighted, n, K, G, asking);
        for (ptrdiff_t j = 0; j < PANEL; j += HALF, G += PART)
            if (j < K)
                add_triangle(panel + 4 * j, weighted + 4 * j, n, K - j, G + j * HALF, asking);
    }
}

/* y -= b_0 + sum_j b_{j + 1} x_j of some fours of rows, see `negate_each` */
static ALWAYS_INLINE void add_terms(
    const double *s, const double *z, ptrdiff_t p, double *y, const int FOURS
) {
    eight f[4];
    for (int i = 0; i < FOURS; i++) f[i] = join8(load4(y + 4 * PANEL * i), spread4(0.0));
    for (ptrdiff_t c = 0; c < p; c += 2) {
        const eight b = load8(s + 4 * c);
        const double *pair = z + column_place(c);
        for (int i = 0; i < FOURS; i++) f[i] = fused8(b, load8(pair + 4 * PANEL * i), f[i]);
    }
    for (int i = 0; i < FOURS; i++) store4(y + 4 * PANEL * i, add4(low4(f[i]), high4(f[i])));
}

/* A column y becomes the residual from p columns z, in float64, over n rows, a multiple of four:
 * even columns are one sum, odd ones another */
static NEVER_INLINE void gram_residuals(
    const double *s, const double *z, ptrdiff_t n, ptrdiff_t p, double *y
) {
    ptrdiff_t r = 0;
    for (; r + 16 <= n; r += 16) add_terms(s, z + PANEL * r, p, y + PANEL * r, 4);
    for (; r < n; r += 4) add_terms(s, z + PANEL * r, p, y + PANEL * r, 1);
}

#endif
