"""The one path through which everything is computed: expressions in, arrays out.

Rewriting, planning, refusing what doesn't fit, running, and telling observers are wired together here
and nowhere else.  Nothing here knows the public array class.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from nbarray import runs
from nbarray.config import check_setting, current, keep
from nbarray.display.plan import origin_text, source_reads
from nbarray.engines.later import LaterRun
from nbarray.engines.run import Run
from nbarray.engines.tasks import Results
from nbarray.engines.working import work_for
from nbarray.events import Observer, PlanDetails, RuleApplied, SourceRead
from nbarray.expr.blocks import Compress, Select
from nbarray.expr.node import Expr, place_of
from nbarray.expr.text import SHORT, expr_text
from nbarray.expr.unsized import Unsized
from nbarray.expr.walk import postorder, transform
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.grid.regions import Placement
from nbarray.io.scratchfile import check_room, scratch_folder
from nbarray.io.writers import Writer
from nbarray.kernels.direct import arrange, base_slices
from nbarray.kernels.tiles import part_of
from nbarray.observers.environment import from_environment
from nbarray.observers.report import RunReport
from nbarray.ops.fillvalues import fill_value_of
from nbarray.ops.selection import count_by_row
from nbarray.plan.again import Rule, note_rule, plan_again
from nbarray.plan.fit import check_fits
from nbarray.plan.make import Making
from nbarray.plan.plan import Plan
from nbarray.plan.projection import projected_peak
from nbarray.provenance import Place
from nbarray.rewrite.stages import Teller

__all__ = ["Form", "compute", "has_unknown_sizes", "later", "limits", "observe", "plan", "prepare", "resolve_sizes"]

#: So few tasks that move so few bytes are not worth threads.
FEW_TASKS, LITTLE_BYTES = 64, 2**20
#: How long an interrupt waits for tasks under way: whoever presses Stop wants the prompt back.
INTERRUPT_S = 0.2
#: More bytes than these are gone through by threads: an interrupt is seen between two lines of Python alone, and a task
#: in the main thread that is one long call of NumPy's would keep it waiting.
MAIN_THREAD_BYTES = 2**24
#: Of so many operations the places in the user's code are told.
MOST_PLACES = 1000

#: How long whoever starts a run waits for its plan: then it goes on without.
PLANNING_GRACE_S = 0.1


class Form(Enum):
    """What a result without axes is handed over as; one with axes is an array."""

    SCALAR = "NumPy's"
    ARRAY = "an array of no axes"
    PYTHON = "Python's own number"


class _Planning(threading.local):
    """The run that this thread makes a plan for; the threads of runs that it starts don't plan."""

    run: LaterRun | None = None


_planning = _Planning()
_observers: list[Observer] = []
_observers_lock = threading.Lock()


@contextlib.contextmanager
def observe(observer: Observer) -> Iterator[Observer]:
    """Let `observer` see the events of every run that starts inside the ``with`` block, in any thread."""
    with _observers_lock:
        _observers.append(observer)
    try:
        yield observer
    finally:
        with _observers_lock:
            _observers.remove(observer)


def plan(
    exprs: Sequence[Expr],
    memory: int | str | None = None,
    told: Teller | None = None,
    writers: Sequence[Writer | None] = (),
) -> Plan:
    """The plan for some expressions; nothing is read, save to count sizes that depend on values.

    memory : budget in bytes, or the settings'; writers : what results are written to, None for those kept in memory
    """
    return Making([resolve_sizes(e) for e in exprs], limits(memory)[0], told, writers).plan()


def later(
    exprs: Sequence[Expr],
    *,
    memory: int | str | None = None,
    workers: int | None = None,
    observers: Sequence[Observer] = (),
    then: Callable[[tuple[Any, ...]], Any] = lambda values: values,
    forms: Sequence[Form] = (),
) -> Run:
    """A run of several expressions, planned in a thread of its own, with sizes counted where they aren't known.

    forms : see `compute`

    Its result is what `then` makes of a tuple with an array for each expression: that tuple, if nobody says otherwise.

    Most plans are there within a moment: then they are waited for, and errors (BudgetError, before anything is read,
    for what doesn't fit) are raised here.  Planning that takes longer goes on, and ends the run if it fails.
    """
    watching, report = _watching(observers)
    budget, used = limits(memory, workers)
    run = LaterRun(budget, used, watching, runs.ended)
    run.exprs = tuple(exprs)
    record = runs.note(run, expr_text(exprs[0], SHORT) if exprs else "nothing", _place(exprs), report)
    # the settings may be others by the time they are looked at
    settings = replace(current(), memory=budget, workers=used)

    def work() -> None:
        keep(settings)
        try:
            rules: list[Rule] = []
            _planning.run = run
            made = _checked(exprs, budget, rules if watching else None)
            _planning.run = None

            def told() -> None:
                record.planned(made.label, made.ntasks)
                _tell(run, rules if watching else None)

            run.give(made, lambda results: then(_Finisher(made, exprs, forms)(results)), told)
        except BaseException as error:
            run.refuse(error)

    context = contextvars.copy_context()
    context.run(work_for, run.number)
    threading.Thread(target=context.run, args=(work,), name="nbarray-plan", daemon=True).start()
    try:
        run.wait_planned(PLANNING_GRACE_S)
    except KeyboardInterrupt:
        run.cancel()
        raise
    if run.state == "failed" and run.error is not None:
        runs.drop(run)
        raise run.error
    run.tell_planning()
    return run


