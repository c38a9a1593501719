# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Merging and folding of nodes, for every backend."""
import numpy as np

from libc.stddef cimport ptrdiff_t

cdef extern from "merge.h" nogil:
    void merge_nodes(double *into, const double *other, ptrdiff_t k, ptrdiff_t width)


def merge(double[::1] into, const double[::1] other, ptrdiff_t n_double):
    """into += other: the first `n_double` sums in double-double, the rest plainly."""
    merge_nodes(&into[0], &other[0], n_double, into.shape[0])


def fold(const double[:, ::1] nodes, ptrdiff_t blocks, ptrdiff_t n_double):
    """The node of all rows: the occupied levels, from the last rows to the first.

    The last row of `nodes` holds the rows outside the grid.
    """
    total = np.array(nodes[nodes.shape[0] - 1])
    cdef double[::1] into = total
    cdef ptrdiff_t level = 0
    if into.shape[0] == 0:
        return total
    while blocks >> level:
        if (blocks >> level) & 1:
            merge_nodes(&into[0], &nodes[level, 0], n_double, into.shape[0])
        level += 1
    return total
