/* How fits end, and what they leave: see many.h. */
#ifndef FASTMSE_MANY_SETTLE_H
#define FASTMSE_MANY_SETTLE_H

#include "many_propose.h"

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
        end = lambda[l] > (refused ? LAST_LAMBDA : VAIN_LAMBDA) ? STALLED : end;
        end = (singular[l] != 0.0) & at_end ? SINGULAR : end;
        end = gauss_newton & at_end ? CONVERGED : end;
        outcome[l] = first & refused ? NOT_FINITE : end;
        iter[l] += 1.0;
    }
}

/* s sqrt(diag A^-1) of lane l: the lengths of the columns of factor^-1, one by one in `line` */
static void write_errors(const Curves *job, const Batch *b, int l, double s, double *error) {
    const ptrdiff_t p = job->p;
    double *column = b->line;
    for (ptrdiff_t j = 0; j < p; j++) {
        double sum = 0.0;
        for (ptrdiff_t i = j; i < p; i++) {
            const lane *row = b->factor + triangle(i);
            double rest = i == j ? 1.0 : 0.0;
            for (ptrdiff_t k = j; k < i; k++) rest -= row[k][l] * column[k];
            column[i] = rest * row[i][l];
            sum += column[i] * column[i];
        }
        error[j] = b->is_free[j][l] != 0.0 ? s * sqrt(sum) : NAN;
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
        write_errors(job, b, l, sqrt(job->sse[c] / freedom), job->error + c * p);
}

#endif
