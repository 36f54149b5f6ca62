"""Functions of blocks by hand: what the function gets, what comes out, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import ChunkError, InputError, NotBlocked, ShapeError
from tests.compare import check, check_blocks, same, tiny_tasks
from tests.laws.arrays import MASKED, values_of

A = values_of("d")
B = np.arange(24.0).reshape(4, 6)


def blocked(a: Any = A, chunks: Any = (3, 2)) -> nb.Array:
    """An array in chunks of (3, 2)."""
    return nb.from_array(a, chunks=chunks)


# ------------------------------------------------------------------------------------------------- map_blocks


def test_map_blocks_by_number() -> None:
    """Arrays that don't broadcast but have as many blocks go together by their numbers."""
    x, y = nb.arange(40, chunks=10), nb.arange(8, chunks=2)
    made = nb.map_blocks(lambda a, b: np.array([a.max(), b.max()]), x, y, chunks=(2,), dtype=int)

    check(made, np.array([9, 1, 19, 3, 29, 5, 39, 7]))


def test_map_blocks_of_nothing() -> None:
    """Without arrays a function makes blocks of where they lie."""
    chunks = ((2, 3), (4,))
    ids = nb.map_blocks(lambda block_id: np.full((chunks[0][block_id[0]], 4), block_id[0]), chunks=chunks, dtype=int)
    places = nb.map_blocks(
        lambda block_info: np.arange(*block_info[None]["array-location"][0]), chunks=((5, 5, 1),), meta=np.empty(0, int)
    )

    check(ids, np.repeat([[0], [1]], [2, 3], 0) * np.ones(4, int))
    check(places, np.arange(11))
    check_blocks(places)
    check(places.sum(), np.arange(11).sum())


def test_map_blocks_tells_about_each_argument() -> None:
    """`block_info` goes by places among all arguments, and knows the blocks of each."""
    seen: list[Any] = []

    def look(a: Any, n: int, b: Any, block_info: Any) -> Any:
        seen.append(block_info)
        return a.sum(axis=1)

    nb.map_blocks(look, blocked(), 3, nb.from_array(A[0], chunks=2), drop_axis=1, dtype=float).compute(workers=1)

    assert {0, 2, None} == set(seen[0])
    assert ((3, 1), (1, 0)) == (seen[1][0]["num-chunks"], seen[1][0]["chunk-location"])
    assert ([(3, 6), (0, 5)], [(0, 5)]) == (seen[1][0]["array-location"], seen[1][2]["array-location"])


def test_map_blocks_with_more_chunks_than_axes() -> None:
    """Chunks of more axes than the arguments have mean new ones in front."""
    check(
        nb.map_blocks(lambda b: b[None], blocked(), chunks=((1,), (3, 3, 1), (2, 2, 1)), name="n", token="t"), A[None]
    )


def test_map_blocks_never_calls_with_what_is_not_there() -> None:
    """With a dtype the function isn't called before computing, and then once a block."""
    shapes: list[Any] = []
    made = blocked().map_blocks(lambda b: (shapes.append(b.shape), b)[1], dtype=float)

    assert [] == shapes
    made.compute()
    assert 9 == len(shapes)
    assert all(min(s) > 0 for s in shapes)
    with pytest.raises(NotBlocked, match="keyword"):
        blocked().map_blocks(lambda b, other: b, other=blocked())


# -------------------------------------------------------------------------------------------------- blockwise


def test_blockwise_products() -> None:
    """Axes that the result lacks come as lists of blocks, or all in one."""
    x, y = blocked(B, (2, 4)), blocked(B.T, (4, 3))

    def listed(a: Any, b: Any) -> Any:
        assert isinstance(a, list)
        return sum(p @ q for p, q in zip(a, b, strict=True))

    check(nb.blockwise(listed, "ik", x, "ij", y, "jk", dtype=float), B @ B.T)
    check(nb.blockwise(np.matmul, "ik", x, "ij", y, "jk", concatenate=True), B @ B.T)
    check(nb.blockwise(lambda a: a[0].sum(0), "j", blocked(B, (4, 4)), "ij", dtype=float), B.sum(0))


