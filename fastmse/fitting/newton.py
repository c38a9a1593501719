"""The last steps to a minimum, judged by the gradient: to where that is rounding.

SSE tells θ from θ̂ to √eps only, for it is flat there; the gradient g = Σ w r ∂f does to eps. So a
step s = −H⁻¹g is taken while √(gᵀH⁻¹g) falls. H is Gauss and Newton's matrix as long as that falls
by a factor of ten a step, which costs no second derivatives, and then Hesse's. The fixed point, and
so the digits of θ̂, depends on neither: on the gradient alone.
"""

from __future__ import annotations

import numpy as np

from fastmse.fitting.objective import Normal, is_finite
from fastmse.fitting.problem import Search
from fastmse.fitting.verdict import Precision

QUICK, FALLING = 0.1, 0.5
"""What √(gᵀH⁻¹g) has to fall by: by Gauss and Newton's steps, by the last kind there is."""

LINEAR = 0.95
"""The same without second derivatives: Gauss and Newton's steps converge, if slowly."""

RISE = 1e-8
"""SSE may rise by this part of it: Newton's steps near the minimum do not see it."""


def polish(search: Search, precision: Precision) -> bool:
    """Take Newton's steps from near a minimum; True if they ended at one."""
    has_hessian = search.objective.hessian is not None
    shrink = QUICK if has_hessian else LINEAR
    quick = _steps(search, precision, search.at, shrink, exact=False)
    if has_hessian and not search.over and not (quick and precision.at_end(search)):
        start = search.theta
        at = search.evaluate(start, exact=True)
        if not is_finite(at) or search.quadratic(at).step() is None:
            return False
        _steps(search, precision, at, FALLING, exact=True)
        if search.theta is not start:
            search.move(search.theta, search.evaluate(search.theta))
    return precision.at_minimum(search)


def _steps(search: Search, precision: Precision, at: Normal, shrink: float, *, exact: bool) -> bool:
    """Steps while √(gᵀH⁻¹g) falls to the part `shrink` of it; whether the last ones did so.

    `at` are the sums at the search's θ, of the kind that is asked for.
    """
    fell, quadratic = False, search.quadratic(at)
    z = quadratic.undamped()
    while z is not None and not search.over:
        length, theta = quadratic.length(z), search.reached(z)
        if (theta == search.theta).all():
            break
        there = search.evaluate(theta, exact=exact)
        if not (is_finite(there) and there.sse <= at.sse * (1 + RISE)):
            search.tried()
            break
        quadratic = search.quadratic(there, theta)
        z = quadratic.undamped()
        rest = np.inf if z is None else quadratic.length(z)
        if rest < length:
            at = there
            search.move(theta, there, exact=exact)
        search.tried()
        if not rest < shrink * length:
            break
        fell = True
        if precision.is_enough(rest, there) or search.is_tiny(z):
            break
    return fell
