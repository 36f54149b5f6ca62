"""Several readers end to end along an axis, as one reader.

A year of files is one source this way: planning costs the same for one file and for a thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from nbarray.grid.regions import shape_of
from nbarray.io.protocols import Origin, Reader

__all__ = ["JoinedReader"]


class JoinedReader:
    """Reads from `readers` laid end to end along `axis`; they agree in dtype and in all other axes."""

    masked = False
    array: np.ndarray[Any, Any] | None = None

    def __init__(self, readers: Sequence[Reader], axis: int) -> None:
        self._readers, self._axis = tuple(readers), axis
        first = self._readers[0]
        self._starts = np.concatenate([[0], np.cumsum([r.shape[axis] for r in self._readers])]).astype(np.int64)
        shape = list(first.shape)
        shape[axis] = int(self._starts[-1])
        self.shape = tuple(shape)
        self.dtype = first.dtype
        self.stored_chunks = self._common_chunks()
        origin = first.origin
        name = origin.name
        path = f"{origin.path} and {len(self._readers) - 1} more" if origin.path else None
        routes = sorted({r.origin.route for r in self._readers})
        self.origin = Origin(origin.kind, path, name, "; ".join(routes))

    @staticmethod
    def of(readers: Sequence[Reader], axis: int) -> JoinedReader:
        """The reader for these readers; the same one as long as it is in use somewhere."""
        key = (axis, tuple(id(r) for r in readers))
        found = _JOINED.get(key)
        if found is None or any(a is not b for a, b in zip(found._readers, readers, strict=True)):
            found = _JOINED[key] = JoinedReader(readers, axis)
        return found

    def _common_chunks(self) -> tuple[int, ...] | None:
        """The stored chunks that tile the whole; along the axis joined, the longest that divides every part."""
        stored = {r.stored_chunks for r in self._readers}
        if None in stored:
            lengths = {r.shape[self._axis] for r in self._readers}
            if len(stored) == 1 and len(lengths) == 1:
                return None
            stored.discard(None)
        chunks = [list(s) for s in stored if s is not None]
        if not chunks:
            return None
        common = [max(c[k] for c in chunks) for k in range(len(self.shape))]
        parts = [int(n) for n in np.diff(self._starts)[:-1]]
        common[self._axis] = int(np.gcd.reduce([common[self._axis], *parts])) if parts else common[self._axis]
        return tuple(common)

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """See `io.protocols.Reader.read`."""
        axis, s = self._axis, region[self._axis]
        first = int(np.searchsorted(self._starts, s.start, side="right")) - 1
        if s.stop <= int(self._starts[first + 1]) or s.stop <= s.start:
            return self._readers[first].read(self._shifted(region, s.start, s.stop, first), out)
        if out is None:
            out = np.empty(shape_of(region), self.dtype)
        done, position = 0, s.start
        while position < s.stop:
            k = int(np.searchsorted(self._starts, position, side="right")) - 1
            stop = min(s.stop, int(self._starts[k + 1]))
            count = len(range(position, stop, s.step))
            target = out[(*(slice(None),) * axis, slice(done, done + count))]
            buffer = target if target.flags.c_contiguous else None
            part = self._readers[k].read(self._shifted(region, position, stop, k), buffer)
            if part is not target:
                target[...] = part
            done, position = done + count, position + count * s.step
        return out

    def _shifted(self, region: tuple[slice, ...], start: int, stop: int, k: int) -> tuple[slice, ...]:
        offset = int(self._starts[k])
        s = region[self._axis]
        return (*region[: self._axis], slice(start - offset, stop - offset, s.step), *region[self._axis + 1 :])


_JOINED: WeakValueDictionary[Any, JoinedReader] = WeakValueDictionary()
