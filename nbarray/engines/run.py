"""A run: a plan being computed by threads, and the handle on it.

Workers choose their next task themselves, under one lock that guards all state; there is no thread in
between whose turn they would have to wait for.  Control methods only change state under that lock, and
workers look at it between tasks.  Events are told under the lock too, so observers see them in order.
All that the lock guards stands in this one file, which is long for it.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import threading
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any
from weakref import ref

from nbarray import events
from nbarray.config import check_setting
from nbarray.engines import blas, memory, share
from nbarray.engines.failures import task_error
from nbarray.engines.overruns import Watch
from nbarray.engines.tasks import Results, let_go, run_task
from nbarray.engines.telling import plan_ready, task_finished
from nbarray.engines.trace import Trace
from nbarray.engines.waiting import Awaited
from nbarray.engines.working import work_for
from nbarray.errors import BudgetError, Cancelled, ConfigError
from nbarray.expr.node import Expr
from nbarray.io.meter import meter
from nbarray.io.scratch import forget
from nbarray.kernels.panels import keep_panels
from nbarray.kernels.workspace import Spares, Workspace
from nbarray.plan.ledger import Ledger, next_window
from nbarray.plan.plan import Plan
from nbarray.units import format_many

__all__ = ["Run"]

_numbers = itertools.count(1)
#: (task, block, error, when it began, when it ended, seconds in readers, and of these reading files)
_Outcome = tuple[int, Any, BaseException | None, float, float, float, float]
#: How long a run that was cancelled or has failed waits for tasks under way: a call that never returns would hold it.
STOP_S = 0.5
#: How often a worker without work looks whether other runs have left it more, in seconds.
SHARE_S = 0.05


class Run(Awaited):
    """A plan being computed.

    state : "ready", "running", "paused", "done", "failed" or "cancelled"
    trace : what ran when
    exprs : what it computes, if it was made for expressions
    keeps_budget : it ends if callers' functions take more than it may hold, instead of telling it
    """

    def __init__(
        self,
        plan: Plan,
        budget_bytes: int,
        workers: int,
        observers: Sequence[events.Observer] = (),
        finish: Callable[[Results], Any] = lambda results: results,
        ended: Callable[[Run], None] = lambda run: None,
    ) -> None:
        super().__init__()
        self.number = next(_numbers)
        self.plan = plan
        self.state = "ready"
        self.trace = Trace()
        self.exprs: tuple[Expr, ...] = ()
        self._workers = workers
        self._member = share.Member(workers)
        self._observers = list(observers)
        self._finish = finish
        self._tell_ended = ended
        self._ledger = Ledger(plan, budget_bytes, workers)
        self._blocks: dict[int, Any] = {}
        self._results: Results | None = None
        self._spares = Spares()
        self.keeps_budget = False
        self._busy_s = self._started_s = self._ended_s = 0.0
        self._waited: dict[int, float] = {}
        self._running = self._waiting = self._working = 0
        self._holds_blas, self._exact = False, 0
        self._watch: Watch | None = None
        self._change = threading.Condition()
        self._patience: threading.Timer | None = None
        self._context: contextvars.Context | None = None

    # ------------------------------------------------------------------------------------------ control

    def start(self) -> Run:
        """Begin; returns at once."""
        with self._change:
            if self.state != "ready":
                return self
            self._begin()
            self._add_threads()
        return self

    def pause(self) -> None:
        """Start no more tasks; those running end."""
        with self._change:
            if self.state == "running":
                self.state = "paused"
                self._member.active = False
                self.tell(events.RunPaused(self.number, perf_counter()))

    def resume(self) -> None:
        """Go on after a pause."""
        with self._change:
            if self.state == "paused":
                self.state = "running"
                self._member.active = True
                self.tell(events.RunResumed(self.number, perf_counter()))
                self._change.notify_all()

    def cancel(self) -> None:
        """Stop: no more tasks start, and all blocks are freed but those that tasks under way work on.

        These can't be stopped; a run ends without those that take longer than a moment, and what they make is dropped.
        """
        with self._change:
            if self.state in ("ready", "running", "paused"):
                self.state = "cancelled"
                total = format_many(self.plan.ntasks, "task")
                self._error = Cancelled(f"the run was cancelled after {self._ledger.done} of {total}")
                self.tell(events.RunCancelled(self.number, self.wall_s, self._ledger.done))
                self._stop()

    def set_workers(self, workers: int) -> None:
        """Change how many threads work, from the next task on.  Raises ConfigError for less than one."""
        checked = int(check_setting("workers", workers))
        with self._change:
            self._workers = self._member.workers = checked
            self._ledger.set_workers(checked)
            if self.state in ("running", "paused"):
                self._add_threads()
            self._change.notify_all()

    def set_priority(self, priority: int) -> None:
        """Change which run goes first where several are under way: the one of the highest number; runs begin at 0.

        The others keep one worker each.  Raises ConfigError for what isn't a whole number.
        """
        if isinstance(priority, bool) or not isinstance(priority, int):
            raise ConfigError(f"priority: expected a whole number, such as 1 to go before others, not {priority!r}")
        with self._change:
            self._member.priority = priority
            self._change.notify_all()

    @property
    def priority(self) -> int:
        """Runs of a higher number go first."""
        return self._member.priority

    def set_budget(self, budget: int | str) -> None:
        """Change the memory budget (bytes, or "2GiB"), from the next task on; tasks under way keep what they have.

        Below what the plan needs, tasks run one at a time.
        """
        checked = int(check_setting("memory", budget))
        with self._change:
            self._ledger.set_budget(checked)
            self._change.notify_all()

    @property
    def progress(self) -> tuple[int, int]:
        """Tasks done, and tasks in all."""
        return self._ledger.done, self.plan.ntasks

    @property
    def wall_s(self) -> float:
        """Seconds since it began, or that it took."""
        return (self._ended_s or perf_counter()) - self._started_s if self._started_s else 0.0

    @property
    def budget_bytes(self) -> int:
        """The memory budget in force."""
        return self._ledger.budget_bytes

    @property
    def alone(self) -> bool:
        """Whether no other run of the process has been under way since it began."""
        return self._member.alone

    @property
    def workers(self) -> int:
        """How many threads may work."""
        return self._workers

    @property
    def peak_bytes(self) -> int:
        """The most bytes held so far, results included, as the ledger has it."""
        return self._ledger.peak_bytes + self.plan.result_bytes

    def __repr__(self) -> str:
        done, total = self._ledger.done, format_many(self.plan.ntasks, "task")
        why = getattr(getattr(self._error, "failure", None), "why", "").splitlines()[:1]
        return f"<Run {self.number}: {self.state}, {done} of {total}{': ' if why else ''}{''.join(why)}>"

    # ------------------------------------------------------------------------------------------- working

    def run_here(self) -> Any:
        """Run all tasks in the calling thread; for plans too small to be worth threads."""
        with self._change:
            begins = self.state == "ready"
            if begins:
                self._begin()
                self._working = 1
        if not begins:  # cancelled meanwhile, from another thread
            return self.result()
        try:
            self._work(0)
        except BaseException:  # interrupted between two tasks
            self._running = 0
            self.cancel()
            raise
        return self.result()

    def _begin(self) -> None:
        self._started_s = self.trace.started_s = perf_counter()
        self._spares = memory.spares_for(self.plan, self.budget_bytes)
        if self.plan.run_bytes() >= memory.WORTH_BYTES:
            self._exact = memory.least_mapped(self.plan, self.budget_bytes)
            memory.exact(self._exact)
        try:
            self._results = Results(self.plan)
        except BaseException as error:  # no room for results or scratch
            self._give_up(error)
            raise
        self.state = "running"
        self._watch = Watch(self.plan, ref(self))
        share.join(self._member)
        # whatever the number of workers: sums of BLAS have other bits with other numbers of threads
        if blas.is_called_often(self.plan):
            self._holds_blas = True
            blas.hold()
        if self._observers:
            self.tell(plan_ready(self.number, self.plan, self.budget_bytes, self._workers))
        if self.plan.ntasks == 0:
            self._complete()

    def _add_threads(self) -> None:
        memory.share_arena()
        # each thread its own copy of the context it was started in: NumPy's error state, and the cell in IPython that
        # what is printed belongs to, also when somebody asks for more workers in another cell
        if self._context is None:
            self._context = contextvars.copy_context()
            self._context.run(work_for, self.number)
        for k in range(len(self._threads), min(self._workers, max(1, self.plan.ntasks))):
            context = self._context.copy()
            thread = threading.Thread(
                target=context.run, args=(self._work, k), name=f"nbarray-{self.number}-{k}", daemon=True
            )
            self._threads.append(thread)
            self._working += 1
            thread.start()

    def _work(self, worker: int) -> None:
        workspace = Workspace(self._spares)
        # by node: after many short tasks, several long ones at once would be one worker's, and their blocks waited for
        windows: dict[int, int] = {}
        outcomes: list[_Outcome] = []
        tasks = self._next(worker, workspace, outcomes, windows)
        while tasks:
            begin = perf_counter()
            for task in tasks:
                if self.state in ("failed", "cancelled"):
                    # taken, but not begun
                    outcomes.append((task, None, None, 0.0, 0.0, 0.0, 0.0))
                    continue
                reader_s, file_s, start = meter.reader_s, meter.file_s, perf_counter()
                block = error = None
                try:
                    assert self._results is not None
                    block = run_task(self.plan, task, self._inputs(task), self._results, workspace)
                except BaseException as e:
                    error = e
                # handed over, not shared: a worker that kept a name for its last block would keep the block
                stop = perf_counter()
                outcomes.append((task, block, error, start, stop, meter.reader_s - reader_s, meter.file_s - file_s))
                block = None
            # so many short tasks at once that taking them costs little, and nothing waits long for the others
            node = int(self.plan.task_node[tasks[0]])
            windows[node] = next_window(windows.get(node, 1), (perf_counter() - begin) / len(tasks))
            tasks = self._next(worker, workspace, outcomes, windows)
        del workspace
        forget()
        if self.peak_bytes >= memory.WORTH_BYTES:
            memory.give_back_own()
        with self._change:
            self._working -= 1
            last = self._working == 0
        if last and self.peak_bytes >= memory.WORTH_BYTES:
            memory.give_back()

    def _inputs(self, task: int) -> list[Any]:
        return [self._blocks[d] for d in self._ledger.inputs(task)]

    def _next(self, worker: int, workspace: Workspace, outcomes: list[_Outcome], windows: dict[int, int]) -> list[int]:
        """Hand in what came out of tasks, and take the next few; none when there is nothing left to do."""
        with self._change:
            self._running -= len(outcomes)
            try:
                for k, outcome in enumerate(outcomes):
                    outcomes[k] = None  # type: ignore[call-overload]
                    self._hand_in(worker, *outcome)
                outcome = None  # type: ignore[assignment]
            except Exception as error:  # an error of ours: nobody may wait for ever for its sake
                self.state, self._error = "failed", error
                self.tell(events.RunFailed(self.number, self.wall_s, str(error)))
                self._stop()
            outcomes.clear()
            while True:
                if self._ended.is_set() or self.state in ("failed", "cancelled"):
                    self._end_if_idle()
                    return []
                mine = self.state == "running" and worker < share.part_of_workers(self._member)
                tasks = self._take(windows) if mine else []
                if tasks:
                    return tasks
                let_go(workspace)
                self._spares.clear()
                self._waiting += 1
                since = perf_counter()
                # nobody tells when another run ends and leaves its share
                self._change.wait(SHARE_S if share.others_active(self._member) else None)
                self._waiting -= 1
                self._waited[worker] = self._waited.get(worker, 0.0) + perf_counter() - since

    def _take(self, windows: dict[int, int]) -> list[int]:
        """Tasks that may start now, told of."""
        tasks = self._ledger.take(windows, self._workers, share.part_of_budget(self._member))
        for task in tasks if self._observers else ():
            self.tell(events.TaskStarted(self.number, task, int(self.plan.task_node[task]), perf_counter()))
        self._running += len(tasks)
        return tasks

    def _hand_in(
        self,
        worker: int,
        task: int,
        block: Any,
        error: BaseException | None,
        start: float,
        stop: float,
        reader_s: float,
        file_s: float,
    ) -> None:
        self._busy_s += stop - start
        if error is not None:
            self._fail(task, error)
            return
        if self.state in ("failed", "cancelled"):
            return
        ledger = self._ledger
        if ledger.users[task]:
            self._blocks[task] = block
        self.trace.add(task, worker, start, stop, ledger.held_bytes)
        for r in ledger.finish(task):
            freed = self._blocks.pop(r, None)
            if freed is not None and self.plan.nodes[self.plan.task_node[r]].copies:
                self._spares.leave_freed(freed)
            if freed is not None and self._observers:
                self.tell(events.BlockReleased(self.number, r, ledger.block_bytes(r), ledger.held_bytes))
        if self._observers:
            spent = reader_s, file_s, self._waited.pop(worker, 0.0)
            self.tell(task_finished(self.number, self.plan, ledger, task, worker, (start, stop), spent))
        if ledger.all_done:
            self._complete()
        elif self._waiting and ledger.ready:
            self._change.notify_all()

    def _complete(self) -> None:
        assert self._results is not None
        try:
            self._value = self._finish(self._results)
        except Exception as error:
            self._give_up(error)
            return
        self.state = "done"
        self.tell(events.RunFinished(self.number, self.wall_s, self._busy_s, self.peak_bytes))
        self._end_if_idle()

    def _warn(self) -> None:
        if self._watch is not None and not isinstance(self._error, BudgetError):
            self._watch.warn()

    def exceeded(self, held_bytes: int, told: str) -> None:
        """More is held than the budget, which is `told` in words: tell it, and end if that was asked for."""
        with self._change:
            if self.state in ("running", "paused"):
                self.tell(events.BudgetExceeded(self.number, held_bytes, self.budget_bytes, perf_counter()))
                if self.keeps_budget:
                    self._give_up(BudgetError(f"{told}; {self._ledger.done} of {self.plan.ntasks} tasks were done"))

    def _fail(self, task: int, error: BaseException) -> None:
        if self.state in ("failed", "cancelled"):
            return
        if isinstance(error, KeyboardInterrupt):  # comes to tasks in the main thread alone: see `run_here`
            self.cancel()
            self._error = error
            return
        told = task_error(self.plan, task, self._inputs(task), error)
        told.__cause__ = error
        self._give_up(told)

    def _give_up(self, error: BaseException) -> None:
        """End with an error, also while tasks are under way."""
        self.state, self._error = "failed", error
        self.tell(events.RunFailed(self.number, self.wall_s, str(error)))
        self._stop()

    def _stop(self) -> None:
        """Let go of all that tasks under way don't work on, and end when they have, or soon without them."""
        share.leave(self._member)
        self._blocks.clear()
        self._spares.close()
        if self._results is not None:
            self._results.sinks.clear()
        self._end_if_idle()
        if not self._ended.is_set() and self._patience is None:
            self._patience = threading.Timer(STOP_S, self._end_without)
            self._patience.daemon = True
            self._patience.start()

    def _end_without(self) -> None:
        """End though tasks are under way."""
        with self._change:
            if self._ended.is_set():
                return
            if isinstance(self._error, Cancelled):
                tasks = "a task is" if self._running == 1 else f"{self._running} tasks are"
                self._error = Cancelled(f"{self._error}; {tasks} still under way, and what comes of that is dropped")
            self._end()

    def _end_if_idle(self) -> None:
        if self._running == 0:
            self._end()
            if self._results is not None:  # not before: tasks may write to scratch
                self._results.close()
                self._results = None

    def _end(self) -> None:
        if self._ended.is_set():  # every worker that finds nothing more to do comes by
            return
        share.leave(self._member)
        if self._watch is not None:
            self._watch.stop()
        if self._exact:
            memory.usual(self._exact)
            self._exact = 0
        if self._holds_blas:
            self._holds_blas = False
            blas.release()
        keep_panels(self.plan.panel_bytes * min(self._workers, self._ledger.most_running))
        self._blocks.clear()
        self._spares.close()
        if self._patience is not None:
            self._patience.cancel()
        self._ended_s = perf_counter()
        self._tell_ended(self)
        self._ended.set()
        self._change.notify_all()

    # ------------------------------------------------------------------------------------------- telling

    def tell(self, event: events.Event) -> None:
        """Hand an event to all observers."""
        for observer in list(self._observers):
            try:
                observer(event)
            except Exception:
                with contextlib.suppress(ValueError):
                    self._observers.remove(observer)
