"""What a monitor shows before anything runs: the plan's numbers, and about how long it may take.

How fast this machine is is learnt from the runs that were watched; before the first of them the estimate is a guess
and says from where to where.  What users' functions take can't be guessed.  No widgets here.
"""

from __future__ import annotations

import ast
import threading
from html import escape

from nbarray.config import available_workers
from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.ops.shaping import rechunk
from nbarray.plan.duration import Work, work_of_plan
from nbarray.plan.projection import projected_peak
from nbarray.units import format_bytes, format_count, format_many, format_seconds
from nbarray.widgets.panel_html import badge, frame, message_html, operations_html
from nbarray.widgets.watching import Watch

__all__ = ["estimate_text", "is_typed", "planned_html", "planning_html", "rechunked", "remember_rate"]

#: A guess may be wrong by so much either way; one below this many seconds is not worth a number.
GUESS_FACTOR, SHORT_S = 2.0, 0.5
#: A run that took less says little about the next one.
LEAST_S = 0.1

_lock = threading.Lock()
#: How much longer a kind of work takes than the plan's rates say; "" for all work.
_factors: dict[str, float] = {}


def remember_rate(watch: Watch) -> None:
    """Learn from a run that has ended how fast its kind of work goes on this machine."""
    if watch.state != "done" or watch.last is None:
        return
    # looks are far apart: between two of them a run may have worked for a moment only
    took_s = min(watch.last.working_s, watch.wall_s)
    if took_s < LEAST_S:
        return
    work = work_of_plan(watch.plan)
    factor = took_s / _side_by_side_s(work, watch)
    with _lock:
        _factors[_kind(watch)] = factor
        if work.known:
            _factors[""] = factor


def _kind(watch: Watch) -> str:
    return " ".join(sorted({o.name for o in watch.operations}))


def _side_by_side_s(work: Work, watch: Watch) -> float:
    """Seconds at the plan's rates: no more tasks than there are processors compute at a time, but any number wait."""
    most = min(watch.workers, watch.plan.ntasks)
    return work.busy_s / max(1, min(most, available_workers()) if work.known else most)


def estimate_text(watch: Watch) -> str:
    """About how long a plan takes, and what that rests on; nothing where nobody knows."""
    work = work_of_plan(watch.plan)
    with _lock:
        measured, last = _factors.get(_kind(watch)), _factors.get("")
    seconds = _side_by_side_s(work, watch)
    if measured is not None:
        return f"about {format_seconds(work.alone_s + seconds * measured)} (as measured before)"
    if not work.known:
        return ""
    if last is not None:
        return f"about {format_seconds(work.alone_s + seconds * last)} (by the last run)"
    most = work.alone_s + seconds * GUESS_FACTOR
    if most < SHORT_S:
        return f"less than {format_seconds(SHORT_S)} (a guess)"
    return f"{format_seconds(work.alone_s + seconds / GUESS_FACTOR)} to {format_seconds(most)} (a guess)"


def is_typed(chunks: str) -> bool:
    """Whether somebody typed chunks."""
    return chunks.strip() not in ("", "as they are")


def rechunked(expr: Expr, chunks: str) -> Expr:
    """`expr` in chunks as somebody types them: ``4, -1, -1``, ``64MiB``, ``auto``; as it is for nothing.

    Raises InputError for what can't be read.
    """
    if not is_typed(chunks):
        return expr
    if None in expr.shape:
        raise InputError("chunks: how large this result is depends on its values, so they can't be chosen beforehand")
    text = chunks.strip()
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    try:
        return rechunk(expr, value)
    except (TypeError, ValueError) as error:
        why = str(error).removeprefix("chunks: ")
        raise InputError(f"chunks: can't use {text!r}: {why}") from error


def planning_html(passed_s: float, counted: tuple[int, int] | None) -> str:
    """What there is to see before there is a plan.

    counted : tasks done, and tasks in all, of a pass that counts sizes which depend on values
    """
    said = f"making the plan, {format_seconds(passed_s)} so far"
    if counted is not None:
        done, total = map(format_count, counted)
        said = f"computing what sizes depend on, before there is a plan: {done}/{total} tasks"
    return frame(badge("planning") + f"<span>{escape(said)}</span>", "")


def planned_html(watch: Watch) -> str:
    """The plan of a run that hasn't been started."""
    plan = watch.plan
    took = estimate_text(watch)
    said = [
        format_many(plan.ntasks, "task"),
        *([took] if took else []),
        *([f"reads {format_bytes(watch.read_bytes)}"] if watch.read_bytes else []),
        f"result {format_bytes(plan.result_bytes)}",
        f"peak about {format_bytes(projected_peak(plan, watch.workers, watch.budget_bytes))} "
        f"of {format_bytes(watch.budget_bytes)}",
        *([f"{format_bytes(plan.spilled_bytes)} through scratch"] if plan.spilled_bytes else []),
    ]
    facts = "".join(f'<span style="white-space:nowrap">{escape(fact)}</span>' for fact in said)
    notes = message_html("\n".join(plan.notes)) if plan.notes else ""
    if watch.chosen:
        notes = message_html(_chosen_text(watch)) + notes
    return frame(badge("ready") + facts, operations_html(watch.operations) + notes)


def _chosen_text(watch: Watch) -> str:
    """What chunks that were typed change, and what they don't."""
    chunks = watch.chosen[watch.cells.result]
    count = format_many(chunks.nblocks, "chunk")
    grid = f" ({'×'.join(map(str, chunks.numblocks))})" if len(chunks.numblocks) > 1 else ""
    return f"Result in {count}{grid}. Work isn't cut by them, but by what tasks read, compute and may hold."
