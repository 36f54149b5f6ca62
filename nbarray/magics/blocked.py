"""``%%blocked`` and ``%blocked``: a cell, or one expression, evaluated with blocked arrays.

The magic itself: options in, the cell run between them, its value computed in one pass and handed to
IPython.  What happens inside the cell is in `lift_syntax` and `lift_values`, what is computed in `wanted`.
"""

from __future__ import annotations

import contextlib
import warnings
from argparse import Namespace
from collections.abc import Iterator
from typing import Any, cast

from IPython.core.error import UsageError
from IPython.core.magic import Magics, magics_class

from nbarray.api.array import Array
from nbarray.api.conversions import tell_conversion, values_of, watch_conversions
from nbarray.api.creation import from_array
from nbarray.config import config, current
from nbarray.magics.cell_code import CellCode, compile_cell
from nbarray.magics.cell_errors import show_users_frames, syntax_error_text
from nbarray.magics.conversions import begun_from_now_on, conversion_watcher
from nbarray.magics.declared import declared
from nbarray.magics.lift_functions import lifted_functions
from nbarray.magics.lift_values import HELPER, Lift, map_values
from nbarray.magics.options import ChunkOption, parse
from nbarray.magics.progress import cell_progress, in_notebook
from nbarray.magics.silence import ends_in_semicolon, is_displayed
from nbarray.magics.wanted import Wanted
from nbarray.observers.report import RunReport
from nbarray.session import observe
from nbarray.widgets.cell_monitor import CellMonitor

__all__ = ["BlockedMagics"]

#: The share of the budget that arrays made by the cell itself may hold while they wait to be computed with.
_NEW_ARRAYS_SHARE = 0.25
#: What may be done with what a cell wants, instead of computing it and waiting.
_INSTEAD = ("background", "lazy", "plan", "graph")


