"""What functions of ours are told apart by: where they are written, and what they hold."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.kernels.keys import frozen, held_by_key, key_of

X = nb.from_array(np.random.default_rng(5).normal(size=(6, 8)), chunks=3)


def made(held: Any, module: str = "nbarray.ops") -> Any:
    """A function that holds something."""

    def function(block: Any, other: Any = held) -> Any:
        return block, held

    function.__module__ = module
    return function


HELD = [1, 1.5, "a", None, (1, (2.0, slice(1))), np.float32(2), np.dtype("i4"), np.add, frozen([1, 2]), X.expr]


@pytest.mark.parametrize("held", HELD, ids=str)
def test_same_functions(held: Any) -> None:
    """Two functions written at one place that hold the same are equal, and so is what is made of them."""
    again = np.array(held) if isinstance(held, np.ndarray) else held
    if isinstance(again, np.ndarray):
        again.setflags(write=False)

    assert held_by_key(made(held)) == held_by_key(made(again))
    assert key_of(partial(made(held), other=2)) == key_of(partial(made(again), other=2))
    assert key_of(made(made(held))) == key_of(made(made(again)))


def test_others() -> None:
    """What may change, what Python takes for equal and isn't, and callers' own functions are told apart."""
    a = np.arange(3)
    pairs = [(1, True), (1, 1.0), (0.0, -0.0), (np.float64(0), np.float64(-0.0)), ([1], [1]), (a, a.copy()), ({}, {})]

    for one, other in pairs:
        assert key_of(made(one)) != key_of(made(other))
    assert key_of(made(1, "users_module")) != key_of(made(1, "users_module"))
    assert key_of(made(a)) == key_of(made(a))
    with pytest.raises(ValueError, match="read-only"):
        frozen(a)[0] = 1


class Named:
    """What callers may pass: equal to all of its name, whatever it does."""

    def __init__(self, name: str, scale: float) -> None:
        self.name, self.scale = name, scale

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __call__(self, block: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return self.scale * np.sum(block, axis=axis, keepdims=keepdims)

    total = __call__


@pytest.mark.parametrize(
    "of", [lambda x: x, lambda x: x.total, lambda x: partial(x.total)], ids=["object", "method", "partial"]
)
def test_equality_of_callers_own(of: Any) -> None:
    """What callers' classes call equal isn't one function."""
    made = [nb.reduction(X, chunk=of(Named("sum", k)), aggregate=np.sum, dtype="f8") for k in (1.0, 2.0)]

    one, two = nb.compute(*made)

    np.testing.assert_allclose([one, two], [X.compute().sum(), 2 * X.compute().sum()])


TWICE = {
    "sort": lambda: nb.sort(X, axis=0),
    "argsort": lambda: nb.argsort(X),
    "median": lambda: nb.median(X, axis=0),
    "median of all": lambda: nb.median(X),
    "quantile": lambda: nb.quantile(X, [0.1, 0.5], axis=1),
    "cumsum": lambda: nb.cumsum(X, axis=0),
    "fft": lambda: nb.fft.fft2(X),
    "qr": lambda: nb.linalg.qr(X).R,
    "inv": lambda: nb.linalg.inv(X[:6, :6]),
    "unique": lambda: nb.unique(X),
    "digitize": lambda: nb.digitize(X, [1, 2]),
    "push": lambda: nb.push(X, axis=1),
    "number": lambda: nb.asarray(X) * nb.asarray(3.5),
}


@pytest.mark.parametrize("name", TWICE)
def test_operations_made_twice(name: str) -> None:
    """They are one node, which is computed once."""
    assert TWICE[name]().expr is TWICE[name]().expr


def test_what_callers_hold_may_change() -> None:
    """Edges that are changed afterwards are neither those of what was made before nor of what is made after."""
    edges = np.array([0.0, 1.0])
    before = nb.digitize(X, edges)
    edges += 5
    after = nb.digitize(X, [0.0, 1.0])

    np.testing.assert_array_equal(np.digitize(X.compute(), [0.0, 1.0]), after.compute())
    np.testing.assert_array_equal(after.compute(), before.compute())
