"""The grid and its counter against a tree built as one would on paper."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmse.kernels import compiled
from fastmse.kernels.jit import backend as jit
from fastmse.kernels.jit import grid as jit_grid
from fastmse.statistics import BlockCounter, block_rows, by_columns, piece_rows
from fastmse.statistics.counter import LEVELS
from fastmse.statistics.grid import (
    BLOCK_DOUBLES,
    COLUMNS_BLOCK,
    PIECE_DOUBLES,
    ROWS_BLOCK,
    TINY,
)
from fastmse.statistics.nodes import merge

SIZES = [
    0,
    1,
    2,
    15,
    16,
    17,
    31,
    63,
    64,
    65,
    127,
    128,
    200,
    512,
    1023,
    1024,
    1025,
    2048,
    2049,
    10**5,
    10**9,
]
FINITE = st.floats(-1e300, 1e300)
ANY = st.floats(width=64)


@pytest.mark.parametrize("d", SIZES)
def test_a_block_of_rows_stays_in_cache(d: int) -> None:
    least, most = ROWS_BLOCK
    rows = block_rows(d, False)
    assert rows & (rows - 1) == 0
    assert least <= rows <= most
    assert rows * d <= BLOCK_DOUBLES or rows == least
    assert 2 * rows * d > BLOCK_DOUBLES or rows == most


@pytest.mark.parametrize("d", SIZES)
def test_a_block_of_columns_stays_in_cache_or_is_the_least(d: int) -> None:
    least, most = COLUMNS_BLOCK
    rows = block_rows(d, True)
    assert rows & (rows - 1) == 0
    assert least <= rows <= most
    assert rows * d <= BLOCK_DOUBLES or rows == least
    assert 2 * rows * d > BLOCK_DOUBLES or rows == most


def test_blocks_never_grow_with_the_features() -> None:
    rows = [block_rows(d, False) for d in range(5000)]
    assert rows == sorted(rows, reverse=True)
    assert set(rows) == {1024, 512, 256, 128, 64}
    columns = [block_rows(d, True) for d in range(5000)]
    assert columns == sorted(columns, reverse=True)
    assert set(columns) == {2048, 1024, 512, 256}


@given(st.integers(0, 10**6), st.integers(1, 1000), st.booleans())
def test_a_piece_is_whole_blocks_of_bounded_work(d: int, n_thetas: int, columns: bool) -> None:
    block = block_rows(d, columns)
    rows = piece_rows(d, n_thetas, block)
    assert rows >= block
    assert rows % block == 0
    assert rows * max(d, 4) * n_thetas <= PIECE_DOUBLES or rows == block
    assert (rows + block) * max(d, 4) * n_thetas > PIECE_DOUBLES


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("d", [1, TINY, TINY + 1, 100])
def test_the_layout_decides_the_order_of_sums(d: int, order: str) -> None:
    whole = np.ones((300, d), order=order)
    for X in (whole, whole[::-1], whole[5:9, ::-1], whole[::3], whole.astype("f4")):
        assert by_columns(X) == (d <= TINY or order == "F")
    for row in (whole[:1], np.broadcast_to(whole[0], (300, d))):
        assert by_columns(row) == (d <= TINY)


def merge_nodes(a: np.ndarray, b: np.ndarray, k: int) -> np.ndarray:
    """a + b in a node of its own."""
    merged = a.copy()
    merge(merged, b, k)
    return merged


def tree(leaves: list[np.ndarray], k: int) -> np.ndarray:
    """The node of consecutive blocks: the largest power of two of them, and the rest."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return merge_nodes(tree(leaves[:half], k), tree(leaves[half:], k), k)


def random_nodes(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    """Nodes of K = 2 thetas and 3 plain sums, of many magnitudes."""
    nodes = rng.normal(size=(n, 7)) * 10.0 ** rng.integers(-8, 9, (n, 7))
    nodes[:, 2:4] = nodes[:, :2] * 2.0**-60
    return list(nodes)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 100, 1023])
def test_the_counter_is_the_tree(n: int) -> None:
    """`push`, which the kernels share, over single blocks and over aligned spans of them."""
    leaves = random_nodes(np.random.default_rng(n), n)
    expected = tree(leaves, 2)
    counter = BlockCounter(2, 3)
    spans = BlockCounter(2, 3)
    for leaf in leaves:
        counter.blocks = jit_grid.push(counter.nodes, counter.blocks, leaf.copy(), 0, 2)
    while spans.blocks < n:
        level = 0
        while not spans.blocks >> level & 1 and spans.blocks + (2 << level) <= n and level < 3:
            level += 1
        node = tree(leaves[spans.blocks : spans.blocks + (1 << level)], 2)
        spans.blocks = jit_grid.push(spans.nodes, spans.blocks, node, level, 2)
    assert counter.blocks == spans.blocks == n
    assert counter.total().tobytes() == spans.total().tobytes() == expected.tobytes()


