"""Arrays put together, split, turned and repeated: as NumPy does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from tests.compare import check, same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

WAYS: dict[str, Callable[[Any], Any]] = {
    "atleast_1d": lambda x: np.atleast_1d(x, x[0], x[0, :1].reshape(())),
    "atleast_2d": lambda x: np.atleast_2d(x[0, :1].reshape(()), x[0], x),
    "atleast_3d": lambda x: np.atleast_3d(x[0, :1].reshape(()), x[0], x, x[None]),
    "column_stack": lambda x: np.column_stack([x, x[:, 0], x]),
    "row_stack": lambda x: np.vstack([x, x[0]]),
    "hstack": lambda x: np.hstack([x[0], x[1]]),
    "dstack": lambda x: np.dstack([x, x]),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, x[:1], x[:, :1]),
    "fliplr": lambda x: np.fliplr(x),
    "flipud": lambda x: np.flipud(x),
    "rot90": lambda x: np.rot90(x),
    "rot90 twice": lambda x: np.rot90(x, 2),
    "rot90 back": lambda x: np.rot90(x, -1),
    "rot90 of others": lambda x: np.rot90(x[None], 1, (2, 1)),
    "rot90 of nothing": lambda x: np.rot90(x, 4),
    "roll": lambda x: np.roll(x, 3),
    "roll axis": lambda x: np.roll(x, -2, 1),
    "roll far": lambda x: np.roll(x, 17, 0),
    "roll two": lambda x: np.roll(x, (1, 2), (0, 1)),
    "roll one by two": lambda x: np.roll(x, 2, (0, 1)),
    "roll twice": lambda x: np.roll(x, (1, 2), (0, 0)),
    "rollaxis": lambda x: np.rollaxis(x[None], 2),
    "rollaxis to the end": lambda x: np.rollaxis(x[None], 0, 3),
    "tile": lambda x: np.tile(x, 2),
    "tile two": lambda x: np.tile(x, (2, 1)),
    "tile more": lambda x: np.tile(x, (2, 1, 3)),
    "tile often": lambda x: np.tile(x, (70, 1)),
    "tile never": lambda x: np.tile(x, (0, 2)),
    "resize larger": lambda x: np.resize(x, (9, 5)),
    "resize smaller": lambda x: np.resize(x, (2, 3)),
    "resize to nothing": lambda x: np.resize(x, 0),
    "array_split": lambda x: np.array_split(x, 3),
    "array_split columns": lambda x: np.array_split(x, 4, 1),
    "array_split into more": lambda x: np.array_split(x, 9, -1),
    "split at": lambda x: np.split(x, [2, 5, 9]),
    "split at the end": lambda x: np.split(x, [-2]),
    "split evenly": lambda x: np.split(x, 7),
    "hsplit": lambda x: np.hsplit(x, [1, 3]),
    "hsplit of a line": lambda x: np.hsplit(x[0], 5),
    "vsplit": lambda x: np.vsplit(x, [3]),
    "dsplit": lambda x: np.dsplit(x[None], 5),
    "unstack": lambda x: np.unstack(x, axis=1),
    "block": lambda x: np.block([[x, x], [x[:2], x[2:4]]]),
    "block of lines": lambda x: np.block([x[0], x[1]]),
    "block of one": lambda x: np.block(x),
    "block of more axes": lambda x: np.block([[x[None]], [x[None]]]),
    "block deep": lambda x: np.block([[[x]], [[x]]]),
    "concat": lambda x: np.concat([x, x], axis=1),
    "permute_dims": lambda x: np.permute_dims(x, (1, 0)),
}
REFUSED: dict[str, Callable[[Any], Any]] = {
    "fliplr of a line": lambda x: np.fliplr(x[0]),
    "rot90 same": lambda x: np.rot90(x, 1, (0, 0)),
    "rot90 opposite": lambda x: np.rot90(x, 1, (0, -2)),
    "rot90 outside": lambda x: np.rot90(x, 1, (0, 3)),
    "rot90 one": lambda x: np.rot90(x, 1, (0,)),
    "roll outside": lambda x: np.roll(x, 1, 2),
    "roll uneven": lambda x: np.roll(x, (1, 2, 3), (0, 1)),
    "rollaxis outside": lambda x: np.rollaxis(x, 2),
    "rollaxis start outside": lambda x: np.rollaxis(x, 0, 4),
    "tile negative": lambda x: np.tile(x, (-1, 2)),
    "resize negative": lambda x: np.resize(x, (-1, 2)),
    "split unevenly": lambda x: np.split(x, 3),
    "split into none": lambda x: np.array_split(x, 0),
    "split outside": lambda x: np.array_split(x, 2, 2),
    "vsplit of a line": lambda x: np.vsplit(x[0], 1),
    "dsplit of a matrix": lambda x: np.dsplit(x, 1),
    "block uneven": lambda x: np.block([x, [x]]),
    "block empty": lambda x: np.block([[x], []]),
    "block tuple": lambda x: np.block((x, x)),
    "block misfit": lambda x: np.block([[x, x[:2]]]),
    "broadcast_arrays misfit": lambda x: np.broadcast_arrays(x, x[:, :2]),
    "unstack outside": lambda x: np.unstack(x, axis=4),
    "column_stack misfit": lambda x: np.column_stack([x, x[0]]),
    "trim_zeros by letters": lambda x: np.trim_zeros(x, "xy"),
}


@pytest.mark.parametrize("name", WAYS)
def test_ways(name: str) -> None:
    """Every way of arranging, for one of each kind of dtype, on something computed, and masked."""
    for kind in ("dtype-d", "dtype-?", "text", "datetime", "big-endian-f8"):
        same(WAYS[name], KINDS[kind])
    same(lambda x: WAYS[name](x * 2 + 1), values_of("d"))


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """What NumPy refuses is refused."""
    same(REFUSED[name], values_of("d"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """No axes, no elements, and other orders in memory."""
    a = LAYOUTS[layout]

    same(lambda x: np.atleast_3d(x), a)
    same(lambda x: np.tile(x, (2, 3)), a)
    same(lambda x: np.roll(x, 3), a)
    same(lambda x: np.resize(x, (3, 2)), a)
    if a.ndim:
        same(lambda x: np.array_split(x, 3), a)
        same(lambda x: np.roll(x, 1, 0), a)
        same(lambda x: np.unstack(x[:3]), a)
    if a.ndim > 1:
        same(lambda x: np.rot90(x, 3), a)


def test_masked() -> None:
    """Masks go where their elements go."""
    a = MASKED["masked-d"]

    same(lambda x: (nb.roll if isinstance(x, nb.Array) else np.roll)(x, 2, 0), a)
    check(nb.rot90(nb.from_array(a, chunks=2)), np.ma.MaskedArray(np.rot90(a.data), np.rot90(a.mask)))


@pytest.mark.parametrize(
    "values",
    [[0, 0, 1, 2, 0, 3, 0], [0, 0], [1, 2], [], [[0, 0, 0], [0, 1, 0], [0, 0, 2]], np.zeros((2, 0)), 3],
    ids=repr,
)
@pytest.mark.parametrize("trim", ["fb", "F", "b"])
def test_trim_zeros(values: Any, trim: str) -> None:
    """Zeros at the edges go, in front or behind."""
    same(lambda x: np.trim_zeros(x, trim), np.array(values, float), chunks=2)
    same(lambda x: np.trim_zeros(x, trim, axis=()), np.array(values, float), chunks=2)


def test_tile_makes_no_part_for_each_copy() -> None:
    """Many copies of a short axis are one function of blocks, also of axes that lie in several chunks."""
    x = nb.tile(nb.from_array(np.arange(12).reshape(4, 3), chunks=2), (2, 1000))

    assert x.plan().ntasks < 100
    check(x[:, 1234:1250], np.tile(np.arange(12).reshape(4, 3), (2, 1000))[:, 1234:1250])
