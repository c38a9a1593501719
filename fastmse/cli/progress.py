"""A progress bar for long passes over files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastmse.sources.rows import Block, Rows

PATIENCE = 1.0  # seconds before a bar appears
BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left"


def with_progress(rows: Rows) -> Callable[[], Iterator[Block]]:
    """Wrap `rows`: each reading of them shows a bar on stderr, if that is a terminal."""
    passes = 0

    def blocks() -> Iterator[Block]:
        from tqdm import tqdm  # imported late: 40 ms

        nonlocal passes
        passes += 1
        bar = tqdm(
            desc=f"pass {passes}",
            total=1.0,
            delay=PATIENCE,
            bar_format=BAR,
            disable=None,
            leave=False,
        )
        with bar:
            for block in rows():
                yield block
                bar.update(rows.done - bar.n)

    return blocks