def test_blockwise_axes() -> None:
    """Transposes, broadcasting, new axes, other sizes, what is handed on."""
    x = blocked(B, (2, 4))

    check(nb.blockwise(np.transpose, "ji", x, "ij", dtype=float), B.T)
    check(nb.blockwise(lambda a, b: a + b[:, None], "ij", x, "ij", blocked(B[:, 0], 2), "i"), B + B[:, :1])
    check(nb.blockwise(np.add, "ij", x, "ij", x[:1], "ij", dtype=float), B + B[:1])
    check(nb.blockwise(lambda a, n: a * n, "ij", x, "ij", 3, None), B * 3)
    check(nb.blockwise(lambda a: a[..., None] * [1, 2], "ijk", x, "ij", new_axes={"k": 2}), B[..., None] * [1, 2])
    doubled = nb.blockwise(lambda a: np.repeat(a, 2, 0), "ij", x, "ij", adjust_chunks={"i": lambda n: 2 * n})
    check(doubled, np.repeat(B, 2, 0))
    assert ((4, 4), (4, 2)) == doubled.chunks
    check(nb.blockwise(lambda a: a[:1], "ij", x, "ij", adjust_chunks={"i": 1}, dtype=float), B[::2])
    check(nb.blockwise(lambda a: a[:1], "ij", x, "ij", adjust_chunks={"i": (1, 1)}, dtype=float), B[::2])
    check(nb.blockwise(lambda a, total: a / total.sum(), "ij", x, "ij", total=x, dtype=float), B / B.sum())
    check(nb.blockwise(lambda: np.ones(3), "i", new_axes={"i": (3, 3)}, dtype=float), np.ones(6))
    check(nb.blockwise(lambda a: a * 2, "ij", blocked(MASKED["masked-d"]), "ij"), MASKED["masked-d"] * 2)


def test_blockwise_alignment() -> None:
    """Arrays are cut alike, or left as they are."""
    x, y = nb.arange(6, chunks=3), nb.arange(6, chunks=2)

    assert ((2, 1, 1, 2),) == nb.blockwise(np.add, "i", x, "i", y, "i", dtype=int).chunks
    with pytest.raises(ChunkError, match="blocks in different arrays"):
        nb.blockwise(np.add, "i", x, "i", y, "i", dtype=int, align_arrays=False)
    chunks, (a, b) = nb.unify_chunks(x, "i", y, "i")
    assert ({"i": (2, 1, 1, 2)}, a.chunks) == (chunks, b.chunks)


@pytest.mark.parametrize(
    ("out", "args", "error"),
    [
        ("i", ("ij", None), InputError),
        ("k", ("ij",), InputError),
        ("i", ("ii",), NotBlocked),
        ("ij", ("ij", "ji"), ShapeError),
        ("i", ("i",), InputError),
    ],
)
def test_blockwise_refusals(out: str, args: Any, error: type[Exception]) -> None:
    """Names that don't fit the arrays, and arrays that don't fit each other."""
    pairs = [v for names in args if names for v in (blocked(), names)]
    with pytest.raises(error):
        nb.blockwise(lambda *blocks: blocks[0], out, *pairs, *(["extra"] if None in args else []), dtype=float)


# -------------------------------------------------------------------------------------------------- reduction


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1), -1])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("split_every", [None, 2, {0: 2, 1: 3}])
def test_reduction(axis: Any, keepdims: bool, split_every: Any) -> None:
    """Blocks to parts, parts to parts, parts to the result: in a tree as deep as need be."""
    options = {"axis": axis, "keepdims": keepdims, "split_every": split_every, "dtype": float}
    for chunks in ((1, 1), (3, 2), (7, 5)):
        made = nb.reduction(blocked(A, chunks), np.sum, np.sum, **options)
        check(made, A.sum(axis=axis, keepdims=keepdims), within=1e-13)


