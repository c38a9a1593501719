"""Numba: the loops of the Cython kernels once more, in `backend`, and what compiles models.

Importing any of it imports Numba; `backend` defines every kernel, which models do without.
"""
