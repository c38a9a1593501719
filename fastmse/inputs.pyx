# cython: language_level=3, boundscheck=False, freethreading_compatible=True
"""The gate: every array that reaches a kernel has passed here, once.

Accepted as they are: ndarrays of float64/32/16, bfloat16, integers and bool, of any
strides, alignment and byte order, read-only or memory-mapped. Other array-likes are
converted once by ``numpy.asarray``; of tables and their columns `rows` copies nothing. What
would give a wrong number is refused with the argument's name, what came and what is wanted;
nothing is ever broadcast.
"""
from collections.abc import Mapping

import numpy as np

from fastmse.columns import Columns, Stored

cimport numpy as cnp

cnp.import_array()

WANTED = "float64, float32, float16, bfloat16, integers or bool"
REFUSED_KINDS = {
    "O": "Python objects (missing values or mixed types?); convert it with .astype(float)",
    "U": "text; convert it with .astype(float)",
    "S": "bytes; convert it with .astype(float)",
    "T": "text; convert it with .astype(float)",
    "c": "complex numbers; pass .real or .imag",
    "M": "dates; pass numbers, for example seconds since the first date",
    "m": "time differences; pass numbers, for example .astype('m8[s]').astype(float)",
    "f": "floats of an unusual width; convert it with .astype(numpy.float64)",
    "V": "a structured or unknown type; pass its numeric columns",
}

TABLE_MARKS = ("columns", "to_numpy", "__arrow_c_stream__", "__arrow_c_array__")
"""A type with none of these is no table and no column of one: narwhals need not be imported."""


cdef bint is_real(cnp.ndarray array):
    """Whether the kernels decode this dtype."""
    cdef char kind = array.descr.kind
    if cnp.PyTypeNum_ISUSERDEF(array.descr.type_num):  # float8_e5m2 calls itself "f" as well
        return array.dtype.name == "bfloat16"
    if kind == c"f":
        return cnp.PyArray_ITEMSIZE(array) <= 8
    return kind == c"i" or kind == c"u" or kind == c"b"


def real_array(obj, str name):
    """`obj` as an ndarray of a dtype the kernels read, without a copy if it is one.

    Raises TypeError for masked and sparse arrays and for dtypes that hold no real numbers.
    """
    cdef cnp.ndarray array
    if cnp.PyArray_CheckExact(obj):
        array = obj
    else:
        array = _converted(obj, name)
    if not is_real(array):
        kind = array.dtype.kind
        raise TypeError(f"{name}: got dtype {array.dtype}, {REFUSED_KINDS[kind]}; want {WANTED}")
    return array


def _converted(obj, str name):
    kind = type(obj).__name__
    if isinstance(obj, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: got a masked array, whose mask would be lost; want a plain array: drop the "
            "masked rows, or give them sample_weight 0"
        )
    if type(obj).__module__.split(".")[0] in {"scipy", "sparse"} and hasattr(obj, "nnz"):
        raise TypeError(f"{name}: got a sparse {kind}; want a dense array: .toarray()")
    if obj is None:
        raise TypeError(f"{name}: got None; want an array of {WANTED}")
    obj = _from_table(obj, name)
    try:
        return np.asarray(obj)
    except (TypeError, ValueError, RuntimeError) as error:  # torch's word is RuntimeError
        refusal = ValueError if isinstance(error, ValueError) else TypeError
        raise refusal(f"{name}: got a {kind} that is no array ({error}); want {WANTED}") from None


def _from_table(obj, str name, wanted=None):
    """A table as `Columns`, a column of one as an array or `Stored`; else `obj` itself.

    Of a table only the columns of the `wanted` names, if given.
    """
    if not any(hasattr(type(obj), mark) for mark in TABLE_MARKS):
        return obj
    from fastmse import tables

    return tables.read(obj, name, wanted)


def rows(obj, str name):
    """`obj` as `real_array`, but a table as `Columns`, and a column that takes a copy as `Stored`.
    """
    if not cnp.PyArray_CheckExact(obj):
        obj = _from_table(obj, name)
        if isinstance(obj, (Columns, Stored)):
            return obj
    return real_array(obj, name)


