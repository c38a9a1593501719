"""The grid that rows are counted on.

Rows are grouped into blocks on the global row index. The length of a block depends on
the number of features alone, so neither threads nor chunks nor dtypes move its borders.
"""

from __future__ import annotations

from typing import Any

from fastmse.columns import Columns

PREDICTION_BLOCK = 4096
"""Rows a block without a design matrix: two float64 columns of it fill 64 KB of L2."""

MODEL_BLOCK = PREDICTION_BLOCK
"""Rows a block of a nonlinear model: its SSE has the bits of its predictions'."""

BLOCK_DOUBLES = 2**18
"""A block of X is about this large, 2 MB: its columns are long, and L3 holds it for later."""

ROWS_BLOCK = (64, 1024)
COLUMNS_BLOCK = (256, 2048)
"""Rows a block, at least and at most. Columns of 16 KB are read from memory a tenth faster than
of 8 KB, and those of 512 B at half the speed. From d = 4096 on no length helps: 2048 rows, read
from memory twice, came to 0.5 of the read roof, 256 to 0.4, and a stream holds a block's rows."""

TINY = 3
"""Up to this many features a row is too short for a vector: blocks are packed by columns."""

PIECE_DOUBLES = 2**23
"""Work between two looks at signals: 64 MB, 3 to 30 ms."""


def block_rows(n_features: int, columns: bool) -> int:
    """Rows a block of the linear model: a power of two within the bounds of its layout."""
    fitting: int = 1 << (BLOCK_DOUBLES // max(n_features, 1) | 1).bit_length() - 1
    least, most = COLUMNS_BLOCK if columns else ROWS_BLOCK
    return min(max(fitting, least), most)


def piece_rows(n_features: int, n_thetas: int, block: int) -> int:
    """Rows that a kernel is given at once: whole blocks, bounded work.

    A row costs as much as four features at least: the NumPy backend has temporaries.
    """
    rows = PIECE_DOUBLES // (max(n_features, 4) * n_thetas)
    return max(rows // block, 1) * block


def model_piece(n_outputs: int, n_thetas: int) -> int:
    """Rows of a nonlinear model between two looks at signals: whole blocks.

    2^21 values of outputs: 2 ms where they are vectors, 50 ms where each calls libm.
    """
    return max(2**21 // (n_outputs * n_thetas * MODEL_BLOCK), 1) * MODEL_BLOCK


def by_columns(X: Any) -> bool:
    """Whether X is summed column by column: its layout decides.

    A table lies in columns. One row, and one row repeated by a stride of 0, lie as rows do.
    """
    return bool(X.shape[1] <= TINY or (len(X) > 1 and lies_in_columns(X)))


def lies_in_columns(X: Any) -> bool:
    """Whether the next element in memory is that of the next row: so in every table."""
    if isinstance(X, Columns):
        return True
    along_rows, along_columns = X.strides
    return bool(0 < abs(along_rows) < abs(along_columns))


PREDICTION_PIECE = piece_rows(1, 1, PREDICTION_BLOCK)
"""Rows of predictions, or of weights, between two looks at signals."""