@pytest.mark.parametrize("kernels", [compiled, jit])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 77, 300])
def test_the_kernels_count_the_tree(kernels, n_threads: int, n: int) -> None:
    """Sums of weights a block each, merged as the naive tree merges them."""
    block = 128
    w = np.random.default_rng(n).random((n, block)) * 10.0 ** (np.arange(n) % 13)[:, None]
    leaves = []
    for rows in w:
        alone = BlockCounter(1, 2)
        kernels.weights(alone, block, rows, 1)
        leaves.append(alone.total())
    counter = BlockCounter(1, 2)
    cut = (n + 1) // 2 * block
    for part in (w.ravel()[:cut], w.ravel()[cut:]):
        if part.size:
            kernels.weights(counter, block, part, n_threads)
    assert counter.blocks == n
    assert counter.total().tobytes() == tree(leaves, 1).tobytes()


@given(st.integers(0, 2**40), st.integers(1, 3000), st.integers(2, 200))
def test_tasks_cut_the_blocks_into_aligned_spans(start: int, count: int, wanted: int) -> None:
    tasks, depth = jit_grid.plan_tasks(start, count, wanted)
    assert len(tasks) <= wanted + 2 * depth + 1
    end = 0
    for first, level in tasks.tolist():
        assert first == end
        assert (start + first) % (1 << level) == 0
        assert level <= depth
        end = first + (1 << level)
    assert end == count


@given(st.lists(st.tuples(FINITE, st.floats(-1, 1)), min_size=2, max_size=40))
def test_a_merge_loses_one_part_in_2_to_the_100(pairs: list[tuple[float, float]]) -> None:
    nodes = [np.array([high, low * np.spacing(abs(high)) / 2]) for high, low in pairs]
    total = nodes[0]
    for node in nodes[1:]:
        total = merge_nodes(total, node, 1)
    if not np.isfinite(total[0]):
        return
    exact = sum((Fraction(part) for node in nodes for part in node), Fraction(0))
    size = sum(abs(Fraction(part)) for node in nodes for part in node)
    error = abs(Fraction(total[0]) + Fraction(total[1]) - exact)
    assert error <= size * len(pairs) / 2**100 + Fraction(len(pairs), 2**1074)


@given(ANY, ANY)
def test_a_merge_adds_as_ieee_says_and_commutes(a: float, b: float) -> None:
    x, y = np.array([a, 0.0, a]), np.array([b, 0.0, b])
    merged, swapped = merge_nodes(x, y, 1), merge_nodes(y, x, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.float64(a) + np.float64(b)
    assert np.array_equal(merged, swapped, equal_nan=True)
    assert np.array_equal(merged[[0, 2]], [expected] * 2, equal_nan=True)
    if not np.isfinite(expected):
        assert merged[1] == 0


@given(st.lists(st.tuples(ANY, ANY, ANY, ANY), min_size=1, max_size=8))
def test_numba_merges_to_the_same_bits(rows: list[tuple[float, float, float, float]]) -> None:
    nodes = np.array(rows)
    ours, theirs = nodes[0].copy(), nodes[0].copy()
    for node in nodes[1:]:
        merge(ours, node, 1)
        jit_grid.merge_nodes(theirs, node, 1)
    # The payload of a NaN is the platform's own.
    assert np.where(np.isnan(ours), np.nan, ours).tobytes() == (
        np.where(np.isnan(theirs), np.nan, theirs).tobytes()
    )


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_infinity_stays_infinity(bad: float) -> None:
    counter = BlockCounter(1, 0)
    for value in (1.0, bad, 2.0, 3.0, 4.0):
        counter.add(np.array([value, 0.0]))
    assert np.array_equal(counter.total(), [bad, 0.0], equal_nan=True)
    counter.add(np.array([-bad, 0.0]))
    assert np.isnan(counter.total()[0])


def test_rows_outside_the_grid_are_kept_apart() -> None:
    counter = BlockCounter(1, 1)
    counter.nodes[0], counter.blocks = [1.0, 0.0, 1.0], 1
    counter.add(np.array([2.0, 0.0, 3.0]))
    assert counter.nodes.shape == (LEVELS + 1, 3)
    assert counter.total().tolist() == [3.0, 0.0, 4.0]
    assert counter.nodes[0].tolist() == [1.0, 0.0, 1.0]
