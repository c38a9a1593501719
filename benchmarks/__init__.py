"""How fast, how exact: the kernels against the read roof, against their rivals and exact sums.

- ``python -m benchmarks`` measures everything and writes ``docs/benchmarks.md``.
- ``asv run`` keeps a history of `predictions`, `linear` and `nonlinear`: time, memory, roof, ulp.
- ``pytest benchmarks`` compares with NumPy, work by work, in pytest-benchmark's tables.

Nothing is judged by its absolute time: the unit is the fraction of a sequential read of the
same bytes by the same number of threads, and the error stands beside it.
"""
