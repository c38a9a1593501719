/* Sums of products over a run for models: sums_k += sum_i u_i z_ik, for several u and many z.
 *
 * The columns z lie `pitch` doubles apart in L1. A tile of dots takes one load of a column for
 * several of them: as many as there are registers, a vector of lanes each. Every dot has the lanes
 * and the folding of run_dot in lanes.h, and so its bits, whatever the tile.
 */
#ifndef FASTMSE_MODELS_H
#define FASTMSE_MODELS_H

#include "four.h"

enum { TILE_DOTS = WIDTH == 8 ? 4 : 2 }; /* u of a tile by four z: 32 registers, or 16 */

/* sums_k += <left, column k> for k < count */
typedef struct {
    const double *left;
    double *sums;
    ptrdiff_t count;
} Dots;

/* Lanes past n add nothing: 0, up to whole lanes */
static ALWAYS_INLINE void end_lanes(double *a, ptrdiff_t n) {
    for (; n % LANES; n++) a[n] = 0.0;
}

/* out_4j+k = <u_j, z_k> for J x K dots over n terms, a multiple of LANES */
static ALWAYS_INLINE void dot_tile(
    const double *const *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *out, int J, int K
) {
    double lanes[4 * TILE_DOTS][LANES];
#define EACH_K(X, j) X(j, 0) X(j, 1) X(j, 2) X(j, 3)
#define EACH(X) EACH_K(X, 0) EACH_K(X, 1) EACH_K(X, 2) EACH_K(X, 3)
#define BEGIN(j, k) vec sum##j##k = spread_vec(0.0);
#define STEP(j, k) \
    if (j < J && k < K) sum##j##k += u##j * z##k;
#define END(j, k) \
    if (j < J && k < K) memcpy(lanes[4 * j + k] + first, &sum##j##k, sizeof(vec));
    for (int first = 0; first < LANES; first += WIDTH) {
        EACH(BEGIN)
        for (ptrdiff_t i = first; i < n; i += LANES) {
            const vec u0 = AT(vec, u[0], i), u1 = J > 1 ? AT(vec, u[1], i) : u0;
            const vec u2 = J > 2 ? AT(vec, u[2], i) : u0, u3 = J > 3 ? AT(vec, u[3], i) : u0;
            const vec z0 = AT(vec, z, i), z1 = K > 1 ? AT(vec, z + pitch, i) : z0;
            const vec z2 = K > 2 ? AT(vec, z + 2 * pitch, i) : z0;
            const vec z3 = K > 3 ? AT(vec, z + 3 * pitch, i) : z0;
            EACH(STEP)
        }
        EACH(END)
    }
#undef EACH_K
#undef EACH
#undef BEGIN
#undef STEP
#undef END
    for (int j = 0; j < J; j++) {
        four part[4];
        for (int k = 0; k < 4; k++) {
            const double *a = lanes[4 * j + (k < K ? k : 0)];
            part[k] = add4(add4(load4(a), load4(a + 8)), add4(load4(a + 4), load4(a + 12)));
        }
        store4(out + 4 * j, fold4(part));
    }
}

/* A loop for each shape */
static NEVER_INLINE void dot_tile_of(
    const double *const *u, const double *z, ptrdiff_t pitch, ptrdiff_t n, double *out, ptrdiff_t J,
    ptrdiff_t K
) {
#define SHAPE(j, k) \
    case 4 * j + k: dot_tile(u, z, pitch, n, out, j, k); return;
#define SHAPES(j) SHAPE(j, 1) SHAPE(j, 2) SHAPE(j, 3) SHAPE(j, 4)
    switch (4 * J + K) {
        SHAPES(1)
        SHAPES(2)
#if WIDTH == 8
        SHAPES(3)
        SHAPES(4)
#endif
    }
#undef SHAPES
#undef SHAPE
}

/* The counts ascend: a tile goes as far as its last row. All columns end in whole lanes. */
static inline void add_dots(
    const Dots *rows, ptrdiff_t n_rows, const double *z, ptrdiff_t pitch, ptrdiff_t n
) {
    const ptrdiff_t whole = (n + LANES - 1) / LANES * LANES;
    double out[4 * TILE_DOTS];
    for (ptrdiff_t first = 0; first < n_rows; first += TILE_DOTS) {
        const ptrdiff_t left = n_rows - first, J = left < TILE_DOTS ? left : TILE_DOTS;
        const ptrdiff_t count = rows[first + J - 1].count;
        const double *u[TILE_DOTS];
        for (ptrdiff_t j = 0; j < J; j++) u[j] = rows[first + j].left;
        for (ptrdiff_t k = 0; k < count; k += 4) {
            const ptrdiff_t K = count - k < 4 ? count - k : 4;
            dot_tile_of(u, z + k * pitch, pitch, whole, out, J, K);
            for (ptrdiff_t j = 0; j < J; j++) {
                const Dots *row = rows + first + j;
                for (ptrdiff_t l = 0; l < K && k + l < row->count; l++)
                    row->sums[k + l] += out[4 * j + l];
            }
        }
    }
}

/* Of `count` columns the rows of zero weight become 0, whatever they hold */
static inline void keep_columns(
    double *columns, ptrdiff_t pitch, ptrdiff_t count, const double *w, ptrdiff_t n
) {
    for (ptrdiff_t j = 0; j < count; j++)
        for (ptrdiff_t i = 0; i < n; i++)
            columns[j * pitch + i] = keep_double(columns[j * pitch + i], w[i]);
}

/* Columns w g_j, and their ends */
static inline void weigh_columns(
    const double *restrict w, const double *restrict g, ptrdiff_t pitch, ptrdiff_t count,
    ptrdiff_t n, double *restrict weighted
) {
    for (ptrdiff_t j = 0; j < count; j++) {
        for (ptrdiff_t i = 0; i < n; i++) weighted[j * pitch + i] = w[i] * g[j * pitch + i];
        end_lanes(weighted + j * pitch, n);
    }
}

#endif
