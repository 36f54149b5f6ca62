"""Masked arrays are numpy.ma's: which elements are missing, and the values of all others."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from tests.compare import check, check_blocks, same
from tests.laws.arrays import MASKED

UFUNCS = sorted(n for n in np.__all__ if isinstance(u := getattr(np, n), np.ufunc) and u.signature is None)
OPERATORS = [
    divmod, operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift, operator.lt, operator.le, operator.gt,
    operator.ge, operator.eq, operator.ne,
]  # fmt: skip
REDUCTIONS = ["sum", "prod", "mean", "std", "var", "min", "max", "any", "all", "argmin", "argmax"]


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs(name: str) -> None:
    """Ufuncs mask what is missing, and what lies outside their domain."""
    ufunc = getattr(np, name)
    for a in MASKED.values():
        if ufunc.nin == 1:
            same(ufunc, a)
            continue
        same(lambda x: ufunc(x, x[::-1]), a)
        same(ufunc, a, a.data[::-1])
        same(lambda x: ufunc(x, 2), a)


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_operators(op: Callable[..., Any]) -> None:
    """Operators have masks and dtypes of their own: division masks what isn't finite, numbers are arrays."""
    for a in MASKED.values():
        same(lambda x: op(x, x[::-1]), a)
        same(op, a, a.data[::-1])
        same(lambda x, y: op(y, x), a, a.data[::-1])
        same(lambda x: op(x, 2), a)
        same(lambda x: op(3, x), a)
        same(lambda x: op(x, 0.5), a)


@pytest.mark.parametrize("array", [name for name in MASKED if name != "masked-peculiar"])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name: str, array: str) -> None:
    """Reductions leave out what is missing; where all is, so is the result."""
    a = MASKED[array]
    for axis in (None, 0, 1):
        same(lambda x, k=axis: getattr(x, name)(axis=k), a, close=True)
        same(lambda x, k=axis: getattr(np, name)(x, axis=k), a, close=True)
    if not name.startswith("arg"):
        same(lambda x: getattr(x, name)(axis=(0, 1)), a, close=True)
        same(lambda x: getattr(x, name)(axis=1, keepdims=True), a, close=True)
        same(lambda x: getattr(x, name)(keepdims=True), a, close=True)


@pytest.mark.parametrize("array", [name for name in MASKED if name != "masked-peculiar"])
def test_options_of_reductions(array: str) -> None:
    """`dtype` and `ddof`."""
    for name in ("sum", "prod", "mean", "std", "var"):
        same(lambda x, n=name: getattr(x, n)(axis=0, dtype="f4"), MASKED[array], close=True)
    for name in ("std", "var"):
        same(lambda x, n=name: getattr(x, n)(axis=1, dtype="i8"), MASKED[array], close=True)
        same(lambda x, n=name: getattr(x, n)(dtype="i8", ddof=1, keepdims=True), MASKED[array], close=True)
        same(lambda x, n=name: getattr(x, n)(axis=0, ddof=2), MASKED[array], close=True)
        same(lambda x, n=name: getattr(x, n)(axis=1, ddof=5), MASKED[array], close=True)


@pytest.mark.parametrize("dtype", ["f4", "i8", "D"])
def test_spread_of_complex(dtype: str) -> None:
    """A mean of real or whole numbers has lost what is imaginary, the differences from it have not."""
    a = np.ma.MaskedArray(np.arange(35).reshape(7, 5) * (1 - 2.5j), np.arange(35).reshape(7, 5) % 4 == 0)
    a[2] = np.ma.masked
    for axis in (None, 0, 1):
        same(lambda x, k=axis: x.var(axis=k, dtype=dtype), a, close=True)
        same(lambda x, k=axis: x.std(axis=k, dtype=dtype, keepdims=True), a, close=True)


@pytest.mark.parametrize("name", [name for name in REDUCTIONS if name not in ("std", "var")])
def test_reductions_of_nan(name: str) -> None:
    """NaN that is not masked spreads; a mean that is not finite is masked.  (numpy.ma: a variance of 0 there.)"""
    for axis in (None, 0, 1):
        same(lambda x, k=axis: getattr(x, name)(axis=k), MASKED["masked-peculiar"], close=True)


@pytest.mark.parametrize("name", ["std", "var"])
@pytest.mark.parametrize("dtype", ["e", "f", "d", "D"])
def test_one_variance_of_what_is_not_finite(name: str, dtype: str) -> None:
    """It is masked, where it is a single number; as is none that is finite."""
    for lost in (np.nan, np.inf, 2):
        a = np.ma.MaskedArray(np.array([1, lost, 3, 4]).astype(dtype), [0, 0, 1, 0])
        same(lambda x: getattr(x, name)(), a, close=True)
        same(lambda x: getattr(x, name)(axis=0), a, close=True)
        same(lambda x: getattr(x[x != 5], name)(), a, close=True)
    same(lambda x: np.mean(x, keepdims=True), np.ma.MaskedArray(np.inf, False))


@pytest.mark.parametrize("array", MASKED)
def test_moving(array: str) -> None:
    """Masks move with their values."""
    a = MASKED[array]
    moves: list[Callable[[Any], Any]] = [
        lambda x: x, lambda x: x.T, lambda x: x[::-1, 1:], lambda x: x[..., None], lambda x: x.reshape(-1),
        lambda x: x[:, [1, 1, 0]], lambda x: x[1:, 0], lambda x: x.astype("f4"), lambda x: x.clip(-1, 2),
        lambda x: x.round(1), lambda x: x[:0], lambda x: x.swapaxes(0, 1)[::2],
    ]  # fmt: skip

    for move in moves:
        same(move, a)


@pytest.mark.parametrize("array", MASKED)
def test_where(array: str) -> None:
    """`where` of masked arrays is `numpy.ma.where`: a missing condition gives a missing value."""
    a = MASKED[array]
    x = nb.from_array(a, chunks=3)

    check(lambda: nb.where(x > 0, x, -x), lambda: np.ma.where(a > 0, a, -a))
    check(lambda: nb.where(x > 0, 1, 0), lambda: np.ma.where(a > 0, 1, 0))


@pytest.mark.parametrize("array", MASKED)
def test_chains(array: str) -> None:
    """Anomalies, differences and scalings of masked data."""
    a = MASKED[array]
    chains: list[Callable[[Any], Any]] = [
        lambda x: x - x.mean(axis=0),
        lambda x: (x - 1) * 2 + x,
        lambda x: (x > 0).sum(axis=0),
        lambda x: x[::2].mean(axis=0) - x[1::2].mean(axis=0),
        lambda x: (x / 2).max(axis=1),
    ]

    if array == "masked-?" or a.shape[0] == 0:
        pytest.skip("booleans can't be subtracted, nor nothing averaged")
    for chain in chains:
        same(chain, a, close=True)


def test_blocks() -> None:
    """Every block of a masked array is a masked array, with or without anything missing."""
    a = MASKED["masked-d"]

    check_blocks(nb.from_array(a, chunks=2))
    check_blocks(nb.from_array(a, chunks=2) * 2)
    check_blocks(nb.from_array(a, chunks=(1, 5)).mean(axis=1))


def test_masked_beside_plain() -> None:
    """Plain and masked operands give masked results."""
    a, plain = MASKED["masked-d"], np.arange(35.0).reshape(7, 5)

    same(lambda x, y: x + y, a, plain)
    same(lambda x, y: np.minimum(y, x).sum(axis=1), a, plain, close=True)
    same(lambda x: x * plain[0], a)
    same(lambda x: plain[:, :1] - x, a)
