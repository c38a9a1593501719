"""Where a term may overflow while the formula does not.

In b1/(1 + exp(b2 - b3*x)) the exponential may be infinite: the value is then 0, but its derivative,
-f exp(u) / (1 + exp(u)), comes to 0*inf, which is NaN. So the slopes of what grows fast and stands
in a denominator or a function are finite: 1e100 for infinity, times the 0 beside it.
"""

from __future__ import annotations

from fastmse.formulas.terms import Term, ordered

STEEP = ("exp", "expm1", "sinh", "cosh", "power", "times", "over")
"""The operations whose partial derivatives may overflow."""

LINEAR = {
    "plus": (0, 1),
    "minus": (0, 1),
    "times": (0, 1),
    "over": (0,),
    "negative": (0,),
    "where": (1, 2),
}
"""The operands that are infinite only if the whole is, or NaN."""


def saturated(root: Term) -> set[Term]:
    """The terms whose slopes must be finite, as the formula may hide their infinity."""
    inside: set[Term] = set()
    for term in reversed(ordered([root], Term.operands)):
        linear = LINEAR.get(term.op, ()) if term not in inside else ()
        inside.update(a for k, a in enumerate(term.operands()) if k not in linear)
    return {term for term in inside if term.op in STEEP}
