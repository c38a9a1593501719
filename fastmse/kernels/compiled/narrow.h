/* Four elements of a narrow type as float64, and eight, by the conversions that the CPU has.
 *
 * By their names: of __builtin_convertvector gcc 12 makes conversions of two and two, by way of
 * the stack, which took twice the time.
 */
#ifndef FASTMSE_NARROW_H
#define FASTMSE_NARROW_H

#include "eight.h"
#include "storage.h"

#if defined(__SSE4_1__) && WIDTH > 1
#include <immintrin.h>

static ALWAYS_INLINE __m128i bytes4(const char *source) {
    int32_t bits;
    memcpy(&bits, source, sizeof bits);
    return _mm_cvtsi32_si128(bits);
}
static ALWAYS_INLINE __m128i bytes8(const char *source) {
    return _mm_loadl_epi64((const __m128i *)source);
}
static ALWAYS_INLINE __m128i bytes16(const char *source) {
    return _mm_loadu_si128((const __m128i *)source);
}

#if defined(__AVX__)
static ALWAYS_INLINE four of_floats(__m128 a) { return (four)_mm256_cvtps_pd(a); }
static ALWAYS_INLINE four of_ints(__m128i a) { return (four)_mm256_cvtepi32_pd(a); }
#else
typedef float float4 __attribute__((vector_size(16)));
typedef int32_t int4 __attribute__((vector_size(16)));
static ALWAYS_INLINE four of_floats(__m128 a) { return __builtin_convertvector((float4)a, four); }
static ALWAYS_INLINE four of_ints(__m128i a) { return __builtin_convertvector((int4)a, four); }
#endif

#define FOUR(NAME, VALUE) \
    static ALWAYS_INLINE four four_##NAME(const char *source) { return VALUE; }
FOUR(float32, of_floats(_mm_castsi128_ps(bytes16(source))))
FOUR(bfloat16,
     of_floats(_mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), bytes8(source)))))
FOUR(int8, of_ints(_mm_cvtepi8_epi32(bytes4(source))))
FOUR(uint8, of_ints(_mm_cvtepu8_epi32(bytes4(source))))
FOUR(int16, of_ints(_mm_cvtepi16_epi32(bytes8(source))))
FOUR(int32, of_ints(bytes16(source)))
#define NARROW_TYPES(X) X(float32, 4) X(bfloat16, 2) X(int8, 1) X(uint8, 1) X(int16, 2) X(int32, 4)
#if defined(__F16C__)
FOUR(float16, of_floats(_mm_cvtph_ps(bytes8(source))))
#define NARROW_HALF(X) X(float16, 2)
#else
#define NARROW_HALF(X)
#endif

#if WIDTH == 8
static ALWAYS_INLINE eight of_floats8(__m256 a) { return (eight)_mm512_cvtps_pd(a); }
static ALWAYS_INLINE eight of_ints8(__m256i a) { return (eight)_mm512_cvtepi32_pd(a); }
static ALWAYS_INLINE __m256i bytes32(const char *source) {
    return _mm256_loadu_si256((const __m256i *)source);
}
static ALWAYS_INLINE __m256i high_halves(__m128i a) {
    return _mm256_slli_epi32(_mm256_cvtepu16_epi32(a), 16);
}
#define EIGHT(NAME, VALUE) \
    static ALWAYS_INLINE eight eight_##NAME(const char *source) { return VALUE; }
EIGHT(float32, of_floats8(_mm256_castsi256_ps(bytes32(source))))
EIGHT(bfloat16, of_floats8(_mm256_castsi256_ps(high_halves(bytes16(source)))))
EIGHT(float16, of_floats8(_mm256_cvtph_ps(bytes16(source))))
EIGHT(int8, of_ints8(_mm256_cvtepi8_epi32(bytes8(source))))
EIGHT(uint8, of_ints8(_mm256_cvtepu8_epi32(bytes8(source))))
EIGHT(int16, of_ints8(_mm256_cvtepi16_epi32(bytes16(source))))
EIGHT(int32, of_ints8(bytes32(source)))
#else
#define EIGHT(NAME, SIZE)                                              \
    static ALWAYS_INLINE eight eight_##NAME(const char *source) {      \
        return join8(four_##NAME(source), four_##NAME(source + 4 * SIZE)); \
    }
NARROW_TYPES(EIGHT)
NARROW_HALF(EIGHT)
#endif

#else
#define NARROW_TYPES(X)
#define NARROW_HALF(X)
#endif

#endif
