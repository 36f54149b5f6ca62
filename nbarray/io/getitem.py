"""Anything with a shape, a dtype and square brackets.

Nothing is known about such an object, so it is asked for one region at a time, under one lock per
object, and what it gives is checked against what it promised.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, ReadError, UnsupportedVariable
from nbarray.grid.regions import shape_of
from nbarray.io.failing import brackets, failing_chunk
from nbarray.io.protocols import Origin

__all__ = ["GetitemReader", "checked_dtype", "checked_shape", "lock_of"]

#: One lock per object, however often it is wrapped; keyed by id, since such objects need not be hashable.
_locks: dict[int, threading.RLock] = {}
_locks_lock = threading.Lock()


def lock_of(obj: Any) -> threading.RLock:
    """The lock under which `obj` is read."""
    with _locks_lock:
        lock = _locks.get(id(obj))
        if lock is None:
            lock = threading.RLock()
            try:
                weakref.finalize(obj, _locks.pop, id(obj), None)
            except TypeError:  # can't be watched, so its id may be used again: don't keep the lock
                return lock
            _locks[id(obj)] = lock
        return lock


class GetitemReader:
    """An object with ``shape``, ``dtype`` and ``__getitem__`` as a reader.

    obj : it may declare ``chunks``, the shape of the pieces it is best read in
    shape, dtype : what it will give, where that differs from what it says of itself
    lock : what to hold while reading; a lock of its own by default
    origin : where it comes from, for people
    masked : whether it gives masked arrays, where that is known; else one element is read to find out
    Raises InputError or DTypeError if it lacks one of the three, or says something unusable; ReadError if it raises
    an OSError when it is first asked.
    """

    array: np.ndarray[Any, Any] | None = None

    def __init__(
        self,
        obj: Any,
        *,
        shape: tuple[int, ...] | None = None,
        dtype: np.dtype[Any] | None = None,
        lock: Any = None,
        origin: Origin | None = None,
        masked: bool | None = None,
    ) -> None:
        self._obj = obj
        self._lock = lock_of(obj) if lock is None else lock
        self.shape = checked_shape(obj) if shape is None else shape
        self.dtype = checked_dtype(obj) if dtype is None else dtype
        self.origin = origin or Origin("object", None, _title(obj), "by the object itself, one read at a time")
        self.stored_chunks = _declared_chunks(obj, self.shape)
        self.masked = self._gives_masked() if masked is None else masked

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """What ``obj[region]`` gives, as an array; ReadError if its shape or dtype is not the promised one."""
        block = self._get(region)
        shape = shape_of(region)
        if block.shape != shape:
            raise ReadError(
                f"{self.origin}: asked for {brackets(region)}, expected a block of shape {shape}, got {block.shape}; "
                "its __getitem__ has to accept a tuple of slices as NumPy does"
            )
        if block.dtype != self.dtype:
            raise ReadError(
                f"{self.origin}: its dtype says {self.dtype} but reading gives {block.dtype}; "
                "give the object the dtype that its __getitem__ returns"
            )
        if self.masked or not isinstance(block, np.ma.MaskedArray):
            return np.ma.asanyarray(block) if self.masked else np.asarray(block)
        raise ReadError(f"{self.origin}: gave a masked array for {brackets(region)}, but plain ones before")

    def _get(self, region: tuple[slice, ...]) -> np.ndarray[Any, Any]:
        try:
            got = self._ask(region)
        except Exception as error:  # whatever an unknown object raises
            which = failing_chunk(self._ask, region, self.stored_chunks)
            _note(error, f"raised by {self.origin}, asked for obj{brackets(region)}{which}")
            raise
        return np.asanyarray(got)

    def _ask(self, region: tuple[slice, ...]) -> Any:
        with self._lock:
            return self._obj[region]

    def _gives_masked(self) -> bool:
        """Read one element: whether an object gives masked arrays can't be seen in any other way."""
        if not self.shape or 0 in self.shape:
            return False
        first = tuple(slice(0, 1, 1) for _ in self.shape)
        try:
            one = self._get(first)
        except Exception as error:
            what = f"{self.origin} can't be read: obj{brackets(first)} raised {type(error).__name__}: {error}"
            if isinstance(error, OSError):  # its brackets are right, but what lies behind them isn't there
                raise ReadError(what) from error
            raise InputError(f"{what}; its __getitem__ has to accept a tuple of slices") from error
        if one.dtype != self.dtype and not one.dtype.hasobject:
            self.dtype = one.dtype  # the rule is what reading gives, not what the object says of itself
        return isinstance(one, np.ma.MaskedArray)

    def __getstate__(self) -> dict[str, Any]:
        # our own lock belongs to the object, wherever that is
        own = self._lock is lock_of(self._obj)
        return {**self.__dict__, "_lock": None} if own else self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._lock is None:
            self._lock = lock_of(self._obj)

    def __repr__(self) -> str:
        return f"GetitemReader({self.origin}, {self.shape}, {self.dtype})"


def checked_shape(obj: Any) -> tuple[int, ...]:
    """``obj.shape`` as a tuple of ints; InputError if it is none."""
    try:
        shape = tuple(int(n) for n in obj.shape)
    except (AttributeError, TypeError, ValueError):
        raise InputError(
            f"expected something with shape, dtype and __getitem__, such as a NumPy array, an h5py dataset or a "
            f"netCDF4 variable, not {_class_name(obj)}; for a list or a number use np.asarray(...) first"
        ) from None
    if any(n < 0 for n in shape):
        raise InputError(f"{_class_name(obj)}: a shape can't be negative: {shape}")
    if not hasattr(type(obj), "__getitem__"):
        raise InputError(f"{_class_name(obj)} has a shape but no __getitem__, so its values can't be read in parts")
    return shape


def checked_dtype(obj: Any) -> np.dtype[Any]:
    """``np.dtype(obj.dtype)``; DTypeError if it is none, UnsupportedVariable if it holds Python objects."""
    try:
        dtype: np.dtype[Any] = np.dtype(obj.dtype)
    except AttributeError:
        raise InputError(f"{_class_name(obj)} has a shape but no dtype; wrap an object that has both") from None
    except TypeError:
        raise DTypeError(f"{_class_name(obj)}: {obj.dtype!r} is not a dtype NumPy knows") from None
    if dtype.hasobject:
        raise UnsupportedVariable(
            f"{_class_name(obj)} holds Python objects ({dtype}), whose size in memory nobody can know beforehand; "
            "expected numbers, booleans, dates or strings of a fixed length"
        )
    return dtype


def _class_name(obj: Any) -> str:
    kind = type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _title(obj: Any) -> str:
    """What an object is called: its class, and where it is stored, as Zarr's arrays tell."""
    place = getattr(obj, "store_path", None)
    return _class_name(obj) if place is None else f"{_class_name(obj)} {place}"


def _declared_chunks(obj: Any, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """``obj.chunks`` where it is one positive int per axis; other libraries mean other things by the name."""
    chunks = getattr(obj, "chunks", None)
    if not isinstance(chunks, tuple) or len(chunks) != len(shape):
        return None
    if not all(isinstance(n, int | np.integer) and n > 0 for n in chunks):
        return None
    return tuple(int(n) for n in chunks)


def _note(error: BaseException, text: str) -> None:
    """Say more of an error, once: an object may raise the same one again."""
    if text not in getattr(error, "__notes__", ()):
        error.add_note(text)
