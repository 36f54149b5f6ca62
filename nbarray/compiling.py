"""Loops written as text and compiled by numba, where it is installed.

What is compiled runs outside the interpreter's lock.  It is kept on disk, in the folder that users' caches belong in.
Loading numba takes half a second and some 50 MB, compiling 15 MB more, so it is left to who has enough work for it;
what would only gain a little by being compiled asks whether it is there already.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import threading
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "COMPILER_BYTES",
    "COMPILING_BYTES",
    "KERNEL",
    "CannotCompile",
    "can_compile",
    "failures",
    "first_bytes",
    "flags",
    "kernels_loaded",
    "loading_bytes",
    "run_loops",
    "run_watched",
]

#: The name of the function that a text defines.
KERNEL = "kernel"

#: What is kept in memory of numba itself, of the machinery of kernels, and of the first one that has to be compiled; of
#: that so much whatever it does, and so much for each character of its text.
NUMBA_BYTES, KERNELS_BYTES, COMPILING_BYTES = 25 * 10**6, 25 * 10**6, 25 * 10**6
FIRST_BYTES, CHARACTER_BYTES = 7 * 10**6, 4500
COMPILER_BYTES = NUMBA_BYTES + KERNELS_BYTES + COMPILING_BYTES
#: What the C library calls invalid, division by zero and overflow, by architecture.
_FLAGS = {"x86_64": (1, 4, 8), "aarch64": (1, 2, 4), "arm64": (1, 2, 4)}
#: What NumPy does to each of them, in the way that it is set to.
_TELLING: tuple[Callable[[], Any], ...] = (
    lambda: np.subtract(np.float64(np.inf), np.inf),
    lambda: np.divide(np.float64(1), 0.0),
    lambda: np.multiply(np.float64(1e300), 1e300),
)

_lock = threading.Lock()
#: Texts that couldn't be compiled, and why; and what the others were compiled to.
_failing: dict[str, str] = {}
_functions: dict[str, Callable[..., Any]] = {}


class CannotCompile(Exception):
    """The compiler fails; what it was to compile has done nothing."""


class Flags:
    """The processor's flags of what went wrong in floating-point operations of this thread."""

    def __init__(self, library: Any, bits: tuple[int, ...]) -> None:
        self._clear, self._test, self._bits, self._mask = library.feclearexcept, library.fetestexcept, bits, sum(bits)

    def clear(self) -> None:
        """Forget what went wrong before."""
        self._clear(self._mask)

    def found(self) -> int:
        """What went wrong since; 0 for nothing."""
        return int(self._test(self._mask))

    def tell(self) -> None:
        """Let NumPy tell what went wrong, as it tells what goes wrong in its own functions."""
        raised = self.found()
        for bit, telling in zip(self._bits, _TELLING, strict=True):
            if raised & bit:
                telling()


@cache
def flags() -> Flags | None:
    """The flags; None where we don't know how to look at them."""
    bits = _FLAGS.get(os.uname().machine) if hasattr(os, "uname") else None
    if bits is None:
        return None
    try:
        return Flags(ctypes.PyDLL(None), bits)
    except (OSError, AttributeError):
        return None


@cache
def can_compile() -> bool:
    """Whether numba is installed, and compiled code can be asked what went wrong; numba isn't loaded for that."""
    return importlib.util.find_spec("numba") is not None and flags() is not None


def run_watched(text: str, *arguments: Any) -> tuple[Any, Flags]:
    """What the loops of a text return, and the flags of what went wrong in their operations.

    They are compiled for what they are called with, at the first call, or come from the cache.

    Raises CannotCompile, from then on without trying again; MemoryError where there is no room just now.
    """
    raised = flags()
    assert raised is not None
    if text in _failing:
        raise CannotCompile(_failing[text])
    try:
        function = _functions.get(text)
        known = function is not None
        if function is None:
            with _lock:
                function = _functions.get(text) or _compiled(text)
        raised.clear()
        made = function(*arguments)
        if not known:
            _note_compiled(function)
        return made, raised
    except Exception as error:  # whatever a compiler or its cache may raise: loops themselves want nothing but memory
        with _lock:
            # numba keeps the error, which would keep all that computes here, with its blocks
            _functions.pop(text, None)
            if isinstance(error, MemoryError):
                raise  # it may be there next time
            _failing[text] = f"{type(error).__name__}: {error}"
    raise CannotCompile(_failing[text])


def run_loops(text: str, *arguments: Any) -> Any:
    """What the loops of a text return; what went wrong in their operations is told as NumPy would tell it.

    Raises CannotCompile.
    """
    made, raised = run_watched(text, *arguments)
    if raised.found():
        raised.tell()
    return made


#: Set once a kernel has been loaded in this process, and once one has been compiled that wasn't kept on disk.
_loaded = _has_compiled = False


def kernels_loaded() -> bool:
    """Whether any kernel has been loaded in this process, so that more of them cost little."""
    return _loaded


def loading_bytes() -> int:
    """What kernels of this process may still take besides themselves: 0 once one has been compiled."""
    if _has_compiled:
        return 0
    if _loaded:
        return COMPILING_BYTES
    return COMPILER_BYTES - NUMBA_BYTES * ("numba" in sys.modules)


def first_bytes(texts: Iterable[str]) -> int:
    """About what the first kernel takes to compile; 0 if one was compiled before, or all of these are kept on disk."""
    if _has_compiled:
        return 0
    lengths = [len(text) for text in texts if not (text in _functions or _is_kept(text))]
    return min(COMPILING_BYTES, FIRST_BYTES + CHARACTER_BYTES * max(lengths)) if lengths else 0


def _is_kept(text: str) -> bool:
    """Whether numba keeps what it has compiled a text to."""
    path = _place(text)
    return any(path.parent.glob(f"__pycache__/{path.stem}.{KERNEL}-*.nbi"))


def _note_compiled(function: Any) -> None:
    global _has_compiled
    stats = getattr(function, "stats", None)
    _has_compiled = _has_compiled or stats is None or bool(stats.cache_misses) or not stats.cache_hits


def failures() -> dict[str, str]:
    """The texts that couldn't be compiled in this process, each with the reason."""
    return dict(_failing)


def _compiled(text: str) -> Callable[..., Any]:
    import numba

    global _loaded
    path = _on_disk(text)
    if path is None:
        names: dict[str, Any] = {}
        exec(compile(text, "<kernel>", "exec"), names)
        function = names[KERNEL]
    else:
        spec = importlib.util.spec_from_file_location(f"nbarray_kernels_{path.stem}", path)
        assert spec is not None and spec.loader is not None  # noqa: PT018
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # its cache looks for it there
        spec.loader.exec_module(module)
        function = getattr(module, KERNEL)
    made: Callable[..., Any] = numba.njit(nogil=True, error_model="numpy", cache=path is not None)(function)
    _loaded, _functions[text] = True, made
    return made


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "nbarray" / "kernels"


def _place(text: str) -> Path:
    raw = text.encode()
    return _folder() / f"k{zlib.crc32(raw):08x}{zlib.adler32(raw):08x}{len(raw):x}.py"


def _on_disk(text: str) -> Path | None:
    """A file with the source, which numba keeps what it compiled beside; None where there can't be one."""
    try:
        path = _place(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            part = path.with_suffix(f".{os.getpid()}")
            part.write_text(text)
            part.replace(path)
        return path if path.read_text() == text else None
    except (OSError, RuntimeError):
        return None
