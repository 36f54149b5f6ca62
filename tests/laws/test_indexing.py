"""Laws of indexing: any index, got or assigned to, of any array in any chunks, is what NumPy makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import nbarray as nb
from tests.compare import check
from tests.examples import law
from tests.laws.test_chains import chunks_of


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], Any, Any]:
    """An array of up to three axes, chunks for it, and an index, which may be wrong."""
    shape = tuple(draw(st.lists(st.integers(0, 5) | st.integers(2, 6), min_size=1, max_size=3)))
    points = draw(st.sampled_from([(2,), (3,), (2, 3), (1,), (), (0,)]))
    index: list[Any] = []
    axis = 0
    while axis < len(shape):
        n = shape[axis]
        kind = draw(st.sampled_from(["int", "slice", "list", "list", "mask", "none", "dots", "stop"]))
        if kind == "int":
            index.append(
                draw(st.integers(-n - 1, n)) if draw(st.integers(0, 9)) == 0 or not n else draw(st.integers(-n, n - 1))
            )
        elif kind == "slice":
            index.append(
                slice(
                    *[draw(st.none() | st.integers(-4, 4)) for _ in "ab"], draw(st.sampled_from([None, 1, 2, -1, -2]))
                )
            )
        elif kind == "list":
            some = points if draw(st.integers(0, 3)) else tuple(1 for _ in points)
            low, high = (-n, n - 1) if n else (0, 0)
            index.append(np.random.default_rng(draw(st.integers(0, 9))).integers(low, high + 1, some))
        elif kind == "mask":
            ndim = min(draw(st.sampled_from([1, 1, 2])), len(shape) - axis)
            index.append(np.random.default_rng(draw(st.integers(0, 9))).random(shape[axis : axis + ndim]) > 0.5)
            axis += ndim - 1
        elif kind == "none":
            index.append(None)
            continue
        elif kind == "dots":
            if Ellipsis in [i for i in index if not isinstance(i, np.ndarray)]:
                continue
            index.append(Ellipsis)
            axis += draw(st.integers(0, len(shape) - axis))
            continue
        else:
            break
        axis += 1
    return np.arange(np.prod(shape, dtype=int)).reshape(shape), draw(chunks_of(shape)), tuple(index)


def assigned(x: Any, index: Any, value: Any) -> Any:
    """A copy of `x` after ``x[index] = value``."""
    x = x.copy()
    x[index] = value
    return x


@law(80)
@given(cases())
def test_got(case: tuple[np.ndarray[Any, Any], Any, Any]) -> None:
    """``x[index]``."""
    a, chunks, index = case

    check(lambda: nb.from_array(a, chunks=chunks)[index], lambda: a[index])
    check(lambda: (nb.from_array(a, chunks=chunks) + 1)[index], lambda: (a + 1)[index])


@law(80)
@given(cases(), st.integers(0, 3))
def test_assigned(case: tuple[np.ndarray[Any, Any], Any, Any], dropped: int) -> None:
    """``x[index] = value``, of one value or of many."""
    a, chunks, index = case
    try:
        shape = a[index].shape
    except IndexError:
        shape = ()
    values = 100 + np.arange(np.prod(shape[dropped:], dtype=int)).reshape(shape[dropped:])

    check(lambda: assigned(nb.from_array(a, chunks=chunks), index, values), lambda: assigned(a, index, values))


@law(80)
@given(cases(), st.sampled_from([7, np.ma.masked, "gaps"]))
def test_assigned_masked(case: tuple[np.ndarray[Any, Any], Any, Any], value: Any) -> None:
    """``x[index] = value`` of a masked array: what is missing after it."""
    a, chunks, index = case
    a = np.ma.MaskedArray(a, a % 3 == 1)
    if value == "gaps":
        try:
            shape = a[index].shape
        except IndexError:
            shape = ()
        value = np.ma.MaskedArray(np.full(shape, 8), np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2)

    check(lambda: assigned(nb.from_array(a, chunks=chunks), index, value), lambda: assigned(a, index, value))


@law(80)
@given(cases())
def test_blocked_positions(case: tuple[np.ndarray[Any, Any], Any, Any]) -> None:
    """``x[index]`` with all that is an array blocked."""
    a, chunks, index = case
    assume(a.size)  # where nothing is picked, positions that are computed are not looked at
    blocked = tuple(nb.from_array(i, chunks=2) if isinstance(i, np.ndarray) else i for i in index)

    check(lambda: nb.from_array(a, chunks=chunks)[blocked], lambda: a[index])
