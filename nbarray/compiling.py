"""Loops written as text and compiled by numba, where it is installed.

What is compiled runs outside the interpreter's lock.  It is kept on disk, in the folder that users' caches belong in.
Loading numba takes half a second and some 50 MB, so it is left to who has enough work for it; what would only gain a
little by being compiled asks whether it is there already.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["KERNEL", "can_compile", "compiled", "compiled_if_loaded"]

#: The name of the function that a text defines.
KERNEL = "kernel"

_lock = threading.Lock()


@cache
def can_compile() -> bool:
    """Whether numba is installed; it isn't loaded for that."""
    return importlib.util.find_spec("numba") is not None


def compiled(text: str) -> Callable[..., Any]:
    """The function that a text defines, compiled for what it is called with, at the first call or from the cache."""
    with _lock:
        return _compiled(text)


#: Set once something has been compiled in this process.
_loaded = False


def compiled_if_loaded(text: str) -> Callable[..., Any] | None:
    """As `compiled`, but None as long as nobody in this process has had anything compiled."""
    return compiled(text) if _loaded else None


@cache
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
    _loaded = True
    return made


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "nbarray" / "kernels"


def _on_disk(text: str) -> Path | None:
    """A file with the source, which numba keeps what it compiled beside; None where there can't be one."""
    raw = text.encode()
    path = _folder() / f"k{zlib.crc32(raw):08x}{zlib.adler32(raw):08x}{len(raw):x}.py"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            part = path.with_suffix(f".{os.getpid()}")
            part.write_text(text)
            part.replace(path)
        return path if path.read_text() == text else None
    except (OSError, RuntimeError):
        return None