@magics_class
class BlockedMagics(Magics):
    """The magics that compute, or say what computing would do."""

    @declared("blocked", "chunks", "memory", "workers", "output", *_INSTEAD, "monitor", "strict", "report")
    def blocked(self, line: str, cell: str | None = None, local_ns: Any = None) -> Any:
        """Evaluate the cell with blocked arrays and compute its last expression.

        Inside the cell h5py datasets, netCDF4 variables, memory-mapped arrays and NumPy arrays of 64 MiB or
        more are blocked arrays wherever they are calculated with: in arithmetic, in slices, in functions of
        NumPy, of nbarray and of your own, and for methods such as .mean().  Nothing is read until the last
        expression, which is computed in one pass within the memory budget, with a progress line if it takes
        longer than half a second; it is the cell's value, Out[n] (a ; at the end silences it).  Other names keep
        what the cell assigned to them: arrays not yet computed.  Attributes (var.units), assignments into
        arrays (arr[0] = 1) and functions of other packages get your own objects, as without the magic; under
        --strict those functions, and classes of yours, get blocked arrays, so that what they would read whole is
        seen and refused; so are copies of files and memory maps: np.array(mm), mm.copy(), ds.__array__(),
        ds.read_direct(out), out[:] = ds.  Functions and methods from your other cells are watched as the cell
        itself is, whatever array they use (a global name, self.ds), and so are threads that the cell begins.  Not seen
        is what another package, or a module that you import, opens and reads by itself, what threads read that
        were there before (a pool of another cell), and functions that numba compiles, that were made by exec,
        or that a cell of another magic (%%time) defined.

            %%blocked --chunks 4,200,200 --memory 2GiB
            t = netCDF4.Dataset("2014-01-01.nc")["t2m"]
            t[::4].mean(axis=0) - t[2::4].mean(axis=0)

            %blocked (arr - arr.mean()).std()

            run = %blocked -b -o total arr.sum()
        """
        __tracebackhide__ = True
        return self._magic(self.blocked, "blocked", line, cell, local_ns)

    @declared("blocked_plan", "chunks", "memory", "workers", "output")
    def blocked_plan(self, line: str, cell: str | None = None, local_ns: Any = None) -> Any:
        """What computing an expression, or a cell, would do: tasks, bytes to read, peak memory; nothing is read.

        %blocked_plan --memory 2GiB t.mean(axis=0)
        """
        __tracebackhide__ = True
        return self._magic(self.blocked_plan, "blocked_plan", line, cell, local_ns, instead="plan")

    @declared("blocked_graph", "chunks", "output")
    def blocked_graph(self, line: str, cell: str | None = None, local_ns: Any = None) -> Any:
        """Draw the operations of an expression, or a cell; nothing is read.

        %blocked_graph t[::4].mean(axis=0) - t[2::4].mean(axis=0)
        """
        __tracebackhide__ = True
        return self._magic(self.blocked_graph, "blocked_graph", line, cell, local_ns, instead="graph")

    def _magic(
        self, method: Any, called: str, line: str, cell: str | None, local_ns: Any, instead: str | None = None
    ) -> Any:
        """local_ns : the variables where a line magic stands; the user's namespace, if that is not in a function"""
        __tracebackhide__ = True
        name = f"%{called}" if cell is None else f"%%{called}"
        options, rest = parse(name, method.parser, line)
        asked = Namespace(
            **{"memory": None, "workers": None, "monitor": None, "strict": False, "report": None}
            | dict.fromkeys(_INSTEAD, False)
            | vars(options)
            | ({instead: True} if instead else {})
            | {"local": {} if local_ns is None or local_ns is cast(Any, self.shell).user_ns else dict(local_ns)}
        )
        chosen = [each for each in _INSTEAD if getattr(asked, each)]
        if len(chosen) > 1:
            raise UsageError(f"{name}: --{chosen[0]} and --{chosen[1]} can't go together; choose one")
        if asked.report and chosen not in ([], ["background"]):
            raise UsageError(f"{name}: --report and --{chosen[0]} can't go together, since nothing is computed")
        if cell is None:
            value = self._run(name, asked, rest, header="")
            return None if ends_in_semicolon(rest) and is_displayed() else value
        if rest:
            raise UsageError(f"{name}: can't use {rest!r}; code goes on the lines below ({name}? shows all options)")
        value = self._run(name, asked, cell, header=f"{name} {line}".strip())
        return None if ends_in_semicolon(cell) else value

    def _run(self, name: str, options: Namespace, source: str, header: str) -> Any:
        __tracebackhide__ = True
        shell: Any = self.shell
        cell_magic = not header and name[1:] in shell.magics_manager.magics["cell"]
        if not source.strip():
            hint = f"; %{name} evaluates the lines below it" if cell_magic else ""
            raise UsageError(f"{name}: there is nothing to evaluate{hint} ({name}? shows how it is used)")
        outputs = [output for group in options.output for output in group]
        try:
            code = compile_cell(shell, source, header)
        except SyntaxError as error:
            # raised on, it would be shown with every frame of IPython's and ours
            raise UsageError(f"{name}: {syntax_error_text(error)}") from error
        _check_outputs(name, outputs, code)
        try:
            options.threads = begun_from_now_on() if options.strict else None
            with _settings(options), watch_conversions(conversion_watcher(options.strict), options.threads):
                return self._result(name, code, options, outputs)
        except UsageError:
            raise
        except (Exception, KeyboardInterrupt) as error:
            show_users_frames(shell, error, code.name)
            raise

    def _result(self, name: str, code: CellCode, options: Namespace, outputs: list[str]) -> Any:
        """Run the cell, do with what it asks for what the options say; the cell's value."""
        __tracebackhide__ = True
        namespace: dict[str, Any] = cast(Any, self.shell).user_ns
        computes = not (options.lazy or options.plan or options.graph)
        report = RunReport()
        if computes and options.report:
            namespace[options.report] = report
        with _watched(self.shell, options.monitor, closing=not options.background):
            left = {output for output in outputs if output in code.assigned - code.surely and output in namespace}
            value = self._evaluate(code, options, left)
            assigned = [output for output in outputs if output in code.assigned]
            named = [output for output in outputs if output not in assigned]
            _check_assigned(name, assigned, namespace, left)
            if named and value is None:
                said = f"the cell doesn't assign {named[0]!r}, and its last expression gave None"
                raise UsageError(f"{name}: -o {named[0]}: {said}, so there is nothing to store")
            wanted = Wanted(value, assigned, named, namespace)
            if options.lazy:
                return wanted.keep()
            if not len(wanted) and (options.plan or options.graph or options.background):
                raise UsageError(f"{name}: there is nothing to compute: neither value nor -o is a blocked array")
            if options.plan or options.graph:
                return wanted.plan() if options.plan else wanted.picture()
            return wanted.start([report]) if options.background else wanted.compute([report])

    def _evaluate(self, code: CellCode, options: Namespace, left: set[str]) -> Any:
        """Run the cell; its value, still blocked.

        left : names of which those are taken out that the cell assigns
        """
        __tracebackhide__ = True
        namespace: dict[str, Any] = cast(Any, self.shell).user_ns
        chunks, local = options.chunks or ChunkOption(), options.local
        wrapped: list[Array] = []

        def wrap(source: Any) -> Array:
            wrapped.append(from_array(source, chunks=chunks.for_shape(source.shape)))
            return wrapped[-1]

        new_bytes = int(_NEW_ARRAYS_SHARE * current().budget_bytes())
        strict, threads = options.strict, options.threads
        lift = Lift(wrap, Array, values_of, namespace, new_bytes, tell_conversion, strict, local, threads)
        watched = lifted_functions(namespace) if strict else contextlib.nullcontext(False)
        with watched as others, _bound(namespace, lift, keep=code.defines or others), lift:
            value = map_values(code.run({**namespace, **local} if local else namespace, left), lift.block)
        if wrapped and isinstance(chunks.shape, tuple) and all(a.ndim != len(chunks.shape) for a in wrapped):
            text = ",".join(map(str, chunks.shape))
            said = f"--chunks {text} was not used: no array here has {len(chunks.shape)} axes"
            warnings.warn_explicit(said, UserWarning, code.name, code.line)  # where the option stands
        return value


