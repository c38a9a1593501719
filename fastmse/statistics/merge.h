/* The merge of two nodes, the only way partial sums meet.
 *
 * A node is sse.hi[k], sse.lo[k], then plain sums. The high parts are added by
 * Knuth's two-sum, its error goes to the low parts with theirs. Where the sum is
 * infinite or NaN the low part is 0, so that infinity stays infinity.
 */
#ifndef FASTMSE_MERGE_H
#define FASTMSE_MERGE_H

#include <stddef.h>
#include <string.h>

/* into += other */
static inline void merge_nodes(double *into, const double *other, ptrdiff_t k, ptrdiff_t width) {
    for (ptrdiff_t i = 0; i < k; i++) {
        const double s = into[i] + other[i];
        const double t = s - into[i];
        const double error = (into[i] - (s - t)) + (other[i] - t);
        const double low = error + (into[k + i] + other[k + i]);
        const int finite = s - s == 0.0;
        into[i] = finite ? s + low : s;
        into[k + i] = finite ? low - (into[i] - s) : 0.0;
    }
    for (ptrdiff_t i = 2 * k; i < width; i++) into[i] += other[i];
}

/* The node of all rows: `blocks` at the levels of its bits, from the last rows to the first. Those
 * outside the grid stand behind the levels. */
static inline void fold_nodes(
    double *into, const double *nodes, ptrdiff_t levels, ptrdiff_t blocks, ptrdiff_t k,
    ptrdiff_t width
) {
    memcpy(into, nodes + levels * width, width * sizeof(double));
    for (ptrdiff_t level = 0; blocks >> level; level++)
        if ((blocks >> level) & 1) merge_nodes(into, nodes + level * width, k, width);
}

#endif
