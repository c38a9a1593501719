"""How many threads work together; a simulated thread is one of the operating system."""

from __future__ import annotations

from fastmse.kernels.cuda.flags import SIMULATED

THREADS = 16 if SIMULATED else 256
"""In a block; three of them or more fit on a multiprocessor: 200 KB of loads are on their way."""

ROW_THREADS = 16 if SIMULATED else 128
"""In a block of the linear model, whose threads hold more: they fill a multiprocessor evenly."""

MERGE_THREADS = 8 if SIMULATED else 512
FEW_THREADS = 8 if SIMULATED else 128
