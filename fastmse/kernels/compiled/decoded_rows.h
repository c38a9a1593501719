/* Rows of a narrower type: decoded on the way to their residual, four rows into L1,
 * where the gradient finds them as float64. A decoder that runs before costs a third of
 * the speed: it writes what the residual then reads. Long rows, which would leave L1, are
 * decoded a second time for the gradient.
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

/* Of four rows, as they lie and decoded, of theta and of the gradient: up to where a second
 * decoding took longer, with an L1 of 48 KB */
enum { STORED_BYTES = 45056 };

#define EACH_ROW for (int i = 0; i < 4; i++)

#define LOOP_OF_ROWS(LOOP, NAME, STORED)                                                       \
    static NEVER_INLINE void LOOP(                                                             \
        const double *theta, double offset, const char *x, ptrdiff_t row, ptrdiff_t n,         \
        ptrdiff_t d, const Column *at, double *g, Ahead ahead, double *tile, ptrdiff_t pitch   \
    ) {                                                                                        \
        all_rows_of_##NAME(theta, offset, x, row, n, d, at, g, ahead, tile, pitch, STORED);    \
    }

/* The same sums as dot_four_rows and add_four_rows; what is decoded goes to the tile if `stored` */
#define DECODED_ROWS(NAME, SIZE)                                                               \
    static ALWAYS_INLINE four dot_four_##NAME(                                                 \
        const double *theta, const char *x, ptrdiff_t row, ptrdiff_t d, double *tile,          \
        ptrdiff_t pitch, const char *next, int stored                                          \
    ) {                                                                                        \
        eight lanes[4];                                                                        \
        four low[4], high[4];                                                                  \
        ptrdiff_t j;                                                                           \
        EACH_ROW lanes[i] = twice4(spread4(0.0));                                              \
        for (j = 0; j + 8 <= d; j += 8) {                                                      \
            for (int l = 0; l < 32 * SIZE; l += LINE) PREFETCH(next + 4 * j * SIZE + l);       \
            EACH_ROW {                                                                         \
                const eight a = eight_##NAME(x + i * row + j * SIZE);                          \
                if (stored) store8(tile + i * pitch + j, a);                                   \
                lanes[i] = add8(lanes[i], mul8(load8(theta + j), a));                          \
            }                                                                                  \
        }                                                                                      \
        EACH_ROW low[i] = low4(lanes[i]), high[i] = high4(lanes[i]);                           \
        if (j < d)                                                                             \
            EACH_ROW {                                                                         \
                const four a = first4(four_##NAME(x + i * row + j * SIZE), d - j);             \
                if (stored) store4(tile + i * pitch + j, a);                                   \
                low[i] = add4(low[i], mul4(load4(theta + j), a));                              \
            }                                                                                  \
        if (j + 4 < d)                                                                         \
            EACH_ROW {                                                                         \
                const four b = first4(four_##NAME(x + i * row + (j + 4) * SIZE), d - j - 4);   \
                if (stored) store4(tile + i * pitch + j + 4, b);                               \
                high[i] = add4(high[i], mul4(load4(theta + j + 4), b));                        \
            }                                                                                  \
        EACH_ROW low[i] = add4(low[i], high[i]);                                               \
        return fold4(low);                                                                     \
    }                                                                                          \
    static ALWAYS_INLINE void add_four_##NAME(                                                 \
        const four *c, const char *x, ptrdiff_t row, ptrdiff_t d, double *g                    \
    ) {                                                                                        \
        four factors[4];                                                                       \
        eight twice[4];                                                                        \
        ptrdiff_t j = 0;                                                                       \
        EACH_ROW factors[i] = lane4(*c, i), twice[i] = twice4(factors[i]);                     \
        for (; j + 8 <= d; j += 8) {                                                           \
            eight at[4];                                                                       \
            EACH_ROW at[i] = eight_##NAME(x + i * row + j * SIZE);                             \
            store8(g + j, add8(load8(g + j), combine8(twice, at[0], at[1], at[2], at[3])));    \
        }                                                                                      \
        for (; j < d; j += 4) {                                                                \
            four at[4];                                                                        \
            EACH_ROW at[i] = first4(four_##NAME(x + i * row + j * SIZE), d - j);               \
            store4(g + j, add4(load4(g + j), combine4(factors, at[0], at[1], at[2], at[3])));  \
        }                                                                                      \
    }                                                                                          \
    static ALWAYS_INLINE void all_rows_of_##NAME(                                              \
        const double *theta, double offset, const char *x, ptrdiff_t row, ptrdiff_t n,         \
        ptrdiff_t d, const Column *at, double *g, Ahead ahead, double *tile, ptrdiff_t pitch,  \
        const int stored                                                                       \
    ) {                                                                                        \
        const Column here = *at;                                                               \
        ptrdiff_t i = 0;                                                                       \
        for (; i + 4 <= n; i += 4) {                                                           \
            const four f = dot_four_##NAME(                                                    \
                theta, x + i * row, row, d, tile, pitch, ahead.next + i * row, stored          \
            );                                                                                 \
            const four c = residual4(add4(spread4(offset), f), &here, i, here.w != NULL);      \
            if (g && stored) add_four_rows(&c, 1, tile, pitch, 0, d, &g, &NOTHING);            \
            if (g && !stored) add_four_##NAME(&c, x + i * row, row, d, g);                     \
        }                                                                                      \
        for (ptrdiff_t k = i; k < n; k++)                                                      \
            decode_##NAME(x + k * row, SIZE, d, tile + (k - i) * pitch);                       \
        const Column last = {                                                                  \
            at->y + i, at->w ? at->w + i : NULL, at->r + i, at->c + i                          \
        };                                                                                     \
        last_rows(theta, offset, tile, pitch, 0, n - i, d, &last, g);                          \
    }                                                                                          \
    LOOP_OF_ROWS(rows_of_##NAME, NAME, 1)                                                      \
    LOOP_OF_ROWS(long_rows_of_##NAME, NAME, 0)
NARROW_TYPES(DECODED_ROWS)
NARROW_HALF(DECODED_ROWS)

#define DECODED_CASE(NAME, SIZE)                                                               \
    case STORAGE_##NAME:                                                                       \
        return d * (6 * 8 + 4 * SIZE) <= STORED_BYTES ? rows_of_##NAME : long_rows_of_##NAME;

/* The loop for rows of d columns of a storage code, or NULL */
static inline decoded_rows_t decoded_rows_of(int code, ptrdiff_t d) {
    switch (code) {
        NARROW_TYPES(DECODED_CASE)
        NARROW_HALF(DECODED_CASE)
    default: return NULL;
    }
}

#undef EACH_ROW

#endif
