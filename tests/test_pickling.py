"""Arrays, and errors, in other processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import InputError
from nbarray.ops import sorting

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


@pytest.mark.parametrize("package", ["pickle", "cloudpickle"])
@pytest.mark.parametrize("name", MADE)
def test_arrays_can_be_sent(name: str, package: str) -> None:
    """What arrives is the same expression."""
    by = pytest.importorskip(package)
    x = MADE[name](nb.from_array(A, chunks=(13, 11)))
    sent = by.loads(by.dumps(x))
    expected, actual = x.compute(), sent.compute()

    assert (x.shape, x.dtype) == (sent.shape, sent.dtype)
    assert np.ma.allequal(expected, actual)


def test_arrays_can_be_sent_to_another_process(tmp_path: Path) -> None:
    """A process that has made nothing yet computes what arrives, by functions that were made inside of functions."""
    x = nb.from_array(A, chunks=(13, 11))
    made = [nb.sort(x, axis=0), nb.fft.fft(x, axis=0).real, nb.linalg.qr(x)[1], nb.median(x, axis=1)]
    (tmp_path / "sent").write_bytes(pickle.dumps(made))
    code = "import pickle, sys, numpy; numpy.savez('got', *[x.compute() for x in pickle.load(open('sent', 'rb'))])"
    env = {**os.environ, "PYTHONPATH": str(Path(nb.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)

    with np.load(tmp_path / "got.npz") as got:
        for k, x in enumerate(made):
            np.testing.assert_array_equal(x.compute(), got[f"arr_{k}"])


def test_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a function isn't written as it was sent, that is an error, and no other function is taken for it."""
    sent = pickle.dumps(nb.sort(nb.from_array(A, chunks=(13, 11)), axis=0))
    monkeypatch.setattr(sorting, "_lines", lambda x: x)

    with pytest.raises(InputError, match="the same nbarray"):
        pickle.loads(sent)


def test_functions_of_callers_take_cloudpickle() -> None:
    """Callers' own functions made inside of functions can't be pickled, as anywhere; cloudpickle sends them."""
    x = nb.from_array(A, chunks=(13, 11)).map_blocks(lambda block: block + 1, dtype=float)

    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        pickle.dumps(x)
    sent = pytest.importorskip("cloudpickle")
    np.testing.assert_array_equal(A + 1, sent.loads(sent.dumps(x)).compute())
