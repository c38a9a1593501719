/* Many small fits side by side: lane l of every row below belongs to one curve, and every
 * operation is done for all lanes at once, in the same order whatever the neighbours: the bits of a
 * curve are its own.
 *
 * Levenberg-Marquardt for SSE(theta) = sum_i w_i (f(x_i; theta) - y_i)^2. A sweep over the points
 * gives, at the trial theta of each lane,
 *
 *     SSE, g = sum_i w_i r_i df_i and A = sum_i w_i df_i df_i';
 *
 * then `judge` accepts or rejects it, and `propose` solves (A + lambda D) step = -g for the next,
 * D the largest diagonal of A so far (More's scaling). Near the minimum lambda is 0, and Anderson's
 * combination of two steps makes up for the curvature that A leaves out: a third fewer sweeps. The
 * model comes as a callback that fills f and df of all lanes for one x. The sums take
 * n (p + 1)(p + 2) flops a lane and sweep, the Cholesky factor p^3 / 3.
 *
 * A lane whose fit is over is filled with the next curve. Points are read `RUN` at a time; as many
 * stay in memory for the whole fit, more are decoded again at each sweep.
 */
#ifndef FASTMSE_MANY_H
#define FASTMSE_MANY_H

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
#define CLOSE 1e-4         /* of SSE, what a step gained: the next ones are Gauss and Newton's */
#define LEAST_PIVOT (64 * EPS)
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
    double *line;                   /* RUN */
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

/* -------------------------------------------------------------------------- memory */

