"""Functions of blocks that overlap: as if the array were one block that is padded."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.errors import ChunkError, InputError, ShapeError
from nbarray.ops.ghosting import no_shorter
from tests.compare import check, tiny_tasks

A = np.random.default_rng(6).normal(size=(7, 9))
MODES = {"periodic": "wrap", "reflect": "symmetric", "nearest": "edge"}


def smooth(block: Any) -> Any:
    """Each element with its neighbours within one along the first and two along the last axis."""
    down = block + np.roll(block, 1, axis=0) + np.roll(block, -1, axis=0)
    return down + np.roll(down, 2, axis=1) - np.roll(down, -1, axis=1)


def padded(a: Any, widths: Any, boundary: Any) -> Any:
    """What `smooth` sees beyond the edges."""
    for axis, (pair, edge) in enumerate(zip(widths, boundary, strict=True)):
        pairs = [(0, 0)] * a.ndim
        pairs[axis] = pair
        a = np.pad(a, pairs, mode=MODES[edge]) if isinstance(edge, str) else np.pad(a, pairs, constant_values=edge)
    return a


@pytest.mark.parametrize("boundary", ["periodic", "reflect", "nearest", 2.5, ("periodic", 0)])
@pytest.mark.parametrize("chunks", [(3, 4), (1, 1), (7, 9), ((2, 5), (1, 6, 2))])
def test_smoothing(boundary: Any, chunks: Any) -> None:
    """Uneven blocks see the same neighbours, and so do those smaller than the depth, which are put together."""
    edges = boundary if isinstance(boundary, tuple) else (boundary, boundary)
    x = nb.from_array(A, chunks=chunks)
    made = nb.map_overlap(smooth, x, depth={0: 1, 1: (2, 1)}, boundary=boundary, dtype=float)
    expected = smooth(padded(A, [(1, 1), (2, 1)], edges))[1:-1, 2:-1]

    with tiny_tasks():
        check(made, expected)
    assert x.chunks[0] == made.chunks[0]
    assert min(made.chunks[1]) >= 2
    assert x.chunks == made.chunks or min(x.chunks[1]) < 2


@given(st.integers(1, 6), st.integers(0, 5), st.integers(0, 5), st.sampled_from(["none", "periodic", 1.0]))
def test_what_blocks_get(chunk: int, before: int, after: int, boundary: Any) -> None:
    """Every block gets just its neighbours' elements, and at the edges what the boundary says."""
    a = np.arange(10)
    x = nb.from_array(a, chunks=chunk)
    outer = a if boundary == "none" else padded(a, [(before, after)], [boundary])
    shift = 0 if boundary == "none" else before
    sizes = x.chunks[0] if min(x.chunks[0]) >= max(before, after) else no_shorter(x.chunks[0], max(before, after))
    ends = [0, *np.cumsum(sizes).tolist()]
    expected = [outer[max(0, k + shift - before) : n + shift + after] for k, n in pairwise(ends)]
    made = nb.overlap(x, (((before, after),)), boundary=(boundary,))

    check(made, np.concatenate(expected))
    assert [len(e) for e in expected] == list(made.chunks[0])
    assert all(n >= max(before, after) for n in sizes)
    check(nb.trim_overlap(made, (((before, after),)), boundary=(boundary,)), a)


def test_no_boundary() -> None:
    """Without anything beyond the edges, blocks at them get less."""
    sizes: list[int] = []

    def largest(block: Any) -> Any:
        sizes.append(len(block))
        return np.full(len(block), block.max())

    made = nb.map_overlap(largest, nb.arange(9, chunks=3), depth=2, dtype=int).compute(workers=1)

    assert [5, 7, 5] == sizes
    np.testing.assert_array_equal(np.repeat([4, 7, 8], 3), made)


def test_several_arrays() -> None:
    """Each with its own depth; broadcast axes have no neighbours; other arguments are handed on."""
    x, y = nb.from_array(A, chunks=(3, 4)), nb.from_array(A[0], chunks=4)

    def both(a: Any, b: Any, times: float) -> Any:
        return (a + b) * times

    made = nb.map_overlap(both, x, y, 3.0, depth=[(0, 2), 2], boundary="periodic", dtype=float)
    check(made, (A + A[0]) * 3)
    check(nb.map_overlap(both, x, x[:1], 2.0, depth=[(0, 1), (0, 1)], boundary=0, dtype=float), (A + A[:1]) * 2)


def test_dtype_is_found_out() -> None:
    """Without a dtype, from the first block."""
    made = nb.map_overlap(lambda b: b > 0, nb.from_array(A, chunks=3), depth=1, boundary=0)

    assert bool == made.dtype
    check(made, A > 0)


