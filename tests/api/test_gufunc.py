"""Functions of whole core axes against the same functions on NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.api.gufunc import Signature, apply_gufunc
from nbarray.errors import ChunkError, InputError, ShapeError
from tests.compare import check

A = np.arange(2.0 * 3 * 4).reshape(2, 3, 4)
B = np.arange(3.0 * 5 * 4).reshape(3, 5, 4) / 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("()->()", Signature(((),), ((),))),
        ("(a),(b, a)->(b)", Signature((("a",), ("b", "a")), (("b",),))),
        ("(i)->(),(i)", Signature((("i",),), ((), ("i",)))),
    ],
)
def test_signatures(text: str, expected: Signature) -> None:
    """A signature names the core axes of arguments and results."""
    assert expected == Signature.parse(text)


@pytest.mark.parametrize("text", ["", "(a)", "a->b", "(a)->", "(a)(b)->()", "(a)->(b)->(c)"])
def test_no_signatures(text: str) -> None:
    """What is no signature raises InputError, which shows one."""
    with pytest.raises(InputError, match="expected one such as"):
        Signature.parse(text)


def test_core_axes_in_other_order() -> None:
    """Arguments may have the core axes in different orders, and some of them only; loop axes broadcast."""

    def weigh(a: Any, b: Any) -> Any:
        return np.einsum("...x,...yx->...y", a, b)

    a, b = nb.from_array(A, (1, 2, 4)), nb.from_array(B, (2, 5, 4))
    result = apply_gufunc(weigh, "(x),(y,x)->(y)", a, b, output_dtypes=float)
    swapped = apply_gufunc(lambda b, a: weigh(a, b), "(y,x),(x)->(y)", b, a, output_dtypes=float)

    assert ((1, 1), (2, 1), (5,)) == result.chunks
    np.testing.assert_allclose(weigh(A, B), result.compute())
    np.testing.assert_allclose(weigh(A, B), swapped.compute())


def test_plain_arguments() -> None:
    """Arrays in memory are cut along with the blocked ones; numbers and pure core arguments go to every block."""
    weights, offset = np.arange(4.0), np.arange(6.0).reshape(2, 3)

    def weigh(a: Any, w: Any, o: Any, n: Any) -> Any:
        return (a * w).sum(-1) + o * n

    result = apply_gufunc(
        weigh, "(x),(x),(),()->()", nb.from_array(A, (1, 2, 4)), weights, offset, 3, output_dtypes=float
    )

    np.testing.assert_allclose(weigh(A, weights, offset, 3), result.compute())


def test_dtype_from_first_block() -> None:
    """Without a dtype the first block tells it."""
    result = apply_gufunc(lambda a: a.argmax(-1), "(x)->()", nb.from_array(A, (1, 2, 4)))

    assert np.dtype(np.intp) == result.dtype
    np.testing.assert_array_equal(A.argmax(-1), result.compute())


def test_cut_core_axis() -> None:
    """A core axis in several blocks is an error, unless putting it together is allowed."""
    x = nb.from_array(A, (1, 2, 3))

    with pytest.raises(ChunkError, match="allow_rechunk"):
        apply_gufunc(np.sort, "(x)->(x)", x, output_dtypes=float)
    np.testing.assert_array_equal(
        np.sort(A), apply_gufunc(np.sort, "(x)->(x)", x, output_dtypes=float, allow_rechunk=True).compute()
    )


@pytest.mark.parametrize(
    ("signature", "error", "words"),
    [
        ("(x),(x)->()", InputError, "2 arguments"),
        ("(x)->(y)", InputError, "output_sizes"),
        ("(a,b,c,d)->()", InputError, "lacks core axes"),
    ],
)
def test_what_cannot_be(signature: str, error: type[Exception], words: str) -> None:
    """What can't be applied raises an error that says why."""
    with pytest.raises(error, match=words):
        apply_gufunc(np.sum, signature, nb.from_array(A), output_dtypes=float)


def test_several_results() -> None:
    """Several results of any dtypes and core axes, computed in one call for each block; scalars too."""
    calls: list[Any] = []

    def stats(a: Any) -> Any:
        calls.append(a.shape)
        return a.mean(-1), a.argmax(-1), np.stack([a.min(-1), a.max(-1)], -1)

    x = nb.from_array(A, (1, 2, 4))
    dtypes = (float, np.intp, "f4")
    made = nb.apply_gufunc(stats, "(i)->(),(),(j)", x, output_dtypes=dtypes, output_sizes={"j": 2})

    for have, wanted in zip(nb.compute(*made), stats(A), strict=True):
        np.testing.assert_array_equal(wanted, have)
    assert 4 + 1 == len(calls)
    assert [np.dtype(d) for d in dtypes] == [m.dtype for m in made]
    assert 1 == nb.apply_gufunc(lambda: 1, "->()", output_dtypes=int).compute()
    assert [1, 2] == [m.compute() for m in nb.apply_gufunc(lambda: (1, 2), "->(),()", output_dtypes=(int, int))]
    both = nb.apply_gufunc(lambda a: (a.sum(-1), a.astype(object).sum(-1)), "(i)->(),()", x)
    assert [np.dtype(float), np.dtype(object)] == [m.dtype for m in both]
    np.testing.assert_array_equal(A.sum(-1), both[1].compute().astype(float))


