"""Computing what is looked at, and nothing that isn't any more.

A viewer asks for one view after another, faster than they can be computed.  Only the newest one counts: the run of
an older one is cancelled.  When nothing is asked for, neighbours of the view are computed ahead, at the lowest
priority, and given up as soon as something is asked for.  This file knows no widgets, only runs.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from nbarray.engines.run import Run
from nbarray.errors import Cancelled

__all__ = ["Fetcher"]

View = TypeVar("View", bound=Hashable)
#: Bytes of views that are kept for coming back to.
KEPT_BYTES = 64 * 2**20
#: Priority of what is computed ahead.
AHEAD = -1


class Fetcher(Generic[View]):
    """Computes views in a thread of its own, the newest first.

    start : begins the run of a view, whose result is a tuple with its values
    shown : called with a view and its values, in that thread, whenever the newest one is there
    failed : called with a view and its error instead
    neighbours : what may be asked for next, the likeliest first
    """

    def __init__(
        self,
        start: Callable[[View], Run],
        shown: Callable[[View, Any], None],
        failed: Callable[[View, BaseException], None],
        neighbours: Callable[[View], Sequence[View]] = lambda view: (),
    ) -> None:
        self._start, self._shown, self._failed, self._neighbours = start, shown, failed, neighbours
        self._change = threading.Condition()
        self._wanted: View | None = None
        self._ahead: list[View] = []
        self._busy = self._closed = False
        self._run: Run | None = None
        self._running: View | None = None
        self._kept: OrderedDict[View, Any] = OrderedDict()
        #: runs that were cancelled because something else was asked for
        self.stale = 0
        # sending from a thread needs the context of the cell that made the viewer
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._work,), name="nbarray-viewer", daemon=True)
        self._thread.start()

    def want(self, view: View) -> None:
        """Ask for a view; what was asked for before is given up, unless it is the same."""
        with self._change:
            self._wanted = view
            self._ahead.clear()
            if self._run is not None and self._running != view:
                self._run.cancel()
            self._change.notify_all()

    def has(self, view: View) -> bool:
        """Whether a view is there without being computed."""
        with self._change:
            return view in self._kept

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what was asked for has been shown, or has failed; returns whether it has."""
        with self._change:
            return self._change.wait_for(lambda: self._wanted is None and not self._busy, timeout)

    def close(self) -> None:
        """Give up everything, and end the thread."""
        with self._change:
            self._closed = True
            self._wanted = None
            self._ahead.clear()
            self._kept.clear()
            if self._run is not None:
                self._run.cancel()
            self._change.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(5.0)

    # ------------------------------------------------------------------------------------------- working

    def _work(self) -> None:
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._closed or self._wanted is not None or self._ahead)
                if self._closed:
                    return
                asked = self._wanted is not None
                view = self._wanted if self._wanted is not None else self._ahead.pop(0)
                self._busy = asked
            try:
                self._take(view, asked)
            except Exception as error:  # a picture that fails must not end the thread that draws the next one
                with self._change:
                    if self._wanted == view:
                        self._wanted = None
                with contextlib.suppress(Exception):
                    self._failed(view, error)

    def _take(self, view: View, asked: bool) -> None:
        """Compute one view, and show it if it was asked for and still is."""
        error: BaseException | None = None
        try:
            values = self._compute(view, asked)
        except Cancelled:
            self.stale += 1
            return
        except BaseException as e:
            error = e
        with self._change:
            still = self._wanted == view
            if still:
                self._wanted, self._busy = None, True
        if not still:
            return
        if error is not None:
            self._failed(view, error)
            return
        self._shown(view, values)
        with self._change:
            if self._wanted is None and not self._closed:
                self._ahead = [v for v in self._neighbours(view) if v not in self._kept]

    def _compute(self, view: View, asked: bool) -> Any:
        with self._change:
            if view in self._kept:
                self._kept.move_to_end(view)
                return self._kept[view]
        run = self._start(view)
        if not asked:
            run.set_priority(AHEAD)
        with self._change:
            self._run, self._running = run, view
            if self._closed or (self._wanted != view if asked else self._wanted is not None and self._wanted != view):
                run.cancel()
        try:
            (values,) = run.result()
        finally:
            with self._change:
                self._run = self._running = None
        with self._change:
            if not self._closed:
                self._keep(view, values)
        return values

    def _keep(self, view: View, values: Any) -> None:
        """Keep a view, and let the oldest go that there is no room for."""
        self._kept[view] = values
        total = sum(np.asarray(kept).nbytes for kept in self._kept.values())
        while total > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            total -= np.asarray(oldest).nbytes
