"""What a monitor shows before anything runs: the plan's numbers, and about how long it may take.

How fast this machine goes through bytes is learnt from the runs that were watched; before the first of them the
estimate is a guess, and says so.  No widgets here.
"""

from __future__ import annotations

import ast
import threading
from html import escape

from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.ops.shaping import rechunk
from nbarray.plan.projection import projected_peak
from nbarray.units import format_bytes, format_count, format_seconds
from nbarray.widgets.panel_html import badge, frame, message_html, operations_html
from nbarray.widgets.watching import Watch

__all__ = ["estimate_s", "planned_html", "planning_html", "rechunked", "remember_rate"]

#: Bytes a worker goes through in a second, before anything was measured.
GUESSED_RATE = 250e6

_lock = threading.Lock()
_rates: dict[str, float] = {}


def remember_rate(watch: Watch) -> None:
    """Learn from a run that has ended how fast its kind of work goes."""
    if watch.state == "done" and watch.work_rate > 0:
        with _lock:
            _rates[""] = watch.work_rate
            _rates[_kind(watch)] = watch.work_rate


def _kind(watch: Watch) -> str:
    return " ".join(sorted({o.name for o in watch.operations}))


def estimate_s(watch: Watch) -> tuple[float, str]:
    """About how long a plan takes, and what that rests on."""
    with _lock:
        known = ((_kind(watch), "as measured before"), ("", "by the last run"))
        rate, why = next(((_rates[k], why) for k, why in known if k in _rates), (GUESSED_RATE, "a guess"))
    side_by_side = max(1, min(watch.workers, watch.plan.ntasks))
    return watch.work_bytes / rate / side_by_side, why


def rechunked(expr: Expr, chunks: str) -> Expr:
    """`expr` in chunks as somebody types them: ``4, -1, -1``, ``64MiB``, ``auto``; as it is for nothing.

    Raises InputError for what can't be read.
    """
    text = chunks.strip()
    if text in ("", "as they are"):
        return expr
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    try:
        return rechunk(expr, value)
    except (TypeError, ValueError) as error:
        raise InputError(f"chunks: can't use {text!r}: {error}") from error


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
    took, why = estimate_s(watch)
    said = [
        f"{format_count(plan.ntasks)} tasks",
        f"about {format_seconds(took)} ({why})",
        *([f"reads {format_bytes(watch.read_bytes)}"] if watch.read_bytes else []),
        f"result {format_bytes(plan.result_bytes)}",
        f"peak about {format_bytes(projected_peak(plan, watch.workers, watch.budget_bytes))} "
        f"of {format_bytes(watch.budget_bytes)}",
        *([f"{format_bytes(plan.spilled_bytes)} through scratch"] if plan.spilled_bytes else []),
    ]
    facts = "".join(f'<span style="white-space:nowrap">{escape(fact)}</span>' for fact in said)
    notes = message_html("\n".join(plan.notes)) if plan.notes else ""
    return frame(badge("ready") + facts, operations_html(watch.operations) + notes)
