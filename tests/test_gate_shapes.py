"""The gate refuses shapes that do not fit together: it never broadcasts."""

from __future__ import annotations

import numpy as np
import pytest
from gate import BACKENDS, THETA, X, Y, says

import fastmse as fm
from fastmse.models.linear import LinearStream


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("truth", "pred"),
    [
        ((3,), (3, 1)),
        ((3, 1), (3,)),
        ((3,), (1, 3)),
        ((3,), (2,)),
        ((3,), (1,)),
        ((3,), ()),
        ((), (3,)),
        ((2, 3), (3, 2)),
        ((2, 3), (6,)),
        ((3,), (0,)),
    ],
)
def test_shapes_that_differ_are_never_broadcast(truth: tuple, pred: tuple, backend: str) -> None:
    for call in (fm.mse, fm.evaluate):
        expected = says("y_pred: got shape", str(pred), f"want {truth}", "y_true")
        with pytest.raises(ValueError, match=expected):
            call(np.ones(truth), np.ones(pred), backend=backend)
    with pytest.raises(ValueError, match=says("sample_weight: got shape", str(pred), str(truth))):
        fm.mse(np.ones(truth), np.ones(truth), sample_weight=np.ones(pred), backend=backend)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_no_elements(shape: tuple) -> None:
    with pytest.raises(ValueError, match=says("y_true: got shape", str(shape), "at least one")):
        fm.evaluate(np.ones(shape), np.ones(shape))


DESIGNS = {
    "vector": (np.ones(3), Y, "X", ["(3,)", "two dimensions", "reshape(-1, 1)"]),
    "cube": (np.ones((3, 2, 1)), Y, "X", ["(3, 2, 1)", "two dimensions"]),
    "scalar": (1.0, Y, "X", ["()", "two dimensions"]),
    "no rows": (np.ones((0, 2)), [], "X", ["no rows", "at least one"]),
    "column y": (X, Y[:, None], "y", ["(3, 1)", "one dimension", "ravel"]),
    "matrix y": (X, X, "y", ["(3, 2)", "one dimension"]),
    "scalar y": (X, 1.0, "y", ["()", "one dimension"]),
    "short y": (X, Y[:2], "y", ["2 rows", "want 3", "X"]),
    "long y": (X[:1], Y, "y", ["3 rows", "want 1", "X"]),
}


@pytest.mark.parametrize("case", DESIGNS)
def test_shapes_of_a_design(case: str) -> None:
    bad_x, bad_y, argument, told = DESIGNS[case]
    model = fm.Linear()
    calls = [
        lambda: model.evaluate(bad_x, bad_y, THETA),
        lambda: model.objective(bad_x, bad_y),
        lambda: model.fit(bad_x, bad_y),
        lambda: LinearStream(THETA, 2).update(bad_x, bad_y),
    ]
    if case == "no rows":  # a chunk of a stream may be empty
        calls.pop()()
    if case == "matrix y":  # a fit takes several targets
        assert len(calls.pop(2)()) == 2
    for call in calls:
        with pytest.raises(ValueError, match=says(f"{argument}: got", *told)):
            call()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (1, 3), (0, 2), (2, 1), (1, 1, 2)])
def test_shapes_of_theta(shape: tuple) -> None:
    with pytest.raises(
        ValueError, match=says("theta: got shape", str(shape), "want (2,)", "(K, 2)")
    ):
        fm.Linear().evaluate(X, Y, np.ones(shape))
    if shape[-1:] != (3,):
        with pytest.raises(ValueError, match=says("theta: got", "(3,)", "2 features", "intercept")):
            fm.Linear(intercept=True).evaluate(X, Y, np.ones(shape))
