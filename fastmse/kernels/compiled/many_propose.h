/* The next trial of each lane, inside the bounds, and sped up near the minimum: see many.h. */
#ifndef FASTMSE_MANY_PROPOSE_H
#define FASTMSE_MANY_PROPOSE_H

#include "many_solve.h"

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
        if (*lambda > VAIN_LAMBDA) return 0;
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

#endif
