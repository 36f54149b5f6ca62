"""What is said of a plan before it runs."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from pathlib import Path

import h5py
import numpy as np

import nbarray as nb
from nbarray.display.plan import node_tasks, plan_html, plan_text, source_reads
from nbarray.io.hdf5write import dataset_writer
from nbarray.session import plan
from tests.pages.arrays import named

A = np.arange(48.0).reshape(6, 8)


def words(text: str) -> list[str]:
    """Lines with runs of blanks made one, empty ones left out."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_tasks_by_operation() -> None:
    """A line an operation in the order in which they begin: tasks, largest block, bytes, scratch, bytes read, name."""
    x = named("f", A, (2, 8), (2, 8)).map_blocks(np.negative, dtype=float)
    lines = words(plan_text(plan([(x - 1).T.expr])))

    assert "Plan: 4 tasks of 2 operations, 384 B to read" == lines[0]
    assert "tasks block bytes scratch reads operation" == lines[1]
    assert "3 (2, 8) 128 B 384 B 384 B map_blocks(negative)" == lines[2]
    assert lines[3].startswith("1 (8, 6)")
    assert lines[3].endswith("subtract")


def test_sources_with_their_route() -> None:
    """Each source is named with the bytes that are read of it, how often that is, and how reading is done."""
    f = named("f", A, (2, 8), (2, 8))
    lines = words(plan_text(plan([(f[::2] - f.max(axis=0)).sum().expr])))

    assert "read source" in lines
    assert "576 B 1.50 × file f: in memory (768 B, in whole chunks)" in lines


def test_what_is_read_once_is_a_note(tmp_path: Path) -> None:
    """It is done to read less, whatever the memory."""
    with h5py.File(tmp_path / "t.h5", "w") as file:
        t = nb.from_array(file.create_dataset("t", data=np.ones((64, 100, 100)), chunks=(4, 100, 100)))
        made = plan([t.mean(axis=0).expr, t.max(axis=(1, 2)).expr])
        lines = plan_text(made).splitlines()

    assert any(line.split()[-2:] == ["read", "/t"] for line in lines)
    assert lines[-2:] == ["notes", "/t: read once, into blocks that several operations go through together"]


def test_files_that_are_alike_count_together() -> None:
    """The same variable of many files is one line."""
    parts = [named("t", A, (2, 8), (2, 8)) for _ in range(20)]
    made = plan([nb.concatenate([p + k for k, p in enumerate(parts)]).sum().expr])
    (reads,) = source_reads(made)

    assert (20 * 384, 20 * 384) == (reads.read_bytes, reads.stored_bytes)


def test_memory_and_where_most_of_it_is() -> None:
    """The sequential peak with the task that it is reached at, results, budget; and whether it fits."""
    x = nb.from_array(A, chunks=(3, 8)).map_blocks(np.negative, dtype=float)
    made = plan([(x + x.sum()).expr])
    text = plan_text(made, 10_000_000, 1)

    assert f"most at task {made.peak_task}: " in text
    assert "384 B  results" in text
    assert "9.54 MiB  budget" in text
    assert "too small" not in text
    assert "too small, a run would be refused" in plan_text(made, 1000, 1)


def test_more_workers_take_more() -> None:
    """With workers, what they take together is estimated, never over the budget."""
    x = nb.from_array(A, chunks=1).map_blocks(np.negative, dtype=float)
    made = plan([x.sum().expr])

    assert "with 4 workers" in plan_text(made, 10**9, 4)
    assert "workers" not in plan_text(made, 10**9, 1)
    assert "workers" not in plan_text(made)


def test_bytes_are_the_plans() -> None:
    """What is told by operation adds up to what the plan holds."""
    x = named("f", A, (2, 8), (2, 8))
    made = plan([(x - x.mean(axis=0)).std(axis=1).expr])
    nodes = node_tasks(made)

    assert made.ntasks == sum(node.tasks for node in nodes)
    assert made.read_bytes.sum() == sum(node.read_bytes for node in nodes)
    assert made.read_bytes.sum() == sum(source.read_bytes for source in source_reads(made))
    assert made.scratch_bytes.max() == max(node.scratch_bytes for node in nodes)


def _negative_named(name: str):
    """A function of its own, since operations that look alike share a line."""

    def negative(block):
        return -block

    negative.__name__ = negative.__qualname__ = name
    return negative


def test_many_operations_are_cut_short() -> None:
    """Of hundreds of operations the first and the last are told."""
    x = nb.from_array(A)
    for k in range(200):
        x = x.map_blocks(_negative_named(f"step {k}"), dtype=float)
    lines = words(plan_text(plan([x.expr])))

    assert "… 188 more operations" in lines
    assert len(lines) < 30


def test_a_million_tasks_are_told_quickly() -> None:
    """Looking at a plan of a million tasks takes a part of a second."""
    x = nb.zeros((1000, 1000), chunks=1).map_blocks(np.negative, dtype=float)
    made = plan([(x + 1).sum().expr])
    start = time.process_time()
    text = plan_text(made, 10**9, 2)

    assert time.process_time() - start < 2
    assert "1 M" in text


def test_nothing_to_do() -> None:
    """A plan of no elements is told like any other."""
    assert plan_text(plan([nb.zeros((0, 3)).expr], "1MiB")).startswith("Plan: ")


class Tables(HTMLParser):
    """The cells of the tables in a page, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


def test_html_says_what_the_text_says() -> None:
    """The tables hold the same words, with what people named escaped."""
    x = named("<b>f</b>", A, (2, 8), (2, 8))
    made = plan([x.mean(axis=0).expr])
    tables = Tables()
    tables.feed(plan_html(made, 10**9, 2))

    assert [] == tables.open
    assert "b" not in tables.tags
    assert {word for cell in tables.cells for word in cell.split()} <= set(plan_text(made, 10**9, 2).split())
    assert "file <b>f</b>: in memory" in tables.cells


def test_what_is_written(tmp_path: Path) -> None:
    """A line a target, as text and as a table: bytes, its chunks, where it is, and how it is written."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        target = file.create_dataset("x", A.shape, chunks=(3, 4), dtype=float, compression="gzip")
        made = plan([(nb.from_array(A) + 1).expr], writers=[dataset_writer(target, A.dtype)])
    lines = words(plan_text(made))

    assert "written read back chunks target" in lines
    assert any(line.startswith("384 B (3, 4)") and line.endswith("in the workers: deflate") for line in lines)
    assert "x.h5: whole chunks" in plan_html(made)
