# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Merging and folding of nodes, for every backend. Nodes are C-ordered float64."""
cimport numpy as cnp
from libc.stddef cimport ptrdiff_t

cnp.import_array()

cdef extern from "merge.h" nogil:
    void merge_nodes(double *into, const double *other, ptrdiff_t k, ptrdiff_t width)
    void fold_nodes(
        double *into, const double *nodes, ptrdiff_t levels, ptrdiff_t blocks, ptrdiff_t k,
        ptrdiff_t width
    )


cdef double *row(cnp.ndarray nodes, ptrdiff_t index):
    return (<double *> cnp.PyArray_DATA(nodes)) + index * cnp.PyArray_DIM(nodes, 1)


def merge(double[::1] into, const double[::1] other, ptrdiff_t n_double):
    """into += other: the first `n_double` sums in double-double, the rest plainly."""
    if into.shape[0] != other.shape[0]:
        raise ValueError(f"other: got {other.shape[0]} sums; want {into.shape[0]}")
    merge_nodes(&into[0], &other[0], n_double, into.shape[0])


def fold(cnp.ndarray nodes not None, ptrdiff_t blocks, ptrdiff_t n_double):
    """The node of all rows: the occupied levels, from the last rows to the first.

    `nodes` is (levels + 1, width); its last row holds the rows outside the grid.
    """
    cdef cnp.npy_intp width = cnp.PyArray_DIM(nodes, 1)
    cdef cnp.ndarray total = cnp.PyArray_SimpleNew(1, &width, cnp.NPY_FLOAT64)
    cdef ptrdiff_t levels = cnp.PyArray_DIM(nodes, 0) - 1
    fold_nodes(<double *> cnp.PyArray_DATA(total), row(nodes, 0), levels, blocks, n_double, width)
    return total
