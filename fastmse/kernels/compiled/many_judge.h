/* Whether the trial of each lane is kept, and how much the next step is damped: see many.h. */
#ifndef FASTMSE_MANY_JUDGE_H
#define FASTMSE_MANY_JUDGE_H

#include "many_batch.h"

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

#endif
