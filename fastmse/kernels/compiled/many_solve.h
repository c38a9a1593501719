/* (A + lambda D) step = -g of every lane, by Cholesky's factor: see many.h. */
#ifndef FASTMSE_MANY_SOLVE_H
#define FASTMSE_MANY_SOLVE_H

#include "many_batch.h"

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

#endif
