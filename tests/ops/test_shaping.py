"""Other shapes of the same values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import AxisError, BroadcastError, ChunkError, DTypeError, ShapeError
from tests.compare import check_blocks, same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

SHAPES: dict[str, Callable[[Any], Any]] = {
    "T": lambda x: x.T,
    "transpose": lambda x: np.transpose(x, (1, 0)),
    "transpose method": lambda x: x.transpose(-1, 0),
    "transpose tuple": lambda x: x.transpose((1, 0)),
    "permute_dims": lambda x: np.permute_dims(x, (1, 0)),
    "swapaxes": lambda x: np.swapaxes(x, 0, -1),
    "moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "moveaxis two": lambda x: np.moveaxis(x[None], (0, 1), (2, 0)),
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "expand_dims two": lambda x: np.expand_dims(x, (0, -1)),
    "squeeze": lambda x: x[:1].squeeze(),
    "squeeze one": lambda x: np.squeeze(x[:1, None], 0),
    "flip": lambda x: np.flip(x),
    "flip one": lambda x: np.flip(x, 1),
    "flip two": lambda x: np.flip(x, (0, -1)),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.T.flatten(),
    "reshape": lambda x: x.reshape(5, 7),
    "reshape tuple": lambda x: x.reshape((-1, 5)),
    "reshape more axes": lambda x: x[:6, :4].reshape(3, 2, 2, 2),
    "reshape fewer axes": lambda x: np.reshape(x, 35),
    "reshape with ones": lambda x: x.reshape(1, 7, 1, 5, 1),
    "reshape of transposed": lambda x: x.T.reshape(7, 5),
    "reshape of sliced": lambda x: x[::-2, 1:].reshape(2, -1),
    "reshape to nothing": lambda x: x[:0].reshape(3, 0, 2),
    "reshape to itself": lambda x: x.reshape(7, 5),
    "broadcast_to": lambda x: np.broadcast_to(x, (3, 7, 5)),
    "broadcast_to rows": lambda x: np.broadcast_to(x[:1], (4, 5)),
    "broadcast_to columns": lambda x: np.broadcast_to(x[:, :1], (2, 7, 3)),
    "broadcast_to, then reduce": lambda x: np.broadcast_to(x[:, :1] == x[:, :1], (2, 7, 3)).sum(axis=0),
    "copy": lambda x: x.copy(),
}
REFUSED: dict[str, Callable[[Any], Any]] = {
    "transpose repeated": lambda x: x.transpose(0, 0),
    "transpose too few": lambda x: x.transpose(0),
    "transpose too large": lambda x: x.transpose(0, 5),
    "swapaxes too large": lambda x: x.swapaxes(0, 2),
    "moveaxis too large": lambda x: np.moveaxis(x, 0, 2),
    "moveaxis uneven": lambda x: np.moveaxis(x, (0, 1), (0,)),
    "moveaxis repeated": lambda x: np.moveaxis(x, (0, 0), (0, 1)),
    "expand_dims too large": lambda x: np.expand_dims(x, 3),
    "expand_dims repeated": lambda x: np.expand_dims(x, (0, 0)),
    "flip too large": lambda x: np.flip(x, 2),
    "reshape to another size": lambda x: x.reshape(4, 4),
    "reshape two unknown": lambda x: x.reshape(-1, -1),
    "reshape not divisible": lambda x: x.reshape(-1, 4),
    "reshape negative": lambda x: x.reshape(-5, -7),
    "reshape text": lambda x: x.reshape("a"),
    "reshape float": lambda x: x.reshape(3.5),
    "squeeze long": lambda x: x.squeeze(0),
    "squeeze too large": lambda x: x.squeeze(5),
    "broadcast_to smaller": lambda x: np.broadcast_to(x, (7, 4)),
    "broadcast_to fewer": lambda x: np.broadcast_to(x, (5,)),
    "broadcast_to negative": lambda x: np.broadcast_to(x, (-1, 5)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    """Every change of shape, for one of each kind of dtype, and on something computed."""
    for kind in ("dtype-d", "dtype-?", "text", "datetime", "big-endian-f8"):
        same(SHAPES[name], KINDS[kind])
    same(lambda x: SHAPES[name](x * 2 + 1) - 1, values_of("d"))
    if "broadcast" not in name:  # NumPy forgets the mask
        same(SHAPES[name], MASKED["masked-d"])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """Shapes and axes that NumPy refuses are refused."""
    same(REFUSED[name], values_of("d"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """No axes, no elements, and other orders in memory."""
    a = LAYOUTS[layout]

    for shape in ((-1,), (1, *a.shape[::-1]), (*a.shape, 1)):
        same(lambda x, s=shape: x.reshape(s), a)
    same(lambda x: x.T, a)
    same(lambda x: x.squeeze(), a)
    same(lambda x: np.flip(x), a)
    same(lambda x: x.ravel()[::-1], a)
    same(lambda x: np.broadcast_to(x, (2, *a.shape)), a)


@pytest.mark.parametrize(
    "chunks",
    [
        1, 2, 100, -1, "auto", (3, 2), (-1, 1), ((1, 6), (2, 3)), ((4, 3), 5), {0: 2}, {-1: 1}, (None, 2), "40B",
        ("auto", 2), {},
    ],
    ids=str,
)  # fmt: skip
def test_rechunk(chunks: Any) -> None:
    """Chunks can be cut in any way; values stay."""
    for a in (values_of("d"), MASKED["masked-i"]):
        x = nb.from_array(a, chunks=3)

        check_blocks(x.rechunk(chunks))
        same(lambda y: y.rechunk(chunks) if isinstance(y, nb.Array) else y, a)
        same(lambda y: (y.rechunk(chunks) if isinstance(y, nb.Array) else y)[::-1].T.sum(0), a, close=True)


def test_rechunked_sizes() -> None:
    """`rechunk` cuts as it is told, and leaves the axes that a dictionary doesn't name."""
    x = nb.from_array(values_of("d"), chunks=(3, 2))

    assert ((2, 2, 2, 1), (5,)) == x.rechunk((2, -1)).chunks
    assert ((3, 3, 1), (4, 1)) == x.rechunk({1: 4}).chunks
    assert ((1, 6), (2, 2, 1)) == x.rechunk({0: (1, 6)}).chunks
    assert ((7,), (5,)) == x.rechunk().chunks
    assert ((3, 3, 1), (5,)) == x.rechunk({0: None, 1: -1}).chunks
    assert ((3, 3, 1), (4, 1)) == x.rechunk((None, 4)).chunks
    assert ((2, 2, 2, 1), (1,) * 5) == x.rechunk((2, "auto"), block_size_limit=16).chunks
    assert ((0,), (0,)) == nb.from_array(np.zeros((0, 0)), chunks=(0, 0)).chunks
    assert () == nb.from_array(np.int64(3), chunks=(1,)).chunks


