"""What there is to say of an expression, as short pieces of text.

Every picture and every text says the same things in the same words, because the words are here.
All pieces are short for any number of chunks and axes.  This file knows no HTML, SVG or DOT.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import prod
from pathlib import PurePath
from typing import TypeVar

from nbarray.expr.leaves import SourceArray
from nbarray.expr.lowered import Lowered
from nbarray.expr.lowered_folds import FoldedParts
from nbarray.expr.lowered_fused import Fused
from nbarray.expr.node import Expr
from nbarray.expr.walk import postorder
from nbarray.grid.chunks import AxisChunks, Chunks
from nbarray.units import format_bytes

__all__ = [
    "Sizes",
    "array_bytes",
    "block_bytes",
    "block_counts",
    "blocks_of_text",
    "blocks_text",
    "bytes_text",
    "chunk_shape_text",
    "clip",
    "dtype_text",
    "ends",
    "file_text",
    "label_text",
    "members",
    "name_text",
    "operands",
    "operations",
    "product_text",
    "shape_text",
    "source_texts",
]

T = TypeVar("T")
#: Sizes of axes; None is a size that depends on values and is not known yet.
Sizes = Sequence[int | None]

#: Axes beyond this many are left out of the middle of a shape.
MOST_AXES = 8


def clip(text: str, most: int) -> str:
    """`text` on one line, with its middle left out where it is longer than `most` characters.

    Control characters, bidirectional marks and undecodable bytes become ``\\ufffd``.

    >>> clip("a_very_long_file_name.nc", 12), clip("two\\nlines", 20)
    ('a_very…me.nc', 'two\\ufffdlines')
    """
    # slicing first keeps a text of megabytes cheap
    if len(text) > most:
        tail = (most - 1) // 2
        text = f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _size_texts(sizes: Sequence[int | str | None]) -> list[str]:
    """Each size as text, with the middle left out where there are many."""
    texts = ["?" if size is None else str(size) for size in sizes]
    if len(texts) > MOST_AXES:
        texts = [*texts[: MOST_AXES // 2], "…", *texts[-(MOST_AXES // 2 - 1) :]]
    return texts


def shape_text(shape: Sequence[int | str | None]) -> str:
    """A shape as NumPy writes it, ``?`` where a size is unknown.

    >>> shape_text((1464, None, 1440)), shape_text((5,)), shape_text(())
    ('(1464, ?, 1440)', '(5,)', '()')
    """
    texts = _size_texts(shape)
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def product_text(sizes: Sizes, times: str = "×") -> str:
    """Sizes joined by a times sign.

    >>> product_text((366, 4, 8)), product_text((1464, None), " × ")
    ('366×4×8', '1464 × ?')
    """
    return times.join(_size_texts(sizes))


def _chunk_size(axis: AxisChunks, size: int | None) -> str | None:
    """The size of an axis' chunks, ``≤`` where they differ by more than a smaller last one."""
    if size is None:
        return None
    return f"{axis.largest}" if axis.is_regular else f"≤{axis.largest}"


def chunk_shape_text(chunks: Chunks, shape: Sizes) -> str:
    """The shape of a block; ``(≤4, 200)`` where an axis is cut unevenly."""
    return shape_text([_chunk_size(axis, size) for axis, size in zip(chunks.axes, shape, strict=True)])


def block_counts(chunks: Chunks, shape: Sizes) -> Sizes:
    """The number of chunks of each axis, None where its size isn't known."""
    return [None if size is None else count for count, size in zip(chunks.numblocks, shape, strict=True)]


def blocks_text(chunks: Chunks, shape: Sizes) -> str:
    """The number of blocks along each axis: ``366×4×8 blocks``."""
    counts = block_counts(chunks, shape)
    return "1 block" if all(count == 1 for count in counts) else f"{product_text(counts)} blocks"


def blocks_of_text(expr: Expr) -> str:
    """The number and the shape of an expression's blocks: ``4×8 blocks of (200, 200)``."""
    blocks = blocks_text(expr.chunks, expr.shape)
    return blocks if blocks == "1 block" else f"{blocks} of {chunk_shape_text(expr.chunks, expr.shape)}"


def array_bytes(expr: Expr) -> int | None:
    """Bytes of all values, or None where a size is unknown."""
    sizes = [size for size in expr.shape if size is not None]
    return prod(sizes) * expr.dtype.itemsize if len(sizes) == len(expr.shape) else None


def block_bytes(expr: Expr) -> int | None:
    """Bytes of the largest block, or None where a size is unknown."""
    return None if None in expr.shape else prod(expr.chunks.largest) * expr.dtype.itemsize