def test_reduction_of_objects() -> None:
    """Parts may be anything; weights go with their blocks; a result may keep several elements."""

    def part(x: Any, axis: Any, keepdims: bool) -> Any:
        return {"n": x.size, "total": x.sum()}

    def flat(parts: Any) -> Any:
        return [q for p in parts for q in flat(p)] if isinstance(parts, list) else [parts]

    def combine(parts: Any, axis: Any, keepdims: bool) -> Any:
        return {k: sum(p[k] for p in flat(parts)) for k in ("n", "total")}

    def mean(parts: Any, axis: Any, keepdims: bool) -> Any:
        made = combine(parts, axis, keepdims)
        return np.asarray(made["total"] / made["n"])

    check(nb.reduction(blocked(), part, mean, combine=combine, concatenate=False, dtype=float, split_every=4), A.mean())

    def weighed(x: Any, weights: Any, axis: Any, keepdims: bool) -> Any:
        return (x * weights).sum(axis=axis, keepdims=keepdims)

    check(
        nb.reduction(blocked(), weighed, np.sum, axis=0, dtype=float, weights=nb.arange(5)), (A * np.arange(5)).sum(0)
    )

    def two(x: Any, axis: Any, keepdims: bool) -> Any:
        return np.sort(x, axis=axis[0])[:2]

    check(nb.reduction(blocked(), two, two, axis=0, keepdims=True, output_size=2, dtype=float), np.sort(A, axis=0)[:2])
    with pytest.raises(InputError, match="dtype"):
        nb.reduction(blocked(), np.sum, np.sum)
    with pytest.raises(InputError, match="at least 2"):
        nb.reduction(blocked(), np.sum, np.sum, dtype=float, split_every=1)


# ---------------------------------------------------------------------------------------------- lines, shapes


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize(
    "function",
    [lambda v: v.sum(), lambda v: [v.min(), v.max()], lambda v: [[v.min(), v.max()]] * 2, np.cumsum, lambda v: v.ndim],
    ids=["number", "line", "table", "scan", "ndim"],
)
def test_apply_along_axis(axis: int, function: Any) -> None:
    """Functions of lines that give numbers, lines or tables, whatever the chunks."""
    a = np.arange(24).reshape(2, 3, 4) % 7
    with tiny_tasks():
        same(lambda x: np.apply_along_axis(function, axis, x), a, chunks=(1, 2, 3))
    with nb.config(chunk_bytes=32):
        same(lambda x: np.apply_along_axis(function, axis, x), a, chunks=1)


def test_apply_along_axis_options() -> None:
    """Arguments are handed on; with dtype and shape nothing is called before computing; what NumPy refuses."""
    same(lambda x: np.apply_along_axis(np.quantile, 0, x, 0.5), A)
    same(lambda x: np.apply_along_axis(np.sum, 3, x), A)
    same(lambda x: np.apply_along_axis(np.sum, 0, x), np.zeros((3, 0)))
    called: list[Any] = []
    nb.apply_along_axis(lambda v: called.append(v), 0, blocked(), dtype=float, shape=())
    assert [] == called


def test_apply_over_axes() -> None:
    """One axis after the other, kept if the function drops it."""
    same(lambda x: np.apply_over_axes(np.sum, x, [0, -1]), A, close=True)
    same(lambda x: np.apply_over_axes(np.cumsum, x, [0, 1]), A, close=True)
    same(lambda x: np.apply_over_axes(lambda v, k: v.sum(), x, [0, 1]), A)


def test_reshape_blockwise() -> None:
    """Blocks are reshaped by themselves, and back."""
    a = np.arange(54).reshape(6, 3, 3)
    x = nb.from_array(a, chunks=(3, 2, (2, 1)))
    rows = nb.reshape_blockwise(x, (18, 3))
    parts = [
        np.concatenate([a[i : i + 3, j : j + 2, :2].reshape(-1, 2), a[i : i + 3, j : j + 2, 2:].reshape(-1, 1)], axis=1)
        for i in (0, 3)
        for j in (0, 2)
    ]

    assert ((6, 3, 6, 3), (2, 1)) == rows.chunks
    check(rows, np.concatenate(parts))
    check_blocks(rows)
    check(nb.reshape_blockwise(rows, (6, 3, 3), chunks=x.chunks), a)
    flat = nb.reshape_blockwise(x, (54,))
    check(nb.reshape_blockwise(flat, (6, 3, 3), chunks=x.chunks)[1:3], a[1:3])
    check(nb.reshape_blockwise(x, (1, 6, 9, 1), chunks=((1,), (3, 3), (4, 2, 2, 1), (1,))).sum(), a.sum())
    for shape, chunks in (((6, 3, 3), ((3, 4), (3, 1), (3, 1))), ((5, 5), None), ((18, 3, 1), None), ((9, 6), None)):
        with pytest.raises((ChunkError, ShapeError, InputError)):
            nb.reshape_blockwise(rows, shape, chunks=chunks)