def test_axes() -> None:
    """Core axes anywhere, kept or not, twice in one argument."""
    a, b = np.arange(6.0).reshape(3, 2, 1), np.arange(105.0).reshape(3, 7, 5)
    x, y = nb.from_array(a, 2), nb.from_array(b, 3)

    def product(p: Any, q: Any) -> Any:
        return np.einsum("...ij,...jk->...ik", p, q)

    axes = [(1, 0), (0, -1), (-2, -1)]
    made = nb.apply_gufunc(product, "(i,j),(j,k)->(i,k)", x, y, axes=axes, allow_rechunk=True)
    np.testing.assert_allclose(np.einsum("ji,juk->uik", a[..., 0], b), made.compute())
    z = nb.from_array(A, 2)
    options: dict[str, Any] = {"output_dtypes": float, "allow_rechunk": True}
    summed = nb.apply_gufunc(lambda p: p.sum(-1), "(i)->()", z, axis=1, keepdims=True, **options)
    np.testing.assert_array_equal(A.sum(1, keepdims=True), summed.compute())
    moved = nb.apply_gufunc(np.sort, "(i)->(i)", z, axis=0, **options)
    np.testing.assert_array_equal(np.sort(A, 0), moved.compute())
    first = nb.apply_gufunc(lambda p: p[..., ::-1], "(i)->(i)", z, axes=[(1,), (0,)], **options)
    np.testing.assert_array_equal(np.moveaxis(A[:, ::-1], 1, 0), first.compute())
    square = nb.from_array(np.eye(3) + np.zeros((4, 3, 3)), (2, 3, 3))
    np.testing.assert_array_equal(
        np.linalg.inv(np.eye(3) + np.zeros((4, 3, 3))), nb.apply_gufunc(np.linalg.inv, "(n,n)->(n,n)", square).compute()
    )


def test_vectorized() -> None:
    """A function of one core piece, and as a decorator."""

    @nb.as_gufunc("(m, n), (n)->(m)", output_dtypes=float, vectorize=True)
    def weigh(x: Any, w: Any) -> Any:
        assert (2, 1) == (x.ndim, w.ndim)
        return (x * w).sum(axis=1)

    w = np.arange(4.0)
    np.testing.assert_allclose((A * w).sum(-1), weigh(nb.from_array(A, (1, 3, 4)), w).compute())
    with pytest.raises(TypeError, match="signature"):
        nb.as_gufunc()


def test_functions_that_fail() -> None:
    """What a function raises while its dtype is found out is told; results that aren't as many as promised."""

    def fails(x: Any) -> Any:
        raise RuntimeError("Woops")

    with pytest.raises(InputError, match=r"^`dtype` inference failed.*RuntimeError: Woops.*Please specify the dtype"):
        nb.apply_gufunc(fails, "()->()", nb.arange(3))
    for bad in ({"axis": 0, "axes": [0, 0]}, {"axes": [(0, 1), 0]}, {"axes": [0]}, {"output_dtypes": (int, int)}):
        with pytest.raises(InputError):
            nb.apply_gufunc(np.sort, "(i)->(i)", nb.arange(3), **bad)
    with pytest.raises(ShapeError, match="different lengths in arrays"):
        nb.apply_gufunc(np.add, "(),()->()", nb.arange(3), nb.arange(4), output_dtypes=int)


def test_core_axes_put_together_stay_small() -> None:
    """Where a core axis is put together, the other axes are cut more finely."""
    with nb.config(chunk_bytes=8 * 1000):
        x = nb.ones((1000, 1000), chunks=(10, 10))
        made = nb.apply_gufunc(np.sort, "(i)->(i)", x, output_dtypes=float, allow_rechunk=True)

    assert (1, 1000) == made.chunksize


def test_core_axis_of_another_length() -> None:
    """A core axis may be of another length in the result, if that is said."""
    a = np.random.default_rng(3).normal(size=(3, 6, 4))
    made = nb.apply_gufunc(
        lambda b: np.diff(b, axis=-1),
        "(i)->(i)",
        nb.from_array(a, chunks=2),
        axis=1,
        output_sizes={"i": 5},
        allow_rechunk=True,
    )

    check(made, np.diff(a, axis=1))


def test_blocks_stay_as_large() -> None:
    """Core axes put together make loop axes as much shorter."""
    x = nb.ones((1, 12, 8), chunks=(1, -1, 4))

    assert ((1,), (6, 6)) == nb.apply_gufunc(
        lambda b: b.sum(-1), "(i)->()", x, output_dtypes=float, allow_rechunk=True
    ).chunks
