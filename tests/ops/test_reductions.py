"""Reductions with all that NumPy's take: axes, keepdims, dtype, ddof, where and initial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import AxisError, DTypeError, InputError, NotBlocked
from tests.compare import same
from tests.laws.arrays import KINDS, LAYOUTS, values_of

PLAIN = ["sum", "prod", "mean", "std", "var", "min", "max", "any", "all", "argmin", "argmax"]
NAN = [f"nan{name}" for name in PLAIN if name not in ("any", "all")]
ALL = [*PLAIN, *NAN, "count_nonzero"]
SOME = ["dtype-?", "dtype-B", "dtype-i", "dtype-d", "dtype-F", "peculiar-d"]


def takes(name: str, *options: str) -> bool:
    """Whether NumPy's reduction has these arguments."""
    per_group = {
        "where": name not in ("argmin", "argmax", "nanargmin", "nanargmax", "count_nonzero"),
        "initial": name.removeprefix("nan") in ("sum", "prod", "min", "max"),
        "dtype": name.removeprefix("nan") in ("sum", "prod", "mean", "std", "var"),
        "ddof": name.removeprefix("nan") in ("std", "var"),
    }
    return all(per_group[option] for option in options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALL)
def test_kinds(name: str, kind: str) -> None:
    """Every reduction treats every dtype as NumPy does: whole, along an axis, along none."""
    function = getattr(np, name)

    if name.startswith("nanarg") and kind in ("peculiar-F", "peculiar-D"):
        pytest.skip("NumPy takes NaN for infinite there, and may report where one is")

    for axis in (None, 0, -1) if "arg" in name else (None, 0, -1, ()):
        same(lambda x, axis=axis: function(x, axis=axis), KINDS[kind], close=True)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ALL)
def test_layouts(name: str, layout: str) -> None:
    """No axes, no elements, one element; transposed, reversed and repeated arrays."""
    function = getattr(np, name)

    for axis in (None, 0, -1):
        same(lambda x, axis=axis: function(x, axis=axis), LAYOUTS[layout], close=True)


@pytest.mark.parametrize("name", ALL)
def test_axes(name: str) -> None:
    """An axis, several, negative ones; wrong ones and no axes at all are refused as NumPy refuses them."""
    function, a = getattr(np, name), LAYOUTS["three-axes"]
    axes: list[Any] = [1, -2, np.int64(1), 3, -4, 1.5, "x"]
    if "arg" not in name:
        axes += [(0, 2), (-1, 1), (1, 0), (0, 1, 2), (0, 0), (0, 5)]

    for axis in axes:
        same(lambda x, axis=axis: function(x, axis=axis), a, close=True)
        same(lambda x, axis=axis: function(x, axis=axis, keepdims=True), a, close=True)
    same(lambda x: function(x, keepdims=True), a, close=True)


@pytest.mark.parametrize("name", PLAIN)
def test_methods(name: str) -> None:
    """Arrays have the reductions as methods."""
    for kind in SOME:
        same(lambda x: getattr(x, name)(), KINDS[kind], close=True)
        same(lambda x: getattr(x, name)(1), KINDS[kind], close=True)
        same(lambda x: getattr(x, name)(axis=0, keepdims=True), KINDS[kind], close=True)


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", [n for n in ALL if takes(n, "where")])
def test_where(name: str, kind: str) -> None:
    """`where=` leaves elements out; it broadcasts, may be blocked itself, and may leave nothing."""
    function, a = getattr(np, name), KINDS[kind]
    chosen = a.real > 0
    chosen[:, 2] = False

    same(lambda x: function(x, where=chosen), a, close=True)
    same(lambda x, w: function(x, axis=0, where=w), a, chosen, close=True)
    same(lambda x: function(x, axis=1, where=chosen[:1]), a, close=True)
    same(lambda x: function(x, axis=1, where=chosen[:, :1]), a, close=True)
    same(lambda x: function(x, axis=1, where=True), a, close=True)
    same(lambda x: function(x, axis=1, where=False), a, close=True)
    if takes(name, "initial"):
        same(lambda x: function(x, axis=0, initial=2.5, where=chosen), a, close=True)
        same(lambda x: function(x[:, :1], axis=1, initial=-2, where=False), a, close=True)


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", [n for n in ALL if takes(n, "initial")])
def test_initial(name: str, kind: str) -> None:
    """`initial=` is what a reduction begins with, so that nothing can be reduced too."""
    function, a = getattr(np, name), KINDS[kind]

    for initial in (3, 2.5, -1, np.float32(100)):
        same(lambda x, i=initial: function(x, axis=0, initial=i), a, close=True)
        same(lambda x, i=initial: function(x, initial=i), a, close=True)
    same(lambda x: function(x[:0], axis=0, initial=2), a, close=True)
    for part in (slice(0), slice(1), slice(None)):  # None: with the first element, if there is one
        same(lambda x, p=part: function(x[p], axis=0, initial=None), a, close=True)
        same(lambda x, p=part: function(x[p], axis=1, initial=None), a, close=True)
        same(lambda x, p=part: function(x[p], initial=None, where=np.ones(a.shape[1]) > 0), a, close=True)


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", ALL)
def test_nothing(name: str, kind: str) -> None:
    """Reducing no elements gives what NumPy gives, or is refused; results of no elements are always fine."""
    function = getattr(np, name)

    same(lambda x: function(x[:0], axis=0), KINDS[kind], close=True)
    same(lambda x: function(x[:0], axis=1), KINDS[kind], close=True)
    same(lambda x: function(x[:0]), KINDS[kind], close=True)


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", [n for n in ALL if takes(n, "dtype")])
def test_dtype(name: str, kind: str) -> None:
    """`dtype=` is what is added up in; variances take floating ones only, as NumPy's in integers are of no use."""
    function, a = getattr(np, name), KINDS[kind]
    dtypes = ["f4", "f8", "c16"] if takes(name, "ddof") else ["f4", "f8", "c16", "i8", "i1", "?", "M8[s]"]
    if name.startswith("nan") and kind == "dtype-F":
        dtypes = ["c16"] if not takes(name, "ddof") else []  # NumPy loses digits there

    for dtype in dtypes:
        same(lambda x, d=dtype: function(x, axis=0, dtype=d), a, close=True)
    same(lambda x: function(x, dtype="nonsense"), a)


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", [n for n in ALL if takes(n, "ddof")])
def test_ddof(name: str, kind: str) -> None:
    """`ddof=`, also where as many or more are taken off than there are elements."""
    for ddof in (1, 2, 7, 9, 0.5, -1):
        same(lambda x, d=ddof: getattr(np, name)(x, axis=0, ddof=d), KINDS[kind], close=True)


