"""Functions of blocks: what they are given, what they promise, and what happens when they break it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import AxisError, BroadcastError, ChunkError, DTypeError, InputError, ShapeError, TaskError
from tests.compare import check, check_blocks
from tests.laws.arrays import MASKED, values_of

A = values_of("d")
M = MASKED["masked-d"]


def blocked() -> nb.Array:
    """A (7, 5) array in chunks of (3, 2)."""
    return nb.from_array(A, chunks=(3, 2))


@pytest.mark.parametrize("dtype", [None, "f4"])
def test_dtype(dtype: Any) -> None:
    """The dtype is as promised, or found out from the first block."""
    made = blocked().map_blocks(lambda b: b.astype("f4"), dtype=dtype)

    check(made, A.astype("f4"))
    check_blocks(made)


def test_dtype_is_found_on_real_data() -> None:
    """Without a dtype, the function is called once, on the first block and no other, before anything is computed."""
    seen: list[Any] = []
    made = blocked().map_blocks(lambda b: (seen.append(b.copy()), b > 0)[1])

    assert bool == made.dtype
    np.testing.assert_array_equal([A[:3, :2]], seen)


def test_several_arrays() -> None:
    """Blocks at the same place of all arrays go together; smaller arrays broadcast, other values are handed on."""
    x = blocked()
    row, column = nb.from_array(A[0], chunks=2), nb.from_array(A[:, :1], chunks=(3, 1))

    check(nb.map_blocks(lambda p, q: p + q, x, x[::-1]), A + A[::-1])
    check(nb.map_blocks(lambda p, q: p + q, x, row), A + A[0])
    check(nb.map_blocks(lambda p, q, r: p + q * r, row, x, column), A[0] + A * A[:, :1])
    check(nb.map_blocks(lambda p, q: p + q, x, nb.from_array(A, chunks=(2, 3)) * 2), A + A * 2)
    check(nb.map_blocks(lambda n, p: n + p, 3, x), A + 3)
    check(nb.map_blocks(lambda p, n=0: p + n, x, n=3), A + 3)
    check(nb.map_blocks(np.negative, x), -A)
    check(nb.map_blocks(partial(np.multiply, 2), x), 2 * A)


def test_drop_axis() -> None:
    """A function that takes an axis away sees the whole of it."""
    x = blocked()

    check(nb.map_blocks(lambda p: p.sum(1), x, drop_axis=1), A.sum(1))
    check(nb.map_blocks(lambda p: p.sum(-1), x, drop_axis=-1), A.sum(1))
    check(nb.map_blocks(lambda p: p.max(0), x, drop_axis=[0], dtype=float), A.max(0))
    check(nb.map_blocks(lambda p: p.max(), x, drop_axis=(0, 1)), A.max())


def test_new_axis() -> None:
    """A function may make axes, of length 1 or as `chunks` says."""
    x = blocked()

    check(nb.map_blocks(lambda p: p[None], x, new_axis=0), A[None])
    check(
        nb.map_blocks(lambda p: np.stack([p, p], 1), x, new_axis=1, chunks=((3, 3, 1), (2,), (2, 2, 1))),
        np.stack([A, A], 1),
    )
    check(nb.map_blocks(lambda p: p.max(1)[:, None, None], x, drop_axis=1, new_axis=[1, 2]), A.max(1)[:, None, None])


def test_chunks() -> None:
    """A function may change sizes: to one for all blocks, or one for each."""
    x = blocked()
    tops = np.stack([A[:3].max(0), A[3:6].max(0), A[6:].max(0)])

    check(nb.map_blocks(lambda p: p.max(0, keepdims=True), x, chunks=(1, (2, 2, 1))), tops)
    check(nb.map_blocks(lambda p: np.repeat(p, 2, 0), x, chunks=((6, 6, 2), (2, 2, 1))), np.repeat(A, 2, 0))
    check_blocks(nb.map_blocks(lambda p: p.max(0, keepdims=True), x, chunks=(1, (2, 2, 1))))


def test_block_id() -> None:
    """`block_id` is the block's place in the grid of the result."""
    ids = nb.map_blocks(lambda p, block_id: np.full(p.shape, block_id[0] * 10 + block_id[1]), blocked(), dtype=int)

    check(ids, np.repeat(np.repeat(np.arange(3)[:, None] * 10 + np.arange(3), [3, 3, 1], 0), [2, 2, 1], 1))