static inline ptrdiff_t batch_doubles(const Curves *job) {
    const ptrdiff_t p = job->p, m = triangle(p), points = tile_points(job);
    const ptrdiff_t rows = (job->w.data ? 2 : 1) * points + 2 * (1 + p + m) + 6 * p + m + 18;
    return (2 * p + 1) * PITCH + RUN + rows * CURVES + 8;
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

/* --------------------------------------------------------------------------- sweep */

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

/* --------------------------------------------------------------------------- judge */

/* The sums over the points differ by less than this where SSE stays the same. */
static ALWAYS_INLINE double blur(double sse, double power, double n) {
    const double unit = (8 + n / 16) * EPS;
    return unit * (sse + sqrt(sse * power)) + unit * unit * power;
}

/* After a step that is taken: `same` where rounding hides what it gained. */
static ALWAYS_INLINE double next_lambda(double lambda, double gain, double expected, flag same) {
    const double less = lambda < LEAST_LAMBDA ? 0.0 : 0.1 * lambda;
    const double more = 2 * larger(lambda, LEAST_LAMBDA);
    const double next = gain > 0.75 * expected ? less : gain < 0.25 * expected ? more : lambda;
    return same ? lambda : next;
}

/* Accept the trials that lower SSE, or leave it where rounding hides what they do. */
static NEVER_INLINE void judge_trials(const Curves *job, Batch *b, const double *restrict size) {
    const double n = (double)job->n;
    const double *restrict held = *b->held, *restrict sums = *b->sums, *restrict power = *b->power;
    const double *restrict expected = *b->expected, *restrict offset = *b->offset;
    const double *restrict iter = *b->iter;
    double *restrict lambda = *b->lambda, *restrict accepted = *b->accepted;
    double *restrict flat = *b->flat, *restrict last = *b->last, *restrict wary = *b->wary;
    const double *restrict sped = *b->sped;
    EACH_LANE {
        const double sse = held[l], gain = sse - sums[l], damping = lambda[l];
        const double found = blur(sse, power[l], n);
        const flag first = iter[l] == 0.0, finite = size[l] - size[l] == 0.0;
        const flag same = !first & (gain <= found) & (gain >= -found);
        const flag accept = finite & (first | same | (gain > 1e-4 * expected[l]));
        const flag close = (offset[l] < CLOSE * sums[l]) & (wary[l] == 0.0);
        const double kept = next_lambda(damping, gain, expected[l], same);
        const double taken = close ? 0.0 : kept;
        const double raised = sped[l] != 0.0 ? damping : 10 * larger(damping, RAISED_LAMBDA);
        accepted[l] = accept ? 1.0 : 0.0;
        flat[l] = accept & same ? 1.0 : 0.0;
        wary[l] = !accept & (damping == 0.0) & (sped[l] == 0.0) ? 1.0 : wary[l];
        lambda[l] = first ? damping : accept ? taken : raised;
        last[l] = accept & !first & (lambda[l] == damping) ? offset[l] : INFINITY;
    }
}

/* The sums and theta of the trials that are accepted; More's scaling of both */
static NEVER_INLINE void keep_accepted(const Curves *job, Batch *b) {
    const ptrdiff_t p = job->p, rows = 1 + p + triangle(p);
    const double *restrict accepted = *b->accepted;
    for (ptrdiff_t i = 0; i < rows; i++) {
        const double *restrict sums = b->sums[i];
        double *restrict held = b->held[i];
        EACH_LANE held[l] = accepted[l] != 0.0 ? sums[l] : held[l];
    }
    for (ptrdiff_t j = 0; j < p; j++) {
        const double *restrict trial = b->columns + j * PITCH;
        const double *restrict a = b->held[p + triangle(j + 1)];
        double *restrict theta = b->theta[j], *restrict scale = b->scale[j];
        EACH_LANE theta[l] = accepted[l] != 0.0 ? trial[l] : theta[l];
        EACH_LANE scale[l] = larger(scale[l], a[l]);
    }
}

static void judge(const Curves *job, Batch *b) {
    double size[CURVES];
    EACH_LANE size[l] = b->sums[0][l];
    for (ptrdiff_t j = 0; j < job->p; j++) {
        const double *restrict a = b->sums[job->p + triangle(j + 1)];
        EACH_LANE size[l] += a[l];
    }
    judge_trials(job, b, size);
    keep_accepted(job, b);
}

/* ------------------------------------------------------------------------- propose */

/* s = A_jk, or 0 where one of the two parameters is held, + lambda D_j on the diagonal, 1 there
 * where it is held */
static ALWAYS_INLINE void damped_element(
    const Curves *job, const Batch *b, ptrdiff_t j, ptrdiff_t k, double *restrict s
) {
    const double *restrict a = b->held[1 + job->p + triangle(j) + k];
    const double *restrict fj = b->is_free[j], *restrict fk = b->is_free[k];
    const double *restrict lambda = *b->lambda, *restrict scale = b->scale[j];
    if (job->lower) EACH_LANE s[l] = a[l] * fj[l] * fk[l];
    else EACH_LANE s[l] = a[l];
    if (k != j) return;
    EACH_LANE s[l] += lambda[l] * (scale[l] > 0.0 ? scale[l] : 1.0) * fj[l] + (1.0 - fj[l]);
}

/* factor factor' = A + lambda D of the free parameters, with the inverse of its diagonal in it;
 * `failed` where a pivot is rounding, or of a parameter that SSE has ceased to depend on. */
static NEVER_INLINE void factorise(const Curves *job, Batch *b) {
    double *restrict failed = *b->failed;
    EACH_LANE failed[l] = 0.0;
    for (ptrdiff_t j = 0; j < job->p; j++) {
        lane *row = b->factor + triangle(j);
        const double *restrict scale = b->scale[j];
        for (ptrdiff_t k = 0; k <= j; k++) {
            lane *other = b->factor + triangle(k);
            double s[CURVES], least[CURVES];
            damped_element(job, b, j, k, s);
            EACH_LANE least[l] = LEAST_PIVOT * larger(s[l], EPS * EPS * scale[l]);
            for (ptrdiff_t i = 0; i < k; i++) {
                const double *restrict x = row[i], *restrict y = other[i];
                EACH_LANE s[l] -= x[l] * y[l];
            }
            double *restrict to = row[k];
            if (k < j) {
                const double *restrict inverse = other[k];
                EACH_LANE to[l] = s[l] * inverse[l];
            } else {
                EACH_LANE failed[l] = s[l] > least[l] ? failed[l] : 1.0;
                EACH_LANE to[l] = 1.0 / sqrt(s[l] > least[l] ? s[l] : 1.0);
            }
        }
    }
}

/* s -= row * with */
static ALWAYS_INLINE void subtract_lanes(
    double *restrict s, const double *restrict row, const double *restrict with
) {
    EACH_LANE s[l] -= row[l] * with[l];
}

static ALWAYS_INLINE void times(
    double *restrict to, const double *restrict s, const double *restrict factor
) {
    EACH_LANE to[l] = s[l] * factor[l];
}

/* -g_j, less what the held parameters' steps make of it; the step itself of a held one */
static ALWAYS_INLINE void right_side(
    const Curves *job, const Batch *b, ptrdiff_t j, double *restrict s
) {
    lane *const a = b->held + 1 + job->p;
    const double *restrict g = b->held[1 + j];
    EACH_LANE s[l] = -g[l];
    if (!job->lower) return;
    for (ptrdiff_t k = 0; k < job->p; k++) {
        const double *restrict ajk = a[k < j ? triangle(j) + k : triangle(k) + j];
        const double *restrict is_free = b->is_free[k], *restrict step = b->step[k];
        EACH_LANE s[l] -= is_free[l] != 0.0 ? 0.0 : ajk[l] * step[l];
    }
    const double *restrict is_free = b->is_free[j], *restrict step = b->step[j];
    EACH_LANE s[l] = is_free[l] != 0.0 ? s[l] : step[l];
}

/* step of the free parameters, given that of the held ones */
static NEVER_INLINE void substitute(const Curves *job, Batch *b) {
    const ptrdiff_t p = job->p;
    double s[CURVES];
    for (ptrdiff_t j = 0; j < p; j++) {
        const lane *row = b->factor + triangle(j);
        right_side(job, b, j, s);
        for (ptrdiff_t i = 0; i < j; i++) subtract_lanes(s, row[i], b->columns + i * PITCH);
        times(b->columns + j * PITCH, s, row[j]);
    }
    for (ptrdiff_t j = p - 1; j >= 0; j--) {
        memcpy(s, b->columns + j * PITCH, sizeof s);
        for (ptrdiff_t i = j + 1; i < p; i++)
            subtract_lanes(s, b->factor[triangle(i) + j], b->step[i]);
        times(b->step[j], s, b->factor[triangle(j) + j]);
    }
}

/* Hold the parameters that lie on a bound which SSE falls beyond. */
static void hold_at_bounds(const Curves *job, Batch *b) {
    for (ptrdiff_t j = 0; j < job->p; j++) {
        const double *restrict theta = b->theta[j], *restrict slope = b->held[1 + j];
        double *restrict is_free = b->is_free[j], *restrict step = b->step[j];
        const double lower = job->lower ? job->lower[j] : -INFINITY;
        const double upper = job->lower ? job->upper[j] : INFINITY;
        EACH_LANE {
            const flag below = (theta[l] <= lower) & (slope[l] >= 0.0);
            const flag above = (theta[l] >= upper) & (slope[l] <= 0.0);
            is_free[l] = below | above ? 0.0 : 1.0;
            step[l] = 0.0;
        }
    }
}

/* Where the trial passes a bound the parameter is held there, and `again` is 1. */
static ALWAYS_INLINE void clip_trial(
    double *restrict trial, double *restrict step, double *restrict is_free,
    const double *restrict theta, double lower, double upper, double *restrict again
) {
    EACH_LANE {
        const double low = trial[l] < lower ? lower : trial[l];
        const double inside = low > upper ? upper : low;
        const flag passed = (inside != trial[l]) & (is_free[l] != 0.0);
        again[l] = passed ? 1.0 : again[l];
        step[l] = passed ? inside - theta[l] : step[l];
        is_free[l] = passed ? 0.0 : is_free[l];
        trial[l] = inside;
    }
}

/* The trial theta + step inside the bounds; `again` where it has passed one */
static NEVER_INLINE void place_trial(const Curves *job, Batch *b, double *restrict again) {
    EACH_LANE again[l] = 0.0;
    for (ptrdiff_t j = 0; j < job->p; j++) {
        double *restrict trial = b->columns + j * PITCH;
        const double *restrict theta = b->theta[j], *restrict step = b->step[j];
        EACH_LANE trial[l] = theta[l] + step[l];
        if (job->lower)
            clip_trial(trial, b->step[j], b->is_free[j], theta, job->lower[j], job->upper[j], again);
    }
}

/* offset = -g' step, expected = -2 g' step - step' A step */
static NEVER_INLINE void expect(const Curves *job, Batch *b) {
    const ptrdiff_t p = job->p;
    const lane *a = b->held + 1 + p;
    double square[CURVES] = {0.0}, fall[CURVES] = {0.0}, s[CURVES];
    for (ptrdiff_t j = 0; j < p; j++) {
        const double *restrict step = b->step[j], *restrict g = b->held[1 + j];
        EACH_LANE s[l] = 0.0;
        for (ptrdiff_t k = 0; k < j; k++) subtract_lanes(s, *a++, b->step[k]);
        const double *restrict diagonal = *a++;
        EACH_LANE square[l] += step[l] * (diagonal[l] * step[l] - 2 * s[l]);
        EACH_LANE fall[l] -= g[l] * step[l];
    }
    double *restrict offset = *b->offset, *restrict expected = *b->expected;
    EACH_LANE offset[l] = fall[l];
    EACH_LANE expected[l] = 2 * fall[l] - square[l];
}

/* Two Gauss-Newton steps in a row, the second from where the first led: how much they leave of the
 * way, and the step of Anderson (1965), which that takes into account. In the metric of D. */
static NEVER_INLINE void compare_steps(const Curves *job, Batch *b, double *restrict gamma) {
    double ss[CURVES] = {0.0}, s0[CURVES] = {0.0}, xx[CURVES] = {0.0}, xs[CURVES] = {0.0};
    for (ptrdiff_t j = 0; j < job->p; j++) {
        const double *restrict step = b->step[j], *restrict before = b->before[j];
        const double *restrict moved = b->moved[j], *restrict scale = b->scale[j];
        EACH_LANE {
            const double change = step[l] - before[l];
            ss[l] += scale[l] * change * change;
            s0[l] += scale[l] * change * step[l];
            xx[l] += scale[l] * moved[l] * moved[l];
            xs[l] += scale[l] * moved[l] * change;
        }
    }
    double *restrict rate = *b->rate;
    EACH_LANE gamma[l] = s0[l] / ss[l];
    EACH_LANE rate[l] = fabs(1.0 + xs[l] / xx[l]);
}

/* The trial of Anderson's step, where two of Gauss and Newton's came in a row. */
static NEVER_INLINE void accelerate(const Curves *job, Batch *b) {
    const double *restrict lambda = *b->lambda, *restrict last = *b->last;
    const double *restrict singular = *b->singular;
    double *restrict sped = *b->sped, *restrict expected = *b->expected, *restrict rate = *b->rate;
    double gamma[CURVES];
    compare_steps(job, b, gamma);
    EACH_LANE {
        const flag steady = (lambda[l] == 0.0) & (singular[l] == 0.0) & (last[l] < INFINITY);
        const flag sound = (gamma[l] < MOST_GAMMA) & (gamma[l] > -MOST_GAMMA);
        sped[l] = steady & sound ? 1.0 : 0.0;
        rate[l] = steady & (rate[l] < INFINITY) ? rate[l] : 0.5;
        expected[l] = steady & sound ? 0.0 : expected[l];
    }
    for (ptrdiff_t j = 0; j < job->p; j++) {
        double *restrict trial = b->columns + j * PITCH, *restrict before = b->before[j];
        double *restrict moved = b->moved[j];
        const double *restrict theta = b->theta[j], *restrict step = b->step[j];
        const double *restrict is_free = b->is_free[j];
        const double lower = job->lower ? job->lower[j] : -INFINITY;
        const double upper = job->lower ? job->upper[j] : INFINITY;
        EACH_LANE {
            const double better = trial[l] - gamma[l] * (moved[l] + (step[l] - before[l]));
            const double above = better < lower ? lower : better;
            const double inside = above > upper ? upper : above;
            trial[l] = (sped[l] != 0.0) & (is_free[l] != 0.0) ? inside : trial[l];
            before[l] = step[l];
            moved[l] = trial[l] - theta[l];
        }
    }
}

/* What is left of the way after this step, as a part of the step, squared */
static ALWAYS_INLINE double remainder_of(double rate) {
    const double slow = rate > MOST_RATE ? MOST_RATE : rate < LEAST_RATE ? LEAST_RATE : rate;
    const double part = slow / (1.0 - slow);
    return part * part;
}

/* Whether the minimum is near enough, or steps that rounding hides get no shorter */
static ALWAYS_INLINE flag arrived(
    double offset, double rate, double last, double least, double flat
) {
    const flag near = offset * remainder_of(rate) <= least;
    return near | ((flat != 0.0) & (offset >= 0.8 * last));
}

/* tol standard errors, squared, in units of SSE; or rounding of y */
static ALWAYS_INLINE void set_least(const Curves *job, Batch *b) {
    const double tol2 = job->tol * job->tol, p = (double)job->p;
    const double *restrict held = *b->held, *restrict power = *b->power;
    const double *restrict count = *b->count;
    double *restrict least = *b->least;
    EACH_LANE least[l] = tol2 * held[l] / larger(count[l] - p, 1.0) + 64 * EPS * EPS * power[l];
}

/* Whether a lane's step is to be solved for again: it passes a bound, a pivot has failed, or the
 * undamped step must tell whether the fit has arrived. */
static int solve_again(const Batch *b, const double *again, int l) {
    double *lambda = *b->lambda + l;
    if (b->curve[l] < 0) return 0;
    if ((*b->failed)[l] != 0.0) {
        if (*lambda == 0.0) (*b->singular)[l] = 1.0;
        *lambda = larger(10 * *lambda, LEAST_LAMBDA);
        return 1;
    }
    if (again[l] != 0.0) return 1;
    if (*lambda == 0.0 || (*b->singular)[l] != 0.0 || (*b->accepted)[l] == 0.0) return 0;
    if (!arrived((*b->offset)[l], 0.5, (*b->last)[l], (*b->least)[l], (*b->flat)[l])) return 0;
    *lambda = 0.0;
    return 1;
}

/* The next trial of each lane */
static void propose(const Curves *job, Batch *b) {
    double again[CURVES];
    int any = 1;
    memset(b->singular, 0, sizeof(lane));
    set_least(job, b);
    hold_at_bounds(job, b);
    while (any) {
        factorise(job, b);
        substitute(job, b);
        place_trial(job, b, again);
        expect(job, b);
        any = 0;
        for (int l = 0; l < CURVES; l++) any |= solve_again(b, again, l);
    }
    accelerate(job, b);
}

/* -------------------------------------------------------------------------- settle */

static NEVER_INLINE void settle(const Curves *job, Batch *b) {
    const double most = (double)job->max_iter;
    const double *restrict flat = *b->flat, *restrict least = *b->least;
    const double *restrict offset = *b->offset, *restrict last = *b->last;
    const double *restrict lambda = *b->lambda, *restrict singular = *b->singular;
    const double *restrict accepted = *b->accepted, *restrict rate = *b->rate;
    double *restrict iter = *b->iter, *restrict outcome = *b->outcome;
    EACH_LANE {
        const flag gauss_newton = (lambda[l] == 0.0) & (singular[l] == 0.0);
        const flag at_end = arrived(offset[l], rate[l], last[l], least[l], flat[l]);
        const flag refused = accepted[l] == 0.0, first = iter[l] == 0.0;
        double end = iter[l] >= most ? MAX_ITER : RUNNING;
        end = refused & (lambda[l] > LAST_LAMBDA) ? STALLED : end;
        end = (singular[l] != 0.0) & at_end ? SINGULAR : end;
        end = gauss_newton & at_end ? CONVERGED : end;
        outcome[l] = first & refused ? NOT_FINITE : end;
        iter[l] += 1.0;
    }
}

/* diag A^-1 of lane l: |row j of factor^-1|^2 down its columns; column by column in `line` */
static void write_errors(const Curves *job, const Batch *b, int l, double s2, double *error) {
    const ptrdiff_t p = job->p;
    double *column = b->line;
    for (ptrdiff_t j = 0; j < p; j++) {
        double sum = 0.0;
        for (ptrdiff_t i = j; i < p; i++) {
            const lane *row = b->factor + triangle(i);
            double s = i == j ? 1.0 : 0.0;
            for (ptrdiff_t k = j; k < i; k++) s -= row[k][l] * column[k];
            column[i] = s * row[i][l];
            sum += column[i] * column[i];
        }
        error[j] = b->is_free[j][l] != 0.0 ? sqrt(s2 * sum) : NAN;
    }
}

static void write_failure(const Curves *job, ptrdiff_t c, int status) {
    for (ptrdiff_t j = 0; j < job->p; j++)
        job->theta[c * job->p + j] = job->error[c * job->p + j] = NAN;
    job->sse[c] = NAN;
    job->n_iter[c] = 0;
    job->status[c] = (int8_t)status;
}

/* The last step is taken, and SSE lowered by what it is expected to gain, as far as `tol` goes. */
static void write_fit(const Curves *job, Batch *b, int l, int status) {
    const ptrdiff_t p = job->p, c = b->curve[l];
    const int converged = status == CONVERGED;
    const double freedom = (*b->count)[l] - (double)p, sse = (*b->held)[l];
    const double most = job->tol * job->tol * sse, gain = (*b->offset)[l];
    for (ptrdiff_t j = 0; j < p; j++) {
        job->theta[c * p + j] = converged ? b->columns[j * PITCH + l] : b->theta[j][l];
        job->error[c * p + j] = NAN;
    }
    job->sse[c] = converged ? sse - (gain < most ? larger(gain, 0.0) : most) : sse;
    job->n_iter[c] = (int64_t)(*b->iter)[l] - 1; /* `settle` has counted the next */
    job->status[c] = (int8_t)status;
    if (converged && freedom > 0)
        write_errors(job, b, l, job->sse[c] / freedom, job->error + c * p);
}

/* ---------------------------------------------------------------------------- fill */

typedef struct {
    double power, count;
    ptrdiff_t points;
    int finite;
} Content;

static ALWAYS_INLINE void look_at(
    const Curves *job, const double *y, const double *w, ptrdiff_t count, Content *content
) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const double weight = w ? w[i] : 1.0, value = keep_double(y[i], weight);
        content->power += weight * value * value;
        content->points += weight != 0.0;
        content->count += job->frequency ? weight : weight != 0.0;
    }
}

