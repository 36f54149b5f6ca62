"""Einstein sums, taken apart into products of two operands, in the order that makes the fewest bytes.

A pair becomes a matrix product where each side keeps an axis of its own and they share one that is summed; all
else is multiplied element by element and summed in the same pass.  What lies between is never made whole.
"""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, ShapeError
from nbarray.expr.blocks import Contract
from nbarray.expr.node import Expr
from nbarray.ops.creation import full
from nbarray.ops.diagonals import diagonal
from nbarray.ops.elementwise import astype, ufunc
from nbarray.ops.operands import as_expr, drop_axes
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import expand_dims, transpose

__all__ = ["contraction_order", "einsum", "parse_terms"]

Pair = tuple[int, int]
#: An operand with its labels.
Part = tuple[Expr, str]
#: Up to so many operands every order is looked at.
ALL_ORDERS = 6
#: Labels of the axes that an ellipsis stands for, the last axis first.
_FIRST_HIDDEN = 0xE000


@dataclass(frozen=True)
class Terms:
    """Labels of each operand's axes and of the result's, one character an axis."""

    inputs: tuple[str, ...]
    output: str


def einsum(given: Sequence[Any], dtype: Any = None, casting: str = "safe", path: Sequence[Any] | None = None) -> Expr:
    """`numpy.einsum` of ``(subscripts, *operands)`` or ``(operand, labels, ..., labels of the result)``.

    path : which operands to multiply, step by step, as `numpy.einsum_path` has it; None: the order of fewest bytes

    Raises ShapeError or InputError as NumPy raises ValueError.
    """
    terms, values = parse_terms(given)
    operands = [as_expr(v) for v in values]
    if any(x.masked for x in operands):
        raise DTypeError("einsum of masked arrays is not supported; fill them first")
    kind = np.result_type(*(x.dtype for x in operands)) if dtype is None else np.dtype(dtype)
    sizes = _sizes(terms, operands)
    parts = [
        _prepared(astype(x, kind, casting), labels, sizes) for x, labels in zip(operands, terms.inputs, strict=True)
    ]
    if 0 in sizes.values() and kind.kind in "biufcO":  # sums of nothing, whatever it would be multiplied with
        return full(tuple(sizes[c] for c in terms.output), np.zeros((), kind))
    kept = [set(terms.output).union(*(p[1] for j, p in enumerate(parts) if j != k)) for k in range(len(parts))]
    parts = [_summed(*part, needed, kind) for part, needed in zip(parts, kept, strict=True)]
    steps = list(path) if path is not None else contraction_order([p[1] for p in parts], terms.output, sizes)
    while len(parts) > 1:
        parts = _multiplied(parts, steps.pop(0) if steps else range(len(parts)), terms.output, kind)
    ((x, labels),) = parts
    return transpose(x, [labels.index(c) for c in terms.output])


# ------------------------------------------------------------------------------------------------- subscripts


def parse_terms(given: Sequence[Any]) -> tuple[Terms, list[Any]]:
    """The labels of all axes, and the operands.  Raises InputError for subscripts that NumPy doesn't take either."""
    if not given:
        raise InputError("einsum: expected subscripts and operands")
    if isinstance(given[0], str):
        text, operands = given[0].replace(" ", ""), list(given[1:])
    else:
        text, operands = _from_lists(given)
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    bad = set(text) - set(string.ascii_letters + ".,->")
    if bad or ("-" in left + right) or (">" in left + right):
        raise InputError(f"einsum: subscripts {text!r} hold {''.join(sorted(bad)) or '->'!r}; expected letters and ...")
    if len(terms) != len(operands):
        raise InputError(f"einsum: {len(terms)} subscripts in {text!r}, but {len(operands)} operands")
    inputs = tuple(_with_hidden(t, np.ndim(x), text) for t, x in zip(terms, operands, strict=True))
    hidden = sorted({c for t in inputs for c in t if ord(c) >= _FIRST_HIDDEN}, reverse=True)
    letters = "".join(inputs)
    if not arrow:
        once = sorted(c for c in set(letters) if letters.count(c) == 1 and ord(c) < _FIRST_HIDDEN)
        return Terms(inputs, "".join([*hidden, *once])), operands
    if hidden and "..." not in right:
        raise InputError(f"einsum: the result of {text!r} has to hold ... as its operands do, or sum those axes first")
    output = right.replace("...", "".join(hidden), 1)
    wrong = [c for c in output if c not in letters or output.count(c) > 1]
    if wrong:
        raise InputError(f"einsum: {wrong[0]!r} in the result of {text!r}: expected labels of operands, each once")
    return Terms(inputs, output), operands


