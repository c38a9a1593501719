"""Rows of X, y and weights for the kernels of a GPU, once they have been through the gate."""

from __future__ import annotations

from typing import Any

from fastmse import device_inputs
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
        X, *others = self._gated = gated  # whose owners must live
        self._call, self.device, self._streams = call, None, set()
        self.n = int(X.shape[0])
        if not call.on_device:
            self.rows = call.kernels.SentRows(*gated)
            return
        at_y, self._w = device_inputs.lines(("y", "sample_weight"), others)
        self.rows = call.kernels.placed(X, at_y, self._w)
        arrays = device_inputs.arrays_of(X)
        self.device, self._streams = arrays[0].device, streams_of(*arrays, *others)

    def weighed(self, queue: Any) -> Weighting:
        """Their weighting; kernels launched later wait for what their libraries still write."""
        if not self._call.on_device:
            return weighting_of(compiled, self.n, self._gated[2], 1)
        queue.wait_for(self._streams)
        return weigh(self._call.kernels, self.n, self._w, self._gated[2], queue)
