"""Operands that are stored the other way round: brought into order, and computed with as any others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.compiling import can_compile
from nbarray.kernels.turning import straight
from nbarray.kernels.workspace import Workspace
from nbarray.session import plan
from tests.compare import check

DTYPES = ["?", "i1", "u2", "i4", "f4", "f8", "i8", "c8", "c16", ">f8", "M8[s]"]
COMPILED = pytest.mark.skipif(not can_compile(), reason="nothing that compiles is installed")


def _numbers(shape: tuple[int, ...], dtype: str) -> Any:
    return (np.random.default_rng(1).random(shape) * 100).astype("i8").astype(dtype)


def _arrays(dtype: str) -> list[Any]:
    """Arrays of several axes that are stored along another axis than the last, and some that can't be turned."""
    a = _numbers((37, 50), dtype)
    cube = _numbers((9, 12, 20), dtype)
    return [a.T, a[::2].T, a[:, ::-1].T, a[::-1].T, a[:1].T, cube.T, cube.transpose(0, 2, 1), cube.transpose(2, 0, 1)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("compiles", [False, pytest.param(True, marks=COMPILED)])
def test_a_tile_brought_into_order_is_the_same(dtype: str, compiles: bool) -> None:
    """Whatever the dtype, and however the axes lie."""
    workspace = Workspace()
    for value in _arrays(dtype):
        made = straight(value, compiles, lambda name, shape, kind: workspace.buffer(name, shape, kind))

        check(made, value)


@COMPILED
def test_compiled_code_makes_the_last_axis_the_one_that_is_stored_along() -> None:
    """So that kernels, which go along it, can take it."""
    value = _numbers((300, 200), "f8").T
    made = straight(value, True, lambda name, shape, kind: np.empty(shape, kind))

    assert made.strides[-1] == 8


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=COMPILED)])
@pytest.mark.parametrize("shape", [(700, 700), (513, 513), (3, 3), (1, 1)])
def test_an_array_and_its_transpose(shape: tuple[int, int], jit: bool) -> None:
    """Elements are NumPy's, bit for bit; sums agree, however many axes are summed over."""
    a = np.random.default_rng(2).random(shape)
    x = nb.from_array(a, chunks=100)
    with nb.config(jit=jit):
        check(x - x.T, a - a.T)
        for axis in (None, 0, 1):
            np.testing.assert_allclose((x - 2 * x.T).sum(axis=axis).compute(), (a - 2 * a.T).sum(axis=axis), rtol=1e-9)
            check((x * x.T).max(axis=axis), (a * a.T).max(axis=axis))


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=COMPILED)])
def test_three_axes_stored_the_other_way_round(jit: bool) -> None:
    """Also where the axis that is stored along is the first, and with gaps."""
    a = np.random.default_rng(3).random((40, 50, 60))
    masked = np.ma.masked_less(a, 0.2)
    with nb.config(jit=jit):
        check(np.sqrt(nb.from_array(a).T) + 1, np.sqrt(a.T) + 1)
        check(np.sqrt(nb.from_array(masked).T) + 1, np.sqrt(masked.T) + 1)
        np.testing.assert_allclose(nb.from_array(masked).T.std(axis=1).compute(), masked.T.std(axis=1), rtol=1e-9)
        x = nb.from_array(np.asfortranarray(a[0]))
        check(x * 2, a[0] * 2)


def test_the_same_bits_for_any_workers_where_operands_are_turned() -> None:
    """Cuts follow how the operand is stored, not who computes."""
    a = np.random.default_rng(4).random((1100, 900))
    x = nb.from_array(a, chunks=200)
    expression = (x[:900] * x[:900].T).mean()
    found = {expression.compute(workers=workers) for workers in (1, 2, 4)}

    assert len(found) == 1


def test_what_turning_takes_is_declared() -> None:
    """Buffers that operands are turned in belong to the bytes that a task needs."""
    x = nb.from_array(np.ones((1000, 1000)))
    plain, turned = plan([(x + x).expr]), plan([(x + x.T).expr])

    assert turned.scratch_bytes.max() >= 2 * 8 * 65_536
    assert turned.scratch_bytes.max() > plain.scratch_bytes.max() * 65_536 / 250_000