def vector(obj, str name, n=None, str like="y_true"):
    """What `rows` gives in 1-D, of length `n` if given: the length of the argument `like`."""
    array = rows(obj, name)
    shape = array.shape
    if len(shape) != 1:
        hint = "; use .ravel()" if np.prod(shape) == max(shape, default=0) else ""
        hint = "; select one column" if isinstance(array, Columns) else hint
        raise ValueError(f"{name}: got shape {shape}; want one dimension, (n,){hint}")
    if n is not None and shape[0] != n:
        raise ValueError(f"{name}: got {shape[0]} rows; want {n}, as {like} has")
    return array


def matrix(obj, str name="X"):
    """What `rows` gives in 2-D, (n, d) with n >= 1."""
    array = rows(obj, name)
    shape = array.shape
    if len(shape) != 2:
        hint = "; use .reshape(-1, 1) for one feature" if len(shape) == 1 else ""
        raise ValueError(f"{name}: got shape {shape}; want two dimensions, (n, n_features){hint}")
    if shape[0] == 0:
        raise ValueError(f"{name}: got no rows; want at least one")
    return array


def variables(X, names):
    """A model's variables (n, q), n >= 1, in the order of `names`, and whether X was (n,).

    X is an array of columns in this order, (n,) for one; a dict of them by name; or a table, of
    which they are chosen by name. `names` may be None: all columns, as they come.
    """
    if isinstance(X, Mapping):
        X = _from_dict(X, names)
    elif not isinstance(X, Columns):
        X = rows(_from_table(X, "X", names), "X")
    elif names is not None:
        X = X.chosen(names, "X")
    shape, is_vector = X.shape, len(X.shape) == 1
    wanted = "(n,) or (n, q)" if names is None else _wanted_shape(names)
    if len(shape) not in (1, 2) or (names is not None and len(names) != (shape + (1,))[1]):
        raise ValueError(f"X: got shape {shape}; want {wanted}")
    if shape[0] == 0:
        raise ValueError("X: got no rows; want at least one")
    if is_vector:
        X = X[:, None] if isinstance(X, np.ndarray) else Columns([X], names or ["x"], len(X))
    return X, is_vector


def _wanted_shape(names):
    shown = ", ".join(names) if names else "none: a constant model"
    return f"(n, {len(names)}){' or (n,)' if len(names) == 1 else ''} for the variables {shown}"


def _from_dict(X, names):
    if names is None:
        raise TypeError("X: got a dict, but the variables have no names; want an array or a table")
    for label in names:
        if label not in X:
            raise ValueError(f"X: got a dict without {label!r}; want every variable of the model")
    arrays = [vector(X[label], f"X[{label!r}]") for label in names]
    n = len(arrays[0]) if arrays else 0
    for label, array in zip(names, arrays, strict=True):
        if len(array) != n:
            raise ValueError(f"X[{label!r}]: got {len(array)} rows; want {n}, as X[{names[0]!r}]")
    return Columns(arrays, names, n)


def model_rows(X, names, y, sample_weight):
    """(variables (n, q), y (n,), sample_weight (n,) or None), and whether X was (n,)."""
    X, is_vector = variables(X, names)
    n = len(X)
    y = vector(y, "y", n, "X")
    if sample_weight is not None:
        sample_weight = vector(sample_weight, "sample_weight", n, "X")
    return (X, y, sample_weight), is_vector


def same_shape(obj, str name, other, str like):
    """An array or `Stored` of exactly the shape of `other`: never broadcast."""
    array = rows(obj, name)
    if isinstance(array, Columns):
        array = np.asarray(array)
    if not _one_shape(array, other):
        raise ValueError(
            f"{name}: got shape {array.shape}; want {other.shape}, the shape of {like}: nothing is "
            "broadcast"
        )
    return array


cdef bint _one_shape(a, b):
    if cnp.PyArray_CheckExact(a) and cnp.PyArray_CheckExact(b):
        return cnp.PyArray_SAMESHAPE(a, b)
    return a.shape == b.shape


