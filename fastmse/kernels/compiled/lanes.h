/* The order of every sum over consecutive terms: the bits are made here.
 *
 * A run is up to 128 consecutive terms. Term i of a run goes to lane i mod 16,
 * each lane adds its terms in order, and the lanes fold pairwise. Eight terms a
 * lane: equal terms, whose roundings all point one way, come out 2.6 ulp off at
 * worst; with 16 a lane it was 4.6 ulp.
 *
 * Lanes are held in the widest vectors of the instruction set, which changes
 * no order. A run of fewer than 128 terms goes another way: where the length is
 * not a constant gcc keeps the lanes in memory, at two thirds of the speed.
 *
 * No sum may be contracted or reassociated: compile with -ffp-contract=off.
 */
#ifndef FASTMSE_LANES_H
#define FASTMSE_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16, RUN = 128, DOT_LANES = 8, LINE = 64 };

#if defined(FASTMSE_SCALAR)
#define WIDTH 1 /* as on a compiler without vectors: for tests */
#elif defined(__AVX512F__)
#define WIDTH 8
#elif defined(__AVX__)
#define WIDTH 4
#elif defined(__GNUC__)
#define WIDTH 2
#else
#define WIDTH 1
#endif

#if WIDTH > 1
typedef double vec __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
typedef int64_t mask __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
#else
typedef double vec;
#define restrict __restrict
#endif

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))
#define PREFETCH(address) __builtin_prefetch(address, 0, 3)
#define PREFETCH_SECOND(address) __builtin_prefetch(address, 0, 2) /* into the second cache */
#else
#define ALWAYS_INLINE inline
#define NEVER_INLINE
#define PREFETCH(address) ((void)(address))
#define PREFETCH_SECOND(address) ((void)(address))
#endif

#if defined(__SSE2__)
#include <emmintrin.h>
#define CAN_STREAM 1
#else
#define CAN_STREAM 0
#endif

#define AT(TYPE, a, i) (*(const TYPE *)((a) + (i)))

static ALWAYS_INLINE vec spread_vec(double a) {
    vec b = {0};
    return a + b;
}

/* Pairwise: the upper half of the lanes to the lower, until one is left. */
static ALWAYS_INLINE double fold_lanes(double *lane, int count) {
    for (count /= 2; count > 0; count /= 2)
        for (int l = 0; l < count; l++) lane[l] += lane[l + count];
    return lane[0];
}

static ALWAYS_INLINE double fold(vec *lane, int count) {
    double part[WIDTH];
    for (count /= 2; count > 0; count /= 2)
        for (int k = 0; k < count; k++) lane[k] += lane[k + count];
    memcpy(part, lane, sizeof part);
    return fold_lanes(part, WIDTH);
}

/* sum_i TERM(i) over a whole run, and NAME_part over one of n < RUN terms */
#define RUN_SUM(NAME, ARGUMENTS)                                                        \
    static ALWAYS_INLINE double NAME##_whole(ARGUMENTS) {                               \
        vec lane[LANES / WIDTH] = {0};                                                  \
        for (int i = 0; i < RUN; i += LANES)                                            \
            for (int k = 0; k < LANES / WIDTH; k++) lane[k] += TERM(vec, i + k * WIDTH); \
        return fold(lane, LANES / WIDTH);                                               \
    }                                                                                   \
    static NEVER_INLINE double NAME##_part(ARGUMENTS, ptrdiff_t n) {                    \
        vec lane[LANES / WIDTH] = {0};                                                  \
        double last[LANES];                                                             \
        ptrdiff_t i = 0;                                                                \
        for (; i + LANES <= n; i += LANES)                                              \
            for (int k = 0; k < LANES / WIDTH; k++) lane[k] += TERM(vec, i + k * WIDTH); \
        memcpy(last, lane, sizeof last);                                                \
        for (ptrdiff_t l = 0; i + l < n; l++) last[l] += TERM(double, i + l);           \
        return fold_lanes(last, LANES);                                                 \
    }

#define ARGUMENTS const double *restrict a
#define TERM(T, i) AT(T, a, i)
RUN_SUM(run_sum, ARGUMENTS)
#undef TERM
#undef ARGUMENTS

#define TERM(T, i) (AT(T, a, i) * AT(T, b, i))
#define COMMA ,
RUN_SUM(run_dot, const double *restrict a COMMA const double *restrict b)
#undef COMMA
#undef TERM

static ALWAYS_INLINE double run_sum(const double *a, ptrdiff_t n) {
    return n == RUN ? run_sum_whole(a) : run_sum_part(a, n);
}

static ALWAYS_INLINE double run_dot(const double *a, const double *b, ptrdiff_t n) {
    return n == RUN ? run_dot_whole(a, b) : run_dot_part(a, b, n);
}

/* r where w is not 0, and 0 there, whatever r is */
static ALWAYS_INLINE double keep_double(double r, double w) { return w == 0.0 ? 0.0 : r; }
#if WIDTH > 1
static ALWAYS_INLINE vec keep_vec(vec r, vec w) { return (vec)((mask)r & (mask)(w != 0.0)); }
#else
#define keep_vec keep_double
#endif

/* How a gradient is stored. Streamed stores leave the cache out: a line that is written
 * whole need not be read before, 24 bytes a row instead of 32. `out` is 16-byte aligned. */
enum { NOWHERE, STORED, STREAMED };

static ALWAYS_INLINE void put_double(double *out, double value, int how) {
    if (how != NOWHERE) *out = value;
}

