"""`mse` and `evaluate` on a GPU."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from fastmse import device_arrays, device_inputs, inputs
from fastmse.device_arrays import DeviceArray
from fastmse.device_inputs import Line
from fastmse.kernels import compiled
from fastmse.models.elements import as_elements, gradient_array
from fastmse.results import Evaluation
from fastmse.weighting import Weighting, checked, require_rows
from fastmse.weighting import weigh as weighting_of


class Gated(NamedTuple):
    y_true: DeviceArray
    y_pred: DeviceArray
    sample_weight: DeviceArray | None


def evaluate(
    kernels: ModuleType, y_true: Any, y_pred: Any, sample_weight: Any, grad: bool, out: Any
) -> Evaluation:
    """As `models.evaluate`, of arrays on a device."""
    gated = Gated(*device_inputs.predictions(y_true, y_pred, sample_weight))
    out, target = _gradient_array(gated, grad, out)
    names, arrays = ("y_true", "y_pred", "sample_weight", "out"), (*gated, target)
    y, f, w, to = device_inputs.lines(names, arrays)
    assert y is not None
    with kernels.on_device(device_inputs.device_of(arrays)) as queue:
        queue.wait_for(streams_of(arrays))
        weighting = weigh(kernels, y.n, w, queue)
        high, low = kernels.predictions(y, f, w, to, 2.0 / weighting.weight_sum, queue).tolist()
    return Evaluation(weighting.n, weighting.weight_sum, float(high + low), out)


def _gradient_array(gated: Gated, grad: bool, out: Any) -> tuple[Any, DeviceArray | None]:
    """As `elements.gradient_array`, on the device."""
    if out is not None:
        if not grad:
            raise ValueError("out: got an array together with grad=False; want one or the other")
        given = (("y_pred", gated[1]), ("y_true", gated[0]), ("sample_weight", gated[2]))
        return out, device_inputs.output(out, gated.y_pred, given)
    if not grad:
        return None, None
    made = device_arrays.empty_like(gated.y_pred)
    return made, device_arrays.read(made, "out")


def evaluate_sent(
    kernels: ModuleType, y_true: Any, y_pred: Any, sample_weight: Any, grad: bool, out: Any
) -> Evaluation:
    """As `models.evaluate`, of arrays in host memory."""
    gated = inputs.predictions(y_true, y_pred, sample_weight)
    out, target = gradient_array(gated, grad, out)
    rows, copied = as_elements(gated, target)
    written = rows.pop()
    if copied:  # no stride describes them: they are copied whole, and the gradient back
        rows = [None if array is None else array[:] for array in rows]
        written = None if target is None else np.empty(target.size, target.dtype)
    weighting = weighting_of(compiled, gated[0].size, rows[2], 1)
    with kernels.on_device(None) as queue:
        scale = 2.0 / weighting.weight_sum
        high, low = kernels.staged_predictions(rows, written, scale, queue).tolist()
    if copied and target is not None:
        target.flat[:] = written
    return Evaluation(weighting.n, weighting.weight_sum, float(high + low), out)


def streams_of(arrays: Iterable[DeviceArray | None]) -> set[int]:
    return {a.stream for a in arrays if a is not None and a.stream is not None}


def weigh(kernels: ModuleType, n: int, w: Line | None, queue: Any) -> Weighting:
    """As `weighting.weigh`: the rows of a refused weight are looked for on the host."""
    if w is None:
        return Weighting(n, float(n))
    high, low, *counts = kernels.weigh(w, queue).tolist()
    values = kernels.OnHost(w, queue) if counts[1] else None
    return require_rows(checked(n, high + low, counts, values))