def compute(
    *exprs: Expr,
    memory: int | str | None = None,
    workers: int | None = None,
    observers: Sequence[Observer] = (),
    writers: Sequence[Writer | None] = (),
    forms: Sequence[Form] = (),
) -> tuple[Any, ...]:
    """Compute several expressions together and wait for them.

    writers : for each, what its blocks are written to as they are made; None where they make an array in memory
    forms : for each, what its value is without axes; by default a scalar

    If memory was named, here or in the settings, and callers' functions take more than that, the run ends with a
    BudgetError; else there is a warning in the end.

    An interrupt (Ctrl-C, the notebook's stop button) cancels the run, waits a moment for the tasks under way
    and is raised again; a task that takes longer than that ends by itself, and what it made is dropped.
    """
    run = prepare(exprs, memory=memory, workers=workers, observers=observers, writers=writers, forms=forms)
    if _planning.run is not None:
        _planning.run.count_by(run)
    run.keeps_budget = memory is not None or current().memory is not None
    small = _is_small(run.plan)
    try:
        result = run.run_here() if small else run.start().result()
    except KeyboardInterrupt as stop:
        run.cancel()
        with contextlib.suppress(KeyboardInterrupt):  # pressed again: then there is no waiting
            run.wait(INTERRUPT_S)
        if not small:  # how it was waited for is of no use to anybody, and takes IPython longer to show than all else
            stop.__traceback__ = None
        raise
    assert isinstance(result, tuple)
    return result


def _is_small(made: Plan) -> bool:
    """Whether threads would only wait for each other, or take longer to begin than the little there is to be moved."""
    held = int((made.read_bytes + made.task_bytes + made.scratch_bytes).sum()) + made.result_bytes
    if made.ntasks <= len(made.nodes):
        return held <= MAIN_THREAD_BYTES
    if made.ntasks > FEW_TASKS or held > LITTLE_BYTES:
        return False
    counts = made.tasks_by_node().tolist()
    return all(n == 1 or node.kind in ("join", "view") for n, node in zip(counts, made.nodes, strict=True))


def prepare(
    exprs: Sequence[Expr],
    *,
    memory: int | str | None = None,
    workers: int | None = None,
    observers: Sequence[Observer] = (),
    then: Callable[[tuple[Any, ...]], Any] = lambda values: values,
    writers: Sequence[Writer | None] = (),
    forms: Sequence[Form] = (),
) -> Run:
    """A run that is planned, here and now, and ready to start; see `later`.

    writers : for each expression, what its blocks are written to; its value is None then
    forms : see `compute`
    """
    watching, report = _watching(observers)
    budget, used = limits(memory, workers)
    rules: list[Rule] | None = [] if watching else None
    made = _checked(exprs, budget, rules, writers)
    finisher = _Finisher(made, exprs, forms)
    run = Run(made, budget, used, watching, lambda results: then(finisher(results)), runs.ended)
    run.exprs = tuple(exprs)
    runs.note(run, made.label, _place(exprs), report)
    _tell(run, rules)
    return run


def _watching(observers: Sequence[Observer]) -> tuple[list[Observer], RunReport | None]:
    """Who is told of a run, and its report, if one is kept."""
    with _observers_lock:
        watching = [*observers, *_observers, *from_environment()]
    report = next((o for o in watching if isinstance(o, RunReport)), None)
    if report is None and (report := runs.new_report()) is not None:
        watching.append(report)
    return watching, report


def _checked(
    exprs: Sequence[Expr], budget: int, rules: list[Rule] | None, writers: Sequence[Writer | None] = ()
) -> Plan:
    """A plan for which there is room."""
    made = None if any(writers) else plan_again(exprs, budget, rules)
    if made is None:
        told = None if rules is None else partial(note_rule, rules)
        made = plan(exprs, budget, told, writers)
    check_fits(made, budget)
    if made.spilled_bytes:
        check_room(scratch_folder(current().scratch), made.spilled_bytes)
    return made


def _tell(run: Run, rules: list[Rule] | None) -> None:
    """Let observers, if there are any, know how a plan was made, and what it is."""
    if rules is None:
        return
    for rule in rules:
        run.tell(RuleApplied(run.number, *rule))
    run.tell(_details(run))


def _place(exprs: Sequence[Expr]) -> Place | None:
    return place_of(exprs[0]) if exprs else None