#if WIDTH > 1
static ALWAYS_INLINE void put_vec(double *out, vec value, int how) {
#if CAN_STREAM
    if (how == STREAMED) {
        double part[WIDTH];
        memcpy(part, &value, sizeof part);
        for (int k = 0; k < WIDTH; k += 2) _mm_stream_pd(out + k, _mm_loadu_pd(part + k));
        return;
    }
#endif
    if (how != NOWHERE) *(vec *)out = value;
}
#else
#define put_vec put_double
#endif

/* One term of sum_i c_i r_i, with r_i = f_i - y_i and c_i = w_i r_i; out_i = scale c_i.
 * `out` may be f or y itself. */
#define LOSS_STEP(TYPE, i, sum)                   \
    do {                                          \
        TYPE r = AT(TYPE, f, i) - AT(TYPE, y, i); \
        TYPE c = r;                               \
        if (w) {                                  \
            r = keep_##TYPE(r, AT(TYPE, w, i));   \
            c = AT(TYPE, w, i) * r;               \
        }                                         \
        sum += c * r;                             \
        put_##TYPE(out + (i), scale * c, how);    \
    } while (0)

static ALWAYS_INLINE double run_loss_whole(
    const double *f, const double *y, const double *w, double scale, double *out, int how
) {
    vec lane[LANES / WIDTH] = {0};
    for (int i = 0; i < RUN; i += LANES)
        for (int k = 0; k < LANES / WIDTH; k++) LOSS_STEP(vec, i + k * WIDTH, lane[k]);
    return fold(lane, LANES / WIDTH);
}

static NEVER_INLINE double run_loss_part(
    const double *f, const double *y, const double *w, double scale, double *out, ptrdiff_t n
) {
    const int how = out ? STORED : NOWHERE;
    vec lane[LANES / WIDTH] = {0};
    double last[LANES];
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES / WIDTH; k++) LOSS_STEP(vec, i + k * WIDTH, lane[k]);
    memcpy(last, lane, sizeof last);
    for (ptrdiff_t l = 0; i + l < n; l++) LOSS_STEP(double, i + l, last[l]);
    return fold_lanes(last, LANES);
}

static inline int can_stream(const double *out) {
    return CAN_STREAM && (uintptr_t)out % 16 == 0;
}

/* Streamed stores are seen by other threads in order only after this. */
static inline void end_stream(void) {
#if CAN_STREAM
    _mm_sfence();
#endif
}

/* A sum of runs in double-double: what the runs lose against each other is kept. Without
 * it the roundings of equal terms all point one way, 4 ulp and more over a block. */
typedef struct {
    double high, low;
} pair;

static ALWAYS_INLINE void add_run(pair *sum, double run) {
    const double s = sum->high + run;
    const double t = s - sum->high;
    sum->low += (sum->high - (s - t)) + (run - t);
    sum->high = s;
}

/* *sum += the losses of n terms, run by run. One loop for all runs: with a call for each, and what
 * stands around it, memory was read at 0.8 of this speed, the second cache at 0.6. */
static ALWAYS_INLINE void add_loss(
    pair *sum, const double *f, const double *y, const double *w, double scale, double *out,
    int how, ptrdiff_t n
) {
    pair total = *sum;
    ptrdiff_t i = 0;
    for (; i + RUN <= n; i += RUN) {
        const double *wi = w ? w + i : NULL;
        double *to = out ? out + i : NULL;
        add_run(&total, run_loss_whole(f + i, y + i, wi, scale, to, how));
    }
    if (i < n) {
        const double *wi = w ? w + i : NULL;
        double *to = out ? out + i : NULL;
        add_run(&total, run_loss_part(f + i, y + i, wi, scale, to, n - i));
    }
    *sum = total;
}

/* A loop for each case: what is not there costs nothing. */
static NEVER_INLINE void add_losses(
    pair *sum, const double *f, const double *y, const double *w, double scale, double *out,
    int stream, ptrdiff_t n
) {
    if (!out && w) add_loss(sum, f, y, w, 0.0, NULL, NOWHERE, n);
    else if (!out) add_loss(sum, f, y, NULL, 0.0, NULL, NOWHERE, n);
    else if (w) add_loss(sum, f, y, w, scale, out, STORED, n);
    else if (stream) add_loss(sum, f, y, NULL, scale, out, STREAMED, n);
    else add_loss(sum, f, y, NULL, scale, out, STORED, n);
}

/* high and low to node[0] and node[k]; infinity and NaN have no low part */
static inline void store_pair(pair sum, double *node, ptrdiff_t k) {
    node[0] = sum.high;
    node[k] = sum.high - sum.high == 0.0 ? sum.low : 0.0;
}

static inline ptrdiff_t run_length(ptrdiff_t start, ptrdiff_t n) {
    return n - start < RUN ? n - start : RUN;
}

/* sum_i a_i b_i over a block */
static inline pair block_dot2(const double *a, const double *b, ptrdiff_t n) {
    pair sum = {0.0, 0.0};
    for (ptrdiff_t i = 0; i < n; i += RUN) add_run(&sum, run_dot(a + i, b + i, run_length(i, n)));
    return sum;
}

/* Plainly, for sums whose terms have both signs. */
static inline double block_sum(const double *a, ptrdiff_t n) {
    double total = 0.0;
    for (ptrdiff_t i = 0; i < n; i += RUN) total += run_sum(a + i, run_length(i, n));
    return total;
}

#endif
