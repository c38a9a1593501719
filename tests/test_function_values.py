"""The vector functions where results are special: zeros, infinities, NaN, and edges of ranges."""

import math

import numpy as np
import pytest
from function_values import computed

INF, NAN = np.inf, np.nan
TINY = 5e-324
LAST = 1.7976931348623157e308

SPECIAL = [
    ("exp", [-INF, INF, NAN, 0.0, -0.0, TINY], [0.0, INF, NAN, 1.0, 1.0, 1.0]),
    ("exp", [709.782712893384, 709.7827128933841, LAST], [1.7976931348622732e308, INF, INF]),
    ("exp", [-745.1332191019411, -745.1332191019412, -LAST], [TINY, 0.0, 0.0]),
    ("log", [0.0, -0.0, 1.0, INF, NAN], [-INF, -INF, 0.0, INF, NAN]),
    ("log", [-TINY, -1.0, -LAST, -INF, 2.0**-1074], [NAN, NAN, NAN, NAN, -744.4400719213812]),
    ("sin", [0.0, -0.0, TINY, -TINY, INF, -INF, NAN], [0.0, -0.0, TINY, -TINY, NAN, NAN, NAN]),
    ("cos", [0.0, -0.0, TINY, INF, -INF, NAN], [1.0, 1.0, 1.0, NAN, NAN, NAN]),
    ("tan", [0.0, -0.0, TINY, -TINY, INF, -INF, NAN], [0.0, -0.0, TINY, -TINY, NAN, NAN, NAN]),
    ("sinh", [0.0, -0.0, TINY, -TINY], [0.0, -0.0, TINY, -TINY]),
    ("sinh", [-710.5, 710.5, LAST, INF, -INF, NAN], [-INF, INF, INF, INF, -INF, NAN]),
    ("cosh", [0.0, -0.0, TINY, -1e-9], [1.0, 1.0, 1.0, 1.0]),
    ("cosh", [-710.5, 710.5, LAST, INF, -INF, NAN], [INF, INF, INF, INF, INF, NAN]),
    ("tanh", [0.0, -0.0, TINY, -TINY], [0.0, -0.0, TINY, -TINY]),
    ("tanh", [20.0, -20.0, LAST, INF, -INF, NAN], [1.0, -1.0, 1.0, 1.0, -1.0, NAN]),
    ("absolute", [0.0, -0.0, -TINY, -INF, NAN], [0.0, 0.0, TINY, INF, NAN]),
    ("sqrt", [0.0, -0.0, 4.0, -1.0, INF, NAN], [0.0, -0.0, 2.0, NAN, INF, NAN]),
]


def same(found, expected):
    """Equal values, zeros with equal signs, NaN where NaN."""
    equal = (found == expected) & (np.signbit(found) == np.signbit(expected))
    return equal | (np.isnan(found) & np.isnan(expected))


@pytest.mark.parametrize(("name", "x", "expected"), SPECIAL)
def test_special_values(name, x, expected):
    found = computed(name, np.array(x))
    assert same(found, np.array(expected)).all(), found


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_far_angles_are_nan_in_vectors_and_right_everywhere(name):
    x = np.array([2.0**22, np.nextafter(2.0**22, INF), -1e22, LAST, INF, NAN])
    near, everywhere = computed(name, x), computed(name, x, everywhere=True)
    assert np.isnan(near[1:]).all()
    assert near[0] == everywhere[0]
    expected = [getattr(math, name)(v) for v in x[:4]]
    assert np.allclose(everywhere[:4], expected, rtol=1e-15, atol=0)
    assert np.isnan(everywhere[4:]).all()


BASES = [0.0, 1.0, 2.0, 0.5, 3.0, 2.5, 1 / 3, INF, TINY, LAST, 1e300, 1 - 2.0**-53, 1 + 2.0**-52]
EXPONENTS = [*BASES, 4.0, 5.0, 2.0**52 + 1, 2.0**53 - 1, 2.0**53, 2.0**53 + 2, 2.0**66, 0.1, 1e-300]


def c_power(x, y):
    """x^y as C99's annex F has it, of the platform where it is no special value."""
    try:
        return math.pow(x, y)
    except ValueError:
        odd = math.fmod(y, 2) in (1, -1)
        return NAN if x else math.copysign(INF, x if odd else 1)
    except OverflowError:
        return -INF if x < 0 and math.fmod(y, 2) in (1, -1) else INF


def test_powers_have_the_special_values_of_c():
    signed = [[s * v for v in values for s in (1, -1)] + [NAN] for values in (BASES, EXPONENTS)]
    x, y = (a.ravel() for a in np.meshgrid(*signed))
    found = computed("power", x, y)
    expected = np.array([c_power(*pair) for pair in zip(x.tolist(), y.tolist(), strict=True)])
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(found - expected) <= np.spacing(np.abs(expected))
    wrong = ~(same(found, expected) | (near & (expected != 0)))
    assert not wrong.any(), list(
        zip(x[wrong], y[wrong], found[wrong], expected[wrong], strict=True)
    )


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        ("exp", [0.34657359027997264, -0.34657359027997264, -708.3964185322641, 0.0]),
        ("log", [2.0**-1022, 0.7071067811865476, 1.0, 1.4142135623730951]),
        ("sin", [0.7853981633974483, -0.7853981633974483, 0.0]),
        ("sinh", [0.34657359027997264, 2.0**-28, 42.0]),
        ("tanh", [0.17328679513998632, 2.0**-29, 22.0, 0.0]),
        ("tan", [0.7853981633974483, 0.0]),
    ],
)
def test_growing_functions_grow_over_the_edges_of_their_cases(name, edges):
    """Neighbours may be equal, and off by the error that is allowed, no more."""
    for edge in edges:
        x = [edge]
        for _ in range(200):
            x = [np.nextafter(x[0], -INF), *x, np.nextafter(x[-1], INF)]
        y = computed(name, np.array(x))
        assert (np.diff(y) >= -np.spacing(np.abs(y[1:]))).all(), edge


def test_where_chooses():
    from fastmse.kernels.jit.functions import FUNCTIONS
    from fastmse.kernels.jit.scalars import rows_callback

    where = FUNCTIONS["where"]
    loop = rows_callback(lambda x, theta: (where(x[0] > 1, x[0], -1.0),), 1, 1, 1)
    assert "blend" in loop._library.get_asm_str() or "{%k" in loop._library.get_asm_str()
