"""The gate for arrays in a GPU's memory: the rules and the words of `inputs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fastmse import device_arrays
from fastmse.device_arrays import DeviceArray


class Line(NamedTuple):
    """Elements one stride apart; those of an array of any shape that is contiguous."""

    pointer: int
    step: int
    "bytes"
    n: int
    storage: str

    @property
    def itemsize(self) -> int:
        return device_arrays.ITEMSIZE[self.storage]


class DeviceColumns(NamedTuple):
    """Variables of a model, (n, q), each where it lies."""

    columns: dict[str, DeviceArray]
    "by what errors call them"
    lines: tuple[Line, ...]
    shape: tuple[int, int]


def arrays_of(X: DeviceArray | DeviceColumns) -> dict[str, DeviceArray]:
    """By their names."""
    return X.columns if isinstance(X, DeviceColumns) else {"X": X}


def device_of(arrays: Iterable[DeviceArray | None]) -> int | None:
    """The device of them all, by the first that knows it."""
    known = (array.device for array in arrays if array is not None and array.device is not None)
    return next(known, None)


def predictions(
    y_true: Any, y_pred: Any, sample_weight: Any
) -> tuple[DeviceArray, DeviceArray, DeviceArray | None]:
    """Of one shape, on one device, not empty."""
    y_true = device_arrays.read(y_true, "y_true")
    y_pred = same_shape(device_arrays.read(y_pred, "y_pred"), "y_pred", y_true, "y_true")
    if y_true.size == 0:
        raise ValueError(f"y_true: got shape {y_true.shape}, no elements; want at least one")
    if sample_weight is not None:
        sample_weight = device_arrays.read(sample_weight, "sample_weight")
        same_shape(sample_weight, "sample_weight", y_true, "y_true")
    one_device(("y_true", y_true), ("y_pred", y_pred), ("sample_weight", sample_weight))
    return y_true, y_pred, sample_weight


def design(
    X: Any, y: Any, sample_weight: Any
) -> tuple[DeviceArray, DeviceArray, DeviceArray | None]:
    """(n, d), (n,) and (n,) or None, n >= 1, on one device."""
    X = device_arrays.read(X, "X")
    if X.ndim != 2:
        hint = "; use .reshape(-1, 1) for one feature" if X.ndim == 1 else ""
        raise ValueError(f"X: got shape {X.shape}; want two dimensions, (n, n_features){hint}")
    return _with_rows(X, y, sample_weight)


def model_rows(
    X: Any, names: Sequence[str] | None, y: Any, sample_weight: Any
) -> tuple[tuple[DeviceArray | DeviceColumns, DeviceArray, DeviceArray | None], bool]:
    """(variables (n, q), y (n,), sample_weight (n,) or None), and whether X was (n,)."""
    if isinstance(X, Mapping):
        return _with_rows(_columns(X, names), y, sample_weight), False
    X = device_arrays.read(X, "X")
    is_vector = X.ndim == 1
    if is_vector:
        X = X._replace(shape=(*X.shape, 1), strides=(*X.strides, X.itemsize))
    if X.ndim != 2 or X.shape[1] != len(names or [None] * X.shape[1]) or X.shape[1] == 0:
        wanted = "(n,) or (n, q)" if names is None else f"(n, {len(names)}) for {', '.join(names)}"
        raise ValueError(f"X: got shape {X.shape[: 1 if is_vector else None]}; want {wanted}")
    return _with_rows(X, y, sample_weight), is_vector


def _columns(X: Mapping[str, Any], names: Sequence[str] | None) -> DeviceColumns:
    """By the rules of a dict in host memory."""
    if not names:
        raise TypeError("X: got a dict, but the variables have no names; want an array")
    for name in names:
        if name not in X:
            raise ValueError(f"X: got a dict without {name!r}; want every variable of the model")
    labels = [f"X[{name!r}]" for name in names]
    first = vector(X[names[0]], labels[0])
    others = [
        vector(X[name], label, first.size, labels[0])
        for name, label in zip(names[1:], labels[1:], strict=True)
    ]
    columns = (first, *others)
    found = tuple(line for line in lines(labels, columns) if line is not None)
    named = dict(zip(labels, columns, strict=True))
    return DeviceColumns(named, found, (first.size, len(columns)))


def _with_rows(X: Any, y: Any, sample_weight: Any) -> tuple[Any, DeviceArray, DeviceArray | None]:
    n = X.shape[0]
    if n == 0:
        raise ValueError("X: got no rows; want at least one")
    y = vector(y, "y", n)
    if sample_weight is not None:
        sample_weight = vector(sample_weight, "sample_weight", n)
    one_device(*arrays_of(X).items(), ("y", y), ("sample_weight", sample_weight))
    return X, y, sample_weight


def vector(obj: Any, name: str, n: int | None = None, like: str = "X") -> DeviceArray:
    array = device_arrays.read(obj, name)
    if array.ndim != 1:
        hint = "; use .ravel()" if array.size == max(array.shape, default=0) else ""
        raise ValueError(f"{name}: got shape {array.shape}; want one dimension, (n,){hint}")
    if n is not None and array.size != n:
        raise ValueError(f"{name}: got {array.size} rows; want {n}, as {like} has")
    return array


def same_shape(array: DeviceArray, name: str, other: DeviceArray, like: str) -> DeviceArray:
    if array.shape != other.shape:
        raise ValueError(
            f"{name}: got shape {array.shape}; want {other.shape}, the shape of {like}: nothing is "
            "broadcast"
        )
    return array


def one_device(*named: tuple[str, DeviceArray | None]) -> None:
    """Raise ValueError for arrays on two devices, where their libraries tell."""
    first: tuple[str, int] | None = None
    for name, array in named:
        device = None if array is None else array.device
        if device is None:
            continue
        if first is None:
            first = name, device
        elif device != first[1]:
            raise ValueError(
                f"{name}: got an array on device {device}; want it on device {first[1]}, as "
                f"{first[0]} is"
            )


def output(
    out: Any, y_pred: DeviceArray, others: Sequence[tuple[str, DeviceArray | None]]
) -> DeviceArray:
    """`out` if the gradient can be written to it element by element, as y_pred is read."""
    array = device_arrays.read(out, "out")
    same_shape(array, "out", y_pred, "y_pred")
    one_device(*others, ("out", array))
    if array.read_only:
        raise ValueError("out: got a read-only array; want a writeable one")
    if any(step == 0 and n > 1 for n, step in zip(array.shape, array.strides, strict=True)):
        raise ValueError("out: got an array whose elements share memory; want one element each")
    first, end = array.extent
    for name, other in others:
        if other is None or array[1:5] == other[1:5]:  # each element shares memory with itself
            continue
        start, stop = other.extent
        if first < stop and start < end:
            raise ValueError(
                f"out: got an array that overlaps {name}; want {name} itself, or separate memory"
            )
    return array


def lines(names: Sequence[str], arrays: Sequence[DeviceArray | None]) -> list[Line | None]:
    """Element i of each the same one: in C order, or in Fortran order where all are so."""
    for axes in (slice(None), slice(None, None, -1)):
        found = [array and _line(array, axes) for array in arrays]
        if found.count(None) == arrays.count(None):
            return found
    raise ValueError(
        next(
            f"{name}: got an array of shape {array.shape} that is not contiguous; want one "
            "dimension, or contiguous arrays of one order, on a device"
            for name, array in zip(names, arrays, strict=True)
            if array and _line(array, slice(None)) is None
        )
    )


def _line(array: DeviceArray, axes: slice) -> Line | None:
    """By the one stride that leads through all axes, the last of them fastest, if there is one."""
    step: int | None = None
    reach = 0
    if array.ndim == 1 and array.shape[0] > 1:
        return Line(array.pointer, array.strides[0], array.shape[0], array.storage)
    for n, stride in zip(array.shape[axes][::-1], array.strides[axes][::-1], strict=True):
        if n == 1:
            continue
        if step is None:
            step, reach = stride, n * stride
        elif stride == reach:
            reach *= n
        else:
            return None
    return Line(array.pointer, array.itemsize if step is None else step, array.size, array.storage)
