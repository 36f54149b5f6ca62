"""What arrays and runs draw of themselves: graphs, explanations, timelines.

`display/` draws what it is given and `session.py` plans; this file asks the one for the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from nbarray.display.explain import AppliedRule, Explanation
from nbarray.display.facts import shape_text
from nbarray.display.picture import Picture, expression_picture, tasks_picture
from nbarray.display.shades import Shades, held_shades, order_shades, time_shades, worker_shades
from nbarray.display.timeline import Timeline
from nbarray.engines.run import Run
from nbarray.engines.trace import Trace
from nbarray.errors import InputError, near_names
from nbarray.events import Event, PlanReady, RunCancelled, RunFailed, RunFinished, TaskFinished
from nbarray.expr.node import Expr
from nbarray.expr.structure import View
from nbarray.plan.plan import Plan
from nbarray.session import plan

__all__ = ["explain", "recorded_timeline", "timeline", "visualize"]

_COLOURS = ("kind", "order", "time", "worker", "held")


def _lowered(made: Plan) -> list[Expr]:
    """What tasks are made of, for each result, and how the result lies on it."""
    nodes = [made.nodes[k] for k in made.targets]
    return [n if p is None else View(n, p) for n, p in zip(nodes, made.placements, strict=True)]


def explain(expr: Expr) -> Explanation:
    """What is made of an expression, rule by rule; nothing is read, save to count unknown sizes."""
    rules: list[AppliedRule] = []
    made = plan([expr], told=lambda *rule: rules.append(AppliedRule(*rule)))
    return Explanation([expr], rules, _lowered(made), made.notes)


def visualize(
    expr: Expr,
    filename: str | os.PathLike[str] | None = None,
    blocks: bool = False,
    optimized: bool = False,
    color: str | None = None,
    run: Run | Iterable[Event] | None = None,
) -> Picture:
    """A picture of an expression: see `Array.visualize`."""
    if color is not None and color not in _COLOURS:
        raise InputError(f"visualize: there is no color={color!r}; {near_names(color, _COLOURS)}")
    if not (blocks or run is not None) and color not in (None, "kind"):
        raise InputError(f"visualize: color={color!r} is of tasks; draw them with blocks=True")
    if blocks or run is not None:
        if isinstance(run, Run) and not _computes(run, expr):
            shapes = ", ".join(shape_text(e.shape) for e in run.exprs[:3])
            raise InputError(
                f"visualize: the run is of another array, of shape {shapes} and not {shape_text(expr.shape)}; "
                "give a run of this array: run=x.start()"
            )
        made = run.plan if isinstance(run, Run) else plan([expr])
        trace = None if run is None else run.trace if isinstance(run, Run) else Trace.of_events(run)
        picture = tasks_picture(made, shades=_shades(made, color or ("order" if run is None else "time"), trace))
    else:
        picture = expression_picture(_lowered(plan([expr])) if optimized else [expr])
    if filename is not None:
        picture.save(filename)
    return picture


def _computes(run: Run, expr: Expr) -> bool:
    """Whether a run may be of an expression; sizes of either may have been counted since it began."""
    return not run.exprs or any(
        e is expr
        or (
            len(e.shape) == len(expr.shape)
            and all(None in (m, n) or m == n for m, n in zip(e.shape, expr.shape, strict=True))
        )
        for e in run.exprs
    )


def _shades(made: Plan, color: str, trace: Trace | None) -> Shades | None:
    if color == "kind":
        return None
    if color == "order":
        return order_shades(made.ntasks)
    if trace is None:
        if color == "held":
            return held_shades(made.held_bytes, planned=True)
        raise InputError(f"visualize: color={color!r} is known after a run; give the run: run=x.start()")
    table = trace.table
    tasks = table["task"].astype(np.int64)
    if tasks.max(initial=-1) >= made.ntasks:
        raise InputError(
            f"visualize: the run has tasks beyond the {made.ntasks} of this array's plan; give a run of this array"
        )
    values = np.full(made.ntasks, np.nan)
    if color == "time":
        values[tasks] = table["stop_s"] - table["start_s"]
        return time_shades(values)
    values[tasks] = table["worker" if color == "worker" else "held_bytes"]
    return worker_shades(values) if color == "worker" else held_shades(values)


def timeline(run: Run, *, ax: Any = None) -> Timeline:
    """What the workers did when, with the bytes held beneath; of a run that goes on, until now.

    ax : axes of matplotlib's to draw it on, too; `Timeline.plot` makes a figure

    Of more than some ten thousand tasks, a sample is kept.

    >>> import nbarray as nb
    >>> run = nb.ones((1000, 1000), chunks=(100, 1000)).sum().start(workers=1)
    >>> run.result()
    (np.float64(1000000.0),)
    >>> timeline(run).workers
    1
    """
    table, plan = run.trace.table, run.plan
    began = run.trace.started_s or 0.0
    made = Timeline(
        tuple(node.label for node in plan.nodes),
        plan.task_node[table["task"].astype(np.int64)].astype(np.int64),
        table["worker"].astype(np.int64),
        table["start_s"] - began,
        table["stop_s"] - began,
        table["held_bytes"] + plan.result_bytes,
        run.wall_s,
        run.budget_bytes,
        run.peak_bytes,
        run.trace.every,
    )
    if ax is not None:
        made.plot(ax)
    return made


def recorded_timeline(events: Iterable[Event]) -> Timeline:
    """The timeline of the last run of a recording.

    Raises InputError where no run was recorded.
    """
    seen = list(events)
    plans = [event for event in seen if isinstance(event, PlanReady)]
    if not plans:
        raise InputError("there is no run among these events, so nothing to draw over time")
    planned, trace = plans[-1], Trace.of_events(seen)
    table = trace.table
    nodes = np.zeros(planned.tasks, np.int64)
    for event in seen:
        if isinstance(event, TaskFinished) and event.run == planned.run:
            nodes[event.task] = event.node
    ends = [e.wall_s for e in seen if isinstance(e, RunFinished | RunFailed | RunCancelled) and e.run == planned.run]
    peaks = [event.peak_bytes for event in seen if isinstance(event, RunFinished) and event.run == planned.run]
    return Timeline(
        tuple(node.name for node in planned.nodes),
        nodes[table["task"].astype(np.int64)],
        table["worker"].astype(np.int64),
        table["start_s"] - planned.time_s,
        table["stop_s"] - planned.time_s,
        table["held_bytes"] + planned.result_bytes,
        max(ends, default=float(table["stop_s"].max(initial=planned.time_s)) - planned.time_s),
        planned.budget_bytes,
        max(peaks, default=0),
        trace.every,
    )


#: Methods that runs are given, as they don't know who draws.
RUN_METHODS: dict[str, Any] = {"timeline": timeline}
