/* Decode, then compute: every storage type becomes float64 here, and nowhere else.
 *
 * A decoder reads `count` elements, `stride` bytes apart, from memory of any
 * alignment and byte order into a float64 scratch; an encoder is its inverse.
 * Elements are moved by memcpy, which compiles to one unaligned load or store.
 * 64-bit integers above 2^53 round to the nearest float64, as a C cast does.
 */
#ifndef FASTMSE_STORAGE_H
#define FASTMSE_STORAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef void (*decoder_t)(const char *source, ptrdiff_t stride, ptrdiff_t count, double *target);
typedef void (*encoder_t)(const double *source, ptrdiff_t count, char *target, ptrdiff_t stride);

static inline float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline uint64_t bits_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline uint8_t swap8(uint8_t v) { return v; }
static inline uint16_t swap16(uint16_t v) { return (uint16_t)((v >> 8) | (v << 8)); }
static inline uint32_t swap32(uint32_t v) {
    return (uint32_t)swap16((uint16_t)(v >> 16)) | ((uint32_t)swap16((uint16_t)v) << 16);
}
static inline uint64_t swap64(uint64_t v) {
    return (uint64_t)swap32((uint32_t)(v >> 32)) | ((uint64_t)swap32((uint32_t)v) << 32);
}

/* float16 by integer arithmetic: x86-64-v2 has no F16C. */
static inline double double_of_half(uint16_t half) {
    const uint32_t magnitude = (uint32_t)(half & 0x7fffu) << 13;
    const uint32_t exponent = magnitude & 0x0f800000u;
    const uint32_t special = exponent == 0x0f800000u ? 112u << 23 : 0u; /* infinity, NaN */
    const float normal = float_of_bits(magnitude + (112u << 23) + special);
    const float subnormal = float_of_bits(magnitude + (113u << 23)) - 0x1p-14f;
    const float absolute = exponent ? normal : subnormal;
    return (double)float_of_bits(bits_of_float(absolute) | (uint32_t)(half & 0x8000u) << 16);
}

/* Round to nearest, ties to even, straight from float64. */
static inline uint16_t half_of_double(double value) {
    const uint64_t bits = bits_of_double(value);
    const uint16_t sign = (uint16_t)(bits >> 48) & 0x8000u;
    const uint64_t magnitude = bits & 0x7fffffffffffffffu;
    if (magnitude > 0x7ff0000000000000u) return sign | 0x7e00u;
    if (magnitude >= 0x40effe0000000000u) return sign | 0x7c00u; /* from 65520 on */
    if (magnitude < 0x3f10000000000000u) { /* below 2^-14: multiples of 2^-24, rounded by the sum */
        double absolute;
        memcpy(&absolute, &magnitude, sizeof absolute);
        return sign | (uint16_t)bits_of_double(absolute + 0x1p28);
    }
    const uint64_t rounded = magnitude + 0x1ffffffffffu + ((magnitude >> 42) & 1u);
    return sign | (uint16_t)((rounded >> 42) - (1008u << 10));
}

static inline double double_of_bfloat16(uint16_t v) { return (double)float_of_bits((uint32_t)v << 16); }

/* By way of float32, as ml_dtypes' own cast does. */
static inline uint16_t bfloat16_of_double(double value) {
    const uint32_t bits = bits_of_float((float)value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16) | 0x40u;
    return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

static inline double double_of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* name, the unsigned integer that holds its bits, bits to float64 */
#define STORAGE_TYPES(X)                                   \
    X(float64, uint64_t, swap64, double_of_bits(bits))     \
    X(float32, uint32_t, swap32, (double)float_of_bits(bits)) \
    X(float16, uint16_t, swap16, double_of_half(bits))     \
    X(bfloat16, uint16_t, swap16, double_of_bfloat16(bits)) \
    X(int8, uint8_t, swap8, (double)(int8_t)bits)          \
    X(int16, uint16_t, swap16, (double)(int16_t)bits)      \
    X(int32, uint32_t, swap32, (double)(int32_t)bits)      \
    X(int64, uint64_t, swap64, (double)(int64_t)bits)      \
    X(uint8, uint8_t, swap8, (double)bits)                 \
    X(uint16, uint16_t, swap16, (double)bits)              \
    X(uint32, uint32_t, swap32, (double)bits)              \
    X(uint64, uint64_t, swap64, (double)bits)              \
    X(boolean, uint8_t, swap8, (double)(bits != 0))

#define STORAGE_CODE(NAME, BITS, SWAP, VALUE) STORAGE_##NAME,
enum { STORAGE_TYPES(STORAGE_CODE) STORAGE_COUNT };

/* The contiguous loop has a constant stride, so that compilers vectorise it. */
#define DECODER(NAME, BITS, ORDER, VALUE)                                                       \
    static void NAME(const char *source, ptrdiff_t stride, ptrdiff_t count, double *target) { \
        if (stride == (ptrdiff_t)sizeof(BITS)) {                                               \
            for (ptrdiff_t i = 0; i < count; i++) {                                            \
                BITS bits;                                                                     \
                memcpy(&bits, source + i * (ptrdiff_t)sizeof bits, sizeof bits);               \
                bits = ORDER(bits);                                                            \
                target[i] = VALUE;                                                             \
            }                                                                                  \
        } else {                                                                               \
            for (ptrdiff_t i = 0; i < count; i++) {                                            \
                BITS bits;                                                                     \
                memcpy(&bits, source + i * stride, sizeof bits);                               \
                bits = ORDER(bits);                                                            \
                target[i] = VALUE;                                                             \
            }                                                                                  \
        }                                                                                      \
    }
#define AS_IS(bits) (bits)
#define DECODERS_OF(NAME, BITS, SWAP, VALUE) \
    DECODER(decode_##NAME, BITS, AS_IS, VALUE) \
    DECODER(decode_swapped_##NAME, BITS, SWAP, VALUE)
STORAGE_TYPES(DECODERS_OF)

#define DECODER_ENTRY(NAME, BITS, SWAP, VALUE) {decode_##NAME, decode_swapped_##NAME},
static const decoder_t DECODERS[STORAGE_COUNT][2] = {STORAGE_TYPES(DECODER_ENTRY)};

/* The gradient has the floating dtype of the predictions: the first four codes. */
#define FLOATING_TYPES(X)                                             \
    X(float64, uint64_t, swap64, bits_of_double(source[i]))           \
    X(float32, uint32_t, swap32, bits_of_float((float)source[i]))     \
    X(float16, uint16_t, swap16, half_of_double(source[i]))           \
    X(bfloat16, uint16_t, swap16, bfloat16_of_double(source[i]))

#define ENCODER(NAME, BITS, ORDER, VALUE)                                                     \
    static void NAME(const double *source, ptrdiff_t count, char *target, ptrdiff_t stride) { \
        for (ptrdiff_t i = 0; i < count; i++) {                                              \
            const BITS bits = ORDER((BITS)(VALUE));                                          \
            memcpy(target + i * stride, &bits, sizeof bits);                                 \
        }                                                                                    \
    }
#define ENCODERS_OF(NAME, BITS, SWAP, VALUE) \
    ENCODER(encode_##NAME, BITS, AS_IS, VALUE) \
    ENCODER(encode_swapped_##NAME, BITS, SWAP, VALUE)
FLOATING_TYPES(ENCODERS_OF)

#define ENCODER_ENTRY(NAME, BITS, SWAP, VALUE) {encode_##NAME, encode_swapped_##NAME},
static const encoder_t ENCODERS[4][2] = {FLOATING_TYPES(ENCODER_ENTRY)};

#endif
