"""`Linear.evaluate` on a GPU."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from fastmse import device_inputs, inputs
from fastmse.backends import DeviceCall
from fastmse.models.device_rows import DeviceRows
from fastmse.results import Evaluation
from fastmse.weighting import Weighting


def gate(on_device: bool, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """Of arrays on a device, or of arrays and tables in host memory, by the rules of each."""
    design = device_inputs.design if on_device else inputs.design
    gated: tuple[Any, Any, Any] = design(X, y, sample_weight)
    return gated


def evaluate(
    call: DeviceCall,
    gated: tuple[Any, Any, Any],
    theta: np.ndarray,
    single: bool,
    intercept: bool,
    grad: bool,
) -> Evaluation:
    """As `Linear.evaluate`, of arrays that have passed the gate; theta is (K, p)."""
    kernels = call.kernels
    models = [_model_of(kernels, row, intercept, grad) for row in theta]
    given = DeviceRows(call, gated)
    with kernels.on_device(given.device) as queue:
        weighting = given.weighed(queue)
        totals = [kernels.linear(given.rows, model, queue) for model in models]
    return _evaluation(weighting, np.array(totals), single, grad)


def _evaluation(weighting: Weighting, sums: np.ndarray, single: bool, grad: bool) -> Evaluation:
    sse, gradient = sums[:, 0] + sums[:, 1], None
    if grad:
        gradient = sums[:, 2:] * 2.0 / weighting.weight_sum
        gradient = gradient[0] if single else gradient
        gradient.flags.writeable = False
    return Evaluation(*weighting, float(sse[0]) if single else sse, gradient)


def _model_of(kernels: ModuleType, theta: np.ndarray, intercept: bool, grad: bool) -> Any:
    offset = float(theta[0]) if intercept else 0.0
    return kernels.Model(theta[int(intercept) :], offset, intercept, grad)
