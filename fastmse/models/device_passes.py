"""Passes of a nonlinear model over rows on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmse.backends import DeviceCall
from fastmse.kernels.scalars import ModelScalar, Sums
from fastmse.models.device_rows import DeviceRows
from fastmse.models.passes import Totals, unpacked


class DevicePasses:
    """As `Passes`: sums of a model over its rows, at one θ after the other."""

    def __init__(self, call: DeviceCall, gated: tuple[Any, Any, Any], scalar: ModelScalar) -> None:
        self.kernels = call.kernels
        self.scalar = scalar
        self._given = DeviceRows(call, gated)
        self.n = self._given.n

    def __call__(self, theta: np.ndarray, sums: Sums) -> Totals:
        """At theta (K, p), one after the other."""
        kernels, given, scalar = self.kernels, self._given, self.scalar
        with kernels.on_device(given.device) as queue:
            weighting = given.weighed(queue)
            totals = np.array([kernels.models(given.rows, t, scalar, sums, queue) for t in theta])
        p = scalar.p if sums >= Sums.GRADIENT else 0
        normal = unpacked(totals[:, 2 + p :], p) if sums >= Sums.NORMAL else None
        return Totals(weighting, totals[:, 0] + totals[:, 1], totals[:, 2 : 2 + p], normal)