/* Sum over curve c, and its points to lane l if they stay there. */
static Content read_curve(const Curves *job, Batch *b, ptrdiff_t c, int l) {
    Content content = {0.0, 0.0, 0, 0};
    double weights[RUN];
    for (ptrdiff_t first = 0; first < job->n; first += RUN) {
        const ptrdiff_t count = run_length(first, job->n);
        read_points(job, &job->y, c, first, count, b->line);
        if (b->w) read_points(job, &job->w, c, first, count, weights);
        look_at(job, b->line, b->w ? weights : NULL, count, &content);
        if (job->n > RUN) continue;
        spread_points(b->line, count, b->y, l);
        if (b->w) spread_points(weights, count, b->w, l);
    }
    content.finite = content.power - content.power == 0.0;
    return content;
}

/* Curve c to lane l, at its start; its status if there is nothing to fit. */
static int begin_curve(const Curves *job, Batch *b, ptrdiff_t c, int l) {
    const Content content = read_curve(job, b, c, l);
    const double *start = job->start + c * job->start_step;
    for (ptrdiff_t j = 0; j < job->p; j++) {
        if (start[j] - start[j] != 0.0) return NOT_FINITE;
        b->columns[j * PITCH + l] = b->theta[j][l] = start[j];
        b->scale[j][l] = 0.0;
    }
    if (content.points < job->p) return TOO_FEW;
    if (!content.finite) return NOT_FINITE;
    b->curve[l] = c;
    (*b->power)[l] = content.power;
    (*b->count)[l] = content.count;
    (*b->lambda)[l] = FIRST_LAMBDA;
    (*b->iter)[l] = (*b->expected)[l] = (*b->wary)[l] = (*b->sped)[l] = 0.0;
    (*b->held)[l] = INFINITY;
    return RUNNING;
}

