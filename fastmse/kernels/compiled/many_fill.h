/* Curves to lanes that are free, and from those that are done: see many.h. */
#ifndef FASTMSE_MANY_FILL_H
#define FASTMSE_MANY_FILL_H

#include "many_settle.h"
#include "many_sweep.h"

typedef struct {
    double power, count;
    ptrdiff_t points;
    int nonzero;
    int sound; /* finite, and y^2 does not underflow */
} Content;

static ALWAYS_INLINE void look_at(
    const Curves *job, const double *y, const double *w, ptrdiff_t count, Content *content
) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const double weight = w ? w[i] : 1.0, value = keep_double(y[i], weight);
        content->power += weight * value * value;
        content->nonzero |= value != 0.0;
        content->points += weight != 0.0;
        content->count += job->frequency ? weight : weight != 0.0;
    }
}

/* Sum over curve c, and its points to lane l if they stay there. */
static Content read_curve(const Curves *job, Batch *b, ptrdiff_t c, int l) {
    Content content = {0.0, 0.0, 0, 0, 0};
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
    content.sound = content.power - content.power == 0.0
        && (!content.nonzero || content.power > LEAST_POWER);
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
    if (!content.sound) return NOT_FINITE;
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

#endif
