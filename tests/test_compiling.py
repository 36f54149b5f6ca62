"""Loops written as text, where compiling them fails."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbarray import compiling
from nbarray.compiling import CannotCompile, run_loops


def test_what_can_not_be_compiled_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the compiler or its cache raises, before the call or in it, callers see one error, and at once later."""
    tried: list[str] = []

    def loaded(text: str) -> Callable[..., Any]:
        tried.append(text)
        if text == "no place for a cache":
            raise RuntimeError("no locator")
        return broken

    def broken(*arguments: Any) -> Any:
        raise TypeError("no such type")

    monkeypatch.setattr(compiling, "_compiled", loaded)
    monkeypatch.setattr(compiling, "_failing", {})
    monkeypatch.setattr(compiling, "_functions", {})
    texts = ["no place for a cache", "no types"]
    for text in [*texts, *texts]:
        with pytest.raises(CannotCompile):
            run_loops(text, 1)

    assert texts == tried


def test_a_failure_keeps_nothing_of_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler's error would hold the frames that it went through, and the blocks in them."""
    pytest.importorskip("numba")
    monkeypatch.setattr(compiling, "_failing", {})

    class Block:
        """Something large."""

    def compute() -> weakref.ref[Block]:
        block = Block()
        with pytest.raises(CannotCompile, match="TypingError"):
            run_loops(f"def {compiling.KERNEL}(x):\n    return float(x == 0.0)\n", 1.0)
        return weakref.ref(block)

    found = compute()
    gc.collect()

    assert found() is None


def test_no_room_is_no_failure_of_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """A MemoryError goes on to who asked, and the loops are tried again the next time."""
    room = [0, 10]

    def loops(size: int) -> int:
        if size > room.pop(0):
            raise MemoryError("no room")
        return size

    monkeypatch.setattr(compiling, "_compiled", lambda text: loops)
    monkeypatch.setattr(compiling, "_failing", {})
    monkeypatch.setattr(compiling, "_functions", {})
    with pytest.raises(MemoryError, match="no room"):
        run_loops("text", 3)

    assert {} == compiling.failures()
    assert 3 == run_loops("text", 3)


def test_what_the_first_kernel_takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The longer a text is, the more compiling takes; nothing where kernels are kept, or one was compiled before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compiling, "_functions", {"loaded": len})
    monkeypatch.setattr(compiling, "_has_compiled", False)
    short, long = "short", "long" * 1000

    assert 0 == compiling.first_bytes([]) == compiling.first_bytes(["loaded"])
    assert 0 < compiling.first_bytes([short, "loaded"]) < compiling.first_bytes([long, short])
    assert compiling.first_bytes([100 * long]) == compiling.COMPILING_BYTES

    place = compiling._place(long)
    kept = place.parent / "__pycache__" / f"{place.stem}.{compiling.KERNEL}-1.py311.nbi"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert compiling.first_bytes([long, short]) == compiling.first_bytes([short])
    monkeypatch.setattr(compiling, "_has_compiled", True)
    assert 0 == compiling.first_bytes([short])