def _check_outputs(name: str, outputs: list[str], code: CellCode) -> None:
    """Refuse names that nothing would be stored under, before anything runs."""
    missing = [output for output in outputs if output not in code.assigned]
    if missing and code.last is None:
        raise UsageError(
            f"{name}: -o {missing[0]}: the cell neither assigns {missing[0]!r} nor ends with an expression to store"
        )
    if len(missing) > 1:
        raise UsageError(f"{name}: -o {','.join(missing)}: the cell assigns none of them and has but one value")


def _check_assigned(name: str, outputs: list[str], namespace: dict[str, Any], left: set[str]) -> None:
    """Refuse names that the cell would have assigned in lines that weren't run.

    left : those that hold what they held before
    """
    for output in outputs:
        if output not in namespace or output in left:
            held = ", which holds what an earlier cell gave it" if output in namespace else ""
            raise UsageError(f"{name}: -o {output}: the cell ended without assigning {output!r}{held}")


@contextlib.contextmanager
def _settings(options: Namespace) -> Iterator[None]:
    """The settings that the options ask for, until the cell ends."""
    __tracebackhide__ = True
    asked: dict[str, Any] = {"memory": options.memory, "workers": options.workers}
    if options.chunks is not None:
        asked["chunk_bytes"] = options.chunks.nbytes
    given = {setting: value for setting, value in asked.items() if value is not None}
    with config(**given) if given else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _watched(shell: Any, monitor: bool | None, closing: bool) -> Iterator[None]:
    """Every run started in here is shown by the cell's progress display.

    closing : take it away at the end; else it goes by itself when the runs have ended
    """
    __tracebackhide__ = True
    # in a terminal, a line that goes on would be written over what is typed next
    quiet = not closing and not in_notebook(shell) and not monitor
    progress = None if quiet else cell_progress(shell, monitor, closing)
    if progress is None:
        yield
        return
    try:
        with observe(progress):
            yield
        if not closing and isinstance(progress, CellMonitor):
            progress.show_now()
    finally:
        if closing:
            progress.close()


@contextlib.contextmanager
def _bound(namespace: dict[str, Any], lift: Lift, keep: bool) -> Iterator[None]:
    """The cell's code finds its helper in `namespace`; it stays there if functions of the cell may need it later."""
    __tracebackhide__ = True
    outer = namespace.get(HELPER)
    namespace[HELPER] = lift
    try:
        yield
    finally:
        if outer is not None:
            namespace[HELPER] = outer
        elif not keep:
            namespace.pop(HELPER, None)
