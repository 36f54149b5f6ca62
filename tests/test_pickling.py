"""Arrays, and errors, in other processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb

cloudpickle = pytest.importorskip("cloudpickle")

A = np.random.default_rng(5).normal(size=(40, 30))
MADE: dict[str, Callable[[nb.Array], Any]] = {
    "sort": lambda x: nb.sort(x.ravel()),
    "quantile": lambda x: nb.quantile(x, 0.3),
    "svd": lambda x: nb.linalg.svd(x)[1],
    "qr": lambda x: nb.linalg.qr(x)[1],
    "inv": lambda x: nb.linalg.inv(x[:30] + 9 * nb.eye(30)),
    "fft": lambda x: nb.fft.fft(x),
    "cumsum": lambda x: nb.cumsum(x, axis=0),
    "unique": lambda x: nb.unique(x.round()),
    "map_overlap": lambda x: nb.map_overlap(np.negative, x, depth=1, dtype=float),
    "random": lambda x: nb.random.default_rng(1).normal(size=50, chunks=20),
    "selection": lambda x: x[x > 0],
    "masked": lambda x: nb.ma.masked_greater(x, 1).mean(axis=0),
}


@pytest.mark.parametrize("name", MADE)
def test_arrays_can_be_sent(name: str) -> None:
    """What arrives is the same expression; functions made inside of functions take cloudpickle, as they do anywhere."""
    x = MADE[name](nb.from_array(A, chunks=(13, 11)))
    sent = cloudpickle.loads(cloudpickle.dumps(x))
    expected, actual = x.compute(), sent.compute()

    assert (x.shape, x.dtype) == (sent.shape, sent.dtype)
    assert np.ma.allequal(expected, actual)
