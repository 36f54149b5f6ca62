"""What operations make of their arguments: axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.compare import same

MATRIX, LINE = np.arange(12.0).reshape(3, 4), np.array([3.0, 1.0, 2.0, 5.0])
ALONG: dict[str, Callable[[Any, Any], Any]] = {
    **{f.__name__: lambda x, k, f=f: f(x, axis=k) for f in (
        np.cumsum, np.nancumprod, np.diff, np.sort, np.argsort, np.sum, np.mean, np.any, np.max, np.ptp,
        np.argmax, np.average, np.trapezoid, np.flip, np.count_nonzero, np.expand_dims, np.fft.fft,
        np.unwrap, np.add.reduce, np.add.accumulate, np.gradient,
    )},
    "take": lambda x, k: np.take(x, [1, 0], axis=k),
    "concatenate": lambda x, k: np.concatenate([x, x], axis=k),
    "stack": lambda x, k: np.stack([x, x], axis=k),
    "delete": lambda x, k: np.delete(x, 1, axis=k),
    "repeat": lambda x, k: np.repeat(x, 2, axis=k),
    "roll": lambda x, k: np.roll(x, 1, axis=k),
    "swapaxes": lambda x, k: np.swapaxes(x, 0, k),
    "moveaxis": lambda x, k: np.moveaxis(x, k, 0),
    "reduceat": lambda x, k: np.add.reduceat(x, [0, 2], axis=k),
    "vecdot": lambda x, k: np.linalg.vecdot(x, x, axis=k),
    "lexsort": lambda x, k: np.lexsort((x, x), axis=k),
}  # fmt: skip


@pytest.mark.parametrize("axis", [0, -1, None, (), (0,), (0, 1), [0], 1.0, "0", 7], ids=repr)
@pytest.mark.parametrize("name", ALONG)
def test_axes(name: str, axis: Any) -> None:
    """What NumPy takes for an axis is one, and nothing else: not None, a tuple, or a number that isn't whole."""
    for a in (MATRIX, LINE):
        same(lambda x: ALONG[name](x, axis), a, chunks=2, close=True)


def test_axes_named_twice() -> None:
    """Slopes along an axis are given once."""
    same(lambda x: np.gradient(x, axis=(0, -2)), MATRIX)
    same(lambda x: np.cumulative_sum(x, axis=(1,)), MATRIX)
    same(lambda x: np.linalg.norm(x, axis=[0]), MATRIX)
