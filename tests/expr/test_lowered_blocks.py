"""Operations on whole blocks of stored arrays: workers read into buffers of their own, and no block may lie in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nbarray as nb

SHAPE = (600, 1200)

#: name -> a function of either library's array that needs all blocks of something before it goes on
WAITING: dict[str, Callable[[Any, Any], Any]] = {
    "reshape": lambda m, x: _centred(m, m.reshape(x, (3, 200, 1200))),
    "reshape, transpose": lambda m, x: m.reshape(x.T, (4, 300, 600)) + 1,
    "take": lambda m, x: _centred(m, x[[5, 3, 440, 599, 0, 3]]),
    "mask": lambda m, x: x[:, 3][x[:, 3] > 0] + 1,
    "concatenate": lambda m, x: _centred(m, m.concatenate([x, x[::-1]])),
    "cumsum": lambda m, x: m.cumsum(x, axis=0),
    "sort": lambda m, x: m.sort(m.reshape(x, (-1,))),
    "pad": lambda m, x: _centred(m, m.pad(x, 3, mode="reflect")),
    "matmul": lambda m, x: x.T @ (x - m.mean(x, axis=0)),
}


def _centred(m: Any, x: Any) -> Any:
    return x - m.mean(x, axis=0)


@pytest.fixture(params=["plain", "deflated", "contiguous"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> h5py.Dataset:
    """A dataset in blocks of a tenth of its rows."""
    options = {"plain": {"chunks": (60, 1200)}, "deflated": {"chunks": (60, 1200), "compression": 1}, "contiguous": {}}
    with h5py.File(tmp_path / "stored.h5", "w") as file:
        file.create_dataset("x", data=np.random.default_rng(8).normal(size=SHAPE), **options[request.param])
    return h5py.File(tmp_path / "stored.h5")["x"]


@pytest.mark.parametrize("name", WAITING)
@pytest.mark.parametrize("memory", [None, "20MB"])
def test_blocks_of_stored_arrays_stay(name: str, memory: str | None, stored: h5py.Dataset) -> None:
    """Equal to NumPy's, with blocks that all wait for the last one."""
    expected = WAITING[name](np, stored[...])
    x = nb.from_array(stored, chunks=(60, 1200))

    for workers in (1, 2):
        made = WAITING[name](nb, x).compute(workers=workers, memory=memory)
        np.testing.assert_allclose(made, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "function", [lambda b: b, lambda b: b[::-1], np.ma.masked_invalid], ids=["same", "view", "masked"]
)
def test_a_users_function_may_return_what_it_was_given(function: Callable[[Any], Any], stored: h5py.Dataset) -> None:
    """Its block, or a part of it, is kept as it was."""
    x = nb.from_array(stored, chunks=(60, 1200))
    mapped = x.map_blocks(function, dtype=float, masked=function is np.ma.masked_invalid)
    blocks = [function(stored[k : k + 60]) for k in range(0, 600, 60)]
    expected = np.ma.concatenate(blocks)

    for workers in (1, 2):
        made = (mapped - mapped.mean(axis=0)).compute(workers=workers)
        np.testing.assert_allclose(made, expected - expected.mean(axis=0), rtol=1e-12, atol=1e-12)
