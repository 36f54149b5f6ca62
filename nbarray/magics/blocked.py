"""``%%blocked`` and ``%blocked``: a cell, or one expression, evaluated with blocked arrays.

The magic itself: options in, the cell run between them, its value computed in one pass and handed to
IPython.  What happens inside the cell is in `lift_syntax` and `lift_values`.
"""

from __future__ import annotations

import contextlib
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand, output_can_be_silenced
from IPython.core.magic_arguments import argument, magic_arguments

from nbarray.api.array import Array
from nbarray.api.creation import from_array
from nbarray.config import config, current
from nbarray.magics.cell_code import CellCode, compile_cell
from nbarray.magics.cell_errors import show_users_frames, syntax_error_text
from nbarray.magics.lift_values import HELPER, Lift, map_values
from nbarray.magics.options import ChunkOption, chunks_option, memory_option, names_option, parse, workers_option
from nbarray.magics.progress import cell_progress
from nbarray.session import compute, observe

__all__ = ["BlockedMagics"]

#: The share of the budget that arrays made by the cell itself may hold while they wait to be computed with.
_NEW_ARRAYS_SHARE = 0.25


_Function = TypeVar("_Function", bound=Callable[..., Any])


def _declared(function: _Function) -> _Function:
    """`function` as a line and cell magic with its options; IPython's own decorators have no types."""
    options: list[Any] = [
        argument(
            "--chunks",
            type=chunks_option,
            metavar="CHUNKS",
            help="chunks of the arrays in the cell: lengths such as 4,200,200 (-1: the whole axis; for arrays with as "
            "many axes), one length for every axis, or bytes a chunk such as 64MiB",
        ),
        argument(
            "--memory",
            type=memory_option,
            metavar="BYTES",
            help="what the computation may hold, such as 2GiB; without it nbarray.config says",
        ),
        argument("--workers", type=workers_option, metavar="N", help="threads that compute"),
        argument(
            "-o",
            "--output",
            type=names_option,
            action="append",
            default=[],
            metavar="NAME",
            help="compute NAME, if the cell assigns it, else store the cell's value as NAME; several: a,b",
        ),
    ]
    decorators: list[Any] = [*reversed(options), magic_arguments("blocked")]
    for decorate in (*decorators, output_can_be_silenced, no_var_expand, line_cell_magic):
        function = decorate(function)
    return function