def test_block_info() -> None:
    """`block_info` tells where each argument's block lies, and where the result's goes."""
    seen: dict[Any, Any] = {}

    def look(p: Any, q: Any, block_info: Any) -> Any:
        seen[block_info[None]["chunk-location"]] = block_info
        return p

    nb.map_blocks(look, blocked(), nb.from_array(A[0], chunks=2), dtype=float).compute()

    assert 9 == len(seen)
    info = seen[(1, 2)]
    assert [(3, 6), (4, 5)] == info[0]["array-location"]
    assert [(4, 5)] == info[1]["array-location"]
    assert ((7, 5), (5,)) == (info[0]["shape"], info[1]["shape"])
    assert ((3, 3), (3, 1), np.float64) == tuple(info[None][k] for k in ("num-chunks", "chunk-shape", "dtype"))


def test_chains() -> None:
    """Functions of blocks of what is computed, and computing with what they make."""
    x = blocked()

    check((nb.map_blocks(lambda p: p * 2, x + 1)[::-1].T + 1).max(0), (((A + 1) * 2)[::-1].T + 1).max(0))
    check(nb.map_blocks(lambda p: p * 2, x.T[::2].rechunk((1, 4))), A.T[::2] * 2)
    check(nb.map_blocks(lambda p: p * 2, x)[1:5, [0, 3]], A[1:5, [0, 3]] * 2)
    check(nb.map_blocks(lambda p: p + 1, nb.map_blocks(lambda p: p * 2, x)), A * 2 + 1)
    check(nb.map_blocks(lambda p: p * 2, x[x > 0]), A[A > 0] * 2)
    check(nb.map_blocks(lambda p: p * 2, nb.concatenate([x, x])), np.concatenate([A, A]) * 2)
    check(nb.map_blocks(lambda p: p * 2, x[:0]), A[:0] * 2)
    check(nb.map_blocks(lambda p: p * 2, x[:0] + 1), A[:0] * 2)
    check(nb.map_blocks(lambda p: p * 2, nb.from_array(np.array(3.0))), np.float64(6))


def test_chunks_are_as_the_user_sees_them() -> None:
    """However work is cut, the function is given the blocks that the array shows."""
    for x in (blocked(), blocked() + 1, blocked().rechunk((2, 5)), blocked()[1:, ::2], nb.concatenate([blocked()] * 2)):
        shapes = nb.map_blocks(lambda p: np.full((1, 1), p.shape[0] * 10 + p.shape[1]), x, dtype=int, chunks=(1, 1))

        assert [[m * 10 + n for n in x.chunks[1]] for m in x.chunks[0]] == shapes.compute().tolist()


@pytest.mark.parametrize("dtype", [None, float])
def test_masked(dtype: Any) -> None:
    """Blocks of a masked array are masked, all of them; a function may keep masks, fill them, or make them."""
    x = nb.from_array(M, chunks=(3, 2))

    check(nb.map_blocks(lambda b: b * 2, x, dtype=dtype), M * 2)
    check_blocks(nb.map_blocks(lambda b: b * 2, x, dtype=dtype))
    check(nb.map_blocks(lambda b: b.filled(0), x, dtype=dtype, masked=False), M.filled(0))
    check(
        nb.map_blocks(lambda b: np.ma.masked_less(b, 0), blocked(), dtype=dtype, masked=True), np.ma.masked_less(A, 0)
    )