@pytest.mark.parametrize(
    ("groups", "sizes"),
    [([[1, 5, 6], [0, 2, 3, 4, 7]], (3, 5)), ([[1, 5, 6], [0, 3], [4, 2, 7]], (5, 3)), ([[1, 1]], (2,))],
)
def test_shuffle(groups: Any, sizes: Any) -> None:
    """Groups of positions, each in one chunk."""
    a = np.arange(24).reshape(3, 8)
    made = nb.from_array(a, chunks=(2, 4)).shuffle(groups, axis=1)

    check(made, a[:, [k for group in groups for k in group]])
    assert sizes == made.chunks[1]


def test_shuffle_refusals() -> None:
    """Positions that aren't there, axes that aren't there, no lists of lists."""
    x = nb.arange(8, chunks=4)
    for groups, axis, error in (
        ("s", 0, ValueError),
        ([1], 0, ValueError),
        ([[1]], 5, ValueError),
        ([[8]], 0, IndexError),
    ):
        with pytest.raises(error):
            x.shuffle(groups, axis=axis)


# ------------------------------------------------------------------------------------------------- functions


def test_fromfunction() -> None:
    """Arrays made of indices, block by block."""
    for dtype in (float, int, None):
        check(
            nb.fromfunction(lambda i, j, c=1: i + c * j, shape=(5, 4), dtype=dtype, chunks=(2, 3), c=3),
            np.fromfunction(lambda i, j: i + 3 * j, (5, 4), dtype=dtype),
        )
    check(nb.fromfunction(lambda i: i % 2 == 0, (7,), dtype=int, chunks=2), np.arange(7) % 2 == 0)


def test_frompyfunc_and_vectorize() -> None:
    """Functions of Python objects and numbers, element by element, with broadcasting."""

    def double(a: Any, b: Any) -> Any:
        return a * 2 + b

    made, plain = nb.frompyfunc(double, 2, 1), np.frompyfunc(double, 2, 1)
    check(made(blocked(), A[0]), plain(A, A[0]))
    check(made.outer(nb.arange(3), np.arange(2)), plain.outer(np.arange(3), np.arange(2)))
    with pytest.raises(NotImplementedError):
        nb.frompyfunc(divmod, 2, 2)
    check(nb.vectorize(double)(blocked(), A[0]), np.vectorize(double)(A, A[0]))
    check(nb.vectorize(double, otypes=["f4"])(blocked(), b=1), np.vectorize(double, otypes=["f4"])(A, b=1))
    with pytest.raises(NotBlocked, match="apply_gufunc"):
        nb.vectorize(double, signature="(),()->()")(blocked(), 1)


def test_large_groups_of_a_shuffle() -> None:
    """Groups that are larger than chunks were make the chunks of other axes as much shorter."""
    a = np.arange(24).reshape(3, 8)
    made = nb.from_array(a, chunks=((2, 1), 4)).shuffle([[1, 5, 1, 5, 1, 5], [1, 6, 4, 2, 7]], axis=1)

    assert ((1, 1, 1), (6, 5)) == made.chunks
    check(made, a[:, [1, 5, 1, 5, 1, 5, 1, 6, 4, 2, 7]])


def test_lines_without_elements() -> None:
    """Of them nobody knows what a function gives, so it has to be said; no block would ever be handed to it."""
    with pytest.raises(InputError, match="give dtype= and shape="):
        np.apply_along_axis(len, 1, nb.ones((3, 0)))