static ptrdiff_t take_curve(const Curves *job, Batch *b) {
    const ptrdiff_t c = b->next;
    if (c >= job->k) return -1;
    b->next++;
    if (b->next % job->chunk == 0) b->next += (job->n_batches - 1) * job->chunk;
    return c;
}

/* The next curve that can be fitted, if there is one: reading those that cannot takes time too. */
static void fill_lane(const Curves *job, Batch *b, int l) {
    ptrdiff_t c;
    while (b->left > 0 && (c = take_curve(job, b)) >= 0) {
        const int status = begin_curve(job, b, c, l);
        b->left -= 1 + job->n / CURVES;
        if (status == RUNNING) {
            b->busy++;
            return;
        }
        write_failure(job, c, status);
        b->done++;
    }
}

static void retire(const Curves *job, Batch *b) {
    EACH_LANE {
        const int status = (int)(*b->outcome)[l];
        if (b->curve[l] < 0 || status == RUNNING) continue;
        if (status == NOT_FINITE) write_failure(job, b->curve[l], status);
        else write_fit(job, b, l, status);
        b->curve[l] = -1;
        b->busy--;
        b->done++;
    }
}

/* ----------------------------------------------------------------------------- run */

static void begin_sweep(const Curves *job, Batch *b) {
    EACH_LANE if (b->curve[l] < 0) fill_lane(job, b, l);
    memset(b->sums, 0, (1 + job->p + triangle(job->p)) * sizeof(lane));
}

static void end_sweep(const Curves *job, Batch *b) {
    judge(job, b);
    propose(job, b);
    settle(job, b);
    retire(job, b);
    b->point = 0;
}

/* Go on with the fits of a batch for so many points of all its lanes; how many curves are done. */
static ptrdiff_t run_batch(const Curves *job, Batch *b, ptrdiff_t points) {
    const ptrdiff_t done = b->done;
    b->left = points;
    while (b->left > 0 && (b->busy > 0 || b->next < job->k)) {
        if (b->point == 0) begin_sweep(job, b);
        if (b->busy == 0) continue;
        const ptrdiff_t count = run_length(b->point, job->n);
        if (job->n > RUN) read_tile(job, b, count);
        sweep_tile(job, b, count);
        b->point += count;
        b->left -= count;
        if (b->point == job->n) end_sweep(job, b);
    }
    return b->done - done;
}

#endif
