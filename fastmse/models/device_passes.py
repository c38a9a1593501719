"""Passes of a nonlinear model over rows in a GPU's memory."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from fastmse import device_inputs
from fastmse.kernels.scalars import ModelScalar, Sums
from fastmse.models.device_predictions import streams_of, weigh
from fastmse.models.passes import Totals, unpacked


class DevicePasses:
    """As `Passes`: sums of a model over its rows, at one θ after the other."""

    def __init__(self, kernels: ModuleType, gated: Any, scalar: ModelScalar) -> None:
        self.kernels = kernels
        self.scalar = scalar
        self._gated = gated
        X, y, sample_weight = gated
        self.n = int(X.shape[0])
        self._y, self._w = device_inputs.lines(("y", "sample_weight"), (y, sample_weight))

    def __call__(self, theta: np.ndarray, sums: Sums) -> Totals:
        """At theta (K, p), one after the other."""
        kernels, (X, _, sample_weight) = self.kernels, self._gated
        with kernels.on_device(X.device) as queue:
            kernels.wait_for(streams_of(*self._gated))
            weighting = weigh(kernels, self.n, self._w, sample_weight, queue)
            at_x = kernels.matrix_of(X)
            totals = np.array(
                [
                    kernels.models(at_x, self._y, self._w, row, self.scalar, sums, queue)
                    for row in theta
                ]
            )
        p = self.scalar.p if sums >= Sums.GRADIENT else 0
        normal = unpacked(totals[:, 2 + p :], p) if sums >= Sums.NORMAL else None
        return Totals(weighting, totals[:, 0] + totals[:, 1], totals[:, 2 : 2 + p], normal)