def bytes_text(nbytes: int | None) -> str:
    """Bytes as people read them, ``size unknown`` for None."""
    return "size unknown" if nbytes is None else format_bytes(nbytes)


def dtype_text(expr: Expr) -> str:
    """The dtype, and whether values can be masked."""
    return clip(str(expr.dtype), 32) + (", masked" if expr.masked else "")


def _is_scalar(expr: Expr) -> bool:
    """Whether a node is just a number, which is written into what uses it."""
    return expr.kind == "create" and expr.shape == ()


def operands(expr: Expr) -> list[Expr]:
    """The arrays an operation needs; numbers are said in its label."""
    needed = expr.operands if isinstance(expr, Lowered) else expr.children
    return [child for child in needed if not _is_scalar(child)]


def members(expr: Expr) -> list[str]:
    """The operations that were fused into one, in the order in which they run; empty for any other."""
    fused = expr.parts[0] if isinstance(expr, FoldedParts) else expr
    if not isinstance(fused, Fused):
        return []
    return list(fused.members) if len(fused.members) > 1 else []


def label_text(expr: Expr, most: int = 36) -> str:
    """What people call an operation, with the numbers it uses: ``add(·, 1)``."""
    numbers = [clip(child.label, 12) if _is_scalar(child) else "·" for child in expr.children]
    some = any(number != "·" for number in numbers)
    return clip(f"{expr.label}({', '.join(numbers)})" if some else expr.label, most)


def name_text(expr: Expr, most: int = 40) -> str:
    """What to call an array: its last operation, or the variable where it is just read."""
    reads = len(expr.children) == 1 and isinstance(expr.children[0], SourceArray)
    return label_text(expr.children[0] if reads and expr.label == "unpack" else expr, most)


def operations(exprs: Iterable[Expr]) -> list[Expr]:
    """Every node that is drawn, once: all but plain numbers, each after what it needs."""
    seen, stack = dict[Expr, None](), [(root, False) for root in reversed(list(exprs))]
    while stack:
        node, ready = stack.pop()
        if ready:
            seen[node] = None
        elif node not in seen:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(operands(node)) if child not in seen)
    return list(seen)


def ends(nodes: Sequence[T], most: int) -> tuple[Sequence[T], int, Sequence[T]]:
    """The first of `nodes`, how many are left out, and the last one: `most` in all, or one more.

    A single one is never left out, as saying so would take as much room.

    >>> ends("abcdefg", 4), ends("abcde", 4)
    (('abc', 3, 'g'), ('abcde', 0, ''))
    """
    if len(nodes) <= most + 1:
        return nodes, 0, nodes[:0]
    return nodes[: most - 1], len(nodes) - most, nodes[-1:]


def file_text(path: str) -> str:
    """The name of a file, without its directory."""
    return clip(PurePath(path).name or path, 32)


def _files_text(paths: Sequence[str]) -> str:
    """The name of a file, or the first and the last of many."""
    return file_text(paths[0]) if len(paths) == 1 else f"{file_text(paths[0])} … {file_text(paths[-1])}"


def source_texts(expr: Expr, most: int = 2) -> list[str]:
    """Where an expression's values come from: two lines for each kind of file and variable, one for the rest.

    Many files with the same variable, stored alike, are said once.

    most : how many kinds of files and variables are said
    """
    groups: dict[tuple[str, str, tuple[int, ...] | None], list[str]] = {}
    for node in postorder([expr]):
        if isinstance(node, SourceArray):
            origin = node.reader.origin
            groups.setdefault((origin.kind, origin.name or "", node.reader.stored_chunks), []).append(origin.path or "")
    lines = []
    for (kind, name, stored), paths in list(groups.items())[:most]:
        files = list(dict.fromkeys(path for path in paths if path))
        many = f"{len(files)} files" if len(files) > 1 else f"{len(paths)} arrays" if len(paths) > 1 else ""
        what = " in ".join(part for part in (clip(name, 32), many) if part)
        pieces = f"stored chunks {shape_text(stored)}" if stored is not None else ""
        lines.append(" ".join(part for part in (clip(kind, 20), _files_text(files) if files else what) if part))
        lines.append(", ".join(part for part in (what if files else "", pieces) if part))
    if len(groups) > most:
        rest = Counter(key[0] for key in list(groups)[most:])
        lines.append("and " + ", ".join(f"{count} more {clip(kind, 20)}" for kind, count in rest.most_common(3)))
    return [line for line in lines if line]
