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
 * D the largest diagonal of A so far (More's scaling). The model comes as a callback that fills f
 * and df of all lanes for one x. The sums take n (p + 1)(p + 2) flops a lane and sweep, the
 * Cholesky factor p^3 / 3.
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
#define CLOSE 1e-6         /* of SSE, the expected gain: from here on steps are Gauss-Newton's */
#define LEAST_PIVOT (64 * EPS)

typedef double lane[CURVES];
#define EACH_LANE for (int l = 0; l < CURVES; l++)

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
    lane *last;                     /* the offset before, or infinity */
    lane *accepted, *flat;          /* of the last trial: 1.0 or 0.0 */
    lane *singular, *failed;
    lane *outcome;
} Batch;

static inline ptrdiff_t triangle(ptrdiff_t p) { return p * (p + 1) / 2; }

static inline ptrdiff_t tile_points(const Curves *job) { return job->n < RUN ? job->n : RUN; }

static inline double larger(double a, double b) { return a > b ? a : b; }

/* -------------------------------------------------------------------------- memory */

static inline ptrdiff_t batch_doubles(const Curves *job) {
    const ptrdiff_t p = job->p, m = triangle(p), points = tile_points(job);
    const ptrdiff_t rows = (job->w.data ? 2 : 1) * points + 2 * (1 + p + m) + 4 * p + m + 14;
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
    b->factor = take_lanes(&memory, m);
    lane **single[] = {&b->power, &b->count, &b->lambda, &b->iter, &b->expected, &b->offset,
                       &b->last, &b->accepted, &b->flat, &b->singular, &b->failed, &b->outcome};
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

static ALWAYS_INLINE double next_lambda(double lambda, double gain, double expected) {
    const double less = lambda < LEAST_LAMBDA ? 0.0 : 0.1 * lambda;
    const double more = 2 * larger(lambda, LEAST_LAMBDA);
    return gain > 0.75 * expected ? less : gain < 0.25 * expected ? more : lambda;
}

/* Accept the trials that lower SSE, or leave it where rounding hides what they do. */
static NEVER_INLINE void judge(const Curves *job, Batch *b) {
    const ptrdiff_t p = job->p, rows = 1 + p + triangle(p);
    lane size;
    EACH_LANE size[l] = b->sums[0][l];
    for (ptrdiff_t j = 0; j < p; j++)
        EACH_LANE size[l] += b->sums[p + triangle(j + 1)][l];
    EACH_LANE {
        const double sse = (*b->held)[l], gain = sse - (*b->sums)[l];
        const double expected = (*b->expected)[l], lambda = (*b->lambda)[l];
        const int first = (*b->iter)[l] == 0.0, finite = size[l] - size[l] == 0.0;
        const int same = fabs(gain) <= blur(sse, (*b->power)[l], (double)job->n);
        const int accept = finite & (first | same | (gain > 1e-4 * expected));
        const double kept = next_lambda(lambda, same ? expected : gain, expected);
        const double raised = 10 * larger(lambda, RAISED_LAMBDA);
        (*b->accepted)[l] = accept ? 1.0 : 0.0;
        (*b->flat)[l] = accept & same & !first ? 1.0 : 0.0;
        (*b->last)[l] = accept & !first & (lambda == 0.0) ? (*b->offset)[l] : INFINITY;
        (*b->lambda)[l] = first ? lambda : accept ? kept : raised;
    }
    for (ptrdiff_t i = 0; i < rows; i++)
        EACH_LANE b->held[i][l] = (*b->accepted)[l] != 0.0 ? b->sums[i][l] : b->held[i][l];
    for (ptrdiff_t j = 0; j < p; j++) {
        const double *trial = b->columns + j * PITCH, *a = b->held[p + triangle(j + 1)];
        EACH_LANE b->theta[j][l] = (*b->accepted)[l] != 0.0 ? trial[l] : b->theta[j][l];
        EACH_LANE b->scale[j][l] = larger(b->scale[j][l], a[l]);
    }
}

/* ------------------------------------------------------------------------- propose */

/* factor factor' = A + lambda D of the free parameters; 1 on the diagonal of the others.
 * `failed` where that is not positive definite. */
static NEVER_INLINE void factorise(const Curves *job, Batch *b) {
    const ptrdiff_t p = job->p;
    lane *const a = b->held + 1 + p;
    EACH_LANE (*b->failed)[l] = 0.0;
    for (ptrdiff_t j = 0; j < p; j++) {
        lane *row = b->factor + triangle(j);
        for (ptrdiff_t k = 0; k <= j; k++) {
            lane *other = b->factor + triangle(k);
            lane s, whole;
            EACH_LANE s[l] = a[triangle(j) + k][l] * b->is_free[j][l] * b->is_free[k][l];
            if (k == j) {
                EACH_LANE {
                    const double scale = b->scale[j][l] > 0.0 ? b->scale[j][l] : 1.0;
                    s[l] += (*b->lambda)[l] * scale * b->is_free[j][l] + (1.0 - b->is_free[j][l]);
                    whole[l] = s[l];
                }
            }
            for (ptrdiff_t i = 0; i < k; i++) EACH_LANE s[l] -= row[i][l] * other[i][l];
            if (k < j) {
                EACH_LANE row[k][l] = s[l] * other[k][l];
            } else {
                EACH_LANE {
                    const int good = s[l] > LEAST_PIVOT * whole[l];
                    (*b->failed)[l] = good ? (*b->failed)[l] : 1.0;
                    row[k][l] = 1.0 / sqrt(good ? s[l] : 1.0);
                }
            }
        }
    }
}

/* step of the free parameters, given that of the held ones */
static NEVER_INLINE void substitute(const Curves *job, Batch *b) {
    const ptrdiff_t p = job->p;
    lane *const a = b->held + 1 + p;
    for (ptrdiff_t j = 0; j < p; j++) {
        lane s;
        EACH_LANE s[l] = -b->held[1 + j][l];
        if (job->lower)
            for (ptrdiff_t k = 0; k < p; k++) {
                const double *ajk = a[k < j ? triangle(j) + k : triangle(k) + j];
                EACH_LANE s[l] -= ajk[l] * (1.0 - b->is_free[k][l]) * b->step[k][l];
            }
        EACH_LANE s[l] = b->is_free[j][l] != 0.0 ? s[l] : b->step[j][l];
        for (ptrdiff_t i = 0; i < j; i++)
            EACH_LANE s[l] -= b->factor[triangle(j) + i][l] * b->columns[i * PITCH + l];
        EACH_LANE b->columns[j * PITCH + l] = s[l] * b->factor[triangle(j) + j][l];
    }
    for (ptrdiff_t j = p - 1; j >= 0; j--) {
        lane s;
        EACH_LANE s[l] = b->columns[j * PITCH + l];
        for (ptrdiff_t i = j + 1; i < p; i++)
            EACH_LANE s[l] -= b->factor[triangle(i) + j][l] * b->step[i][l];
        EACH_LANE b->step[j][l] = s[l] * b->factor[triangle(j) + j][l];
    }
}

/* Hold the parameters that lie on a bound which SSE falls beyond. */
static NEVER_INLINE void hold_at_bounds(const Curves *job, Batch *b) {
    for (ptrdiff_t j = 0; j < job->p; j++) {
        EACH_LANE b->is_free[j][l] = 1.0;
        if (!job->lower) continue;
        const double lower = job->lower[j], upper = job->upper[j];
        EACH_LANE {
            const double at = b->theta[j][l], slope = b->held[1 + j][l];
            const int below = (at <= lower) & (slope >= 0.0);
            const int above = (at >= upper) & (slope <= 0.0);
            b->is_free[j][l] = below | above ? 0.0 : 1.0;
            b->step[j][l] = 0.0;
        }
    }
}

/* The trial theta + step. Where it passes a bound the parameter is held there, and `again` is 1. */
static NEVER_INLINE void place_trial(const Curves *job, Batch *b, lane again) {
    EACH_LANE again[l] = 0.0;
    for (ptrdiff_t j = 0; j < job->p; j++) {
        double *trial = b->columns + j * PITCH;
        EACH_LANE trial[l] = b->theta[j][l] + b->step[j][l];
        if (!job->lower) continue;
        const double lower = job->lower[j], upper = job->upper[j];
        EACH_LANE {
            const double inside = trial[l] < lower ? lower : trial[l] > upper ? upper : trial[l];
            const int passed = (inside != trial[l]) & (b->is_free[j][l] != 0.0);
            again[l] = passed ? 1.0 : again[l];
            b->step[j][l] = passed ? inside - b->theta[j][l] : b->step[j][l];
            b->is_free[j][l] = passed ? 0.0 : b->is_free[j][l];
            trial[l] = inside;
        }
    }
}

/* offset = -g' step, expected = -2 g' step - step' A step */
static NEVER_INLINE void expect(const Curves *job, Batch *b) {
    const ptrdiff_t p = job->p;
    lane *a = b->held + 1 + p, square;
    EACH_LANE (*b->offset)[l] = square[l] = 0.0;
    for (ptrdiff_t j = 0; j < p; j++) {
        lane s;
        EACH_LANE s[l] = 0.0;
        for (ptrdiff_t k = 0; k < j; k++, a++) EACH_LANE s[l] += (*a)[l] * b->step[k][l];
        EACH_LANE square[l] += b->step[j][l] * (2 * s[l] + (*a)[l] * b->step[j][l]);
        EACH_LANE (*b->offset)[l] -= b->held[1 + j][l] * b->step[j][l];
        a++;
    }
    EACH_LANE (*b->expected)[l] = 2 * (*b->offset)[l] - square[l];
}

/* Whether a lane's step is to be solved for again: it passes a bound, the matrix is not positive
 * definite, or it is time for the steps of Gauss and Newton. */
static ALWAYS_INLINE int solve_again(const Batch *b, double again, int l) {
    double *lambda = *b->lambda + l;
    if (b->curve[l] < 0) return 0;
    if ((*b->failed)[l] != 0.0) {
        if (*lambda == 0.0) (*b->singular)[l] = 1.0;
        *lambda = larger(10 * *lambda, LEAST_LAMBDA);
        return 1;
    }
    if (again != 0.0) return 1;
    if (*lambda == 0.0 || (*b->accepted)[l] == 0.0 || (*b->singular)[l] != 0.0) return 0;
    if ((*b->offset)[l] > CLOSE * (*b->held)[l]) return 0;
    *lambda = 0.0;
    return 1;
}

/* The next trial of each lane */
static void propose(const Curves *job, Batch *b) {
    lane again;
    int any = 1;
    EACH_LANE (*b->singular)[l] = 0.0;
    hold_at_bounds(job, b);
    while (any) {
        factorise(job, b);
        substitute(job, b);
        place_trial(job, b, again);
        expect(job, b);
        any = 0;
        EACH_LANE any |= solve_again(b, again[l], l);
    }
}

/* -------------------------------------------------------------------------- settle */

/* What is left of the way after this step, as a part of the step, squared: from how much shorter
 * it is than the one before. */
static ALWAYS_INLINE double remainder_of(double offset, double last) {
    const double ratio = sqrt(offset / last);
    const double slow = ratio > 0.95 ? 0.95 : ratio < 0.03 ? 0.03 : ratio;
    const double part = last < INFINITY ? slow / (1.0 - slow) : 1.0;
    return part * part;
}

static NEVER_INLINE void settle(const Curves *job, Batch *b) {
    EACH_LANE {
        const double sse = (*b->held)[l], offset = (*b->offset)[l], last = (*b->last)[l];
        const double least = job->tol * job->tol * sse + 64 * EPS * EPS * (*b->power)[l];
        const int gauss_newton = ((*b->lambda)[l] == 0.0) & ((*b->singular)[l] == 0.0);
        const int near = offset * remainder_of(offset, last) <= least;
        const int at_rest = ((*b->flat)[l] != 0.0) & (offset >= 0.25 * last);
        const int accepted = (*b->accepted)[l] != 0.0, first = (*b->iter)[l] == 0.0;
        const int lost = !accepted & ((*b->lambda)[l] > LAST_LAMBDA);
        (*b->outcome)[l] = first & !accepted                                ? NOT_FINITE
                           : gauss_newton & (near | at_rest)                ? CONVERGED
                           : ((*b->singular)[l] != 0.0) & (offset <= least) ? SINGULAR
                           : lost                                           ? STALLED
                           : (*b->iter)[l] >= (double)job->max_iter         ? MAX_ITER
                                                                            : RUNNING;
        (*b->iter)[l] += 1.0;
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
    const double most = job->tol * job->tol * sse, gain = (*b->expected)[l];
    for (ptrdiff_t j = 0; j < p; j++) {
        job->theta[c * p + j] = converged ? b->columns[j * PITCH + l] : b->theta[j][l];
        job->error[c * p + j] = NAN;
    }
    job->sse[c] = converged ? sse - (gain < most ? larger(gain, 0.0) : most) : sse;
    job->n_iter[c] = (int64_t)(*b->iter)[l];
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
    (*b->iter)[l] = (*b->expected)[l] = 0.0;
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
