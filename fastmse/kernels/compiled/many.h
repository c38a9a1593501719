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

#include "many_fill.h"
#include "many_judge.h"
#include "many_propose.h"
#include "many_settle.h"
#include "many_sweep.h"

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