def _details(run: Run) -> PlanDetails:
    """What observers are told of a plan besides its numbers."""
    texts: dict[Any, str] = {None: ""}
    places = [place_of(node) for node in run.plan.nodes[:MOST_PLACES]]
    for place in places:
        if place not in texts:
            texts[place] = str(place)
    sources = tuple(
        SourceRead(origin_text(s.origins), s.origins[0].route, s.stored_bytes, s.read_bytes, s.decoded_bytes)
        for s in source_reads(run.plan)
    )
    projected = projected_peak(run.plan, run.workers, run.budget_bytes)
    return PlanDetails(run.number, tuple(texts[p] for p in places), sources, projected, run.plan.spilled_bytes)


def limits(memory: int | str | None = None, workers: int | None = None) -> tuple[int, int]:
    """The budget in bytes and the number of workers that a run gets; None stands for what the settings say.

    >>> limits("1MiB", 2)
    (1048576, 2)
    """
    budget = current().budget_bytes() if memory is None else int(check_setting("memory", memory))
    return budget, current().workers if workers is None else int(check_setting("workers", workers))


class _Finisher:
    """Turns the arrays a run filled into what users get: of no axes in their forms, masked arrays for masked."""

    def __init__(self, made: Plan, exprs: Sequence[Expr], forms: Sequence[Form] = ()) -> None:
        self._fill_values = [fill_value_of(e) for e in exprs]
        self._forms = [
            Form.ARRAY if e.ndim else f for e, f in zip(exprs, forms or [Form.SCALAR] * len(exprs), strict=True)
        ]
        self._targets, self._placements = made.targets, made.placements
        self._written = [writer is not None for writer in made.writers] or [False] * len(made.targets)

    def __call__(self, results: Results) -> tuple[Any, ...]:
        values: list[Any] = []
        for k, (target, placement) in enumerate(zip(self._targets, self._placements, strict=True)):
            if self._written[k]:
                values.append(None)
                continue
            data, mask = results.sinks[target]
            if target in self._targets[:k]:  # asked for twice: no two results share memory
                data, mask = data.copy(), None if mask is None else mask.copy()
            values.append(self._value(data, mask, placement, self._forms[k]))
            fill_value = self._fill_values[k]
            if fill_value is not None and isinstance(values[-1], np.ma.MaskedArray) and self._forms[k] is Form.ARRAY:
                values[-1].fill_value = fill_value
        return tuple(values)

    @staticmethod
    def _value(
        values: np.ndarray[Any, Any], mask: np.ndarray[Any, Any] | None, placement: Placement | None, form: Form
    ) -> Any:
        if placement is not None:
            low, high = (0,) * len(placement.axes), placement.shape
            whole = base_slices(placement, low, high, values.ndim)
            values = arrange(part_of(values, whole), placement)
            mask = None if mask is None else arrange(part_of(mask, whole), placement)
        if form is not Form.ARRAY:
            return np.ma.masked if mask is not None and mask else values[()] if form is Form.SCALAR else values.item()
        if mask is None:
            return values
        return np.ma.MaskedArray(values, mask if mask.any() else False)


# ------------------------------------------------------------------------------- sizes that depend on values


def has_unknown_sizes(expr: Expr) -> bool:
    """Whether a size depends on values that haven't been counted."""
    return any(isinstance(e, Select | Unsized) for e in postorder([expr]))


def resolve_sizes(expr: Expr) -> Expr:
    """`expr` with every selection counted: one pass over its mask, done once for each; and all questions answered."""
    if not has_unknown_sizes(expr):
        return expr
    return transform(expr, lambda e: _counted(e) if isinstance(e, Select) else _answered(e))


_answers: WeakKeyDictionary[Expr, Any] = WeakKeyDictionary()


def _answered(expr: Expr) -> Expr:
    """What stands for a node with questions once they have been computed; any other node as it is."""
    if not isinstance(expr, Unsized):
        return expr
    open_ = [q for q in expr.questions if q not in _answers]
    _answers.update(zip(open_, compute(*open_), strict=True) if open_ else ())
    made: Expr = expr.held.value([_answers[q] for q in expr.questions])
    return resolve_sizes(made)


#: mask -> what has been counted of it; it is the same for all that it selects from
_counts: WeakKeyDictionary[Expr, tuple[Chunks, tuple[int, ...]]] = WeakKeyDictionary()


def _counted(select: Select) -> Compress:
    found = _counts.get(select.mask)
    if found is None:
        found = _counts[select.mask] = _count(select)
    rows, offsets = found
    chunks = Chunks((_cut_at(offsets), *select.chunks.axes[1:]))
    return Compress(select.base, select.mask, rows, chunks, offsets)


def _count(select: Select) -> tuple[Chunks, tuple[int, ...]]:
    """Runs of rows of the mask, and where what they give begins."""
    counts, rows = count_by_row(select)
    (per_row,) = compute(counts)
    ends = np.concatenate([[0], np.cumsum(np.atleast_1d(per_row))])
    return rows, tuple(ends[rows.axes[0].offsets].tolist())


def _cut_at(offsets: tuple[int, ...]) -> AxisChunks:
    return AxisChunks.from_offsets(np.array(offsets, np.int64)) if offsets[-1] else regular(0, 1)
