/* SSE, g and A of every lane, summed over the points, a tile of them at a time: see many.h. */
#ifndef FASTMSE_MANY_SWEEP_H
#define FASTMSE_MANY_SWEEP_H

#include "many_batch.h"

/* Points [first, first + count) of curve c to lane l. */
static inline void read_points(
    const Curves *job, const Table *table, ptrdiff_t c, ptrdiff_t first, ptrdiff_t count,
    double *line
) {
    const char *at = table->data + c * table->curve + first * table->point;
    table->decode(at, table->point, count, line);
}

static inline void spread_points(const double *line, ptrdiff_t count, lane *to, int l) {
    for (ptrdiff_t i = 0; i < count; i++) to[i][l] = line[i];
}

/* The points of the tile, of more than stay in memory */
static void read_tile(const Curves *job, Batch *b, ptrdiff_t count) {
    for (int l = 0; l < CURVES; l++) {
        if (b->curve[l] < 0) continue;
        read_points(job, &job->y, b->curve[l], b->point, count, b->line);
        spread_points(b->line, count, b->y, l);
        if (!b->w) continue;
        read_points(job, &job->w, b->curve[l], b->point, count, b->line);
        spread_points(b->line, count, b->w, l);
    }
}

/* SSE, g and A += those of one point; `f` is followed by df. */
static ALWAYS_INLINE void add_derivatives(
    lane *restrict sums, const double *restrict f, const double *restrict r,
    const double *restrict w, ptrdiff_t p
) {
    lane *restrict a = sums + 1 + p;
    for (ptrdiff_t j = 0; j < p; j++) {
        const double *restrict dj = f + (1 + j) * PITCH;
        double d[CURVES];
        if (w) EACH_LANE d[l] = w[l] * dj[l];
        else EACH_LANE d[l] = dj[l];
        EACH_LANE sums[1 + j][l] += d[l] * r[l];
        for (ptrdiff_t k = 0; k <= j; k++, a++) {
            const double *restrict dk = f + (1 + k) * PITCH;
            EACH_LANE (*a)[l] += d[l] * dk[l];
        }
    }
}

static ALWAYS_INLINE void add_point(
    lane *restrict sums, const double *restrict f, const double *restrict y, ptrdiff_t p
) {
    double r[CURVES];
    EACH_LANE r[l] = f[l] - y[l];
    EACH_LANE sums[0][l] += r[l] * r[l];
    add_derivatives(sums, f, r, NULL, p);
}

/* What a point of weight 0 holds does not count, NaN neither. */
static ALWAYS_INLINE void add_weighted_point(
    lane *restrict sums, double *restrict f, const double *restrict y, const double *restrict w,
    ptrdiff_t p
) {
    double r[CURVES];
    EACH_LANE r[l] = keep_double(f[l] - y[l], w[l]);
    EACH_LANE sums[0][l] += w[l] * r[l] * r[l];
    for (ptrdiff_t j = 1; j <= p; j++)
        EACH_LANE f[j * PITCH + l] = keep_double(f[j * PITCH + l], w[l]);
    add_derivatives(sums, f, r, w, p);
}

static NEVER_INLINE void sweep_tile(const Curves *job, Batch *b, ptrdiff_t count) {
    const ptrdiff_t p = job->p;
    const double *x = job->x + b->point * job->q;
    double *f = b->columns + p * PITCH;
    for (ptrdiff_t i = 0; i < count; i++) {
        job->model(x + i * job->q, b->columns, CURVES);
        if (b->w) add_weighted_point(b->sums, f, b->y[i], b->w[i], p);
        else add_point(b->sums, f, b->y[i], p);
    }
}

#endif
