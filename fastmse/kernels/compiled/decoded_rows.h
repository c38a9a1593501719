/* Rows of a narrower type: decoded on the way to their residual, four rows into L1,
 * where the gradient finds them as float64. A decoder that runs before costs a third of
 * the speed: it writes what the residual then reads.
 *
 * After the rows three elements can be read, whose values are not used.
 */
#ifndef FASTMSE_DECODED_ROWS_H
#define FASTMSE_DECODED_ROWS_H

#include "rows.h"
#include "storage.h"

#if defined(__SSE4_1__) && WIDTH > 1
#include <immintrin.h>

typedef float float4 __attribute__((vector_size(16)));
typedef int32_t int4 __attribute__((vector_size(16)));

static ALWAYS_INLINE __m128i bytes4(const char *source) {
    int32_t bits;
    memcpy(&bits, source, sizeof bits);
    return _mm_cvtsi32_si128(bits);
}

static ALWAYS_INLINE __m128i bytes8(const char *source) {
    return _mm_loadl_epi64((const __m128i *)source);
}

static ALWAYS_INLINE four of_floats(__m128 a) { return __builtin_convertvector((float4)a, four); }
static ALWAYS_INLINE four of_ints(__m128i a) { return __builtin_convertvector((int4)a, four); }

static ALWAYS_INLINE four four_float32(const char *source) {
    return of_floats(_mm_loadu_ps((const float *)source));
}
static ALWAYS_INLINE four four_bfloat16(const char *source) {
    return of_floats(_mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), bytes8(source))));
}
static ALWAYS_INLINE four four_int8(const char *source) {
    return of_ints(_mm_cvtepi8_epi32(bytes4(source)));
}
static ALWAYS_INLINE four four_uint8(const char *source) {
    return of_ints(_mm_cvtepu8_epi32(bytes4(source)));
}
static ALWAYS_INLINE four four_int16(const char *source) {
    return of_ints(_mm_cvtepi16_epi32(bytes8(source)));
}
static ALWAYS_INLINE four four_int32(const char *source) {
    return of_ints(_mm_loadu_si128((const __m128i *)source));
}
#define DECODED_TYPES(X) X(float32, 4) X(bfloat16, 2) X(int8, 1) X(uint8, 1) X(int16, 2) X(int32, 4)
#if defined(__F16C__)
static ALWAYS_INLINE four four_float16(const char *source) {
    return of_floats(_mm_cvtph_ps(bytes8(source)));
}
#define DECODED_HALF(X) X(float16, 2)
#else
#define DECODED_HALF(X)
#endif
#else
#define DECODED_TYPES(X)
#define DECODED_HALF(X)
#endif

typedef void (*decoded_rows_t)(
    const double *theta, double offset, const char *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d,
    const Column *at, double *g, Ahead ahead, double *tile, ptrdiff_t pitch
);

/* The same sums as dot_four_rows; what is decoded goes to the tile */
#define DECODED_ROWS(NAME, SIZE)                                                               \
    static ALWAYS_INLINE four dot_four_##NAME(                                                 \
        const double *theta, const char *x, ptrdiff_t row, ptrdiff_t d, double *tile,          \
        ptrdiff_t pitch, const char *next                                                      \
    ) {                                                                                        \
        four low[4], high[4];                                                                  \
        ptrdiff_t j;                                                                           \
        for (int i = 0; i < 4; i++) low[i] = high[i] = spread4(0.0);                           \
        for (j = 0; j + 8 <= d; j += 8) {                                                      \
            for (int l = 0; l < 32 * SIZE; l += LINE) PREFETCH(next + 4 * j * SIZE + l);       \
            for (int i = 0; i < 4; i++) {                                                      \
                const four a = four_##NAME(x + i * row + j * SIZE);                            \
                const four b = four_##NAME(x + i * row + (j + 4) * SIZE);                      \
                store4(tile + i * pitch + j, a);                                               \
                store4(tile + i * pitch + j + 4, b);                                           \
                low[i] = add4(low[i], mul4(load4(theta + j), a));                              \
                high[i] = add4(high[i], mul4(load4(theta + j + 4), b));                        \
            }                                                                                  \
        }                                                                                      \
        if (j < d)                                                                             \
            for (int i = 0; i < 4; i++) {                                                      \
                const four a = first4(four_##NAME(x + i * row + j * SIZE), d - j);             \
                store4(tile + i * pitch + j, a);                                               \
                low[i] = add4(low[i], mul4(load4(theta + j), a));                              \
            }                                                                                  \
        if (j + 4 < d)                                                                         \
            for (int i = 0; i < 4; i++) {                                                      \
                const four b = first4(four_##NAME(x + i * row + (j + 4) * SIZE), d - j - 4);   \
                store4(tile + i * pitch + j + 4, b);                                           \
                high[i] = add4(high[i], mul4(load4(theta + j + 4), b));                        \
            }                                                                                  \
        for (int i = 0; i < 4; i++) low[i] = add4(low[i], high[i]);                            \
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
DECODED_TYPES(DECODED_ROWS)
DECODED_HALF(DECODED_ROWS)

#define DECODED_CASE(NAME, SIZE) \
    case STORAGE_##NAME: return rows_of_##NAME;

/* The loop for rows of a storage code, or NULL */
static inline decoded_rows_t decoded_rows_of(int code) {
    switch (code) {
        DECODED_TYPES(DECODED_CASE)
        DECODED_HALF(DECODED_CASE)
    default: return NULL;
    }
}

#endif
