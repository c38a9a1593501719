"""Sufficient statistics: how rows are grouped, and how partial results merge."""

from fastmse.columns import Rows
from fastmse.statistics.counter import BlockCounter
from fastmse.statistics.grid import (
    MODEL_BLOCK,
    PREDICTION_BLOCK,
    PREDICTION_PIECE,
    block_rows,
    by_columns,
    lies_in_columns,
    model_piece,
    piece_rows,
)
from fastmse.statistics.stream import Count, Stream, count_pieces

__all__ = [
    "MODEL_BLOCK",
    "PREDICTION_BLOCK",
    "PREDICTION_PIECE",
    "BlockCounter",
    "Count",
    "Rows",
    "Stream",
    "block_rows",
    "by_columns",
    "count_pieces",
    "lies_in_columns",
    "model_piece",
    "piece_rows",
]
