"""Rows of X, y and weights for the kernels of a GPU, once they have been through the gate."""

from __future__ import annotations

from typing import Any

from fastmse import device_arrays, device_inputs
from fastmse.backends import DeviceCall
from fastmse.kernels import compiled
from fastmse.models.device_predictions import streams_of, weigh
from fastmse.weighting import Weighting
from fastmse.weighting import weigh as weighting_of


class DeviceRows:
    """(X, y, sample_weight or None) on a device, or in host memory, from where they are sent.

    `rows` are what the kernels take, `device` the number of theirs, or None for the current one.
    """

    def __init__(self, call: DeviceCall, gated: tuple[Any, Any, Any]) -> None:
        X, y, self._sample_weight = gated
        self._call, self.device = call, None
        self.n = int(X.shape[0])
        if not call.on_device:
            self.rows = call.kernels.SentRows(*gated)
            return
        others = y, self._sample_weight
        at_y, self._w = device_inputs.lines(("y", "sample_weight"), others)
        self.rows = call.kernels.placed(X, at_y, self._w)
        self._arrays = [*device_inputs.arrays_of(X).values(), *others]  # whose owners must live
        self.device = device_inputs.device_of(self._arrays)
        self._streams: set[int] | None = streams_of(self._arrays)

    def weighed(self, queue: Any) -> Weighting:
        """Their weighting; kernels launched later wait for what their libraries still write."""
        if not self._call.on_device:
            return weighting_of(compiled, self.n, self._sample_weight, 1)
        streams, self._streams = self._streams, None
        if streams is None:  # a later pass: they may have been written to since the gate
            streams = streams_of(map(device_arrays.asked_again, self._arrays))
        queue.wait_for(streams)
        return weigh(self._call.kernels, self.n, self._w, queue)
