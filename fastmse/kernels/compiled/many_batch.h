/* The rows of a batch of lanes, what they are of, and the memory that holds them: see many.h. */
#ifndef FASTMSE_MANY_BATCH_H
#define FASTMSE_MANY_BATCH_H

#include <math.h>
#include <stdlib.h>

#include "lanes.h"
#include "storage.h"

#ifndef CURVES
#define CURVES 32 /* lanes: see docs/fit_many.md */
#endif
enum { PITCH = RUN + 8 }; /* of the callback's columns: as in jit/scalars.py */

/* How a fit ended: as in results/fit_many.py */
enum { CONVERGED, MAX_ITER, STALLED, SINGULAR, NOT_FINITE, TOO_FEW, RUNNING };

#define EPS 0x1p-52
#define FIRST_LAMBDA 1e-3
#define LEAST_LAMBDA 1e-6  /* below it a good step makes it 0 */
#define RAISED_LAMBDA 1e-3 /* at least, before a factor of ten, after a bad step */
#define LAST_LAMBDA 1e12   /* no step is worth the trial */
#define VAIN_LAMBDA 1e60   /* the sums are near the end of float64 */
#define CLOSE 1e-4         /* of SSE, what a step gained: the next ones are Gauss and Newton's */
#define LEAST_PIVOT (64 * EPS)
#define LEAST_POWER 1e-280 /* sums of squares of smaller y lose digits to underflow */
#define MOST_GAMMA 20.0    /* steps that shrink by less than a twentieth tell little */
#define LEAST_RATE 0.1     /* what a step leaves of the way, at the least, as far as one can know */
#define MOST_RATE 0.95

typedef double lane[CURVES];
typedef int64_t flag; /* as wide as a double: gcc's vectors of both have as many */
#define EACH_LANE LANES_APART for (int l = 0; l < CURVES; l++)

/* Rows do not overlap. Of pointers that come from memory gcc does not believe `restrict`. */
#if defined(__GNUC__) && !defined(__clang__)
#define LANES_APART _Pragma("GCC ivdep")
#else
#define LANES_APART
#endif

typedef void (*curves_t)(const double *x, double *columns, ptrdiff_t n);

/* Row c holds what belongs to curve c: its points, `point` bytes apart. */
typedef struct {
    const char *data;
    ptrdiff_t curve, point;
    decoder_t decode;
} Table;

typedef struct {
    curves_t model;
    ptrdiff_t k, n, p, q;
    const double *x;                /* (n, q) */
    Table y;
    Table w;                        /* data is NULL without weights */
    const double *start;            /* (k, p), or (1, p) with */
    ptrdiff_t start_step;           /* 0 */
    const double *lower, *upper;    /* (p,), or NULL */
    int frequency;                  /* weights count as repeated rows */
    double tol;
    ptrdiff_t max_iter;
    ptrdiff_t n_batches, chunk;     /* batch b takes chunk c of curves if c mod n_batches is b */
    double *theta, *error, *sse;    /* OUT (k, p), (k, p), (k,) */
    int64_t *n_iter;                /* OUT (k,) */
    int8_t *status;                 /* OUT (k,) */
} Curves;

/* All rows of the lanes, one after the other in one piece of memory */
typedef struct {
    ptrdiff_t next;                 /* curve to take in */
    ptrdiff_t done;
    ptrdiff_t busy;                 /* lanes */
    ptrdiff_t left;                 /* points that this call may still read */
    ptrdiff_t point;                /* of the sweep */
    ptrdiff_t curve[CURVES];        /* -1 where a lane is idle */
    double *columns;                /* theta (p), f and df (p) of the trial, PITCH apart */
    double *line;                   /* max(RUN, p) */
    lane *y, *w;                    /* (min(n, RUN)) */
    lane *sums;                     /* at the trial: SSE, g (p), A (p (p + 1) / 2) */
    lane *held;                     /* the same at theta */
    lane *theta, *scale, *step;     /* (p) */
    lane *is_free;                  /* (p) 1.0, or 0.0 for one that its bound holds */
    lane *factor;                   /* Cholesky's, with the inverse of its diagonal */
    lane *power;                    /* sum_i w_i y_i^2 */
    lane *count;                    /* observations */
    lane *lambda, *iter;
    lane *expected;                 /* decrease of SSE by the trial */
    lane *offset;                   /* -g' step: R^2 SSE of a Gauss-Newton step */
    lane *last;                     /* that of the step before, if damped alike; or infinity */
    lane *accepted, *flat;          /* of the last trial: 1.0 or 0.0 */
    lane *wary;                     /* 1.0 once a step of Gauss and Newton was refused */
    lane *least;                    /* an offset that is near enough */
    lane *rate;                     /* what Gauss and Newton's steps leave of the way */
    lane *sped;                     /* 1.0 where the trial is an accelerated one */
    lane *before, *moved;           /* (p) the step before, and the way that was taken then */
    lane *singular, *failed;
    lane *outcome;
} Batch;

static inline ptrdiff_t triangle(ptrdiff_t p) { return p * (p + 1) / 2; }

static inline ptrdiff_t tile_points(const Curves *job) { return job->n < RUN ? job->n : RUN; }

static inline double larger(double a, double b) { return a > b ? a : b; }

static inline ptrdiff_t batch_doubles(const Curves *job) {
    const ptrdiff_t p = job->p, m = triangle(p), points = tile_points(job);
    const ptrdiff_t rows = (job->w.data ? 2 : 1) * points + 2 * (1 + p + m) + 6 * p + m + 18;
    return (2 * p + 1) * PITCH + RUN + p + rows * CURVES + 8;
}

static inline lane *take_lanes(double **memory, ptrdiff_t rows) {
    lane *taken = (lane *)*memory;
    *memory += rows * CURVES;
    return taken;
}

/* Lay the batch out in `memory`, zeroed: batch_doubles of them. */
static inline void lay_out_batch(const Curves *job, Batch *b, ptrdiff_t index, double *memory) {
    const ptrdiff_t p = job->p, m = triangle(p), points = tile_points(job);
    while ((uintptr_t)memory % LINE) memory++;
    b->next = index * job->chunk;
    b->done = b->busy = b->point = 0;
    for (int l = 0; l < CURVES; l++) b->curve[l] = -1;
    b->y = take_lanes(&memory, points);
    b->w = job->w.data ? take_lanes(&memory, points) : NULL;
    b->sums = take_lanes(&memory, 1 + p + m);
    b->held = take_lanes(&memory, 1 + p + m);
    b->theta = take_lanes(&memory, p);
    b->scale = take_lanes(&memory, p);
    b->step = take_lanes(&memory, p);
    b->is_free = take_lanes(&memory, p);
    b->before = take_lanes(&memory, p);
    b->moved = take_lanes(&memory, p);
    b->factor = take_lanes(&memory, m);
    lane **single[] = {&b->power, &b->count, &b->lambda, &b->iter, &b->expected, &b->offset,
                       &b->last, &b->accepted, &b->flat, &b->wary, &b->least, &b->rate, &b->sped, &b->singular, &b->failed, &b->outcome};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) *single[i] = take_lanes(&memory, 1);
    b->columns = memory;
    b->line = memory + (2 * p + 1) * PITCH;
}

#endif
