"""Rules about chunks: what the user sees gives way to what is good for reading."""

from __future__ import annotations

import math

from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.structure import Rechunk
from nbarray.grid.chunks import Chunks, regular
from nbarray.rewrite.driver import on

__all__ = ["drop_rechunk", "merge_rechunks", "source_chunks", "whole_chunks"]

#: A source is read in pieces of about so many bytes, made of whole stored chunks.
READ_BYTES = 2 * 2**20


@on(Rechunk)
def merge_rechunks(expr: Expr) -> Expr | None:
    """Only the last rechunk counts; one that changes nothing is nothing.

    x.rechunk(5).rechunk(7)   ->   x.rechunk(7)
    """
    match expr:
        case Rechunk(Rechunk(base, _), chunks):
            return Rechunk(base, chunks)
        case Rechunk(base, chunks) if base.chunks == chunks:
            return base
    return None


@on(Rechunk)
def drop_rechunk(expr: Expr) -> Expr | None:
    """Tasks read any rectangle of their operands, so chunks need not be made to fit beforehand.

    Functions of blocks keep the chunks that they were promised (see `MapBlocks.argument_chunks`).

    x.rechunk(5).sum()   ->   x.sum()
    """
    match expr:
        case Rechunk(base, _):
            return base
    return None


@on(SourceArray)
def source_chunks(expr: Expr) -> Expr | None:
    """Read stored data by whole stored chunks, whatever chunks the user asked for.

    t2m in chunks (4, 200, 200), stored as (1, 721, 1440)   ->   t2m in chunks (1, 721, 1440)
    """
    match expr:
        case SourceArray(held, chunks):
            stored = expr.reader.stored_chunks
            if expr.reader.array is not None or stored is None:
                return None
            good = whole_chunks(expr.sizes, stored, expr.dtype.itemsize)
            return SourceArray(held, good) if good != chunks else None
    return None


def whole_chunks(shape: tuple[int, ...], stored: tuple[int, ...], itemsize: int, divisor: int = 1) -> Chunks:
    """Whole stored chunks, as many along the last axes as make up a good read, or one so many times smaller."""
    lengths = [max(1, min(s, n)) for s, n in zip(stored, shape, strict=True)]
    left = READ_BYTES // divisor // max(1, math.prod(lengths) * itemsize)
    for k in range(len(shape) - 1, -1, -1):
        times = max(1, min(left, -(-shape[k] // lengths[k]) if lengths[k] else 1))
        if lengths[k] * times < shape[k]:
            lengths[k] *= times
        else:
            lengths[k] = max(1, shape[k])
        left //= times
    return Chunks(tuple(regular(n, length) for n, length in zip(shape, lengths, strict=True)))
