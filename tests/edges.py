"""Numbers of features, rows and thetas around every edge of the kernels."""

from __future__ import annotations

from fastmse.statistics import block_rows

# Sums in registers (to 3), lanes of 4 and 8, rows by four (to 56), rows in turn (to 511), pages
# apart (from 512), columns asked for ahead (from 257), blocks of half the rows (257, 513), narrow
# rows decoded twice (from 705 to 867).
FEATURES = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 55, 56, 57, 64, 100]
FEATURES += [255, 256, 257, 300, 511, 512, 513, 1000, 1003]

THETAS = [2, 3, 4, 5, 16]


def sizes(d: int, columns: bool) -> list[int]:
    """Rows around lanes (4, 8, 16), tiles (64), runs (128), slabs (256) and blocks."""
    lanes = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17]
    runs = [length + more for length in (64, 128, 256) for more in (-1, 0, 1)]
    block = block_rows(d, columns)
    return sorted({*lanes, *runs, block - 1, block, block + 1, 2 * block + 3})