@pytest.mark.parametrize(
    ("size", "chunks", "expected"),
    [
        (220, 100, (110, 110)),
        (100, 12, (13,) * 7 + (9,)),
        (100, 10, (10,) * 10),
        (7, 3, (4, 3)),
        (0, 1, (0,)),
        (5, 9, (5,)),
    ],
)
def test_balance(size: int, chunks: int, expected: Any) -> None:
    """Balanced chunks are as even as can be, without a short last one."""
    assert (expected,) == nb.rechunk(nb.arange(size), chunks, balance=True).chunks


def test_balance_that_cannot_be() -> None:
    """Chunks that can't be made even stay, with a warning that says what to do."""
    with pytest.warns(UserWarning, match="Try increasing the chunk size"):
        made = nb.arange(100).rechunk(9, balance=True)

    assert ((9,) * 11 + (1,),) == made.chunks


def test_reshaped_chunks() -> None:
    """A reshaped array is in the chunks it is asked for, whether they are runs of elements or not."""
    x = nb.from_array(np.arange(24.0), chunks=5)

    for shape, chunks in (
        ((4, 6), (2, 6)),
        ((4, 6), (1, 4)),
        ((2, 3, 4), (1, 2, 4)),
        ((4, 6), (2, 4)),
        ((4, 6), (4, 2)),
    ):
        made = x.reshape(shape, chunks=chunks)

        assert chunks == made.chunksize
        check_blocks(made)
        np.testing.assert_array_equal(np.arange(24.0).reshape(shape), made.compute())


