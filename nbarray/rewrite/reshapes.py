"""Reshapes that only split axes: done on what is read, so that nothing has to be moved."""

from __future__ import annotations

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.structure import Reshape
from nbarray.io.reshaped import ReshapedReader, split_axes
from nbarray.kernels.elementwise import ById
from nbarray.rewrite.driver import on

__all__ = ["reshape_source", "reshape_through_elementwise"]


@on(Reshape)
def reshape_through_elementwise(expr: Expr) -> Expr | None:
    """Work on elements is done after axes are split.

    (t * 2).reshape(y, 365, n)   ->   t.reshape(y, 365, n) * 2
    """
    match expr:
        case Reshape(Elementwise(op, args, dtype) as base, chunks):
            if split_axes(base.sizes, chunks.shape) is None or any(a.ndim and a.shape != base.shape for a in args):
                return None
            return Elementwise(op, tuple(Reshape(a, chunks) if a.ndim else a for a in args), dtype)
    return None


@on(Reshape)
def reshape_source(expr: Expr) -> Expr | None:
    """A stored array whose axes are split is a stored array.

    t.reshape(y, 365, n)   ->   t in shape (y, 365, n)
    """
    match expr:
        case Reshape(SourceArray() as source, chunks):
            if source.reader.array is not None:
                return None
            reader = ReshapedReader.of(source.reader, chunks.shape)
            return None if reader is None else SourceArray(ById(reader), chunks)
    return None
