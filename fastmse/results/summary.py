"""A fit as text and as JSON: the table of `Fit.summary`, the fields of `Fit.to_dict`.

The table is ASCII, for any terminal: a header on how it was fitted, one row per coefficient as R
and statsmodels print them, a footer on how well it fits.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from fastmse.gaussian import FloatArray

if TYPE_CHECKING:
    from fastmse.results.fit import Fit

Pairs: TypeAlias = Sequence[tuple[str, str]]

FIELDS = (
    "target", "names", "theta", "stderr", "cov", "tvalues", "pvalues",
    "n", "weight_sum", "weight_type", "p", "df_resid", "intercept", "l2",
    "sse", "mse", "sigma2", "s2", "loglik", "aic", "bic", "r2", "r2_adj", "fvalue", "f_pvalue",
    "condition", "rank", "method", "passes", "converged", "n_iter", "message",
)  # fmt: skip
HEADINGS = ("", "estimate", "std. error", "t", "P>|t|", "2.5 %", "97.5 %")
GAP = "  "
MIN_WIDTH = 72


def as_dict(fit: Fit) -> dict[str, Any]:
    """Return every field of the fit, ``conf_int`` at 95 %, in what JSON can hold."""
    values = {name: getattr(fit, name) for name in FIELDS} | {"conf_int": fit.conf_int()}
    return {name: json_value(value) for name, value in values.items()}


def json_value(value: Any) -> Any:
    """Arrays and tuples as lists, NaN and infinity as None, NumPy's scalars as Python's."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_table(fit: Fit, digits: int) -> str:
    """Return the summary; ``digits`` significant digits of estimates and of the footer."""
    rows = _align([HEADINGS, *_coefficients(fit, digits)])
    width = max(MIN_WIDTH, len(rows[0]))
    rule = "-" * width
    header = _two_columns(_how(fit), _size(fit), width)
    footer = _two_columns(_spread(fit, digits), _quality(fit, digits), width)
    note = textwrap.wrap(f"note: {fit.message}", width) if fit.message else []
    title = f"Least squares fit of {_printable(fit.target)}: maximum Gaussian likelihood"
    lines = [title, rule, *header, rule, *rows, rule, *footer, rule, *note]
    return "\n".join(line.rstrip() for line in lines)


def _coefficients(fit: Fit, digits: int) -> list[tuple[str, ...]]:
    interval = fit.conf_int()
    lower, upper = (None, None) if interval is None else interval.T
    return [
        (
            _printable(name),
            _number(fit.theta[j], digits),
            _number(_at(fit.stderr, j), digits),
            _number(_at(fit.tvalues, j), 4),
            _probability(_at(fit.pvalues, j)),
            _number(_at(lower, j), 6),
            _number(_at(upper, j), 6),
        )
        for j, name in enumerate(fit.names)
    ]


def _at(column: FloatArray | None, j: int) -> float | None:
    return None if column is None else float(column[j])


def _how(fit: Fit) -> Pairs:
    passes = "1 pass" if fit.passes == 1 else f"{fit.passes} passes"
    low, high = (f"{bound:g}" for bound in (np.min(fit.l2), np.max(fit.l2)))
    penalty = [("l2 penalty", low if low == high else f"{low} to {high}")] if fit.penalised else []
    return [
        ("method", f"{fit.method}, {passes}" + ("" if fit.converged else ", not converged")),
        ("condition", f"{fit.condition:.3g}"),
        ("rank", f"{fit.rank} of {fit.p}"),
        *penalty,
    ]


def _size(fit: Fit) -> Pairs:
    weighted = fit.weight_sum != fit.n or fit.weight_type == "precision"
    weights = [(f"{fit.weight_type} weights, sum", f"{fit.weight_sum:.10g}")] if weighted else []
    return [("rows", f"{fit.n}"), ("residual df", f"{fit.df_resid:.10g}"), *weights]


def _spread(fit: Fit, digits: int) -> Pairs:
    return [
        ("sigma^2 (ML)", _number(fit.sigma2, digits)),
        ("s (residual)", _number(math.sqrt(fit.s2), digits)),
        ("R^2", _number(fit.r2, digits)),
        ("adjusted R^2", _number(fit.r2_adj, digits)),
    ]


def _quality(fit: Fit, digits: int) -> Pairs:
    f_test = [
        (f"F({fit.df_model}, {fit.df_resid:.6g})", _number(fit.fvalue, 6)),
        ("P>F", _probability(fit.f_pvalue)),
    ]
    return [
        ("log-likelihood", _number(fit.loglik, digits)),
        ("AIC", _number(fit.aic, digits)),
        ("BIC", _number(fit.bic, digits)),
        *(f_test if fit.model.linear else []),
    ]


def _number(value: float | None, digits: int) -> str:
    """``digits`` significant digits, trailing zeros kept; "-" for what a fit does not have."""
    return "-" if value is None else f"{value:#.{digits}g}".rstrip(".")


def _probability(value: float | None) -> str:
    """Three significant digits; what underflowed is not called zero."""
    if value is None:
        return "-"
    return "<1e-300" if value < 1e-300 else f"{value:.3g}"


def _printable(name: str) -> str:
    """The name, its line breaks and control characters escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width: the first flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]


def _two_columns(left: Pairs, right: Pairs, width: int) -> list[str]:
    """Two lists of names and values side by side, each over half the width."""
    height, half = max(len(left), len(right)), (width - 2 * len(GAP)) // 2
    halves = ([_spread_pair(pair, half) for pair in side] for side in (left, right))
    padded = ([*side, *[" " * half] * (height - len(side))] for side in halves)
    return [(2 * GAP).join(cells) for cells in zip(*padded, strict=True)]


def _spread_pair(pair: tuple[str, str], width: int) -> str:
    name, value = pair
    return name + GAP + value.rjust(width - len(name) - len(GAP))