@pytest.mark.parametrize(
    ("shape", "chunks", "new", "expected"),
    [
        ((20, 20, 5), (10, 10, 5), (400, 5), ((100,) * 4, (5,))),
        ((30, 10, 20), (30, 2, 1), (30, 200), ((30,), (2,) * 100)),
        ((400, 5), (100, 2), (20, 20, 5), ((5,) * 4, (20,), (2, 2, 1))),
        ((24,), (5,), (4, 1, 6), ((1,) * 4, (1,), (3, 3))),
        ((6, 4), (2, 4), (4, 6), ((1,) * 4, (6,))),
        ((3, 0), (1, 1), (0, 5), ((0,), (5,))),
    ],
    ids=["merged", "merged small", "split", "ones", "both", "nothing"],
)
def test_blocks_stay_about_as_large(shape: Any, chunks: Any, new: Any, expected: Any) -> None:
    """An axis that stays is cut as it was; those that become others get as many elements as blocks had along them."""
    a = np.arange(np.prod(shape)).reshape(shape)
    made = nb.from_array(a, chunks=chunks).reshape(new)

    assert expected == made.chunks
    check_blocks(made)
    np.testing.assert_array_equal(a.reshape(new), made.compute())


def test_broadcast_to_chunks() -> None:
    """Axes that are spread are cut as asked for, the others as they were."""
    a = np.arange(30).reshape(5, 1, 6)
    x = nb.from_array(a, chunks=(3, 1, 3))
    made = nb.broadcast_to(x, (2, 5, 4, 6), chunks=(1, 3, 2, 3))

    assert ((1, 1), (3, 2), (2, 2), (3, 3)) == made.chunks
    same(lambda x: np.broadcast_to(x, (2, 5, 4, 6)), a)
    np.testing.assert_array_equal(np.broadcast_to(a, (2, 5, 4, 6)), made.compute())
    check_blocks(made)
    with pytest.raises(ChunkError, match=r"cut axis 0 of the array into \(2, 3\), but it isn't spread"):
        nb.broadcast_to(x, (5, 4, 6), chunks=((2, 3), 2, 3))


def test_messages() -> None:
    """A refusal says what was given and what there is."""
    x = nb.from_array(values_of("d"), chunks=3)

    with pytest.raises(AxisError, match="axis 5 is out of bounds for array of dimension 2"):
        x.transpose(0, 5)
    with pytest.raises(ShapeError, match=r"cannot reshape array of size 35 into shape \(4, 4\)"):
        x.reshape(4, 4)
    with pytest.raises(DTypeError, match=r"shape=3\.5: expected an integer"):
        x.reshape(3.5)
    with pytest.raises(BroadcastError, match=r"shape \(7, 5\) can't be spread to \(7, 4\)"):
        nb.broadcast_to(x, (7, 4))
    with pytest.raises(ShapeError, match=r"size not equal to one: axis 0 of \(7, 5\)"):
        x.squeeze(0)
    with pytest.raises(ChunkError, match=r"chunks for axis 1 add up to 4, but the axis has 5 elements"):
        x.rechunk((7, (2, 2)))
    with pytest.raises(ChunkError, match="names axes"):
        x.rechunk({2: 1})
    with pytest.raises(TypeError, match="names axes \\['time'\\]"):
        x.rechunk({"time": 1})
    with pytest.raises(np.exceptions.AxisError):
        x.sum(axis=3)


@pytest.mark.parametrize("order", ["C", "F", "A", "K", "Q"])
def test_the_order_elements_are_counted_in(order: str) -> None:
    """The last axis or the first is the fastest; what lies in memory in C order is the same by "A" and "K"."""
    a = np.arange(24).reshape(2, 3, 4)
    same(lambda x: np.reshape(x, (4, -1), order=order), a, chunks=2)
    same(lambda x: x.reshape(6, 4, order=order), a, chunks=2)
    same(lambda x: np.ravel(x, order), a, chunks=2)
    same(lambda x: x.flatten(order), a, chunks=2)

    assert ((1, 1, 2), (6,)) == nb.arange(24).reshape(4, 6, order="F", chunks=((1, 1, 2), 6)).chunks


def test_axes_from_anything_to_go_through() -> None:
    """A range names axes as well as a tuple."""
    same(lambda x: np.moveaxis(x, range(2), range(1, 3)), np.zeros((2, 3, 4)))
