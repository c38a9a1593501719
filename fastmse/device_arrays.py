"""Arrays in a GPU's memory, whoever made them: CuPy, PyTorch, JAX, Numba.

They are read where they lie, by ``__cuda_array_interface__``. What their library still has to do
is waited for on the device: by the stream of the interface, or by DLPack, which tells a producer
which stream will read. No library is imported here, and no driver touched.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

WANTED = "float64, float32, float16 or bfloat16 on a device"

STORAGE = {
    "<f8": "float64",
    "<f4": "float32",
    "<f2": "float16",
    "<V2": "bfloat16",
    "|V2": "bfloat16",
}
"""Of a typestr. Two bytes of no kind that NumPy knows are bfloat16's."""

ITEMSIZE = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}

CUDA_DEVICES = (2, 13)
"""DLPack's kinds of device memory: CUDA, and CUDA's managed."""

LEGACY_STREAM = 1
"""Of the interface and of DLPack: the default stream, on which the kernels run."""


class DeviceArray(NamedTuple):
    """Where an array lies; `owner` is the caller's own, which must stay alive."""

    owner: Any
    pointer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    "in bytes"
    storage: str
    device: int | None
    "its number, where its library tells"
    stream: int | None
    "that is still writing to it, if not the default one"
    read_only: bool

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        return ITEMSIZE[self.storage]

    @property
    def extent(self) -> tuple[int, int]:
        """The first byte of it and the one after its last."""
        reach = [(n - 1) * step for n, step in zip(self.shape, self.strides, strict=True)]
        low = self.pointer + sum(step for step in reach if step < 0)
        return low, self.pointer + sum(step for step in reach if step > 0) + self.itemsize


def is_on_device(obj: Any) -> bool:
    """Whether an object lies in a GPU's memory."""
    kind = type(obj)
    if kind is np.ndarray or obj is None:
        return False
    if hasattr(kind, "__cuda_array_interface__"):
        try:
            return obj.__cuda_array_interface__ is not None
        except AttributeError:  # a tensor of PyTorch or an array of JAX on the host
            return False
        except Exception:  # on a device, but not to be read: `read` says why
            return True
    return hasattr(obj, "__cuda_array_interface__")


def read(obj: Any, name: str) -> DeviceArray:
    """Where the array lies, once its library's work on it is ordered before ours.

    Raises TypeError for what is not on a device, and for dtypes that the kernels do not read.
    """
    try:
        interface = obj.__cuda_array_interface__
    except Exception as error:
        raise _unreadable(obj, name, error) from None
    if interface is None:
        raise _unreadable(obj, name, None)
    storage = STORAGE.get(interface["typestr"])
    if storage is None:
        raise TypeError(f"{name}: got dtype {_dtype_name(interface['typestr'])}; want {WANTED}")
    if interface.get("mask") is not None:
        raise TypeError(f"{name}: got a masked array, whose mask would be lost; want a plain one")
    shape, size = tuple(interface["shape"]), ITEMSIZE[storage]
    given = interface.get("strides")
    strides = tuple(given) if given else contiguous_strides(shape, size)
    pointer, read_only = interface["data"]
    if pointer and (pointer % size or (given and any(step % size for step in given))):
        raise ValueError(f"{name}: got an array that is not aligned to its elements; want it so")
    stream = _stream(obj, interface)
    return DeviceArray(
        obj, pointer or 0, shape, strides, storage, _device(obj), stream, bool(read_only)
    )


def _unreadable(obj: Any, name: str, error: Exception | None) -> TypeError:
    if is_on_device(obj):
        return TypeError(f"{name}: got a {_kind(obj)} that cannot be read ({error})")
    return TypeError(
        f"{name}: got {_described(obj)}; want an array on the device, as the others are: "
        "nothing is moved silently"
    )


def _described(obj: Any) -> str:
    return "None" if obj is None else f"a {_kind(obj)} in host memory"


def _kind(obj: Any) -> str:
    return f"{type(obj).__module__.partition('.')[0]} {type(obj).__name__}"


def _dtype_name(typestr: str) -> str:
    try:
        return str(np.dtype(typestr))
    except TypeError:
        return repr(typestr)


def contiguous_strides(shape: Sequence[int], itemsize: int) -> tuple[int, ...]:
    """Of C order."""
    if len(shape) == 1:
        return (itemsize,)
    strides = [itemsize] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * shape[axis]
    return tuple(strides)


def _device(obj: Any) -> int | None:
    tell = getattr(obj, "__dlpack_device__", None)
    if tell is None:
        return None
    kind, number = tell()
    return int(number) if int(kind) in CUDA_DEVICES else None


def _stream(obj: Any, interface: Any) -> int | None:
    """The stream to wait for; none where the producer waits for itself or says there is nothing."""
    if interface.get("version", 0) >= 3 and "stream" in interface:
        stream = interface["stream"]
        return None if stream in (None, LEGACY_STREAM) else int(stream)
    if hasattr(obj, "__dlpack__"):
        obj.__dlpack__(stream=LEGACY_STREAM)  # for what it does to the streams
    return None


def asked_again(array: DeviceArray | None) -> DeviceArray | None:
    """The same, with the stream that is writing to it now."""
    if array is None:
        return None
    return array._replace(stream=_stream(array.owner, array.owner.__cuda_array_interface__))


def empty_like(array: DeviceArray) -> Any:
    """A new array of the caller's kind, on the same device, of the same shape and dtype."""
    owner, library = array.owner, type(array.owner).__module__.partition(".")[0]
    if library == "torch":
        return sys.modules["torch"].empty_like(owner)
    if library == "cupy":
        return sys.modules["cupy"].empty_like(owner)
    if library in ("jax", "jaxlib"):
        numpy = sys.modules["jax.numpy"]
        return numpy.empty(owner.shape, owner.dtype, device=owner.sharding).block_until_ready()
    from numba import cuda

    return cuda.device_array(array.shape, np.dtype(array.storage))