def _with_hidden(term: str, ndim: int, text: str) -> str:
    """A term with a label of its own for each axis that its ellipsis stands for."""
    named = term.replace("...", "", 1)
    count = ndim - len(named)
    if "." in named:
        raise InputError(f"einsum: {term!r} in {text!r}: an ellipsis is three dots, and once in an operand")
    if count < 0 or (count > 0 and "..." not in term):
        raise InputError(f"einsum: {term!r} in {text!r} names {len(named)} axes of an operand that has {ndim}")
    return term.replace("...", "".join(chr(_FIRST_HIDDEN + k) for k in reversed(range(count))))


def _from_lists(given: Sequence[Any]) -> tuple[str, list[Any]]:
    operands, lists = list(given[0 : len(given) // 2 * 2 : 2]), list(given[1::2])
    text = ",".join(map(_from_list, lists))
    return (text if len(given) % 2 == 0 else f"{text}->{_from_list(given[-1])}"), operands


def _from_list(labels: Any) -> str:
    text = ""
    for label in labels:
        if label is Ellipsis:
            text += "..."
        elif not hasattr(label, "__index__"):
            raise DTypeError(f"einsum: each label must be an integer or an ellipsis, not {label!r}")
        elif not 0 <= label.__index__() < 52:
            raise InputError(f"einsum: label {label} is not within 0..51")
        else:
            text += (string.ascii_uppercase + string.ascii_lowercase)[label.__index__()]
    return text


def _sizes(terms: Terms, operands: Sequence[Expr]) -> dict[str, int]:
    """The size of each label; 1 gives way to others."""
    sizes: dict[str, int] = {}
    for labels, x in zip(terms.inputs, operands, strict=True):
        own: dict[str, int] = {}
        for c, n in zip(labels, x.sizes, strict=True):
            if own.setdefault(c, n) != n:
                raise ShapeError(f"einsum: {c!r} stands for axes of {own[c]} and of {n} elements in one operand")
            if sizes.get(c, 1) == 1:
                sizes[c] = n
            elif n not in (1, sizes[c]):
                raise ShapeError(
                    f"einsum: operands could not be broadcast together: {c!r} stands for {sizes[c]} and {n} elements"
                )
    return sizes


# --------------------------------------------------------------------------------------------------- products


def _prepared(x: Expr, labels: str, sizes: dict[str, int]) -> Part:
    """An operand without labels that repeat, and without axes along which it is only spread."""
    for c in dict.fromkeys(labels):
        while labels.count(c) > 1:
            i = labels.index(c)
            j = labels.index(c, i + 1)
            x = diagonal(x, 0, i, j)
            labels = "".join(d for k, d in enumerate(labels) if k not in (i, j)) + c
    spread = tuple(k for k, c in enumerate(labels) if x.sizes[k] != sizes[c])
    return drop_axes(x, spread), "".join(c for k, c in enumerate(labels) if k not in spread)


def _summed(x: Expr, labels: str, kept: set[str], kind: np.dtype[Any]) -> Part:
    """Summed over labels that nothing else has."""
    axes = tuple(k for k, c in enumerate(labels) if c not in kept)
    if not axes:
        return x, labels
    made = reduction("any", x, axes) if kind.kind == "b" else reduction("sum", x, axes, dtype=kind)
    return made, "".join(c for c in labels if c in kept)


def _multiplied(parts: list[Part], step: Sequence[int], output: str, kind: np.dtype[Any]) -> list[Part]:
    """The operands with some of them multiplied, which goes to their end."""
    rest = [p for k, p in enumerate(parts) if k not in step]
    product, *more = (parts[k] for k in step)
    while more:
        other, *more = more
        kept = set(output).union(*(labels for _, labels in (*rest, *more)))
        product = _product(*product, *other, kept, kind)
    return [*rest, product]


def _product(a: Expr, of_a: str, b: Expr, of_b: str, kept: set[str], kind: np.dtype[Any]) -> Part:
    """Two operands as one, summed over the labels that only they have."""
    shared = [c for c in of_a if c in of_b]
    stack, summed = [c for c in shared if c in kept], [c for c in shared if c not in kept]
    left, right = [c for c in of_a if c not in shared], [c for c in of_b if c not in shared]
    if summed and (left or right):
        first = transpose(a, [of_a.index(c) for c in (*stack, *left, *summed)])
        second = transpose(b, [of_b.index(c) for c in (*stack, *summed, *right)])
        return Contract(first, second, len(stack), len(summed), kind), "".join((*stack, *left, *right))
    labels = "".join((*stack, *left, *right, *summed))
    return _summed(ufunc(np.multiply, _spread(a, of_a, labels), _spread(b, of_b, labels)), labels, kept, kind)


def _spread(x: Expr, have: str, labels: str) -> Expr:
    """An operand with its axes in the order of `labels`, and axes of length 1 for those it hasn't got."""
    x = transpose(x, [have.index(c) for c in labels if c in have])
    return expand_dims(x, tuple(k for k, c in enumerate(labels) if c not in have))


# ------------------------------------------------------------------------------------------------------ order


def contraction_order(inputs: Sequence[str], output: str, sizes: dict[str, int]) -> list[Pair]:
    """Which two operands to multiply, step by step, so that what lies between takes the fewest bytes.

    A product goes to the end of the list of operands.  Among equals the order of fewest operations is taken.

    >>> contraction_order(["ij", "jk", "k"], "i", {"i": 5, "j": 6, "k": 7})
    [(1, 2), (0, 1)]
    """
    if len(inputs) <= ALL_ORDERS:
        return _best(list(inputs), output, sizes)[1]
    terms, steps = list(inputs), []
    while len(terms) > 1:
        pairs = [(i, j) for j in range(len(terms)) for i in range(j)]
        pair = min(pairs, key=lambda p: _cost(terms, p, output, sizes))
        terms = _after(terms, pair, output)
        steps.append(pair)
    return steps


def _best(terms: list[str], output: str, sizes: dict[str, int]) -> tuple[tuple[int, int], list[Pair]]:
    if len(terms) < 2:
        return (0, 0), []
    found: list[tuple[tuple[int, int], list[Pair]]] = []
    for j in range(len(terms)):
        for i in range(j):
            made, operations = _cost(terms, (i, j), output, sizes)
            (rest, more), steps = _best(_after(terms, (i, j), output), output, sizes)
            found.append(((made + rest, operations + more), [(i, j), *steps]))
    return min(found, key=lambda f: f[0])


def _after(terms: list[str], pair: Pair, output: str) -> list[str]:
    others = [t for k, t in enumerate(terms) if k not in pair]
    kept = set(output).union(*others)
    return [*others, "".join(c for c in dict.fromkeys(terms[pair[0]] + terms[pair[1]]) if c in kept)]


def _cost(terms: list[str], pair: Pair, output: str, sizes: dict[str, int]) -> tuple[int, int]:
    """Elements that a product has, and operations it takes."""
    made = _after(terms, pair, output)[-1]
    every = set(terms[pair[0]] + terms[pair[1]])
    return math.prod(sizes[c] for c in made), math.prod(sizes[c] for c in every)
