/* A tile of rows in columns, z_rc = scale_c v_rc - shift_c: what Gram matrices are made of.
 *
 * Column 0 is of ones, the features follow. Eight columns are a panel. Of each four rows a panel
 * holds 32 doubles side by side: four of its first column, four of the next, ... So two columns are
 * one vector, and a sum over rows reads each panel from its begin to its end.
 */
#ifndef FASTMSE_TILE_H
#define FASTMSE_TILE_H

#include "eight.h"

enum { TILE = 128, PANEL = 8, HALF = PANEL / 2, PANEL_DOUBLES = PANEL * TILE };

/* Where column c begins; its rows r to r + 3, r a multiple of four, are PANEL r doubles on */
static inline ptrdiff_t column_place(ptrdiff_t c) {
    return c / PANEL * PANEL_DOUBLES + c % PANEL * 4;
}
static inline ptrdiff_t tile_doubles(ptrdiff_t m) {
    return (m + PANEL - 1) / PANEL * PANEL_DOUBLES;
}

/* Up to four rows of a panel, whose columns [from, to) are side by side from v + from on. Of a half
 * one, four columns, no more are written. */
static ALWAYS_INLINE void rows_to_panel(
    const double *v, ptrdiff_t row, ptrdiff_t rows, int from, int to, const double *scale,
    const double *shift, double *z, int half
) {
    eight pair[4];
    if (half) {
        const four s = load4(scale), o = load4(shift);
        four a[4];
        for (int i = 0; i < 4; i++)
            a[i] = i < rows ? sub4(mul4(part4(v + i * row, from, to), s), o) : spread4(0.0);
        pair_half(a, pair);
    } else {
        const eight s = load8(scale), o = load8(shift);
        for (int i = 0; i < 4; i++)
            pair[i] = i < rows ? sub8(mul8(part8(v + i * row, from, to), s), o)
                               : twice4(spread4(0.0));
        pair_columns(pair);
    }
    for (int i = 0; i < (half ? 2 : 4); i++) store8(z + 8 * i, pair[i]);
}

/* Up to four rows whose columns [1, m) are side by side from v + 1 on. `panels` is their number, or
 * 0 for any; `half`, whether the last has no more than four columns. */
static ALWAYS_INLINE void rows_to_panels(
    const double *v, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t m, const double *scale,
    const double *shift, double *z, const int panels, const int half
) {
    ptrdiff_t c = 0;
    for (; panels ? c < PANEL * (panels - 1) : c + PANEL < m; c += PANEL)
        rows_to_panel(v + c, row, rows, c == 0, PANEL, scale + c, shift + c, z + c * TILE, 0);
    rows_to_panel(
        v + c, row, rows, c == 0, (int)(m - c), scale + c, shift + c, z + c * TILE, half
    );
}

/* d >= 1 features, side by side, of n rows; scale and shift are by columns, of whole panels. Zeros
 * up to a multiple of four rows; column 0 is spoiled, and what follows in the last panel. */
static inline void rows_to_tile(
    const double *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d, const double *scale,
    const double *shift, double *z
) {
    const ptrdiff_t m = d + 1, whole = n / 4 * 4;
    const int half = (m - 1) % PANEL < HALF;
#define FOURS_OF(PANELS, HALVED)                                                                \
    for (ptrdiff_t r = 0; r < whole; r += 4)                                                    \
        rows_to_panels(x + r * row - 1, row, 4, m, scale, shift, z + PANEL * r, PANELS, HALVED);
    if (m <= HALF) {
        FOURS_OF(1, 1)
    } else if (m <= PANEL) {
        FOURS_OF(1, 0)
    } else if (m <= PANEL + HALF) {
        FOURS_OF(2, 1)
    } else {
        FOURS_OF(0, half)
    }
#undef FOURS_OF
    if (whole < n)
        rows_to_panels(
            x + whole * row - 1, row, n - whole, m, scale, shift, z + PANEL * whole, 0, half
        );
}

/* Values v of a column z; zeros up to a multiple of four. Asks for those that are `ahead` on. */
static inline void column_to_tile(
    const double *v, ptrdiff_t n, double scale, double shift, double *z, ptrdiff_t ahead
) {
    const four s = spread4(scale), o = spread4(shift);
    double rest[4] = {0};
    ptrdiff_t r = 0;
    for (; r + 8 <= n; r += 8) {
        PREFETCH_SECOND(v + r + ahead);
        store4(z + PANEL * r, sub4(mul4(load4(v + r), s), o));
        store4(z + PANEL * (r + 4), sub4(mul4(load4(v + r + 4), s), o));
    }
    for (; r + 4 <= n; r += 4) store4(z + PANEL * r, sub4(mul4(load4(v + r), s), o));
    for (ptrdiff_t i = r; i < n; i++) rest[i - r] = v[i] * scale - shift;
    if (r < n) store4(z + PANEL * r, load4(rest));
}

static inline void ones_to_tile(ptrdiff_t n, double *z) {
    for (ptrdiff_t r = 0; r < n; r += 4) store4(z + PANEL * r, first4(spread4(1.0), n - r));
}

/* m columns z, from n rows up to a multiple of four */
static inline void clear_rest(double *z, ptrdiff_t n, ptrdiff_t m) {
    const ptrdiff_t r = n / 4 * 4;
    for (ptrdiff_t c = 0; r < n && c < m; c++) {
        double *last = z + column_place(c) + PANEL * r;
        store4(last, first4(load4(last), n - r));
    }
}

/* z -= shift of m columns, and of no other */
static inline void shift_tile(double *z, ptrdiff_t n, ptrdiff_t m, const double *shift) {
    for (ptrdiff_t c = 0; c < m; c += 2) {
        const eight s = join8(spread4(shift[c]), spread4(c + 1 < m ? shift[c + 1] : 0.0));
        double *pair = z + column_place(c);
        for (ptrdiff_t r = 0; r < n; r += 4)
            store8(pair + PANEL * r, sub8(load8(pair + PANEL * r), s));
    }
    clear_rest(z, n, m);
}

/* Coefficients of r = y - t_0 - sum_j t_{j + 1} x_j, four of each as columns are: -t, and 0 up to a
 * pair */
static inline void negate_each(const double *t, ptrdiff_t p, double *s) {
    for (ptrdiff_t c = 0; c < p; c++) store4(s + 4 * c, spread4(-t[c]));
    if (p % 2) store4(s + 4 * p, spread4(0.0));
}
static inline ptrdiff_t coefficient_doubles(ptrdiff_t p) { return (p + 1) / 2 * 8; }

#endif
