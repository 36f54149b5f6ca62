"""The panel that is a run's remote control.

Handlers of buttons only note what was asked for; a click on Pause, Resume or Cancel is a call of the run's that
flips its state.  One ticker thread, five times a second at most, does everything else: it plans, starts, looks
at the run and draws.  While there is nothing to draw it sleeps until something is asked for.  It runs in a copy
of the context of the cell that made the monitor: without it ipykernel 7.0 can't send from a thread at all, and
later ones send to whichever cell runs last.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from nbarray import runs
from nbarray.engines.run import Run
from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.observers.progress import UPDATE_EVERY_S, ProgressLine
from nbarray.session import Form, later, limits
from nbarray.units import format_bytes
from nbarray.widgets.comms import BLOCKED_NOTE, answers_while_blocked, cell_runs, kernel_of
from nbarray.widgets.panel import Panel
from nbarray.widgets.panel_html import LIVE_HTML, message_html, panel_html, summary_html, summary_text
from nbarray.widgets.place import Place
from nbarray.widgets.planned import is_typed, planned_html, planning_html, rechunked, remember_rate
from nbarray.widgets.printed import MOST_LIVE, Printed, catch, is_listening, let_go
from nbarray.widgets.watching import Watch

__all__ = ["Monitor"]

#: So long a panel of a run that goes on has buttons alone: nobody moves a slider sooner, and to make sliders takes
#: longer than all else there is.
STEERED_AFTER_S = 1.0
#: Looking and drawing take no more than this share of the time, as long as there is a look a second.
MOST_SHARE, SELDOM_S = 0.005, 1.0


class Monitor:
    """A run, or expressions that are planned and not started, with buttons and sliders to steer them.

    what : a `Run`, or expressions
    memory, workers : of the run to be made; the settings' by default
    blocking : the cell that runs waits for the run
    place : where it is displayed, if something of an earlier run stands there
    printed : what its tasks have printed already, if that is kept

    As a cell's last value it shows itself.  Closing it doesn't end the run.
    """

    def __init__(
        self,
        what: Run | Sequence[Expr],
        *,
        memory: int | str | None = None,
        workers: int | None = None,
        blocking: bool = False,
        place: Place | None = None,
        printed: Printed | None = None,
        forms: Sequence[Form] = (),
        clock: Callable[[], float] = time.perf_counter,
        every_s: float = UPDATE_EVERY_S,
    ) -> None:
        self._clock, self._every_s = clock, every_s
        self._began_s = clock()
        self._exprs: tuple[Expr, ...] = () if isinstance(what, Run) else tuple(what)
        self._forms = forms
        self._given = isinstance(what, Run)
        self._run: Run | None = None
        self._watch: Watch | None = None
        self._chunks, self._priority = "", 0
        self._lock = threading.Lock()  # guards _asked and _ticker
        self._asked: dict[str, Any] = {}
        self._wake, self._closed = threading.Event(), threading.Event()
        self._ticker: threading.Thread | None = None
        self._context = contextvars.copy_context()
        self._place, self._here = place or Place(), place is not None
        self._panel: Panel | None = None
        self._note = self._error = ""
        self._printed = printed or Printed(copied=blocking)
        self._blocked, self._busy_looks = blocking, 0
        if isinstance(what, Run):
            self._take(what)
            self._exprs = what.exprs
        elif self._exprs:
            self._budget, self._workers = limits(memory, workers)
            self._plan()
        else:
            raise InputError("monitor: expected an array or a run, not nothing")

    # ------------------------------------------------------------------------------------------ for people

    @property
    def run(self) -> Run | None:
        """The run; None while the plan doesn't fit, or when a run that was given has ended."""
        return self._run

    @property
    def state(self) -> str:
        """ "planning", "ready", "running", "paused", "done", "failed" or "cancelled"."""
        return self._run.state if self._run is not None else self._watch.state if self._watch is not None else "ready"

    def start(self) -> Run:
        """Begin, as the button does; returns the run."""
        if self._run is None:
            raise InputError(self._error or "monitor: the run has ended")
        self._run.start()
        if self._place.shown:
            self._ask("look", True)
        return self._run

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the result of the run; starts it if nobody has."""
        value = self.start().result(timeout)
        return value[0] if len(self._exprs) == 1 and isinstance(value, tuple) else value

    def __repr__(self) -> str:
        if self._watch is None:
            return f"<Monitor: {self._error}>"
        self._watch.look()
        return f"<Monitor of {summary_text(self._watch)}>"

    def _ipython_display_(self) -> None:
        if kernel_of() is None:
            print(repr(self))
        else:
            self.show()

    def show(self) -> None:
        """Display the panel."""
        if self._closed.is_set():
            raise InputError("monitor: it was closed; make another: x.monitor(), nb.monitor(run)")
        self._look()
        self._catch()
        if self._watch is not None and self._watch.ended:
            let_go(self._watch.number, self._printed)
            self._place.say(*self._still())
            return
        if self._panel is None:
            self._shown_s = self._clock()
            seen = self._seen()
            self._panel = Panel(self._ask, *seen)
            self._steer(self._panel)
            self._panel.draw(*seen)
        else:
            self._draw()
        self._place.show(self._panel.box, *self._still(), here=self._here)
        self._here = False
        with self._lock:
            self._start_ticker()

    def close(self, *, linger: bool = False) -> None:
        """Take the panel away: a summary stays in the notebook; no widget does, but the run goes on.

        linger : let the summary live on as a widget for a while, for pages loaded anew meanwhile
        """
        self._closed.set()
        self._wake.set()
        with self._lock:
            ticker = self._ticker
        if ticker is not None and ticker is not threading.current_thread():
            ticker.join(timeout=5.0)
        with contextlib.suppress(Exception):
            if self._place.shown:
                self._look()
            self._end(linger=linger)

    # ------------------------------------------------------------------------------------------- handlers

    def _ask(self, what: str, value: Any) -> None:
        """Note what somebody wants; called in any thread."""
        run = self._run
        if run is not None and what in ("pause", "resume", "cancel"):
            getattr(run, what)()
        with self._lock:
            self._asked[what] = value
            if not self._closed.is_set() and self._place.shown:
                self._start_ticker()
        self._wake.set()

    def _start_ticker(self) -> None:
        if self._ticker is None:
            context = self._context.copy()
            self._ticker = threading.Thread(target=context.run, args=(self._tick,), name="nbarray-monitor", daemon=True)
            self._ticker.start()

    # --------------------------------------------------------------------------------------------- ticker

    def _tick(self) -> None:
        try:
            spent_s = 0.0
            while self._rest(spent_s):
                before_s = time.thread_time()
                self._answer()
                self._look()
                if not is_listening():  # whose cell has ended meanwhile
                    self._catch()
                self._draw()
                if self._watch is not None and self._watch.ended:
                    self._end(linger=True)
                spent_s = time.thread_time() - before_s
        except Exception:  # a picture must never end a run, and a thread has nowhere to complain
            with self._lock:
                self._ticker = None

    def _rest(self, spent_s: float) -> bool:
        """Wait for the next look, longer if the last took long; returns False when there will be none."""
        if not self._place.shown:
            with self._lock:
                self._ticker = None
            return False
        # as it was seen: a run may have ended since, and its end has to be seen too
        watch = self._watch
        going = watch is not None and watch.state != "ready" and not watch.ended
        if going or (self._panel is not None and self._panel.blocks.pending):
            self._wake.wait(max(self._every_s, min(spent_s / MOST_SHARE, SELDOM_S)))
        else:
            self._wake.wait()
        self._wake.clear()
        return not self._closed.is_set()

    def _answer(self) -> None:
        """Do what was asked for."""
        with self._lock:
            asked, self._asked = self._asked, {}
        for what, value in asked.items():
            try:
                self._do(what, value)
            except Exception as error:
                self._note = message_html(f"{what}: {error}", "error")

    def _do(self, what: str, value: Any) -> None:
        run = self._run
        if what in ("workers", "memory", "chunks", "priority"):
            self._change(what, value)
        elif what == "start":
            if run is None:
                return
            if run.state != "ready":
                self._note = message_html("it was started before")
                return
            self._note = ""
            run.start()
        elif what == "blocks" and self._panel is not None:
            self._panel.blocks.wanted = bool(value)
        elif what == "block" and self._panel is not None and self._watch is not None:
            self._panel.blocks.pick(self._exprs, self._watch, value, self._budget)
        elif what == "error":
            self._note = message_html(str(value), "error")

    def _change(self, what: str, value: Any) -> None:
        """A slider was moved."""
        run, self._note = self._run, ""
        if what == "workers":
            self._workers = value
        elif what == "memory":
            self._budget = value
        elif what == "priority":
            self._priority = value
        else:
            self._chunks = value
        open_ = run is None or run.state == "ready" or getattr(run, "can_be_made_anew", False)
        if open_ and not self._given:
            self._plan()
        elif run is not None and what == "workers":
            run.set_workers(value)
        elif run is not None and what == "priority":
            run.set_priority(value)
        elif run is not None and what == "memory":
            self._set_budget(run, value)

    def _set_budget(self, run: Run, size: int) -> None:
        run.set_budget(size)
        held = self._watch.last.held[:3] if self._watch is not None and self._watch.last else ()
        if size < run.plan.run_bytes():
            least = format_bytes(run.plan.run_bytes())
            self._note = message_html(f"This run takes {least} at the least: its tasks now run one at a time.")
        elif size < sum(held):
            self._note = message_html(
                f"{format_bytes(sum(held))} are held now; the new budget takes effect as blocks are freed."
            )

    def _plan(self) -> None:
        """Plan anew, as nothing has been started yet; what doesn't fit is told in place."""
        self._error, before = "", self._run
        try:
            exprs = [rechunked(expr, self._chunks) for expr in self._exprs]
            # where there is nothing to draw on, a line in the terminal, if there is one
            line = ProgressLine.for_stream() if kernel_of() is None else None
            watching = [line] if line else []
            run = later(exprs, memory=self._budget, workers=self._workers, observers=watching, forms=self._forms)
        except Exception as error:
            self._refused(error)
        else:
            run.set_priority(self._priority)
            self._take(run)
        if before is not None:  # what nobody will start needn't be planned to the end, nor be in a list of runs
            before.cancel()
            runs.drop(before)
            let_go(before.number, self._printed)

    def _refused(self, error: BaseException) -> None:
        self._error, self._run, self._watch = f"{type(error).__name__}: {error}", None, None

    def _take(self, run: Run) -> None:
        typed = [expr.chunks for expr in run.exprs] if is_typed(self._chunks) else []
        self._run, self._watch = run, Watch(run, self._clock, chosen=typed)
        self._budget, self._workers = run.budget_bytes, run.workers
        if self._place.shown:
            self._catch()

    def _catch(self) -> None:
        """Show what tasks print; where a cell waits for them, it stands below that one, too."""
        if self._run is not None:
            catch(self._run.number, self._printed)

    # -------------------------------------------------------------------------------------------- drawing

    def _look(self) -> None:
        run, watch = self._run, self._watch
        if watch is None:
            return
        watch.look()
        if not self._given and run is not None and watch.state == "failed" and not watch.planned:
            self._refused(run.error or InputError("it can't be planned"))

    def _draw(self) -> None:
        if self._panel is not None:
            self._panel.blocks.draw(self._watch)
            self._steer(self._panel)
            self._panel.draw(*self._seen())

    def _steer(self, panel: Panel) -> None:
        """Let the run be steered, and its blocks be looked at, as soon as somebody might want to."""
        controls, watch = panel.controls, self._watch
        if controls.workers is None:
            going = self._given and watch is not None and watch.state in ("planning", "running")
            if going and self._clock() - self._shown_s < STEERED_AFTER_S:
                return
            controls.steer(self._workers, self._budget, None if self._given else "as they are")
        if self._run is not None and watch is not None:
            now = {"workers": watch.workers, "memory": watch.budget_bytes, "priority": self._run.priority}
            controls.follow(now)
        controls.show_grid(watch.cells.shape if watch is not None else ())

    def _seen(self) -> tuple[str, str]:
        """The panel's HTML, and the state that its controls show."""
        watch = self._watch
        if watch is None:
            html, state = message_html(self._error, "error"), "failed" if self._given else "none"
        else:
            state = watch.state
            grid = self._panel is None or self._panel.blocks.grid is None
            html = planned_html(watch) if state == "ready" else panel_html(watch, grid=grid)
            if state == "planning":
                html = planning_html(self._clock() - self._began_s, self._counted())
            html += self._printed.html(MOST_LIVE)
        deaf = state in ("planning", "running", "paused") and self._is_deaf()
        note = message_html(BLOCKED_NOTE) if deaf else ""
        return LIVE_HTML + note + html + self._note, "deaf" if deaf else state

    def _is_deaf(self) -> bool:
        """Whether no button can work now: a cell runs, and the kernel has nobody else to look at them."""
        self._busy_looks = self._busy_looks + 1 if cell_runs() else 0
        # the cell that shows a panel is about to end, as a rule
        return (self._blocked or self._busy_looks > 2) and not answers_while_blocked()

    def _counted(self) -> tuple[int, int] | None:
        """Tasks done, and tasks in all, of the run that planning waits for."""
        counting = getattr(self._run, "counting", None)
        return None if counting is None else counting.progress

    def _still(self) -> tuple[str, str]:
        """What is seen where there are no widgets: HTML and text."""
        if self._watch is None:
            return message_html(self._error, "error"), self._error
        if self._blocked:  # all that was printed stands below the cell
            return summary_html(self._watch), summary_text(self._watch)
        return summary_html(self._watch) + self._printed.html(), summary_text(self._watch) + self._printed.text()

    def _end(self, *, linger: bool) -> None:
        """The run is over, or the panel is closed: leave the summary."""
        if self._panel is not None:
            self._panel.blocks.cancel()
        if self._watch is not None:
            let_go(self._watch.number, self._printed)
        if not self._place.shown:
            return
        if self._watch is not None and self._watch.ended:
            remember_rate(self._watch)
        self._place.end(*self._still(), linger=linger)
        self._panel = None
        if self._given and self._watch is not None and self._watch.ended:
            self._run = None  # nobody keeps its result for our sake
