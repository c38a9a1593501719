"""What ``fastmse info`` shows of the devices."""

from __future__ import annotations

from typing import Any

from numba import cuda

from fastmse.kernels.cuda.flags import SIMULATED


def describe() -> dict[str, str]:
    """A line for each device, and the versions of CUDA beneath."""
    if SIMULATED:
        return {"device 0": "Numba's simulator: no GPU, and no speed"}
    found = {f"device {device.id}": _device(device) for device in cuda.gpus}
    return {**found, "driver": _version(cuda.cudadrv.driver.driver.get_version())}


def _device(device: Any) -> str:
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    capability = ".".join(map(str, device.compute_capability))
    return f"{name}, compute capability {capability}"


def _version(version: Any) -> str:
    return "CUDA " + ".".join(map(str, version))
