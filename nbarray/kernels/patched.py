"""An operand that lies in several arrays: what wraps around an edge, or is repeated beyond it.

Programs take it apart instead of putting it together: each of its cells is computed where it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np

__all__ = ["Patched", "apart", "cut_operand"]

Tile = np.ndarray[Any, Any]
Planes = tuple[Tile, Tile | None]
Region = tuple[slice, ...]


class Patched:
    """Cells that make up a box, each with where in it it belongs."""

    def __init__(self, shape: tuple[int, ...], cells: Sequence[tuple[Region, Planes]]) -> None:
        self.shape, self.cells = shape, cells

    def cut(self, region: Region) -> Patched | Planes:
        """A part of the box; as it lies, where it lies in one cell."""
        spans = [s.indices(n)[:2] for s, n in zip(region, self.shape, strict=True)]
        shape = tuple(max(0, stop - start) for start, stop in spans)
        found: list[tuple[Region, Planes]] = []
        for target, (values, mask) in self.cells:
            at, within = [], []
            for (start, stop), t in zip(spans, target, strict=True):
                a, b = max(start, t.start), min(stop, t.stop)
                if b <= a:
                    break
                at.append(slice(a - start, b - start))
                within.append(slice(a - t.start, b - t.start))
            else:
                there = tuple(within)
                found.append((tuple(at), (values[there], None if mask is None else mask[there])))
        if len(found) == 1 and found[0][1][0].shape == shape:
            return found[0][1]
        return Patched(shape, found)

    def expanded(self, axes: int) -> Patched:
        """As many axes of length 1 more in front."""
        lead, first = (None,) * axes, (slice(0, 1),) * axes
        cells = [((*first, *t), (v[lead], None if m is None else m[lead])) for t, (v, m) in self.cells]
        return Patched((*(1,) * axes, *self.shape), cells)

    def together(self, out: Tile) -> Planes:
        """The box as one array, put together in `out`."""
        mask: Tile | None = None
        for target, (values, missing) in self.cells:
            out[target] = values
            if missing is not None:
                mask = np.zeros(self.shape, bool) if mask is None else mask
                mask[target] = missing
        return out, mask


def cut_operand(operand: Patched | Planes, region: Region) -> Patched | Planes:
    """A part of an operand."""
    if isinstance(operand, Patched):
        return operand.cut(region)
    values, mask = operand
    return values[region] if region else values, mask[region] if mask is not None and region else mask


def apart(operands: Sequence[Patched | Planes], shape: tuple[int, ...]) -> list[Region]:
    """Regions of a box of `shape` in which each operand lies in one array."""
    edges = [{0, n} for n in shape]
    for operand in operands:
        if isinstance(operand, Patched):
            for target, _ in operand.cells:
                for k, (part, n) in enumerate(zip(target, operand.shape, strict=True)):
                    if n == shape[k]:  # else it is the same all along
                        edges[k] |= {part.start, part.stop}
    return [tuple(slice(a, b) for a, b in box) for box in product(*(pairwise(sorted(e)) for e in edges))]