def test_ufunc_reduce() -> None:
    """``np.add.reduce`` and its like are the reductions, with an axis of 0 unless told."""
    a = values_of("d")

    for ufunc in (np.add, np.multiply, np.minimum, np.maximum, np.logical_or, np.logical_and):
        same(lambda x, u=ufunc: u.reduce(x), a, close=True)
        same(lambda x, u=ufunc: u.reduce(x, 1), a, close=True)
        same(lambda x, u=ufunc: u.reduce(x, axis=None, keepdims=True), a, close=True)
    same(lambda x: np.add.reduce(x, 0, "f4"), a, close=True)
    same(lambda x: np.multiply.reduce(x, axis=0, dtype="f4", initial=2), a, close=True)
    same(lambda x: np.minimum.reduce(x, where=x > 0, initial=5), a)


@pytest.mark.parametrize("name", ALL)
def test_out(name: str) -> None:
    """There is no `out=`, and nothing is written."""
    x = nb.from_array(values_of("d"), chunks=3)
    if name == "count_nonzero":
        pytest.skip("NumPy's has none either")

    with pytest.raises(NotBlocked, match="out="):
        getattr(np, name)(x, axis=0, out=np.zeros(5))


def test_spread_of_a_number_as_whole_numbers() -> None:
    """What has no axes keeps none, and its root is cast."""
    for name in ("std", "var", "nanstd"):
        same(lambda x, n=name: getattr(np, n)(x, dtype="i8", keepdims=True), np.array(3))


@pytest.mark.parametrize("name", ["std", "var", "nanstd", "nanvar"])
@pytest.mark.parametrize("dtype", ["d", "f", "q"])
def test_spread_as_whole_numbers_into_floats(name: str, dtype: str) -> None:
    """What `out` is of holds the fraction."""

    def spread(x: Any, axis: Any) -> Any:
        out = np.zeros_like(x, shape=() if axis is None else (2,), dtype=dtype)
        getattr(np, name)(x, axis=axis, dtype=int, out=out)
        return out + 0

    a = np.array([[1, 2, 9], [4, 4, 5]])
    same(lambda x: spread(x, None), a, chunks=2, close=True)
    same(lambda x: spread(x, 1), a, chunks=2, close=True)
    if not name.startswith("nan"):
        same(lambda x: spread(x, 1), a * 1.3, chunks=2, close=True)


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]", "U5", "b", "F"])
def test_truth_as_another_dtype(dtype: str) -> None:
    """Of all dtypes it can be."""

    def whether(function: Any, x: Any) -> Any:
        out = np.zeros_like(x, shape=(), dtype=dtype)
        function(x, out=out)
        return out.copy()

    for function in (np.any, np.all):
        same(lambda x, f=function: whether(f, x), np.array([1, 2, 0]), chunks=2)


def test_long_sums() -> None:
    """Sums over many tasks are as exact as NumPy's pairwise ones, in every precision."""
    a = np.random.default_rng(5).normal(size=(300, 40)) + 1e3

    for dtype in ("f2", "f4", "f8", "c8"):
        for axis in (None, 0, 1):
            same(lambda x, axis=axis: x.sum(axis=axis), (a / 100).astype(dtype), chunks=17, close=True)
            same(lambda x, axis=axis: x.var(axis=axis), a.astype("f8"), chunks=17, close=True)


