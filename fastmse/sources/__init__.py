"""Rows from files: CSV, TSV, Parquet, Arrow, Feather, ``.npy`` and ``.npz``, in blocks.

`open_source` looks at the files and returns `Rows`, a callable that reads them again at each call::

    rows = open_source(["a.parquet", "b.parquet"], target="price")
    for X, y, w in rows():
        ...

Equal values give equal blocks in every format, so they give equal bits in every result.
"""

from fastmse.sources.columns import open_source
from fastmse.sources.errors import SourceError
from fastmse.sources.rows import Rows

__all__ = ["Rows", "SourceError", "open_source"]
