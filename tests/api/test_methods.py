"""Methods and attributes of NumPy's arrays and of `numpy.ma`'s: those that nbarray has, and those that it hasn't."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.api.refused import ATTRIBUTES
from nbarray.errors import InputError, MissingAttribute, WriteError
from tests.compare import check, same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of


def public_names(kind: type) -> set[str]:
    """Attributes of a class without an underscore before them."""
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize("kind", [np.ndarray, np.ma.MaskedArray], ids=lambda k: k.__name__)
def test_every_attribute(kind: type) -> None:
    """What NumPy's arrays have, blocked ones have, or say why not, and what to do."""
    x = nb.arange(3)

    assert set() == public_names(kind) - set(dir(x)) - set(ATTRIBUTES)


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_missing_attributes(name: str) -> None:
    """They are not there for whoever looks, and say why to whoever asks."""
    x = nb.arange(3)

    assert not hasattr(x, name)
    assert name not in dir(x)
    with pytest.raises(MissingAttribute, match=f"no '{name}': "):
        getattr(x, name)


def then(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What an array is once something has been done to it in place, which gives nothing."""

    def call(x: Any) -> Any:
        x = x.copy()
        assert change(x) is None
        return x

    return call


IN_PLACE: dict[str, Callable[[Any], Any]] = {
    "fill": lambda x: x.fill(1),
    "fill with a float": lambda x: x.fill(2.5),
    "fill with a complex number": lambda x: x.fill(1j),
    "fill with a line": lambda x: x.fill(np.array([1, 2])),
    "fill with a text": lambda x: x.fill("a"),
    "sort": lambda x: x.sort(),
    "sort along the first axis": lambda x: x.sort(0),
    "sort along none": lambda x: x.sort(axis=None),
    "sort along one that isn't there": lambda x: x.sort(axis=7),
    "sort in an unknown way": lambda x: x.sort(kind="zz"),
    "resize": lambda x: x.resize(3, 2, refcheck=False),
    "resize to more": lambda x: x.resize((50,), refcheck=False),
    "resize to a number": lambda x: x.resize(7, refcheck=False),
    "resize to nothing": lambda x: x.resize(0, 3, refcheck=False),
    "resize to less than nothing": lambda x: x.resize((2, -3), refcheck=False),
    "resize to no axes": lambda x: x.resize((), refcheck=False),
    "resize to None": lambda x: x.resize(None),
    "delete": lambda x: x.__delitem__(0),
}


@pytest.mark.parametrize("change", IN_PLACE)
@pytest.mark.parametrize("array", [*LAYOUTS, "dtype-?", "dtype-b", "big-endian-f8", "datetime", "text"])
def test_changes_in_place(array: str, change: str) -> None:
    """Arrays are changed as NumPy changes them, and errors are NumPy's."""
    a = (LAYOUTS | KINDS)[array]
    if (change == "delete" and not a.ndim) or (change.startswith("sort") and not a.ndim):
        pytest.skip("NumPy's refusals of arrays without axes differ from one another")

    same(then(IN_PLACE[change]), a.copy())


@pytest.mark.parametrize("change", ["fill", "sort", "sort along the first axis", "resize to None"])
@pytest.mark.parametrize("array", MASKED)
def test_changes_of_masked_arrays(array: str, change: str) -> None:
    """What is masked stays masked, and comes last; there is no resizing."""
    if change.startswith("sort") and array in ("masked-?", "masked-peculiar"):
        pytest.skip("numpy.ma puts what is masked among values that are as large as can be")
    same(then(IN_PLACE[change]), MASKED[array])


def test_partition_in_place() -> None:
    """The element of a rank is where sorting would put it."""
    a = np.array([5, 3, 1, 4, 2])
    x = nb.from_array(a, chunks=2)

    assert x.partition(2) is None
    assert 3 == x[2].compute()
    assert sorted(a) == sorted(x.compute())
    with pytest.raises(TypeError, match="in place"):
        x.partition(2, axis=None)


@pytest.mark.parametrize("array", [*KINDS, *MASKED])
def test_bytes(array: str) -> None:
    """Bytes in the other order, and all of them as bytes."""
    a = (KINDS | MASKED)[array]
    if a.dtype.kind != "U":  # what is no character can't be compared
        same(lambda x: x.byteswap(), a)
    same(lambda x: x.tobytes(), a)
    same(lambda x: x.tobytes(order="F"), a)


def test_byteswap_in_place() -> None:
    """The handle itself then has the bytes in the other order; objects have none."""
    x = nb.arange(3)

    assert x.byteswap(inplace=True) is x
    check(x, np.arange(3).byteswap())
    with pytest.raises(TypeError, match="references"):
        nb.asarray(np.array([None])).byteswap()


@pytest.mark.parametrize("array", [*LAYOUTS, "dtype-H", "big-endian-f8", "text"])
def test_tofile(array: str, tmp_path: Path) -> None:
    """The file has the bytes that NumPy writes."""
    a = (LAYOUTS | KINDS)[array]
    a.tofile(tmp_path / "numpy")
    nb.from_array(a, chunks=2).tofile(tmp_path / "ours")

    assert (tmp_path / "numpy").read_bytes() == (tmp_path / "ours").read_bytes()


def test_tofile_refuses(tmp_path: Path) -> None:
    """Text, open files, masks and objects aren't written."""
    x = nb.arange(3)
    with pytest.raises(InputError, match="savetxt"):
        x.tofile(tmp_path / "x", sep=",")
    with (tmp_path / "x").open("wb") as file, pytest.raises(InputError, match="expected a path"):
        x.tofile(file)
    with pytest.raises(InputError, match="masked"):
        nb.ma.masked_equal(x, 1).tofile(tmp_path / "x")
    with pytest.raises(WriteError, match="references"):
        nb.asarray(np.array([None])).tofile(tmp_path / "x")


# ------------------------------------------------------------------------------------------------- masked arrays

OF_MASKED: dict[str, Callable[[Any], Any]] = {
    "count": lambda x: x.count(),
    "count along an axis": lambda x: x.count(axis=0),
    "count along the last axis": lambda x: x.count(-1, keepdims=True),
    "count along both": lambda x: x.count(axis=(0, 1)),
    "count along one that isn't there": lambda x: x.count(5),
    "mask": lambda x: np.ma.getmaskarray(x) if isinstance(x, np.ndarray) else x.mask,
    "product": lambda x: x.product(axis=0),
    "shrink_mask": lambda x: x.shrink_mask(),
    "unshare_mask": lambda x: x.unshare_mask(),
    "soften_mask": lambda x: x.soften_mask(),
    "get_fill_value": lambda x: x.get_fill_value(),
    "hardmask": lambda x: x.hardmask,
}


@pytest.mark.parametrize("asked", OF_MASKED)
@pytest.mark.parametrize("array", MASKED)
def test_of_masked_arrays(array: str, asked: str) -> None:
    """What is asked of masked arrays is as in `numpy.ma`."""
    same(OF_MASKED[asked], MASKED[array].copy(), close=True)


@pytest.mark.parametrize(
    "options", [{}, {"axis": 0}, {"axis": -1}, {"axis": (0, 1)}, {"axis": 1, "dtype": "f4"}], ids=str
)
@pytest.mark.parametrize("array", MASKED)
def test_anom(array: str, options: dict[str, Any]) -> None:
    """Distances from the mean are as in `numpy.ma`."""
    same(lambda x: x.anom(**options), MASKED[array], close=True)


def test_anom_of_plain_arrays() -> None:
    """They are masked arrays then, as in `numpy.ma`."""
    a = values_of("d")

    check(nb.ma.anom(nb.from_array(a, chunks=3), 1), np.ma.anom(np.ma.asarray(a), 1), within=1e-13)


@pytest.mark.parametrize(
    "mask", [True, np.ma.nomask, values_of("i") > 1, values_of("i")[0] > 1], ids=["true", "nomask", "array", "line"]
)
def test_another_mask(mask: Any) -> None:
    """A mask that is set takes the place of the old one; what was behind that is seen again."""
    wanted = MASKED["masked-d"].copy()
    x = nb.from_array(wanted, chunks=3)
    wanted.mask = mask
    x.mask = mask

    check(x, wanted)


def test_mask_of_plain_arrays() -> None:
    """They have none, and say how to put one on."""
    x = nb.arange(3)

    assert not hasattr(x, "mask")
    with pytest.raises(MissingAttribute, match="masked_array"):
        x.mask = True


BY_PLACE: dict[str, Callable[[Any], Any]] = {
    "std": lambda x: x.std(0, None, None, 1),
    "np.var": lambda x: np.var(x, 0, None, None, 1, True),
    "np.nanstd": lambda x: np.nanstd(x, 0, None, None, 1, True),
    "sum": lambda x: x.sum(0, "f8", None, True, 3),
    "np.nansum": lambda x: np.nansum(x, 0, None, None, True, 3),
    "max": lambda x: x.max(0, None, True, 3),
    "np.min": lambda x: np.min(x, 0, None, True, 3, x > 0),
    "mean": lambda x: x.mean(0, None, None, True),
    "np.all": lambda x: np.all(x, 0, None, True),
    "any with too many": lambda x: x.any(0, None, True, 3),
    "argmax with too many": lambda x: x.argmax(0, None, True),
    "std given twice": lambda x: x.std(0, None, None, 1, ddof=1),
    "initial of any": lambda x: x.any(initial=3),
    "initial of argmin": lambda x: x.argmin(initial=3),
    "dot": lambda x: x.T.dot(b=x, out=None),
}


@pytest.mark.parametrize("call", BY_PLACE)
def test_keywords_by_place(call: str) -> None:
    """What NumPy takes by its place, is; what it refuses, is refused by the same kind of error."""
    same(BY_PLACE[call], values_of("d"), close=True)


CLIPPED: dict[str, dict[str, Any]] = {
    "dtype": {"a_min": 0, "a_max": 2, "dtype": "f4"},
    "one bound": {"a_min": 0, "a_max": None, "dtype": "f4"},
    "bounds the other way round": {"a_min": 2, "a_max": 0, "casting": "safe"},
    "casting": {"a_min": 0, "a_max": 2, "dtype": "i4", "casting": "unsafe"},
    "casting that is refused": {"a_min": 0, "a_max": 2, "dtype": "i4"},
    "no such keyword": {"a_min": 0, "a_max": 2, "wrong": 1},
}


@pytest.mark.parametrize("options", CLIPPED)
def test_clip_as_ufuncs_are_called(options: str) -> None:
    """Keywords of ufuncs are NumPy's."""
    same(lambda x: np.clip(x, **CLIPPED[options]), values_of("d"))


def test_clip_in_places() -> None:
    """Only where it is said; the others stay."""
    same(lambda x, out, where: np.clip(x, 0, 2, out=out, where=where), values_of("d"), values_of("f"), values_of("?"))


def test_dot_into_another_array() -> None:
    """The product is given to a handle."""
    x, out = nb.asarray(values_of("d")), nb.zeros((5, 5))

    assert x.T.dot(x, out=out) is out
    check(out, values_of("d").T @ values_of("d"), within=1e-12)


@pytest.mark.parametrize("mode", ["wrong", 5, None])
def test_pad_in_an_unknown_way(mode: Any) -> None:
    """A mode that NumPy hasn't got is a wrong value."""
    same(lambda x: np.pad(x, 1, mode), values_of("d"))


SELECTED: dict[str, Callable[[Any, Any], Any]] = {
    "sort": lambda s, x: np.sort(s),
    "argsort": lambda s, x: np.argsort(s),
    "cumsum": lambda s, x: np.cumsum(s),
    "nancumprod": lambda s, x: np.nancumprod(s, axis=0),
    "cumulative_sum": lambda s, x: np.cumulative_sum(s, include_initial=True),
    "histogramdd": lambda s, x: np.histogramdd(s, 2)[0],
    "pad": lambda s, x: np.pad(s, 1),
    "dot": lambda s, x: np.dot(s, x[:4]),
    "tensordot": lambda s, x: np.tensordot(s, x[:4], 1),
    "dot with too many": lambda s, x: np.dot(s, x),
}


@pytest.mark.parametrize("call", SELECTED)
def test_sizes_that_depend_on_values(call: str) -> None:
    """What has to know them counts them."""
    same(lambda x: SELECTED[call](x[x > 0], x), np.array([3.0, -1, 2, 5, -2, 4]), close=True)


def test_fill_values() -> None:
    """The methods do what the attribute does."""
    x = nb.ma.masked_array([1, 2], [0, 1])
    x.set_fill_value(7)

    assert 7 == x.get_fill_value() == x.fill_value
