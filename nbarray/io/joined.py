"""Several readers end to end along an axis, as one reader.

A year of files is one source this way: planning costs the same for one file and for a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from nbarray.grid.regions import shape_of
from nbarray.io.protocols import Origin, Reader, read_into, read_shuffled

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
        parts = list(self._parts(region))
        if len(parts) == 1:
            ((reader, part, _),) = parts
            return reader.read(part, out)
        if out is None:
            out = np.empty(shape_of(region), self.dtype)
        for reader, part, place in parts:
            read_into(reader, part, out[place])
        return out

    def read_shuffled(self, region: tuple[slice, ...], out: np.ndarray[Any, Any]) -> int:
        """See `io.protocols.ShuffledReader.read_shuffled`."""
        runs: set[int] = set()
        for reader, part, place in self._parts(region):
            target = out[place]
            if target.flags.c_contiguous:
                runs.add(read_shuffled(reader, part, target))
            if not target.flags.c_contiguous or len(runs) > 1:  # bytes lie in one way, or together
                read_into(self, region, out)
                return 1
        return runs.pop()

    def _parts(self, region: tuple[slice, ...]) -> Iterator[tuple[Reader, tuple[slice, ...], tuple[slice, ...]]]:
        """The readers that a region touches, which part of each, and where that belongs; of an empty region one."""
        axis, s = self._axis, region[self._axis]
        done, position = 0, s.start
        while True:
            k = int(np.searchsorted(self._starts, position, side="right")) - 1
            stop = min(s.stop, int(self._starts[k + 1]))
            count = len(range(position, stop, s.step))
            yield (
                self._readers[k],
                self._shifted(region, position, stop, k),
                (*(slice(None),) * axis, slice(done, done + count)),
            )
            done, position = done + count, position + count * s.step
            if position >= s.stop:
                return

    def _shifted(self, region: tuple[slice, ...], start: int, stop: int, k: int) -> tuple[slice, ...]:
        offset = int(self._starts[k])
        s = region[self._axis]
        return (*region[: self._axis], slice(start - offset, stop - offset, s.step), *region[self._axis + 1 :])


_JOINED: WeakValueDictionary[Any, JoinedReader] = WeakValueDictionary()
