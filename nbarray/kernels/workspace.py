"""What a worker has at hand from task to task, so that nothing is made anew for each tile."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.pages import own_empty

__all__ = ["SMALL_BYTES", "Spares", "Workspace"]

#: Buffers that take less than this together are kept when tasks of another node come.
SMALL_BYTES = 2**20

Tile = np.ndarray[Any, Any]
Corner = tuple[int, ...]


class Spares:
    """Arrays that nobody needs any more, for tasks that make such anew; all workers of a run share them.

    most : so often are arrays kept that were left; 0 where memory is short, as nobody counts them
    making : by number, the nodes that make large states, and by how many tasks; once all are done, nothing is kept
    """

    def __init__(self, most: int = 0, making: dict[int, int] | None = None) -> None:
        self._most, self._making = most, dict(making or {})
        self._arrays: list[Tile] = []
        self._lock = threading.Lock()

    def leave(self, arrays: list[Tile]) -> None:
        """Keep some arrays, and the last of those that were left before."""
        with self._lock:
            if self._most and arrays:
                self._arrays = [*self._arrays, *arrays][-self._most * len(arrays) :]

    def leave_freed(self, block: tuple[Tile, Tile | None]) -> None:
        """Keep the values of a block that was freed, if nobody has a view on them."""
        values = block[0]
        if sys.getrefcount(values) <= 3 and values.base is None:  # ours, the block's, and the argument
            self.leave([values])

    def take(self, shape: Corner, dtype: np.dtype[Any]) -> Tile:
        """An array to be filled, and kept: the one that was left last, which caches may hold, or a new one."""
        with self._lock:
            for k in range(len(self._arrays) - 1, -1, -1):
                if self._arrays[k].shape == shape and self._arrays[k].dtype == dtype:
                    return self._arrays.pop(k)
        return own_empty(shape, dtype)

    def note_done(self, node: int) -> None:
        """A task of a node is done."""
        if node in self._making:
            with self._lock:
                self._making[node] -= 1
                over = not any(self._making.values())
            if over:
                self.close()

    @property
    def held_bytes(self) -> int:
        """What all that were left take; without waiting for whoever takes one."""
        return sum(array.nbytes for array in list(self._arrays))

    def clear(self) -> None:
        """Keep none of what was left so far."""
        with self._lock:
            self._arrays.clear()

    def close(self) -> None:
        """Keep none from now on: there is no use for them, or a task outlives its run."""
        with self._lock:
            self._most = 0
            self._arrays.clear()


class Workspace:
    """What one worker keeps from task to task: evaluators and buffers, by key.

    spares : where states are made
    """

    def __init__(self, spares: Spares | None = None) -> None:
        self.spares = Spares() if spares is None else spares
        #: whose task it was used for last
        self.node: int | None = None
        self._kept: dict[Any, Any] = {}
        self._buffers: dict[Any, Tile] = {}
        self._lent: set[int] = set()

    def keep(self, key: Any, make: Callable[[], Any]) -> Any:
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
        return found

    def tile_buffer(self, number: int, nbytes: int) -> Tile:
        """A buffer of so many bytes or more for tiles, the same one for the same number while it is large enough."""
        return self._at_least(("tile", number), nbytes)

    def buffer_for(self, owner: Any, name: str, shape: Corner, dtype: np.dtype[Any]) -> Tile:
        """As `buffer`, named by who uses it and what for."""
        return self.buffer((owner, name), shape, dtype)

    def buffer(self, name: Any, shape: Corner, dtype: np.dtype[Any]) -> Tile:
        """A reused array of `shape`; valid until the next call with the same name."""
        if dtype.hasobject:
            return np.empty(shape, dtype)
        nbytes = math.prod(shape) * dtype.itemsize
        return self._at_least(name, nbytes)[:nbytes].view(dtype).reshape(shape)

    def zeros(self, name: Any, shape: Corner, dtype: np.dtype[Any]) -> Tile:
        """A reused array of zeros; whoever writes to it makes zeros of it again, or keeps it (`let_keep`)."""
        nbytes = math.prod(shape) * dtype.itemsize
        return self._at_least(name, nbytes, np.zeros)[:nbytes].view(dtype).reshape(shape)

    def let_keep(self, name: Any) -> None:
        """Use a buffer no more, as somebody keeps what lies in it."""
        self._lent.discard(id(self._buffers.pop(name)))

    def _at_least(self, name: Any, nbytes: int, make: Callable[..., Tile] = np.empty) -> Tile:
        have = self._buffers.get(name)
        if have is None or have.nbytes < nbytes:
            if have is not None:
                self._lent.discard(id(have))
                del have, self._buffers[name]  # before there is another
            have = self._buffers[name] = make(nbytes, np.uint8)
            self._lent.add(id(have))
        return have

    @property
    def held_bytes(self) -> int:
        """What all buffers take."""
        return sum(made.nbytes for made in self._buffers.values())

    def clear(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self._buffers.clear()
        self._lent.clear()

    def lends(self, array: Tile) -> bool:
        """Whether an array lies in one of our buffers, so that what is in it will not stay."""
        owner: Any = array
        while isinstance(owner, np.ndarray) and owner.base is not None:
            owner = owner.base
        return id(owner) in self._lent
