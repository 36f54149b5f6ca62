"""A plan as a text and as a table: what a run would do, before it does anything.

Tasks by operation, bytes read from each source and how, and memory: the bytes that running one task at
a time takes, where most of them are, and how that fits a budget.  Everything is sums over the plan's
arrays, so a million tasks take as long to look at as to count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from nbarray.display.facts import clip, ends, file_text, shape_text
from nbarray.expr.leaves import SourceArray
from nbarray.io.protocols import Origin
from nbarray.plan.plan import Plan
from nbarray.plan.projection import projected_peak
from nbarray.plan.reads import Reads, reads_by_source
from nbarray.plan.writes import writes
from nbarray.tables import table_html, titled_html
from nbarray.units import format_bytes, format_count, format_many

__all__ = ["NodeTasks", "SourceReads", "node_tasks", "origin_text", "plan_html", "plan_text", "source_reads"]

#: Operations and sources that get a line of their own at most.
MOST_LINES = 12
#: Where no budget is given.
UNBOUNDED = 2**62


@dataclass(frozen=True)
class NodeTasks:
    """The tasks of one operation, or of several that look alike.

    label : what people call it
    shape : of the largest block
    tasks : how many
    block_bytes, scratch_bytes : the largest block that is kept, and the most a task needs besides
    read_bytes : stored numbers that all its tasks decode
    """

    label: str
    shape: tuple[int, ...]
    tasks: int
    block_bytes: int
    scratch_bytes: int
    read_bytes: int


@dataclass(frozen=True)
class SourceReads:
    """What is taken from sources that are alike: the same variable of many files counts as one.

    origins : where they come from, each once
    read_bytes : what all tasks read together
    decoded_bytes : of the whole chunks that hold it, as often as tasks take part of them
    stored_bytes : what there is to read; where less, parts are read more than once
    """

    origins: tuple[Origin, ...]
    read_bytes: int
    decoded_bytes: int
    stored_bytes: int


def node_tasks(plan: Plan) -> list[NodeTasks]:
    """The operations of a plan in the order in which they begin; those of one name and block shape together."""
    counts = plan.tasks_by_node()
    blocks, scratch = np.zeros_like(counts), np.zeros_like(counts)
    np.maximum.at(blocks, plan.task_node, plan.task_bytes)
    np.maximum.at(scratch, plan.task_node, plan.scratch_bytes)
    reads = np.bincount(plan.task_node, plan.read_bytes, len(counts))
    first = np.full(len(counts), plan.ntasks, np.int64)
    np.minimum.at(first, plan.task_node, np.arange(plan.ntasks, dtype=np.int64))
    alike: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for k in np.argsort(first, kind="stable").tolist():
        if counts[k]:
            alike.setdefault((plan.nodes[k].label, plan.nodes[k].chunks.largest), []).append(k)
    return [
        NodeTasks(*key, int(counts[ks].sum()), int(blocks[ks].max()), int(scratch[ks].max()), int(reads[ks].sum()))
        for key, ks in alike.items()
    ]


def source_reads(plan: Plan) -> list[SourceReads]:
    """What is taken from each source, those alike together; most bytes first."""
    groups: dict[tuple[str, str | None, str], list[tuple[SourceArray, Reads]]] = {}
    for source, reads in reads_by_source(plan).items():
        origin = source.reader.origin
        groups.setdefault((origin.kind, origin.name, origin.route), []).append((source, reads))
    found = [
        SourceReads(
            tuple(dict.fromkeys(source.reader.origin for source, _ in group)),
            sum(reads.read_bytes for _, reads in group),
            sum(reads.decoded_bytes for _, reads in group),
            # one reader may be cut into chunks in several ways
            sum({id(s.reader): prod(s.sizes) * s.dtype.itemsize for s, _ in group}.values()),
        )
        for group in groups.values()
    ]
    return sorted(found, key=lambda reads: -reads.read_bytes)


# ------------------------------------------------------------------------------------------------- words


def _bytes_or_none(nbytes: int) -> str:
    return format_bytes(nbytes) if nbytes else ""


def _node_rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    """Count, block shape, bytes of a block, scratch, bytes read and label of each operation."""
    nodes = node_tasks(plan)
    first, left_out, last = ends(nodes, MOST_LINES)
    for k, node in enumerate([*first, *last]):
        if left_out and k == len(first):
            yield "…", "", "", "", "", f"{format_count(left_out)} more operations"
        shape = shape_text(node.shape)
        sizes = (_bytes_or_none(n) for n in (node.block_bytes, node.scratch_bytes, node.read_bytes))
        yield format_count(node.tasks), shape, *sizes, clip(node.label, 48)


def _source_rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    """Bytes read, how often that is, and where from and how."""
    reads = source_reads(plan)
    first, left_out, last = ends(reads, MOST_LINES)
    for k, source in enumerate([*first, *last]):
        if left_out and k == len(first):
            yield "…", "", f"{format_count(left_out)} more sources"
        times = f"{source.read_bytes / source.stored_bytes:.2f} ×" if source.stored_bytes else ""
        much = source.decoded_bytes > 1.05 * source.read_bytes
        decoded = f" ({format_bytes(source.decoded_bytes)}, in whole chunks)" if much else ""
        yield (
            format_bytes(source.read_bytes),
            times,
            f"{origin_text(source.origins)}: {clip(source.origins[0].route, 120)}{decoded}",
        )


def _written_rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    """Bytes written, those read back, the chunks of the target, and where to and how."""
    found = writes(plan)
    first, left_out, last = ends(found, MOST_LINES)
    for k, each in enumerate([*first, *last]):
        if left_out and k == len(first):
            yield "…", "", "", f"{format_count(left_out)} more targets"
        chunks = shape_text(each.chunks) if each.chunks else ""
        sizes = format_bytes(each.written_bytes), _bytes_or_none(each.read_back_bytes)
        yield *sizes, chunks, f"{clip(each.place, 80)}: {each.route}"


def origin_text(origins: tuple[Origin, ...]) -> str:
    """What sources that are alike are called: format, variable, file or number of files."""
    origin = origins[0]
    paths = [o.path for o in origins if o.path]
    name = clip(origin.name, 32) if origin.name else ""
    files = f"{format_count(len(paths))} files" if len(paths) > 1 else file_text(paths[0]) if paths else ""
    what = " in ".join(part for part in (name, files) if part)
    return " ".join(part for part in (clip(origin.kind, 20), what) if part)


def _peak_place(plan: Plan) -> str:
    """Where most bytes are held: which task of which operation makes which region."""
    task = plan.peak_task
    if task < 0 or not plan.sequential_peak:
        return ""
    low, high = plan.box(task)
    region = ", ".join(f"{a}:{b}" for a, b in zip(low, high, strict=True))
    label = clip(plan.nodes[int(plan.task_node[task])].label, 48)
    return f", most at task {format_count(task)}: {label} [{region}]"


def _memory_rows(plan: Plan, budget_bytes: int | None, workers: int | None) -> Iterator[tuple[str, str]]:
    yield format_bytes(plan.sequential_peak), f"blocks and scratch, one task at a time{_peak_place(plan)}"
    yield format_bytes(plan.result_bytes), "results"
    if plan.compiler_bytes:
        yield format_bytes(plan.compiler_bytes), "the compiler (numba), for its first kernels in a process"
    if plan.panel_bytes:
        yield format_bytes(plan.panel_bytes), "what BLAS keeps, once for each worker that multiplies"
    if plan.kept_bytes:
        yield format_bytes(plan.kept_bytes), "what is kept about tasks, as there are so many, and about their blocks"
    if plan.spilled_bytes:
        yield format_bytes(plan.spilled_bytes), "written to scratch"
    if workers is not None and workers > 1 and plan.ntasks:
        more = projected_peak(plan, workers, UNBOUNDED if budget_bytes is None else budget_bytes)
        yield format_bytes(more), f"together, about, with {workers} workers"
    if budget_bytes is not None:
        fits = plan.run_bytes() <= budget_bytes
        short = "" if fits else f": {format_bytes(plan.run_bytes() - budget_bytes)} too small, a run would be refused"
        yield format_bytes(budget_bytes), f"budget{short}"


def _title(plan: Plan) -> str:
    tasks, nodes = plan.ntasks, len(plan.nodes)
    reads = int(plan.read_bytes.sum())
    text = f"{format_many(tasks, 'task')} of {format_many(nodes, 'operation')}"
    return f"{text}, {format_bytes(reads)} to read" if reads else text


_NODES = ("tasks", "block", "bytes", "scratch", "reads", "operation")


def _sections(plan: Plan, budget_bytes: int | None, workers: int | None) -> list[list[tuple[str, ...]]]:
    """The tables; the last column of each is words, the others are numbers."""
    return [
        [_NODES, *_node_rows(plan)],
        [("read", "", "source"), *_source_rows(plan)],
        [("written", "read back", "chunks", "target"), *_written_rows(plan)],
        [("memory", ""), *_memory_rows(plan, budget_bytes, workers)],
        [("notes",), *((note,) for note in plan.notes)],
    ]


def plan_text(plan: Plan, budget_bytes: int | None = None, workers: int | None = None) -> str:
    """What running a plan would do, as aligned lines.

    budget_bytes, workers : what it would run with, if known
    """
    lines = [f"Plan: {_title(plan)}"]
    for rows in _sections(plan, budget_bytes, workers):
        if len(rows) == 1:
            continue
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]) - 1)]
        lines.append("")
        lines.extend("  ".join([*map(str.rjust, row, widths), row[-1]]).rstrip() for row in rows)
    return "\n".join(lines)


def plan_html(plan: Plan, budget_bytes: int | None = None, workers: int | None = None) -> str:
    """The same as tables that take their colours from the page, with plain inline styles only."""
    tables = [table_html(rows) for rows in _sections(plan, budget_bytes, workers) if len(rows) > 1]
    return titled_html(f"Plan: {_title(plan)}", tables)
