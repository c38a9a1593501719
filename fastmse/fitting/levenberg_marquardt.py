"""Nonlinear least squares by Levenberg and Marquardt's method, on sums of one pass.

About θ, half of SSE is gᵀs + ½ sᵀAs, A = Σ w ∂f ∂fᵀ. A step solves

    (A + λ D²) s = −g,    D = diag of the largest √Aⱼⱼ so far

inside the bounds. λ follows the gain ratio ρ, what SSE fell by over what the quadratic expected: a
step is taken if ρ > 10⁻⁴, and λ is then multiplied by max(1/3, 1 − (2ρ − 1)³); each step refused
in a row multiplies it by 2, 4, 8, ... Near the minimum, `newton.polish` takes over.

Source: Moré, "The Levenberg-Marquardt algorithm: implementation and theory" (1978), for D; Nielsen,
"Damping parameter in Marquardt's method", IMM-REP-1999-05, for λ.
Cost of a step: one pass over the data; O(p³) flops and O(p²) memory besides.
"""

from __future__ import annotations

import numpy as np

from fastmse.fitting.newton import polish
from fastmse.fitting.objective import is_finite
from fastmse.fitting.problem import EPS, TINY, Search
from fastmse.fitting.verdict import Precision

FIRST_DAMPING = 1e-4
"""Of the largest curvature: Ceres's, which reaches all of NIST's minima."""

FIRST_STEPS = 3.0, 0.01
"""Of |D θ|: the longest first step. Of 1 to 10 all reach NIST's minima; 100 jumps to a plateau.
The second is for a start from which the first does so too: where derivatives nearly vanish."""

LEAST_DAMPING, LARGEST_DAMPING = 1e-30, 1e30
"""Less is none, even where D is 10¹⁰ times what it could be; a step of more does not change θ."""

LEAST_RATIO = 1e-4

NEAR, NEARER, NEAREST = 0.1, 1e-4, 1e-9
"""√(gᵀA⁻¹g)/√SSE from which Newton's steps are tried; after a failure this part of it; the last."""

GAINED = 1e-8
"""Part of SSE that a search has to gain to begin anew where it stalls."""


@np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore")
def minimise(search: Search, precision: Precision) -> bool:
    """Search until rounding, `max_iter` or the callback ends it; True if that is at a minimum.

    A search that ends elsewhere, on a plateau say, is made once more by a short first step; the
    lower end counts.
    """
    start = search.theta, search.at
    for longest in FIRST_STEPS:
        before = search.theta, search.at
        search.move(*start)
        if _search(search, precision, longest):
            return True
        if before[1].sse < search.at.sse:
            search.move(*before)
        if search.over or precision.at_minimum(search):
            break
    return False


def _search(search: Search, precision: Precision, longest: float) -> bool:
    """Search from where it is.

    Where derivatives were larger by orders of magnitude on the way, D and λ hold the steps up: the
    search begins anew without that memory.
    """
    before = np.inf
    while not search.over and search.at.sse < before * (1 - GAINED):
        before = search.at.sse
        search.forget()
        if _round(search, precision, longest):
            return True
    return False


def _round(search: Search, precision: Precision, longest: float) -> bool:
    """Damped steps, and Newton's where those are near a minimum."""
    damping, near, stalled = Damping(), NEAR, False
    damping.shorten(search, longest)
    while not (search.over or stalled or near < NEAREST):
        stalled = descend(search, damping, precision, near)
        if not search.over and polish(search, precision):
            return True
        near *= NEARER
    return False


class Damping:
    """λ, and what the next refusal multiplies it by."""

    def __init__(self) -> None:
        self.value, self.growth = FIRST_DAMPING, 2.0

    def shorten(self, search: Search, times: float) -> None:
        """Damp the first step until it is no longer than θ itself, so many times.

        Not by a θ that is 0, or as good as 0 beside the residuals: it tells nothing of a step.
        """
        longest = times * np.linalg.norm(search.scale * search.theta)
        tells = longest > TINY * np.sqrt(search.at.sse)
        quadratic = search.quadratic(search.at)
        while tells and self.value < LARGEST_DAMPING:
            z = quadratic.step(self.value)
            if z is not None and np.linalg.norm(z) <= longest:
                break
            self.value *= 4

    def taken(self, ratio: float) -> None:
        """Less damping after a step of a good gain ratio."""
        factor = max(1 / 3, 1 - (2 * min(ratio, 1.0) - 1) ** 3)
        self.value, self.growth = max(self.value * factor, LEAST_DAMPING), 2.0

    def refused(self) -> None:
        """More damping, and faster."""
        self.value, self.growth = self.value * self.growth, self.growth * 2


def descend(search: Search, damping: Damping, precision: Precision, near: float) -> bool:
    """Damped steps until the minimum is near; True if no step lowers SSE any more."""
    while not search.over:
        quadratic = search.quadratic(search.at)
        if precision.is_near(quadratic, search.at.sse, near):
            return False
        z = quadratic.step(damping.value)
        gain = 0.0 if z is None else quadratic.gain(z)
        if damping.value > LARGEST_DAMPING or 0 < gain < EPS * search.at.sse:
            return True
        if z is None or gain <= 0 or not _taken(search, z, gain, damping):
            damping.refused()
    return False


def _taken(search: Search, z: np.ndarray, gain: float, damping: Damping) -> bool:
    """Try a step; go there if SSE falls enough."""
    theta = search.reached(z)
    at = search.evaluate(theta)
    ratio = (search.at.sse - at.sse) / gain if is_finite(at) else -np.inf
    taken = bool(ratio > LEAST_RATIO)
    if taken:
        search.move(theta, at)
        damping.taken(ratio)
    search.tried()
    return taken
