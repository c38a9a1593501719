/* Rows of a narrower type: decoded on the way to their residual, four rows into L1,
 * where the gradient finds them as float64. A decoder that runs before costs a third of
 * the speed: it writes what the residual then reads.
 *
 * After the rows three elements can be read, whose values are not used.
 */
#ifndef FASTMSE_DECODED_ROWS_H
#define FASTMSE_DECODED_ROWS_H

#include "narrow.h"
#include "rows.h"

typedef void (*decoded_rows_t)(
    const double *theta, double offset, const char *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d,
    const Column *at, double *g, Ahead ahead, double *tile, ptrdiff_t pitch
);

#define EACH_ROW for (int i = 0; i < 4; i++)

/* The same sums as dot_four_rows; what is decoded goes to the tile */
#define DECODED_ROWS(NAME, SIZE)                                                               \
    static ALWAYS_INLINE four dot_four_##NAME(                                                 \
        const double *theta, const char *x, ptrdiff_t row, ptrdiff_t d, double *tile,          \
        ptrdiff_t pitch, const char *next                                                      \
    ) {                                                                                        \
        eight lanes[4];                                                                        \
        four low[4], high[4];                                                                  \
        ptrdiff_t j;                                                                           \
        EACH_ROW lanes[i] = twice4(spread4(0.0));                                              \
        for (j = 0; j + 8 <= d; j += 8) {                                                      \
            for (int l = 0; l < 32 * SIZE; l += LINE) PREFETCH(next + 4 * j * SIZE + l);       \
            EACH_ROW {                                                                         \
                const eight a = eight_##NAME(x + i * row + j * SIZE);                          \
                store8(tile + i * pitch + j, a);                                               \
                lanes[i] = add8(lanes[i], mul8(load8(theta + j), a));                          \
            }                                                                                  \
        }                                                                                      \
        EACH_ROW low[i] = low4(lanes[i]), high[i] = high4(lanes[i]);                           \
        if (j < d)                                                                             \
            EACH_ROW {                                                                         \
                const four a = first4(four_##NAME(x + i * row + j * SIZE), d - j);             \
                store4(tile + i * pitch + j, a);                                               \
                low[i] = add4(low[i], mul4(load4(theta + j), a));                              \
            }                                                                                  \
        if (j + 4 < d)                                                                         \
            EACH_ROW {                                                                         \
                const four b = first4(four_##NAME(x + i * row + (j + 4) * SIZE), d - j - 4);   \
                store4(tile + i * pitch + j + 4, b);                                           \
                high[i] = add4(high[i], mul4(load4(theta + j + 4), b));                        \
            }                                                                                  \
        EACH_ROW low[i] = add4(low[i], high[i]);                                               \
        return fold4(low);                                                                     \
    }                                                                                          \
    static NEVER_INLINE void rows_of_##NAME(                                                   \
        const double *theta, double offset, const char *x, ptrdiff_t row, ptrdiff_t n,         \
        ptrdiff_t d, const Column *at, double *g, Ahead ahead, double *tile, ptrdiff_t pitch   \
    ) {                                                                                        \
        const Column here = *at;                                                               \
        ptrdiff_t i = 0;                                                                       \
        for (; i + 4 <= n; i += 4) {                                                           \
            const four f = dot_four_##NAME(                                                    \
                theta, x + i * row, row, d, tile, pitch, ahead.next + i * row                  \
            );                                                                                 \
            const four c = residual4(add4(spread4(offset), f), &here, i, here.w != NULL);      \
            if (g) add_four_rows(&c, 1, tile, pitch, 0, d, &g, &NOTHING);                      \
        }                                                                                      \
        for (ptrdiff_t k = i; k < n; k++)                                                      \
            decode_##NAME(x + k * row, SIZE, d, tile + (k - i) * pitch);                       \
        const Column last = {                                                                  \
            at->y + i, at->w ? at->w + i : NULL, at->r + i, at->c + i                          \
        };                                                                                     \
        last_rows(theta, offset, tile, pitch, 0, n - i, d, &last, g);                          \
    }
NARROW_TYPES(DECODED_ROWS)
NARROW_HALF(DECODED_ROWS)

#define DECODED_CASE(NAME, SIZE) \
    case STORAGE_##NAME: return rows_of_##NAME;

/* The loop for rows of a storage code, or NULL */
static inline decoded_rows_t decoded_rows_of(int code) {
    switch (code) {
        NARROW_TYPES(DECODED_CASE)
        NARROW_HALF(DECODED_CASE)
    default: return NULL;
    }
}

#undef EACH_ROW

#endif