def test_dasks_spellings() -> None:
    """Depth and boundary by place, functions as attributes, chunks smaller than the depth refused if so asked."""
    x = nb.arange(6, chunks=5)

    check(x.map_overlap(lambda b: b + 1, 2, "reflect", dtype=int), np.arange(6) + 1)
    check(nb.overlap.trim_overlap(nb.overlap.overlap(nb.arange(6, chunks=3), 2, "reflect"), 2, "reflect"), np.arange(6))
    with pytest.raises(ChunkError, match="smaller than the depth 2"):
        nb.overlap(x, 2, "reflect", allow_rechunk=False)
    nb.overlap(nb.arange(6, chunks=3), 2, "reflect", allow_rechunk=False)


@pytest.mark.parametrize("drop", [0, (1,), -1, (0, 2), (-1, -3)])
def test_axes_that_are_dropped(drop: Any) -> None:
    """A function may take axes away; what overlaps along the others is cut off."""
    a = np.random.default_rng(8).normal(size=(5, 10, 8))
    dropped = {k % 3 for k in (drop if isinstance(drop, tuple) else (drop,))}
    depth = {k: 0 if k in dropped else d for k, d in enumerate((1, 3, 2))}
    boundary = (0, "reflect", "nearest")
    x = nb.from_array(a, chunks=(2, 5, 4))
    made = nb.map_overlap(lambda b: b.mean(axis=drop), x, depth=depth, boundary=boundary, drop_axis=drop, dtype=float)

    check(made, a.mean(axis=drop), within=1e-13)


def test_only_what_is_needed() -> None:
    """A few elements of very many blocks take milliseconds and a few tasks."""
    x = nb.ones((10_000, 10_000), chunks=50)
    made = nb.map_overlap(lambda b: b * 2, x, depth=1, boundary="reflect", dtype=float)[5000:5010, 5000:5010]

    assert made.plan().ntasks < 30
    assert 200 == made.sum().compute()


def test_refusals() -> None:
    """Depths and boundaries that mean nothing, and functions that change the shape."""
    x = nb.from_array(A, chunks=3)
    for depth in (-1, 1.5, (1, 2, 3), ((1, 2, 3), 0)):
        with pytest.raises(InputError):
            nb.map_overlap(smooth, x, depth=depth, dtype=float)
    with pytest.raises(InputError, match="boundary='mirror': expected 'none', 'periodic'"):
        nb.map_overlap(smooth, x, depth=1, boundary="mirror", dtype=float)
    with pytest.raises(InputError, match="at least one blocked array"):
        nb.map_overlap(smooth, A, depth=1, dtype=float)
    with pytest.raises(ShapeError, match="what overlaps can't be cut off"):
        nb.map_overlap(lambda b: b[1:], x, depth=1, dtype=float).compute()


@pytest.mark.parametrize(
    ("sizes", "least", "expected"),
    [
        ((20, 20, 1), 10, (20, 11, 10)),
        ((1, 1, 3), 3, (5,)),
        ((4, 4, 1), 2, (4, 3, 2)),
        ((1,) * 5, 2, (2, 3)),
        ((3,), 5, (3,)),
        ((0,), 0, (0,)),
    ],
)
def test_no_shorter(sizes: Any, least: int, expected: Any) -> None:
    """Chunks are put together until they are long enough; a short last one takes from the one before."""
    assert expected == no_shorter(sizes, least)


def test_depths_beyond_the_array() -> None:
    """More neighbours than an axis has elements can't be meant; one that is broadcast has none to begin with."""
    x = nb.from_array(np.arange(12.0).reshape(3, 4), chunks=2)
    with pytest.raises(InputError, match="The overlapping depth 5 is larger than axis 1, which has 4 elements"):
        nb.overlap(x, depth={0: 3, 1: 5}, boundary=1)
    made = nb.map_overlap(np.add, x, x[:1], depth=2, boundary="nearest", dtype=float)

    np.testing.assert_array_equal(np.arange(12.0).reshape(3, 4) + np.arange(4), made.compute())
    assert (0,) == nb.map_overlap(np.abs, x[0, :0], depth=2, dtype=float).compute().shape


def test_arrays_that_are_not_to_be_aligned() -> None:
    """They have to be cut into as many blocks; an axis of one element goes with any."""
    x, y = nb.arange(10, chunks=10), nb.arange(10, chunks=5)
    with pytest.raises(ChunkError, match=r"the arrays have \[1, 2\] blocks along axis -1"):
        nb.map_overlap(np.add, x, y, align_arrays=False, boundary="none", dtype=int)

    for other in (y, nb.ones(1, int)):
        made = nb.map_overlap(np.add, y, other, align_arrays=False, depth=1, dtype=int)
        np.testing.assert_array_equal((y + other).compute(), made.compute())