def test_positions_of_ties() -> None:
    """Of equal extremes the first is reported, wherever tasks are cut."""
    a = np.zeros((9, 11), np.int8)
    a[3, 4] = a[3, 7] = a[8, 0] = 5

    for axis in (None, 0, 1):
        same(lambda x, axis=axis: x.argmax(axis=axis), a)
        same(lambda x, axis=axis: x.argmin(axis=axis), a)
        same(lambda x, axis=axis: x.T.argmax(axis=axis), a)


def test_messages() -> None:
    """What can't be reduced is refused where it is asked for, with what was given and what to do."""
    x = nb.from_array(values_of("d"), chunks=3)

    with pytest.raises(AxisError, match="axis 2 is out of bounds for array of dimension 2"):
        x.sum(axis=2)
    with pytest.raises(DTypeError, match=r"axis=1\.5"):
        x.sum(axis=1.5)
    with pytest.raises(InputError, match="zero-size array to reduction operation minimum which has no identity"):
        x[:0].min()
    with pytest.raises(InputError, match="to use a where mask one has to specify 'initial'"):
        x.max(where=x > 0)
    with pytest.raises(DTypeError, match="where= must be a boolean array, not float64"):
        x.sum(where=x)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "nansum", "nanprod", "nanmean", "nanvar"])
def test_objects(name: str) -> None:
    """There is no 0 or 1 of their kind to begin with, so `where=` needs `initial=`; NaN among them is left out."""
    a = np.array([[1, 2.5, 3], [4, 0.5, 6]], object)
    chosen = np.array([[True, False, True], [True, True, True]])
    function = getattr(np, name)
    same(lambda x: function(x, axis=0), a, chunks=2)
    same(lambda x: function(x, axis=0, where=True), a, chunks=2)
    same(lambda x: function(x, axis=0, where=chosen), a, chunks=2)
    same(lambda x: function(x, where=chosen), a, chunks=2)
    same(lambda x: function(x, axis=0, where=chosen, dtype="f8"), a, chunks=2)
    if takes(name, "initial"):
        same(lambda x: function(x, axis=0, where=chosen, initial=5), a, chunks=2)
    if name.startswith("nan"):
        same(lambda x: function(x, axis=1, dtype=object), a, chunks=2)
        a[0, 1] = a[1, 2] = float("nan")
        same(lambda x: function(x, axis=1), a, chunks=2)
        same(lambda x: function(x, axis=0), a, chunks=2)


def test_texts_of_numbers() -> None:
    """A product of texts in a dtype of numbers is that of the numbers they say."""
    for a in (np.array(["2", "3.5", "4"]), np.array([b"2", b"7"]), np.array(["a"]), np.array([], "U3")):
        for name in ("prod", "nanprod", "sum"):
            for dtype in ("f4", "i8", "D"):
                same(lambda x, f=name, d=dtype: getattr(np, f)(x, dtype=d), a, chunks=1)


@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
@pytest.mark.parametrize("dtype", ["i8", "u1", "?", "f4"])
@pytest.mark.parametrize("kind", ["f4", "i4", "F", "?"])
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning", "ignore::RuntimeWarning")
def test_spread_about_a_mean_of_another_dtype(name: str, dtype: str, kind: str) -> None:
    """A variance in whole numbers is about a mean cut to a whole number, one of complex about the real part."""
    rng = np.random.default_rng(5)
    a = (rng.normal(size=(5, 4)) * 9 + 4j * rng.normal(size=(5, 4))).real.astype(kind)
    a = a + (1j * rng.normal(size=(5, 4))).astype("F") if kind == "F" else a
    for options in ({}, {"axis": 0}, {"axis": 1, "ddof": 1}, {"axis": (0, 1), "keepdims": True}, {"where": a.real > 0}):
        same(lambda x, o=options: getattr(np, name)(x, dtype=dtype, **o), a, chunks=2, close=True)


@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
def test_about_a_given_mean(name: str) -> None:
    """A mean that is known already is taken; `correction` is another name for `ddof`, and not to be given with it."""
    function = getattr(np, name)
    a = np.array([[1.0, 3, 7, 2], [2, 3, 4, 9]])
    if name.startswith("nan"):
        a[0, 1] = np.nan
    mean = np.array([[3.0], [4.5]])
    same(lambda x, m: function(x, axis=1, mean=m), a, mean, chunks=2, close=True)
    same(lambda x, m: function(x, axis=1, mean=m, ddof=3, keepdims=True), a, mean, chunks=2, close=True)
    same(lambda x: function(x, correction=1.5), a, chunks=2, close=True)
    same(lambda x: function(x, correction=1, ddof=1), a)
    with pytest.raises(NotBlocked, match="about a given mean"):
        function(nb.ma.masked_array(nb.ones(3)), mean=1.0)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "any", "argmax", "nansum"])
@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 3), ()])
def test_where_results_go(name: str, shape: tuple[int, ...]) -> None:
    """`out` is of the result's own shape: a reduction isn't spread over a larger one."""

    def reduced(x: Any, dtype: Any = bool if name == "any" else int if name == "argmax" else float) -> Any:
        out = np.zeros_like(x, shape=shape, dtype=dtype)
        getattr(np, name)(x, axis=0, out=out)
        return out + 0

    same(reduced, np.arange(6.0).reshape(2, 3), chunks=2)
