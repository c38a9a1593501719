"""What `storage`, `arithmetic` and `lanes` bring, for Numba's simulator.

Device memory is the host's there, a tuple is a tuple, and there are no warps: threads of a group
meet at barriers of the block, so that all of its threads must come there.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_char
from functools import cache
from typing import Any

import numpy as np
from numba import cuda, types

MOST_THREADS = 1024


def _dtype(storage: str) -> Any:
    if storage == "bfloat16":
        return np.dtype(np.uint16)
    return np.dtype(storage)


def _decode(storage: str, raw: Any) -> Any:
    if storage == "bfloat16":
        return (raw.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return raw.astype(np.float64)


def _encode(storage: str, values: Any) -> Any:
    if storage != "bfloat16":
        with np.errstate(over="ignore"):
            return np.array(values).astype(storage)
    with np.errstate(over="ignore"):
        bits = np.array(values).astype(np.float32).view(np.uint32)
    rounded = bits + (0x7FFF + (bits >> 16 & 1)).astype(np.uint32)
    is_nan = (bits & 0x7FFFFFFF) > 0x7F800000
    return (np.where(is_nan, bits | 0x400000, rounded) >> 16).astype(np.uint16)


def _memory(storage: str, address: int, count: int) -> Any:
    dtype = _dtype(storage)
    if address % dtype.itemsize:
        raise ValueError(f"address {address} is not a multiple of {dtype.itemsize}")
    raw = (c_char * (count * dtype.itemsize)).from_address(int(address))
    return np.frombuffer(raw, dtype)


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(values.tolist())


@cache
def loader(
    storage: str, count: int, steps: int = 1, shared: bool = False
) -> Callable[[int, int], Any]:
    width = min(count * _dtype(storage).itemsize, 16)

    def load(address: int, apart: int) -> Any:
        if address % width or (steps > 1 and apart % width):
            raise ValueError(f"address {address} of {count} elements is not a multiple of {width}")
        parts = [_memory(storage, address + k * apart, count) for k in range(steps)]
        return _floats(_decode(storage, np.concatenate(parts)))

    return load


@cache
def part_loader(storage: str, count: int, shared: bool = False) -> Callable[[int, int, int], Any]:
    def load_part(address: int, step: int, n: int) -> Any:
        read = max(min(count, n), 0)
        values = [_decode(storage, _memory(storage, address + k * step, 1))[0] for k in range(read)]
        return (*map(float, values), *[0.0] * (count - read))

    return load_part


@cache
def storer(storage: str, count: int, steps: int = 1) -> Callable[[int, int, Any], None]:
    def store(address: int, apart: int, values: Any) -> None:
        for k in range(steps):
            part = _encode(storage, values[k * count : (k + 1) * count])
            _memory(storage, address + k * apart, count)[:] = part

    return store


@cache
def part_storer(storage: str, count: int) -> Callable[[int, int, int, Any], None]:
    def store_part(address: int, step: int, n: int, values: Any) -> None:
        for k in range(max(min(count, n), 0)):
            _memory(storage, address + k * step, 1)[:] = _encode(storage, values[k : k + 1])

    return store_part


def add(a: Any, b: Any) -> Any:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def add_steps(a: Any, b: Any) -> Any:
    for k in range(0, len(b), len(a)):
        a = add(a, b[k : k + len(a)])
    return a


def minus(a: Any, b: Any) -> Any:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def each_times(a: Any, b: Any) -> Any:
    return tuple(x * y for x, y in zip(a, b, strict=True))


def keep(r: Any, w: Any) -> Any:
    return tuple(x if y != 0.0 else 0.0 for x, y in zip(r, w, strict=True))


def times(a: float, b: float) -> float:
    return a * b


def scaled(a: float, b: Any) -> Any:
    return tuple(a * x for x in b)


def dots(a: Any, rows: Any) -> Any:
    return tuple(float(sum(each_times(a, row))) for row in rows)


def add_rows(g: Any, c: Any, rows: Any) -> Any:
    for factor, row in zip(c, rows, strict=True):
        if factor != 0.0:
            g = add(g, scaled(factor, row))
    return g


def fence() -> None:
    pass


@cache
def rows_loader(
    storage: str, count: int, vectors: int, threads: int, rows: int, full: bool
) -> Callable[..., Any]:
    load = loader(storage, count)

    def load_row(at: int, column: int, left: int) -> Any:
        values: list[float] = []
        for first in range(0, vectors * threads * count, threads * count):
            there = full or first < left
            values += load(at + first * column, 0) if there else (0.0,) * count
        return tuple(values)

    def load_rows(x: int, row: int, column: int, i: int, apart: int, n: int, left: int) -> Any:
        chosen = [min(i + r * apart, n - 1) for r in range(rows)]
        return tuple(load_row(x + at * row, column, left) for at in chosen)

    return load_rows


def address_of(array: Any) -> int:
    return int(array.ctypes.data)


@cache
def model_adder(p: int, sums: int, n_sums: int) -> Any:
    def add_model(totals: Any, outputs: Any, c: float, w: float) -> Any:
        slopes, bends = outputs[1 : 1 + p], outputs[1 + p :]
        terms = [c * g for g in slopes] if sums >= 1 else [0.0]
        if sums >= 2:
            terms += [w * slopes[j] * slopes[k] for j in range(p) for k in range(j + 1)]
        if sums == 3:
            terms[p:] = [N + c * h for N, h in zip(terms[p:], bends, strict=True)]
        return add(totals, tuple(map(float, terms)))

    return add_model


@cache
def spread(count: int) -> Callable[[float], Any]:
    return lambda a: (a,) * count


def fill(array: Any, values: Any) -> None:
    array[: len(values)] = values


@cache
def joined(count: int) -> Callable[[float, Any], Any]:
    return lambda a, array: (float(a), *map(float, array[:count]))


@cache
def zeros(count: int) -> Callable[[], Any]:
    return lambda: (0.0,) * count


@cuda.jit(device=True)  # type: ignore[untyped-decorator]
def gathered(a: Any, threads: int) -> list[Any]:
    """What each thread of this one's group brings."""
    brought = cuda.shared.array(MOST_THREADS, types.float64)
    held = _HELD.setdefault(id(brought), {})
    thread = cuda.threadIdx.x
    cuda.syncthreads()
    held[thread] = a
    cuda.syncthreads()
    first = thread // threads * threads
    return [held[first + k] for k in range(threads)]


_HELD: dict[int, dict[int, Any]] = {}


def pairwise(values: list[float]) -> float:
    while len(values) > 1:
        half = len(values) // 2
        values = [x + y for x, y in zip(values[:half], values[half:], strict=True)]
    return values[0]


@cache
def folder(count: int) -> Callable[[Any], float]:
    return lambda lanes: pairwise([x for part in gathered(lanes, 16 // count) for x in part])


@cache
def group_folder(threads: int) -> Callable[[float], float]:
    return lambda a: pairwise(gathered(a, threads))


@cache
def each_folder(count: int, threads: int) -> Callable[[Any], Any]:
    return lambda a: tuple(map(pairwise, map(list, zip(*gathered(a, threads), strict=True))))
