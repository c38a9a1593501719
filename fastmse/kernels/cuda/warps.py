"""Sums over the threads of a warp: all of them must come here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from fastmse.kernels.cuda.flags import device_function
from fastmse.kernels.cuda.registers import exchange


@cache
def group_folder(threads: int) -> Callable[[float], float]:
    """(a): the sum of a over so many threads side by side, the far half to the near one first."""
    if threads == 1:
        return device_function(lambda a: a)
    half = threads // 2
    rest = group_folder(half)

    @device_function
    def fold(a: float) -> float:
        return rest(a + exchange(a, half))

    return fold


def _folder8() -> Callable[[Any], float]:
    each = group_folder(2)

    @device_function
    def fold(a: Any) -> float:
        a0, a1, a2, a3 = each(a[0]), each(a[1]), each(a[2]), each(a[3])
        a4, a5, a6, a7 = each(a[4]), each(a[5]), each(a[6]), each(a[7])
        return ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7))

    return fold


def _folder4() -> Callable[[Any], float]:
    each = group_folder(4)

    @device_function
    def fold(a: Any) -> float:
        a0, a1, a2, a3 = each(a[0]), each(a[1]), each(a[2]), each(a[3])
        return (a0 + a2) + (a1 + a3)

    return fold


def _folder2() -> Callable[[Any], float]:
    each = group_folder(8)
    return device_function(lambda a: each(a[0]) + each(a[1]))


def _folder1() -> Callable[[Any], float]:
    each = group_folder(16)
    return device_function(lambda a: each(a[0]))


@cache
def folder(count: int) -> Callable[[Any], float]:
    """(lanes): the sum of 16 lanes, `count` in each thread, in every thread of the run."""
    return {1: _folder1, 2: _folder2, 4: _folder4, 8: _folder8}[count]()


@cache
def each_folder(count: int, threads: int) -> Callable[[Any], Any]:
    """(a): `group_folder` of each of 2 or 4 elements."""
    each = group_folder(threads)
    if count == 2:
        return device_function(lambda a: (each(a[0]), each(a[1])))
    return device_function(lambda a: (each(a[0]), each(a[1]), each(a[2]), each(a[3])))
