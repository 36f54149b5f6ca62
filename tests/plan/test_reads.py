"""What a plan takes from sources, and what it decodes for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.plan import fit
from nbarray.plan.reads import reads_by_source
from nbarray.session import plan
from tests.compare import check
from tests.pages.arrays import named

A = np.random.default_rng(4).normal(size=(24, 24))
ROWS = (1, 24)


@pytest.mark.parametrize(
    ("make", "read", "decoded"),
    [
        (lambda x: x.sum(), 24, 24),
        (lambda x: x[:, :12].sum(), 12, 24),
        (lambda x: x[::3].sum(), 8, 8),
        (lambda x: x[3:5].sum(axis=1), 2, 2),
        (lambda x: x[:, 5], 1, 24),
    ],
    ids=["all", "half of each chunk", "every third chunk", "two chunks", "one column"],
)
def test_chunks_count_whole(make: Any, read: int, decoded: int) -> None:
    """A part of a chunk is decoded with the rest of it; chunks that a step jumps over are not."""
    made = plan([make(named("rows", A, (4, 24), ROWS)).expr])
    (reads,) = reads_by_source(made).values()

    assert (read * 24 * 8, decoded * 24 * 8) == (reads.read_bytes, reads.decoded_bytes)


def test_arrays_in_memory_are_not_decoded() -> None:
    """What is read from them counts as it is."""
    (reads,) = reads_by_source(plan([nb.from_array(A)[:, :3].sum().expr])).values()

    assert (24 * 3 * 8, 24 * 3 * 8) == (reads.read_bytes, reads.decoded_bytes)


def test_what_is_not_compressed_is_not_decoded(tmp_path: Path) -> None:
    """A column of a file counts as the few bytes that it has; to read it takes as long as to read more."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=A)
    with h5py.File(tmp_path / "x.h5") as file:
        x = nb.from_array(file["x"])
    (reads,) = reads_by_source(plan([(x[:, 5:6] + 1).expr])).values()

    assert (24 * 8, 24 * 8) == (reads.read_bytes, reads.decoded_bytes)
    assert A.nbytes == reads.moved_bytes
    assert "in whole chunks" not in str((x[:, 5:6] + 1).plan())


LARGE = np.random.default_rng(4).normal(size=(1000, 1000))


@pytest.mark.parametrize("memory", ["64MiB", "4MiB"])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x + x.T).sum(axis=0),
        lambda x: (x @ x.T).sum(axis=0),
        lambda x: x.sum(axis=0) - (x[:, ::-1].T * x).mean(axis=0),
    ],
    ids=["transpose", "product", "turned"],
)
def test_chunks_that_lie_badly_are_decoded_once(
    function: Any, memory: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where tasks would decode rows many times for parts of them, they are read once, into blocks or scratch."""
    monkeypatch.setattr(fit, "COPY_BYTES", 0)
    monkeypatch.setattr(fit, "COPY_PAYS", 1)
    with nb.config(memory=memory, scratch=str(tmp_path)):
        made = function(named("rows", LARGE, (4, 1000), (1, 1000)))
        report = made.plan()
        (reads,) = reads_by_source(report.plan).values()

        assert LARGE.nbytes == reads.decoded_bytes
        assert "rows is read once into blocks: its stored chunks of (1, 1000) lie so that tasks would" in str(report)
        assert (memory == "4MiB") == bool(report.plan.spilled_bytes)
        check(made, function(LARGE), within=1e-10)