def predictions(y_true, y_pred, sample_weight):
    """(y_true, y_pred, sample_weight): of one shape, not empty; `Stored` as it is."""
    y_true = rows(y_true, "y_true")
    if isinstance(y_true, Columns):
        y_true = np.asarray(y_true)
    y_pred = same_shape(y_pred, "y_pred", y_true, "y_true")
    if y_true.size == 0:
        raise ValueError(f"y_true: got shape {y_true.shape}, no elements; want at least one")
    if sample_weight is not None:
        sample_weight = same_shape(sample_weight, "sample_weight", y_true, "y_true")
    return y_true, y_pred, sample_weight


def design(X, y, sample_weight):
    """(X, y, sample_weight): (n, d), (n,) and (n,) or None, n >= 1."""
    X = matrix(X, "X")
    n = len(X)
    y = vector(y, "y", n, "X")
    if sample_weight is not None:
        sample_weight = vector(sample_weight, "sample_weight", n, "X")
    return X, y, sample_weight


def parameters(theta, Py_ssize_t p, str formula):
    """theta as a C-ordered float64 array (K, p), and whether it was given as (p,).

    A copy: aligned, writeable and nobody else's, so that it compiles nothing anew in Numba.
    """
    array = np.array(real_array(theta, "theta"), dtype=np.float64, order="C")
    if array.ndim not in (1, 2) or array.shape[array.ndim - 1] != p or array.size == 0:
        raise ValueError(
            f"theta: got shape {array.shape}; want ({p},) or (K, {p}) for {formula}"
        )
    return array.reshape(-1, p), array.ndim == 1


def output(out, y_pred, others):
    """`out` if the gradient can be written to it element by element, as y_pred is read."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out: got {type(out).__name__}; want a numpy array")
    array = real_array(out, "out")
    if array.dtype.kind not in "fV":
        raise TypeError(f"out: got dtype {array.dtype}; want a floating one, to hold the gradient")
    same_shape(array, "out", y_pred, "y_pred")
    if not array.flags.writeable:
        raise ValueError("out: got a read-only array; want a writeable one")
    if _overlaps_itself(array):
        raise ValueError("out: got an array whose elements share memory; want one element each")
    for name, other in others:
        if _clobbers(array, other):
            raise ValueError(
                f"out: got an array that overlaps {name}; want {name} itself, or separate memory"
            )
    return array


cdef bint _overlaps_itself(cnp.ndarray array):
    if cnp.PyArray_IS_C_CONTIGUOUS(array) or cnp.PyArray_IS_F_CONTIGUOUS(array):
        return False
    return _strides_overlap(array)


def _strides_overlap(array):
    steps = sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1)
    extent = array.itemsize
    for step, n in steps:
        if step < extent:
            return True
        extent += step * (n - 1)
    return False


def _clobbers(cnp.ndarray out, other):
    """Whether element i of `out` may lie where another element of `other` does."""
    if isinstance(other, Stored):
        return any([_clobbers(out, part) for part in other.parts])
    if not cnp.PyArray_CheckExact(other) or _apart(out, other) or _same_elements(out, other):
        return False  # no array: None, or what its library gives only by a copy
    return np.may_share_memory(out, other) and np.shares_memory(out, other)


cdef bint _same_elements(cnp.ndarray a, cnp.ndarray b):
    return (
        cnp.PyArray_DATA(a) == cnp.PyArray_DATA(b)
        and (<object> a).strides == (<object> b).strides and a.dtype == b.dtype
    )


cdef bint _apart(cnp.ndarray a, cnp.ndarray b):
    """Whether two contiguous arrays lie in separate memory; False if that takes a closer look."""
    cdef char *first = cnp.PyArray_BYTES(a)
    cdef char *second = cnp.PyArray_BYTES(b)
    if not (cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_IS_C_CONTIGUOUS(b)):
        return False
    return first + cnp.PyArray_NBYTES(a) <= second or second + cnp.PyArray_NBYTES(b) <= first