@magics_class
class BlockedMagics(Magics):
    """The magics that compute."""

    @_declared
    def blocked(self, line: str, cell: str | None = None) -> Any:
        """Evaluate the cell with blocked arrays and compute its last expression.

        Inside the cell h5py datasets, netCDF4 variables, memory-mapped arrays and NumPy arrays of 64 MiB or
        more are blocked arrays wherever they are calculated with: in arithmetic, in slices, in functions of
        NumPy, of nbarray and of your own, and for methods such as .mean().  Nothing is read until the last
        expression, which is computed in one pass within the memory budget, with a progress line if it takes
        longer than half a second; it is the cell's value, Out[n] (a ; at the end silences it).  Other names keep
        what the cell assigned to them: arrays not yet computed.  Attributes (var.units), assignments into
        arrays (arr[0] = 1) and functions of other packages get your own objects, as without the magic.

            %%blocked --chunks 4,200,200 --memory 2GiB
            t = netCDF4.Dataset("2014-01-01.nc")["t2m"]
            t[::4].mean(axis=0) - t[2::4].mean(axis=0)

            %blocked (arr - arr.mean()).std()
        """
        __tracebackhide__ = True
        name = "%blocked" if cell is None else "%%blocked"
        options, rest = parse(name, cast(Any, self.blocked).parser, line)
        if cell is None:
            return self._run(name, options, rest, header="")
        if rest:
            raise UsageError(f"{name}: can't use {rest!r}; code goes on the lines below ({name}? shows all options)")
        return self._run(name, options, cell, header=f"{name} {line}".strip())

    def _run(self, name: str, options: Namespace, source: str, header: str) -> Any:
        __tracebackhide__ = True
        shell: Any = self.shell
        if not source.strip():
            raise UsageError(f"{name}: there is nothing to evaluate; {name}? shows how it is used")
        outputs = [output for group in options.output for output in group]
        try:
            code = compile_cell(shell, source, header)
        except SyntaxError as error:
            # raised on, it would be shown with every frame of IPython's and ours
            raise UsageError(f"{name}: {syntax_error_text(error)}") from error
        _check_outputs(name, outputs, code)
        try:
            with _settings(options), _watched(shell):
                return self._result(name, code, options.chunks or ChunkOption(), outputs)
        except UsageError:
            raise
        except Exception as error:
            show_users_frames(shell, error, code.name)
            raise

    def _result(self, name: str, code: CellCode, chunks: ChunkOption, outputs: list[str]) -> Any:
        """Run the cell, compute what it asks for, store it; the cell's value."""
        __tracebackhide__ = True
        value = self._evaluate(code, chunks)
        namespace: dict[str, Any] = cast(Any, self.shell).user_ns
        assigned = [output for output in outputs if output in code.assigned]
        for output in assigned:
            if output not in namespace:
                raise UsageError(f"{name}: -o {output}: the cell ended without assigning {output!r}")
        value, *computed = _computed([value, *(namespace[output] for output in assigned)])
        namespace.update(zip(assigned, computed, strict=True))
        namespace.update({output: value for output in outputs if output not in code.assigned})
        return value

    def _evaluate(self, code: CellCode, chunks: ChunkOption) -> Any:
        """Run the cell; its value, still blocked."""
        __tracebackhide__ = True
        namespace: dict[str, Any] = cast(Any, self.shell).user_ns
        wrapped: list[Array] = []

        def wrap(source: Any) -> Array:
            wrapped.append(from_array(source, chunks=chunks.for_shape(source.shape)))
            return wrapped[-1]

        new_bytes = int(_NEW_ARRAYS_SHARE * current().budget_bytes())
        lift = Lift(wrap, Array, _value_of, namespace, new_bytes)
        with _bound(namespace, lift, keep=code.defines), lift:
            value = map_values(code.run(namespace), lift.block)
        if wrapped and isinstance(chunks.shape, tuple) and all(a.ndim != len(chunks.shape) for a in wrapped):
            text = ",".join(map(str, chunks.shape))
            warnings.warn(f"--chunks {text} was not used: no array here has {len(chunks.shape)} axes", stacklevel=2)
        return value


def _value_of(array: Array) -> Any:
    return array.compute()


def _computed(values: list[Any]) -> list[Any]:
    """`values` with the blocked arrays in them computed, all in one pass."""
    __tracebackhide__ = True
    arrays: list[Array] = []

    def collect(value: Any) -> None:
        if isinstance(value, Array):
            arrays.append(value)

    map_values(values, collect)
    if not arrays:
        return values
    results = iter(compute(*(array.expr for array in arrays)))
    new: list[Any] = map_values(values, lambda value: next(results) if isinstance(value, Array) else value)
    return new


def _check_outputs(name: str, outputs: list[str], code: CellCode) -> None:
    """Refuse names that nothing would be stored under, before anything runs."""
    missing = [output for output in outputs if output not in code.assigned]
    if missing and code.last is None:
        raise UsageError(
            f"{name}: -o {missing[0]}: the cell neither assigns {missing[0]!r} nor ends with an expression to store"
        )
    if len(missing) > 1:
        raise UsageError(f"{name}: -o {','.join(missing)}: the cell assigns none of them and has but one value")


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
def _watched(shell: Any) -> Iterator[None]:
    """Every run started in here is shown by the cell's progress display."""
    __tracebackhide__ = True
    progress = cell_progress(shell)
    if progress is None:
        yield
        return
    try:
        with observe(progress):
            yield
    finally:
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
