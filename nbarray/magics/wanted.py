"""What a cell asks to be computed: its value, and the names it was told to compute.

All of it is planned together and computed in one pass, here and now or in the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbarray.api.array import Array
from nbarray.api.report import PlanReport
from nbarray.display.picture import Picture, expression_picture
from nbarray.engines.run import Run
from nbarray.events import Observer
from nbarray.expr.node import Expr
from nbarray.magics.lift_values import map_values
from nbarray.session import Form, compute, later, limits, plan

__all__ = ["Wanted"]


class Wanted:
    """Values, with blocked arrays in them.

    value : the cell's
    computed : names that the cell assigned, and that shall hold computed values
    named : names that shall hold the cell's value
    """

    def __init__(self, value: Any, computed: Sequence[str], named: Sequence[str], namespace: dict[str, Any]) -> None:
        self._computed, self._named, self._namespace = list(computed), list(named), namespace
        self._values = [value, *(namespace[name] for name in self._computed)]
        self._arrays: list[Array] = []

        def collect(found: Any) -> None:
            if isinstance(found, Array):
                self._arrays.append(found)

        map_values(self._values, collect)

    @property
    def _exprs(self) -> list[Expr]:
        return [array.expr for array in self._arrays]

    @property
    def _forms(self) -> list[Form]:
        return [array.form for array in self._arrays]

    def __len__(self) -> int:
        """How many arrays there are to compute."""
        return len(self._arrays)

    def compute(self, observers: Sequence[Observer] = ()) -> Any:
        """Compute all of it, store what has a name; the cell's value."""
        __tracebackhide__ = True
        results = compute(*self._exprs, observers=observers, forms=self._forms) if self._arrays else ()
        value, stored = self._with(results)
        self._namespace.update(stored)
        return value

    def start(self, observers: Sequence[Observer] = ()) -> Run:
        """Begin to compute all of it; names are filled when that is done, unless they were bound anew meanwhile."""
        __tracebackhide__ = True
        before = {name: self._namespace.get(name, self) for name in (*self._computed, *self._named)}

        def finish(results: tuple[Any, ...]) -> Any:
            value, stored = self._with(results)
            for name, filled in stored.items():
                if self._namespace.get(name, self) is before[name]:
                    self._namespace[name] = filled
            return value

        return later(self._exprs, observers=observers, then=finish, forms=self._forms).start()

    def keep(self) -> Any:
        """Compute nothing; the value is stored as it is."""
        self._namespace.update(dict.fromkeys(self._named, self._values[0]))
        return self._values[0]

    def plan(self) -> PlanReport:
        """What computing would do."""
        __tracebackhide__ = True
        return PlanReport(plan(self._exprs), *limits())

    def picture(self) -> Picture:
        """The operations as a graph."""
        return expression_picture(self._exprs)

    def _with(self, results: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
        """The cell's value, and what the names hold, with `results` in the arrays' places."""
        left = iter(results)
        values: list[Any] = map_values(self._values, lambda v: next(left) if isinstance(v, Array) else v)
        stored = dict(zip(self._computed, values[1:], strict=True))
        return values[0], stored | dict.fromkeys(self._named, values[0])