def test_masks_nobody_promised() -> None:
    """Missing values are never lost quietly."""
    check(nb.map_blocks(lambda b: b.filled(0), nb.from_array(M, chunks=3)), M.filled(0))
    check(nb.map_blocks(lambda b: np.ma.masked_less(b, 0), blocked()), np.ma.masked_less(A, 0))
    with pytest.raises(DTypeError, match="returned missing values for block"):
        nb.map_blocks(lambda b: np.ma.masked_less(b, 0), blocked(), dtype=float).compute()


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda p: p[:1], ShapeError, r"returned a block of shape \(1, 2\), but \(3, 2\) was promised"),
        (lambda p: p.sum(), ShapeError, r"give chunks= \(and drop_axis= or new_axis=\)"),
        (lambda p: p * 1j, DTypeError, "returned complex128 for block .*, but float64 was promised"),
        (lambda p: 1 / 0, ZeroDivisionError, "division by zero"),
        (lambda p: {}["k"], KeyError, "'k'"),
    ],
    ids=["shape", "no shape", "dtype", "division", "key"],
)
def test_broken_promises(function: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    """A block that is not as promised, or can't be made, fails with its place and the reason."""
    with pytest.raises(error, match=message):
        nb.map_blocks(function, blocked(), dtype=float).compute()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"drop_axis": 5}, AxisError, "axis 5 is out of bounds"),
        ({"new_axis": 4}, AxisError, "axis 4 is out of bounds"),
        ({"chunks": (1,)}, ChunkError, r"chunks=\(1,\) has 1 entries, but the result has 2 axes"),
        ({"chunks": ((1,), 2)}, ChunkError, r"chunks for axis 0 are \(1,\), but there are 3 blocks along it"),
        ({"chunks": (1, (2, "a", 1))}, ChunkError, "expected a size, or one for each block"),
        ({"chunks": (1, 1.5)}, ChunkError, r"chunks for axis 1 are 1\.5"),
        ({"chunks": (1, (2, 0, 1))}, ChunkError, "a block has at least 1 element"),
        ({"chunks": ((1, 1, -1), 2)}, ChunkError, "a block has at least 1 element"),
    ],
    ids=str,
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    """Axes and chunks that can't be are refused at once."""
    with pytest.raises(error, match=message):
        nb.map_blocks(lambda p: p, blocked(), dtype=float, **options)


def test_arrays_that_do_not_fit() -> None:
    """There has to be an array, and several have to broadcast, or to have as many blocks."""
    with pytest.raises(InputError, match="at least one blocked array"):
        nb.map_blocks(lambda p: p, 3, dtype=int)
    with pytest.raises(BroadcastError, match=r"map_blocks: .*\(7,5\) \(6,5\)"):
        nb.map_blocks(lambda p, q: p, blocked(), blocked()[:6].rechunk(4), dtype=float)


def test_a_single_block_goes_to_all() -> None:
    """Of arrays whose sizes differ, one that is in one piece along an axis is given whole to every block."""
    a, b = np.array([[1, 2, 3, 4]]), np.array([[10, 20], [30, 40]])
    x, y = nb.from_array(a, chunks=((1,), (2, 2))), nb.from_array(b, chunks=((1, 1), (2,)))
    made = nb.map_blocks(lambda p, q: p + q, x, y)

    assert ((1, 1), (2, 2)) == made.chunks
    np.testing.assert_array_equal(np.hstack([a[:, :2] + b, a[:, 2:] + b]), made.compute())


def test_made_twice_is_the_same() -> None:
    """The same function of the same values is one node; another function, or other values, are another one."""
    x = blocked()

    def scaled(block: Any, by: float, add: float = 0) -> Any:
        return block * by + add

    def of(*args: Any, **options: Any) -> Any:
        return nb.map_blocks(scaled, x, *args, dtype=float, **options).expr

    assert of(2.0) is of(2.0)
    assert of(2.0, add=1) is of(2.0, add=1)
    assert of(2.0) is not of(2)
    assert of(2.0) is not of(2.0, add=0)
    assert of(2.0) is not of(2.0, token="doubled")
    weights = np.ones(5)
    assert of(weights) is of(weights)
    assert of(weights) is not of(np.ones(5))


def test_token_names_the_operation() -> None:
    """What it is called shows in plans and errors."""
    x = nb.map_blocks(lambda b: b[0], blocked(), dtype=float, token="first row")

    with pytest.raises(TaskError, match="first row failed on"):
        x.compute()
