"""The options of all magics, as data, and the decorator that gives a magic some of them."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from collections.abc import Callable
from typing import Any, TypeVar

from IPython.core.magic import line_cell_magic, line_magic, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from nbarray.magics.options import (
    chunks_option,
    memory_option,
    name_option,
    names_option,
    number_option,
    workers_option,
)

__all__ = ["declared"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Flags and what argparse is told, by the name a magic asks for.
_OPTIONS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "chunks": (
        ("--chunks",),
        {
            "type": chunks_option,
            "metavar": "CHUNKS",
            "help": "chunks of the arrays in the cell: lengths such as 4,200,200 (-1: the whole axis; for arrays with "
            "as many axes), one length for every axis, or bytes a chunk such as 64MiB",
        },
    ),
    "memory": (
        ("--memory",),
        {
            "type": memory_option,
            "metavar": "BYTES",
            "help": "what the computation may hold, such as 2GiB; without it nbarray.config says",
        },
    ),
    "workers": (("--workers",), {"type": workers_option, "metavar": "N", "help": "threads that compute"}),
    "output": (
        ("-o", "--output"),
        {
            "type": names_option,
            "action": "append",
            "default": [],
            "metavar": "NAME",
            "help": "compute NAME, if the cell assigns it, else store the cell's value as NAME; several: a,b",
        },
    ),
    "background": (
        ("-b", "--background"),
        {
            "action": "store_true",
            "help": "return at once; the value is a run: run.result() and `await run` wait for the cell's value, "
            "run.pause(), resume(), cancel() steer it; names of -o are filled when it is done",
        },
    ),
    "lazy": (("--lazy",), {"action": "store_true", "help": "compute nothing: the value stays a blocked array"}),
    "plan": (
        ("--plan",),
        {"action": "store_true", "help": "compute nothing: show tasks, bytes to read and peak memory"},
    ),
    "graph": (("--graph",), {"action": "store_true", "help": "compute nothing: draw the operations"}),
    "monitor": (
        ("--monitor",),
        {
            "action": BooleanOptionalAction,
            "default": None,
            "help": "show progress from the start, or never; without it, for what takes over half a second",
        },
    ),
    "strict": (
        ("--strict",),
        {
            "action": "store_true",
            "help": "raise where code asks for all values of a blocked array, a file or a memory map, of more than "
            "1 %% of the memory; without it they are computed for it, and a line says so. What isn't seen: functions "
            "and methods from other cells that take an array from somewhere else than their arguments, zarr's "
            ".oindex and .vindex, and what packages written in C read by themselves",
        },
    ),
    "report": (
        ("--report",),
        {
            "type": name_option,
            "metavar": "NAME",
            "help": "store what the computation took as NAME; see %%blocked_report",
        },
    ),
    "cancel": (
        ("--cancel",),
        {"type": number_option, "metavar": "RUN", "help": "stop the run of this number; its memory is freed"},
    ),
    "pause": (("--pause",), {"type": number_option, "metavar": "RUN", "help": "let the run of this number wait"}),
    "resume": (("--resume",), {"type": number_option, "metavar": "RUN", "help": "let it go on"}),
}


def declared(magic: str, *options: str, line_only: bool = False) -> Callable[[_Function], _Function]:
    """A decorator: a magic of this name with these options; IPython's own decorators have no types."""

    def decorate(function: _Function) -> _Function:
        decorators: list[Any] = [argument(*_OPTIONS[name][0], **_OPTIONS[name][1]) for name in reversed(options)]
        kinds = (line_magic,) if line_only else (needs_local_scope, line_cell_magic)
        for each in (*decorators, magic_arguments(magic), no_var_expand, *kinds):
            function = each(function)
        return function

    return decorate
