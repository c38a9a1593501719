"""`Linear.evaluate` on a GPU."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from fastmse import device_inputs
from fastmse.models.device_predictions import streams_of, weigh
from fastmse.results import Evaluation


def evaluate(
    kernels: ModuleType,
    gated: tuple[Any, Any, Any],
    theta: np.ndarray,
    single: bool,
    intercept: bool,
    grad: bool,
) -> Evaluation:
    """As `Linear.evaluate`, of arrays on a device that have passed the gate; theta is (K, p)."""
    X, y, sample_weight = gated
    at_y, at_w = device_inputs.lines((("y", y), ("sample_weight", sample_weight)))
    with kernels.on_device(X.device) as device:
        kernels.wait_for(streams_of(*gated))
        weighting = weigh(kernels, len_of(X), at_w, sample_weight, device)
        matrix = kernels.matrix_of(X)
        totals = [
            kernels.linear(matrix, at_y, at_w, model_of(kernels, row, intercept, grad), device)
            for row in theta
        ]
    sums = np.array(totals)
    sse, gradient = sums[:, 0] + sums[:, 1], None
    if grad:
        gradient = sums[:, 2:] * 2.0 / weighting.weight_sum
        gradient = gradient[0] if single else gradient
        gradient.flags.writeable = False
    return Evaluation(*weighting, float(sse[0]) if single else sse, gradient)


def len_of(X: Any) -> int:
    return int(X.shape[0])


def model_of(kernels: ModuleType, theta: np.ndarray, intercept: bool, grad: bool) -> Any:
    offset = float(theta[0]) if intercept else 0.0
    return kernels.Model(theta[int(intercept) :], offset, intercept, grad)
