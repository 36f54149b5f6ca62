"""Functions of whole core axes against the same functions on NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import ChunkError, InputError, NotBlocked
from nbarray.interop.gufunc import Signature, apply_gufunc

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
    result = apply_gufunc(weigh, "(x),(y,x)->(y)", a, b, dtype=float)
    swapped = apply_gufunc(lambda b, a: weigh(a, b), "(y,x),(x)->(y)", b, a, dtype=float)

    assert ((1, 1), (2, 1), (5,)) == result.chunks
    np.testing.assert_allclose(weigh(A, B), result.compute())
    np.testing.assert_allclose(weigh(A, B), swapped.compute())


def test_plain_arguments() -> None:
    """Arrays in memory are cut along with the blocked ones; numbers and pure core arguments go to every block."""
    weights, offset = np.arange(4.0), np.arange(6.0).reshape(2, 3)

    def weigh(a: Any, w: Any, o: Any, n: Any) -> Any:
        return (a * w).sum(-1) + o * n

    result = apply_gufunc(weigh, "(x),(x),(),()->()", nb.from_array(A, (1, 2, 4)), weights, offset, 3, dtype=float)

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
        apply_gufunc(np.sort, "(x)->(x)", x, dtype=float)
    np.testing.assert_array_equal(
        np.sort(A), apply_gufunc(np.sort, "(x)->(x)", x, dtype=float, allow_rechunk=True).compute()
    )


@pytest.mark.parametrize(
    ("signature", "error", "words"),
    [
        ("(x),(x)->()", InputError, "2 arguments"),
        ("(x)->(),()", NotBlocked, "several results"),
        ("(x,x)->()", NotBlocked, "twice"),
        ("(x)->(y)", InputError, "output_sizes"),
        ("(a,b,c,d)->()", InputError, "lacks core axes"),
    ],
)
def test_what_cannot_be(signature: str, error: type[Exception], words: str) -> None:
    """What can't be applied raises an error that says why."""
    with pytest.raises(error, match=words):
        apply_gufunc(np.sum, signature, nb.from_array(A), dtype=float)
