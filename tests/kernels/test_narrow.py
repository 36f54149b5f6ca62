"""Folding over spaces whose last axes are short gives what NumPy gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.kernels.narrow import FEW, narrow_axes
from nbarray.session import plan
from tests.compare import check

SHAPES = [(70, 60, 3), (3000, 2), (50, 40, 2, 2), (90, 50, 1, 3), (60, 3, 30, 1), (5000, 1, 1, 4)]
NAMES = ["sum", "mean", "max", "min", "prod", "std", "var", "any", "all", "argmax", "argmin"]
NAN_NAMES = ["nansum", "nanmean", "nanmax", "nanstd", "nanargmin"]


def narrow(x: nb.Array) -> list[int]:
    """What the programs of an array's plan bring to the front."""
    return [n.program.narrow for n in plan([x.expr]).nodes if hasattr(n, "program")]


def some(shape: tuple[int, ...], dtype: str) -> Any:
    """Numbers of a dtype, without large products."""
    values = np.random.default_rng(len(shape)).integers(0, 3, shape)
    return values.astype(dtype) if dtype != "f8" else values + np.random.default_rng(5).random(shape) / 8


@pytest.mark.parametrize(
    ("shape", "axes", "count"),
    [
        ((500, 500, 3), (2,), 1),
        ((500, 500, 3), (0, 1), 1),
        ((500, 500, 2, 2), (2, 3), 2),
        ((500, 500, 3, 1), (0,), 0),  # the axis before the last is kept as well, and long
        ((500, 3, 500), (1,), 0),
        ((500, 500, 3), (0, 1, 2), 0),
        ((500, 500, 9), (2,), 0),
        ((FEW // 4 - 1, 4), (1,), 0),
        ((FEW,), (0,), 0),
        ((), (), 0),
        ((0, 3), (1,), 0),
    ],
)
def test_which_axes(shape: tuple[int, ...], axes: tuple[int, ...], count: int) -> None:
    """The last ones, as long as all of them are folded, or none; and not where there is little to fold."""
    assert count == narrow_axes(shape, axes)


@pytest.mark.parametrize("dtype", ["u1", "i4", "f4", "f8", ">f8", "?", "c16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_axis(shape: tuple[int, ...], dtype: str) -> None:
    """Over the last, over those before it, and over some of both."""
    a = some(shape, dtype)
    x = nb.from_array(a, chunks=tuple(max(1, n // 3) for n in shape))
    last, ndim = len(shape) - 1, len(shape)
    for axes in {(last,), (0,), tuple(range(last)), (0, last), tuple(range(1, ndim)), (max(0, last - 1), last)}:
        for name in NAMES:
            if name.startswith("arg"):
                if len(axes) > 1:
                    continue
                axis: Any = axes[0]
            else:
                axis = axes
            # NumPy adds up columns one after the other, in their own precision
            within = 1e-4 if dtype == "f4" else 1e-12
            check(getattr(nb, name)(x, axis=axis), getattr(np, name)(a, axis=axis), within=within)


@pytest.mark.parametrize("axis", [-1, (0, 1), 0], ids=str)
@pytest.mark.parametrize("name", NAN_NAMES)
def test_left_out(name: str, axis: Any) -> None:
    """NaN is left out, and counted."""
    a = some((70, 60, 3), "f8")
    a[np.random.default_rng(1).random(a.shape) < 0.4] = np.nan
    a[:, :, 0] = 1
    if name == "nanargmin" and axis == (0, 1):
        axis = 1
    x = nb.from_array(a, chunks=(30, 31, 3))

    check(getattr(nb, name)(x, axis=axis), getattr(np, name)(a, axis=axis), within=1e-12)


@pytest.mark.parametrize("axis", [-1, (0, 1), 0], ids=str)
def test_masks_and_where(axis: Any) -> None:
    """What is masked, or not chosen by `where=`, is left out."""
    a = np.ma.masked_less(some((70, 60, 3), "f8"), 0.7)
    chosen = np.random.default_rng(2).random(a.shape) < 0.6
    x = nb.from_array(a, chunks=(30, 31, 3))

    for name in ("sum", "mean", "max", "std"):
        check(getattr(x, name)(axis=axis), getattr(a, name)(axis=axis), within=1e-12)
    plain = a.data
    check(
        nb.sum(nb.from_array(plain, chunks=(30, 31, 3)), axis=axis, where=nb.from_array(chosen, chunks=40)),
        np.sum(plain, axis=axis, where=chosen),
        within=1e-12,
    )


def test_it_is_done() -> None:
    """Where axes are short they are brought to the front, and elsewhere they aren't."""
    x = nb.ones((200, 200, 3), chunks=(50, 50, 3))

    assert [1] == narrow((x * 2).mean(axis=-1))
    assert [1] == narrow((x * 2).max(axis=(0, 1)))[:1]
    assert [0] == narrow((x * 2).sum())[:1]
    assert [0] == narrow((x * 2).argmax(axis=-1))
