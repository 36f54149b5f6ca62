"""Arrays made by rule: as NumPy makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import InputError
from tests.compare import check, check_blocks, same, tiny_tasks
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

#: With NumPy or nbarray as `m`.
MADE: dict[str, Callable[[Any], Any]] = {
    "tri": lambda m: m.tri(4, 5, 1),
    "tri below": lambda m: m.tri(4, k=-2, dtype=int),
    "tri far": lambda m: m.tri(3, 2, 9),
    "tri of nothing": lambda m: m.tri(0, 3),
    "identity": lambda m: m.identity(3, np.float32),
    "indices": lambda m: m.indices((3, 4)),
    "indices sparse": lambda m: m.indices((3, 4), sparse=True),
    "indices of nothing": lambda m: m.indices((0, 2), dtype=np.int8),
    "fromfunction": lambda m: m.fromfunction(lambda i, j: i * 10 + j, (5, 3)),
    "fromfunction of integers": lambda m: m.fromfunction(lambda i: i % 2 == 0, (7,), dtype=int),
    "linspace of arrays": lambda m: m.linspace(np.arange(3.0), [1, 5, 2], 4),
    "linspace without its end": lambda m: m.linspace([0, 1], 5, 4, endpoint=False, axis=1),
    "linspace of one": lambda m: m.linspace([0, 1], 5, 1),
    "linspace of integers": lambda m: m.linspace([0, 1], 9, 4, dtype=int),
    "linspace negative": lambda m: m.linspace([0, 1], 9, -4),
    "linspace with its step": lambda m: m.linspace(0, 9, 4, retstep=True),
    "logspace": lambda m: m.logspace(0, 3, 7),
    "logspace to base 2": lambda m: m.logspace(0, 8, 5, endpoint=False, base=2, dtype=int),
    "logspace of arrays": lambda m: m.logspace([0, 1], 2, 3, axis=-1),
    "logspace of bases": lambda m: m.logspace(0, 2, 3, base=[2, 3]),
    "geomspace": lambda m: m.geomspace(1, 1000, 4),
    "geomspace down": lambda m: m.geomspace(-1000, -1, 5),
    "geomspace without its end": lambda m: m.geomspace(1, 256, 8, endpoint=False),
    "geomspace complex": lambda m: m.geomspace(1j, 16j, 5),
    "geomspace of integers": lambda m: m.geomspace(1, 256, 9, dtype=int),
    "geomspace of arrays": lambda m: m.geomspace([1, 2], [4, 8], 3, axis=1),
    "geomspace of zero": lambda m: m.geomspace(0, 2, 3),
    "array with axes": lambda m: m.array([1, 2], ndmin=3),
    "array of a kind": lambda m: m.array([1, 2], np.float32),
    "asanyarray": lambda m: m.asanyarray(np.arange(3)),
    "ascontiguousarray": lambda m: m.ascontiguousarray(3),
    "meshgrid of nothing": lambda m: m.meshgrid(),
    "meshgrid wrongly": lambda m: m.meshgrid([1], indexing="ab"),
    "vander of a matrix": lambda m: m.vander(np.zeros((2, 2))),
    "diag of a cube": lambda m: m.diag(np.zeros((2, 2, 2))),
    "diagonal of a line": lambda m: m.diagonal(np.zeros(3)),
    "diagonal of one axis": lambda m: m.diagonal(np.zeros((3, 3)), 0, 1, 1),
    "diagonal outside": lambda m: m.diagonal(np.zeros((3, 3)), 0, 1, 2),
}
MATRICES: dict[str, Callable[[Any], Any]] = {
    "tril": lambda x: np.tril(x),
    "tril k": lambda x: np.tril(x, -2),
    "triu": lambda x: np.triu(x, 1),
    "triu of a line": lambda x: np.triu(x[0]),
    "triangle of a stack": lambda x: np.tril(x[None]),
    "diag": lambda x: np.diag(x),
    "diag above": lambda x: np.diag(x, 2),
    "diag below": lambda x: np.diag(x, -3),
    "diag outside": lambda x: np.diag(x, 9),
    "diag of a line": lambda x: np.diag(x[0]),
    "diag of a line above": lambda x: np.diag(x[:, 1], 2),
    "diag of a line below": lambda x: np.diag(x[:, 1], -1),
    "diagflat": lambda x: np.diagflat(x[:2, :3], 1),
    "diagonal": lambda x: np.diagonal(x, -1),
    "diagonal the other way": lambda x: np.diagonal(x, 1, 1, 0),
    "diagonal of a stack": lambda x: np.diagonal(np.tile(x, (2, 1, 1)), 1, 1, 2),
    "meshgrid": lambda x: np.meshgrid(x[0], x[:, 0]),
    "meshgrid ij": lambda x: np.meshgrid(x[0], x[:, 0], x[1, :2], indexing="ij"),
    "meshgrid sparse": lambda x: np.meshgrid(x[0], x[:, 0], sparse=True),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_made_of_nothing(name: str) -> None:
    """Arrays made by rule are those that NumPy makes, and refused where NumPy refuses."""
    check(lambda: MADE[name](nb), lambda: MADE[name](np), within=1e-14)


@pytest.mark.parametrize("name", MATRICES)
def test_parts_of_matrices(name: str) -> None:
    """Triangles, diagonals and grids, for one of each kind of dtype."""
    kinds = ("dtype-d", "dtype-?", "dtype-F", "big-endian-f8") + (() if "tri" in name else ("text", "datetime"))
    for kind in kinds:
        same(MATRICES[name], KINDS[kind])


@pytest.mark.parametrize("layout", ["one-element", "no-rows", "no-columns", "transposed", "every-other", "repeated"])
def test_layouts(layout: str) -> None:
    """Matrices without rows, and in other orders in memory."""
    a = LAYOUTS[layout]

    for k in (-1, 0, 1):
        same(lambda x, k=k: np.diagonal(x, k), a)
        same(lambda x, k=k: np.tril(x, k), a)


def test_diagonal_of_masked() -> None:
    """A diagonal keeps its mask."""
    same(lambda x: np.diagonal(x, 1) if isinstance(x, nb.Array) else x.diagonal(1), MASKED["masked-d"])


def test_vander() -> None:
    """Columns are powers, also of many chunks."""
    for a in (np.arange(6), np.linspace(0, 2, 7), np.array([1 + 1j, 2])):
        for options in ({}, {"N": 3}, {"N": 1}, {"N": 0}, {"increasing": True}, {"N": 9, "increasing": True}):
            same(lambda x, o=options: np.vander(x, **o), a)


def test_diagonals_of_many_chunks() -> None:
    """A diagonal is taken block by block, whatever the chunks of the two axes are."""
    a = np.arange(180.0).reshape(12, 15)
    with tiny_tasks():
        for chunks in ((5, 4), (1, 15), (12, 2), ((1, 7, 4), (3, 12))):
            x = nb.from_array(a, chunks=chunks)
            for k in (-7, 0, 2):
                check(nb.diagonal(x, k), np.diagonal(a, k))
                check_blocks(nb.diagonal(x, k))


def test_diagonal_reads_what_lies_on_it() -> None:
    """A diagonal of a matrix that is far too large for the budget reads a few blocks of it."""
    x = nb.zeros((10**4, 10**4), chunks=1000) + nb.arange(10**4, chunks=1000)
    part = nb.diagonal(x)[-3:]

    assert [9997, 9998, 9999] == part.compute(memory="64MiB").tolist()


def test_asarray_chkfinite() -> None:
    """Only finite numbers pass."""
    check(lambda: nb.asarray_chkfinite([1.0, 2.0]), np.asarray_chkfinite([1.0, 2.0]))
    with pytest.raises(InputError, match="infs or NaNs"):
        nb.asarray_chkfinite([1.0, np.nan])


def test_numpy_told_like() -> None:
    """NumPy's functions that make arrays of nothing make blocked ones when told `like=` one."""
    x = nb.arange(3)
    for make in (
        lambda **k: np.zeros((2, 3), **k),
        lambda **k: np.ones((2,), int, **k),
        lambda **k: np.full((2,), 7, **k),
        lambda **k: np.eye(3, k=1, **k),
        lambda **k: np.arange(2, 9, 3, **k),
        lambda **k: np.identity(2, **k),
        lambda **k: np.tri(3, **k),
        lambda **k: np.asarray([1, 2], **k),
        lambda **k: np.array([1, 2], **k),
        lambda **k: np.require([1.5], **k),
        lambda **k: np.fromfunction(lambda i, j: i + j, (2, 2), **k),
    ):
        made = make(like=x)

        assert isinstance(made, nb.Array)
        check(made, make())


def test_values_of_blocked_ends() -> None:
    """`linspace` between blocked arrays is blocked."""
    a = values_of("d")

    same(lambda x: np.linspace(x[0], x[1], 3), a, close=True)
    same(lambda x: np.logspace(x[0], x[1], 3), a, close=True)
