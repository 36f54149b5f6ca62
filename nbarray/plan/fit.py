"""Whether a plan fits into a budget, and what to do where it doesn't.

Work is cut more finely first, and what can't be held goes through a scratch file.  What still takes too
much is refused before anything is read, saying what is needed, what most of it is, and which chunks would do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nbarray.errors import BudgetError
from nbarray.expr.leaves import SourceArray
from nbarray.expr.lowered import Corner, Lowered
from nbarray.expr.lowered_mapped import Mapped
from nbarray.expr.node import place_of
from nbarray.expr.operands import decodes, is_direct, operand_of, reads_storage
from nbarray.expr.patchwork import Patchwork
from nbarray.plan.plan import Plan
from nbarray.plan.reads import Reads, reads_by_source
from nbarray.rewrite.grain import Grain
from nbarray.units import format_bytes, format_many

__all__ = ["check_fits", "fit", "smaller_chunks"]

#: Blocks begin at multiples of this in the scratch file, in bytes.
SCRATCH_ALIGNMENT = 64
#: A copy of a source pays where it saves so many bytes of decoding, and so many times what it moves itself.
COPY_BYTES, COPY_PAYS = 32 * 2**20, 2


#: With a copy that several passes read, a plan takes no more than twice as much or so many bytes more, and no more
#: than this share of the budget more.
COPY_HELD, COPY_SHARE = 128 * 2**20, 1 / 8
#: It pays where a source would be taken so many times, counting what has to be decoded.
READ_TWICE = 1.25


def fit(
    build: Callable[[Grain], Plan],
    grain: Grain,
    budget_bytes: int,
    in_several: Callable[[], frozenset[SourceArray]] = frozenset,
) -> Plan:
    """The plan that fits into a budget at the least cost, or one that takes least if none does.

    build : makes the plan of a grain
    in_several : finds the sources that passes read which could go through them together

    Blocks are held while there is room.  Where there isn't, work is first cut more finely, which costs a little
    time; then blocks that many tasks wait for go through a scratch file.  Elementwise chains and reads
    are never held to begin with: they are done again by each task that needs them.  Only a source whose stored
    chunks lie so that tasks would decode them many times over is read once, into blocks; and so is one that several
    passes can go through together.
    """
    best = _fit_staged(build, grain, budget_bytes)
    often = _decoded_often(best)
    if not often:
        return _read_together(build, grain, budget_bytes, best, in_several)
    copied = _fit_staged(build, replace(grain, copied=frozenset(often)), budget_bytes)
    if copied.run_bytes() > budget_bytes or COPY_PAYS * _moved_bytes(copied) > _moved_bytes(best):
        return best
    notes = tuple(_copied_note(source, reads) for source, reads in often.items())
    return replace(copied, notes=(*notes, *copied.notes))


def _read_together(
    build: Callable[[Grain], Plan],
    grain: Grain,
    budget_bytes: int,
    best: Plan,
    in_several: Callable[[], frozenset[SourceArray]],
) -> Plan:
    """`best`, or a plan that reads once what several passes of it read."""
    found = reads_by_source(best) if best.read_bytes.any() else {}
    again = {source for source, reads in found.items() if reads.decoded_bytes > READ_TWICE * _size(source)}
    again &= in_several() if again else set()
    if not again:
        return best
    copied = _fit_staged(build, replace(grain, copied=frozenset(again)), budget_bytes)
    most = min(COPY_SHARE * budget_bytes, max(COPY_HELD, best.run_bytes()))
    if copied.run_bytes() > min(budget_bytes, best.run_bytes() + most) or best.notes != copied.notes:
        return best
    if READ_TWICE * _moved_bytes(copied) > _moved_bytes(best):
        return best
    names = sorted(source.label for source in again)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    note = f"{names[0]}{more}: read once, into blocks that several operations go through together"
    return replace(copied, notes=(note, *copied.notes))


def _fit_staged(build: Callable[[Grain], Plan], grain: Grain, budget_bytes: int) -> Plan:
    """The plan that fits; of what is written, one that holds it in between if much less has to be read for that."""
    best = _fit_cut(build, grain, budget_bytes)
    if not any(best.writers):
        return best
    least = sum(_size(source) for source in reads_by_source(best))
    if _moved_bytes(best) <= max(COPY_BYTES, COPY_PAYS * least) and best.run_bytes() <= budget_bytes:
        return best
    staged = _fit_cut(build, replace(grain, staged=True), budget_bytes)
    held = int(staged.task_bytes.sum())
    if staged.run_bytes() > budget_bytes or COPY_PAYS * (_moved_bytes(staged) + held) > _moved_bytes(best):
        return best
    note = "what is written is made in other blocks first: in those of the target, it would be read again and again"
    return replace(staged, notes=(note, *staged.notes))


def _decoded_often(plan: Plan) -> dict[SourceArray, Reads]:
    """The sources that are decoded much more often than once."""
    found = reads_by_source(plan) if plan.read_bytes.any() else {}
    return {
        source: reads
        for source, reads in found.items()
        if decodes(source) and reads.decoded_bytes - _size(source) > max(COPY_BYTES, COPY_PAYS * _size(source))
    }


def _moved_bytes(plan: Plan) -> int:
    """Bytes that reading takes as long as, and those written to scratch."""
    return sum(reads.moved_bytes for reads in reads_by_source(plan).values()) + plan.spilled_bytes


def _size(source: SourceArray) -> int:
    return math.prod(source.sizes) * source.dtype.itemsize


def _copied_note(source: SourceArray, reads: Reads) -> str:
    times = reads.decoded_bytes / max(1, _size(source))
    return (
        f"{source.label} is read once into blocks: its stored chunks of {source.reader.stored_chunks} lie so "
        f"that tasks would decode it {times:.0f} times"
    )


def _fit_cut(build: Callable[[Grain], Plan], grain: Grain, budget_bytes: int) -> Plan:
    """The plan that fits by being cut finely enough, or by spilling."""
    coarsest = best = build(grain)
    finer = grain.finer()
    made = [(grain, coarsest)]
    while best.run_bytes() > max(budget_bytes, best.result_bytes) and finer is not None:
        made.append((finer, build(finer)))
        if made[-1][1].run_bytes() < best.run_bytes():
            best = made[-1][1]
        finer = finer.finer()
    if best.run_bytes() > max(budget_bytes, best.result_bytes):
        for _, plan in made:
            spilled = _spill_until_it_fits(plan, budget_bytes)
            if spilled.run_bytes() < best.run_bytes():
                best = spilled
            if best.run_bytes() <= budget_bytes:
                break
    for used, plan in made:
        if plan.nodes == best.nodes and used.divisor > grain.divisor:
            return replace(best, notes=(_finer_note(coarsest, used, budget_bytes), *best.notes))
    return best


def _finer_note(usual: Plan, grain: Grain, budget_bytes: int) -> str:
    return (
        f"cut into pieces {grain.divisor} times smaller than usual: those would take "
        f"{format_bytes(usual.run_bytes())} of a budget of {format_bytes(budget_bytes)}"
    )


def _spill_until_it_fits(plan: Plan, budget_bytes: int) -> Plan:
    """`plan` with nodes spilled, those first that hold most at the peak, until it fits or nothing is left to spill."""
    chosen: list[int] = []
    while plan.run_bytes() > budget_bytes:
        node = _most_held(plan, chosen)
        if node is None:
            return plan
        chosen.append(node)
        plan = _spill(plan, node, budget_bytes)
    return plan


def _most_held(plan: Plan, spilled: list[int]) -> int | None:
    """The node whose blocks take most at the peak, of those that can be spilled; None if that would free nothing."""
    alive = plan.alive(plan.peak_task)
    alive = alive[alive != plan.peak_task]
    held = np.bincount(plan.task_node[alive], plan.task_bytes[alive], len(plan.nodes))
    for k, lowered in enumerate(plan.nodes):
        if lowered.gives_states or lowered.dtype.hasobject or k in plan.targets or k in spilled:
            held[k] = 0
    most = int(held.argmax()) if len(held) else 0
    return most if len(held) and held[most] > 0 else None


def _spill(plan: Plan, node: int, budget_bytes: int) -> Plan:
    """`plan` with the blocks of a node written to the scratch file; while they are made they are in memory."""
    chosen = plan.task_node == node
    nbytes = plan.task_bytes[chosen]
    room = -(-nbytes // SCRATCH_ALIGNMENT) * SCRATCH_ALIGNMENT
    at = np.full(plan.ntasks, -1, np.int64) if plan.scratch_at is None else plan.scratch_at.copy()
    at[chosen] = plan.spilled_bytes + np.cumsum(room) - room
    task_bytes, scratch_bytes = plan.task_bytes.copy(), plan.scratch_bytes.copy()
    task_bytes[chosen] = 0
    scratch_bytes[chosen] += nbytes
    note = (
        f"{plan.nodes[node].label} goes through scratch, {format_bytes(int(nbytes.sum()))} written: to hold it "
        f"until it is needed would take {format_bytes(plan.run_bytes())} of a budget of {format_bytes(budget_bytes)}"
    )
    return replace(
        plan,
        task_bytes=task_bytes,
        scratch_bytes=scratch_bytes,
        scratch_at=at,
        spilled_bytes=plan.spilled_bytes + int(room.sum()),
        notes=(*plan.notes, note),
    )


def check_fits(plan: Plan, budget_bytes: int) -> None:
    """Raises BudgetError for a plan that takes more than so many bytes even if one task runs at a time."""
    need = plan.run_bytes()
    if need <= budget_bytes:
        return
    results, peak = format_bytes(plan.result_bytes), format_bytes(plan.sequential_peak)
    advice = [f'raise the budget with nb.config(memory="{_rounded_up(need)}")']
    most = made = kept = ""
    if plan.kept_bytes:
        kept = f", account of {format_many(plan.ntasks, 'task')} {format_bytes(plan.kept_bytes)}"
    if plan.result_bytes > budget_bytes:
        advice.append("reduce or slice the array, or write it to a file: the result alone is larger than the budget")
    elif plan.kept_bytes > plan.sequential_peak:
        advice.append("use larger chunks: fewer tasks take less to be kept account of")
    elif plan.ntasks:
        lowered = plan.nodes[_dearest(plan)]
        block, follows = _rectangle(lowered)
        place = place_of(lowered)
        most = f"; most of it for {lowered.label} in blocks of {block}"
        made = f"\n{lowered.label} was made in {place}" if place else ""
        times = plan.sequential_peak / max(1, budget_bytes - plan.result_bytes)
        advice.append(_chunk_advice(lowered, block, follows, times))
    raise BudgetError(
        f"this needs {format_bytes(need)} (results {results}, blocks and scratch {peak}{most}{kept}), "
        f"but the budget is {format_bytes(budget_bytes)}; {', or '.join(filter(None, advice))}{made}"
    )


def _rounded_up(nbytes: int) -> str:
    """A budget of so many bytes or a little more, as people write it.

    >>> _rounded_up(3 * 2**20 + 1)
    '4MiB'
    """
    unit, name = (2**20, "MiB") if nbytes >= 2**20 else (2**10, "KiB")
    return f"{-(-nbytes // unit)}{name}"


def _dearest(plan: Plan) -> int:
    """The node that most bytes at the peak belong to: its blocks that exist then, or the scratch of its task."""
    task, alive = plan.peak_task, plan.alive(plan.peak_task)
    held = np.bincount(plan.task_node[alive], plan.task_bytes[alive], len(plan.nodes))
    return int(held.argmax()) if held.max() >= plan.scratch_bytes[task] / 2 else int(plan.task_node[task])


def _rectangle(lowered: Lowered) -> tuple[Corner, tuple[bool, ...]]:
    """The largest rectangle that a task of a node treats: its block, or what it folds or reads.

    Also along which axes it follows the chunks that the user chose; the others are needed whole, or cut by ourselves.
    """
    low, high = lowered.chunks.boxes(np.zeros(1, np.int64))
    boxes = [(low, high), *lowered.operand_boxes(low, high)]
    # of equals an operand: its chunks may be the user's own
    which = max(range(len(boxes)), key=lambda k: (int((boxes[k][1] - boxes[k][0]).prod(axis=1)[0]), k))
    shape = tuple((boxes[which][1] - boxes[which][0])[0].tolist())
    if not isinstance(lowered, Mapped):
        # what reads more than a chunk at once does so of itself
        chosen = lowered.operands[which - 1].chunks.largest if which else shape
        return shape, (all(n <= m for n, m in zip(shape, chosen, strict=True)),) * len(shape)
    chunks = (lowered.chunks, *lowered.argument_chunks)[which]
    cut = tuple(axis.count > 1 for axis in chunks.axes)
    if lowered.function.ours or lowered.function.title:
        # a function of ours is cut as we like, unless it takes an array as the user cut it
        given = which > 0 and is_direct(lowered.args[which - 1]) and lowered.args[which - 1].chunks == chunks
        return shape, cut if given else (False,) * len(cut)
    return shape, cut if any(cut) else (True,) * len(cut)


def _chunk_advice(lowered: Lowered, block: Corner, follows: tuple[bool, ...], times: float) -> str:
    for expr in lowered.operands:
        base = operand_of(expr).base
        base = base.source if isinstance(base, Patchwork) else base
        stored = getattr(base, "reader", None) and base.reader.stored_chunks  # type: ignore[attr-defined]
        if reads_storage(base) and stored and math.prod(block) <= 4 * math.prod(stored):
            return f"store {base.label} in smaller chunks: those of {stored} have to be read whole"
    smaller = smaller_chunks(block, times, follows)
    # nothing that would do: then more memory is the only way
    return f"use smaller chunks, such as chunks={smaller}" if math.prod(smaller) * times <= math.prod(block) else ""


def smaller_chunks(chunks: Corner, times: float, follows: tuple[bool, ...] | None = None) -> Corner:
    """Chunks of so many times fewer elements at the least: the longest axis is halved until they are.

    follows : which axes may be halved; all, by default

    >>> smaller_chunks((100, 4000, 4000), 8)
    (100, 1000, 2000)
    >>> smaller_chunks((100, 4000, 4000), 8, (True, False, True))
    (100, 4000, 500)
    """
    shape, limit = list(chunks), math.prod(chunks) / times
    free = [k for k in range(len(shape)) if follows is None or follows[k]]
    while math.prod(shape) > max(1, limit):
        k = max(free, key=shape.__getitem__, default=0)
        if not free or shape[k] == 1:
            break
        shape[k] = -(-shape[k] // 2)
    return tuple(shape)
