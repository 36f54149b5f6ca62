"""Running totals by compiled loops: NumPy's bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.kernels.running import running_totals
from tests.compare import check

pytest.importorskip("numba")


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
@pytest.mark.parametrize("shape", [(1,), (57,), (3, 20), (2, 3, 4)])
def test_bits(dtype: str, shape: tuple[int, ...]) -> None:
    """Added one after another, as NumPy adds; what comes before is added last."""
    block = (np.random.default_rng(1).normal(size=shape) * 100).astype(dtype)
    before = (np.random.default_rng(2).normal(size=(*shape[:-1], 1)) * 100).astype(dtype)
    scanned = np.add.accumulate(block, axis=-1)

    for start, expected in ((None, scanned), (before, before + scanned)):
        made = running_totals(block, start)
        assert made is not None
        assert (made.dtype, made.tobytes()) == (expected.dtype, expected.tobytes())


def test_zeros_keep_their_sign() -> None:
    """The first block begins with what changes nothing."""
    made: Any = running_totals(np.array([-0.0, -0.0]), None)

    assert np.signbit(made).tolist() == [True, True]


@pytest.mark.parametrize(
    "block", [np.zeros(0), np.zeros((4, 6))[:, ::2], np.zeros(3, ">f8"), np.zeros(3, "f2"), np.full(3, 1e308)]
)
def test_what_is_left_to_numpy(block: Any) -> None:
    """Nothing to add, gaps, other dtypes, and whatever NumPy would warn of."""
    assert running_totals(block, None) is None


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "c16", ">f8"])
@pytest.mark.parametrize("axis", [0, 1])
def test_cumsum(dtype: str, axis: int) -> None:
    """The same with and without compiled code, and what NumPy has."""
    x = (np.random.default_rng(3).normal(size=(11, 13)) * 100).astype(dtype)
    with nb.config(jit=False):
        plain = nb.from_array(x, chunks=4).cumsum(axis=axis).compute()
    with nb.config(jit=True):
        made = nb.from_array(x, chunks=4).cumsum(axis=axis).compute()

    assert plain.tobytes() == made.tobytes()
    check(lambda: made, lambda: x.cumsum(axis=axis), within=1e-5 if dtype == "f4" else 1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_number(odd: float) -> None:
    """It goes on to the end of its line."""
    x = np.arange(20.0)
    x[7] = odd

    with nb.config(jit=True):
        np.testing.assert_array_equal(nb.from_array(x, chunks=6).cumsum().compute(), x.cumsum())


def test_compiled_where_much_is_wanted() -> None:
    """The last elements of a long line are one block's, for which no compiler is loaded."""
    x = nb.ones(40_000_000, chunks=1_000_000)

    for made, compiled in ((x.cumsum(), True), (x.cumsum()[-10:], False), (x.cumsum().mean(), True)):
        assert any(node.compiled and node.label.startswith("scan") for node in made.plan().plan.nodes) is compiled
