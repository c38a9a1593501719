"""A stream refuses a bad chunk and stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
from gate import BACKENDS, THETA, X, Y, says

from fastmse.models.linear import LinearStream
from fastmse.models.predictions import PredictionStream

BAD_CHUNKS = [
    (Y[:2], None),
    (Y[:, None], None),
    (["a", "b", "c"], None),
    (None, None),
    (Y, [1.0, -1.0, 1.0]),
    (Y, [1.0, 1.0, np.nan]),
    (Y, [1.0]),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_refused_chunk_leaves_a_stream_as_it_was(backend: str) -> None:
    y, f = np.random.default_rng(0).normal(size=(2, 10_000))
    design = np.column_stack([f, y])
    streams = [PredictionStream(backend=backend) for _ in range(2)]
    lines = [LinearStream(THETA, 2, backend=backend) for _ in range(2)]
    for rows in (slice(0, 5000), slice(5000, 10_000)):
        for stream, line in zip(streams, lines, strict=True):
            stream.update(y[rows], f[rows])
            line.update(design[rows], y[rows])
        for chunk, w in BAD_CHUNKS:
            with pytest.raises((TypeError, ValueError)):
                streams[0].update(Y, chunk, w)
            with pytest.raises((TypeError, ValueError)):
                lines[0].update(X, chunk, w)
        with pytest.raises(ValueError, match=says("X: got 1 columns", "want 2")):
            lines[0].update(X[:, :1], Y)
    for one, other in (streams, lines):
        assert one.finalize().sse == other.finalize().sse
        assert one.finalize().n == one.finalize().weight_sum == 10_000


@pytest.mark.parametrize("stream", [PredictionStream(), LinearStream(THETA, 2)])
def test_a_stream_without_rows(stream: PredictionStream | LinearStream) -> None:
    with pytest.raises(ValueError, match=says("got no rows", "at least one")):
        stream.finalize()
