/* A tile of rows in columns, z_rj = scale_j v_rj - shift_j: what Gram matrices are made of. */
#ifndef FASTMSE_TILE_H
#define FASTMSE_TILE_H

#include "four.h"

/* d < 4 features of each four rows, while four doubles from a row on are all of X: rows side by
 * side, without a gap, and not the last ones; the next row */
static inline ptrdiff_t short_rows_to_tile(
    const double *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d, const double *scale,
    const double *shift, double *z, ptrdiff_t pitch
) {
    const ptrdiff_t end = (n - 1) * row + d;
    double scales[4] = {0}, shifts[4] = {0};
    ptrdiff_t r = 0;
    for (ptrdiff_t j = 0; j < d; j++) scales[j] = scale[j], shifts[j] = shift ? shift[j] : 0.0;
    const four s = load4(scales), o = load4(shifts);
    for (; r + 4 <= n && 0 <= row && row <= d && (r + 3) * row + 4 <= end; r += 4) {
        four a[4];
        for (int i = 0; i < 4; i++) a[i] = sub4(mul4(load4(x + (r + i) * row), s), o);
        transpose4(a);
        for (ptrdiff_t j = 0; j < d; j++) store4(z + j * pitch + r, a[j]);
    }
    return r;
}

/* d >= 4 features of each four rows; the next row */
static inline ptrdiff_t long_rows_to_tile(
    const double *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d, const double *scale,
    const double *shift, double *z, ptrdiff_t pitch
) {
    ptrdiff_t r = 0;
    for (; r + 4 <= n; r += 4) {
        ptrdiff_t j = 0;
        while (1) { /* the last four features overlap those before */
            const four s = load4(scale + j), o = shift ? load4(shift + j) : spread4(0.0);
            four a[4];
            for (int i = 0; i < 4; i++) a[i] = sub4(mul4(load4(x + (r + i) * row + j), s), o);
            transpose4(a);
            for (int i = 0; i < 4; i++) store4(z + (j + i) * pitch + r, a[i]);
            if (j + 4 >= d) break;
            j = j + 8 <= d ? j + 4 : d - 4;
        }
    }
    return r;
}

/* d features, side by side, of n rows; shift is NULL for zeros */
static inline void rows_to_tile(
    const double *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d, const double *scale,
    const double *shift, double *z, ptrdiff_t pitch
) {
    ptrdiff_t r = d < 4 ? short_rows_to_tile(x, row, n, d, scale, shift, z, pitch)
                        : long_rows_to_tile(x, row, n, d, scale, shift, z, pitch);
    for (; r < n; r++)
        for (ptrdiff_t j = 0; j < d; j++)
            z[j * pitch + r] = x[r * row + j] * scale[j] - (shift ? shift[j] : 0.0);
}

/* Left to itself gcc takes three times as long */
static inline void column_to_tile(
    const double *v, ptrdiff_t n, double scale, double shift, double *z
) {
    const four s = spread4(scale), o = spread4(shift);
    ptrdiff_t r = 0;
    for (; r + 4 <= n; r += 4) store4(z + r, sub4(mul4(load4(v + r), s), o));
    for (; r < n; r++) z[r] = v[r] * scale - shift;
}

static inline void shift_in_place(double *z, ptrdiff_t n, double shift) {
    for (ptrdiff_t r = 0; r < n; r++) z[r] -= shift;
}

#endif
