"""The law of the optimiser: whatever is written, in whatever order, it means what it means to NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, note
from hypothesis import strategies as st

import nbarray as nb
from nbarray.expr.text import expr_text
from tests.compare import tiny_tasks
from tests.examples import law
from tests.pages.arrays import named

#: An array of ours and the same of NumPy's.
Pair = tuple[Any, Any]
SHAPES = ((6, 5), (4, 3, 2), (7,))


def _source(draw: st.DrawFn, shape: tuple[int, ...]) -> Pair:
    values = np.arange(np.prod(shape), dtype=float).reshape(shape) * draw(st.sampled_from([1.0, -0.5, 3.0]))
    chunks = tuple(draw(st.integers(1, n)) for n in shape)
    if draw(st.booleans()):
        return nb.from_array(values, chunks=chunks), values
    stored = tuple(draw(st.integers(1, n)) for n in shape)
    return named("stored", values, chunks, stored), values


def _slice(draw: st.DrawFn, n: int) -> Any:
    bound = st.none() | st.integers(-n - 1, n + 1)
    step = st.none() | st.sampled_from([1, 2, -1, -2, 3])
    return draw(st.builds(slice, bound, bound, step) | (st.integers(-n, n - 1) if n else st.just(slice(None))))


def _sliced(draw: st.DrawFn, pair: Pair) -> Pair:
    index: list[Any] = [_slice(draw, n) for n in pair[1].shape]
    if draw(st.booleans()):
        index.insert(draw(st.integers(0, len(index))), None)
    return pair[0][tuple(index)], pair[1][tuple(index)]


def _turned(draw: st.DrawFn, pair: Pair) -> Pair:
    order = draw(st.permutations(range(pair[1].ndim)))
    return pair[0].transpose(order), pair[1].transpose(order)


def _mapped(draw: st.DrawFn, pair: Pair) -> Pair:
    f = draw(st.sampled_from([lambda x: x + 1, lambda x: x * x - 2, lambda x: -x, lambda x: 1 - x / 4]))
    return f(pair[0]), f(pair[1])


def _like(draw: st.DrawFn, pair: Pair) -> Pair:
    """The same, something made of it, or something else of its shape."""
    if pair[1].size and draw(st.booleans()):
        return _source(draw, pair[1].shape)
    return _mapped(draw, pair) if draw(st.booleans()) else pair


def _chosen(draw: st.DrawFn, pair: Pair) -> Pair:
    other = _like(draw, pair)
    return nb.where(pair[0] > 0, pair[0], other[0]), np.where(pair[1] > 0, pair[1], other[1])


def _combined(draw: st.DrawFn, pair: Pair) -> Pair:
    other = _like(draw, pair)
    return pair[0] - other[0], pair[1] - other[1]


def _multiplied(draw: st.DrawFn, pair: Pair) -> Pair:
    if pair[1].ndim < 2 or not pair[1].size or np.abs(pair[1]).max() > 1e6:
        return pair
    return pair[0] @ pair[0].swapaxes(-1, -2), pair[1] @ pair[1].swapaxes(-1, -2)


def _selected(draw: st.DrawFn, pair: Pair) -> Pair:
    return pair[0][pair[0] > 0], pair[1][pair[1] > 0]


def _joined(draw: st.DrawFn, pair: Pair) -> Pair:
    if not pair[1].ndim:
        return pair
    axis = draw(st.integers(0, pair[1].ndim - 1))
    others = [pair, *(_like(draw, pair) for _ in range(draw(st.integers(0, 2))))]
    return nb.concatenate([o[0] for o in others], axis=axis), np.concatenate([o[1] for o in others], axis=axis)


def _reduced(draw: st.DrawFn, pair: Pair) -> Pair:
    axes = draw(st.sets(st.integers(0, pair[1].ndim - 1))) if pair[1].ndim else set()
    if any(pair[1].shape[a] == 0 for a in axes) or not pair[1].size:
        return pair
    name, keepdims = draw(st.sampled_from(["sum", "max", "mean", "std"])), draw(st.booleans())
    axis = tuple(sorted(axes))
    return tuple(getattr(a, name)(axis=axis, keepdims=keepdims) for a in pair)  # type: ignore[return-value]


def _against_its_mean(draw: st.DrawFn, pair: Pair) -> Pair:
    if not pair[1].ndim or not pair[1].size:
        return pair
    axis = draw(st.integers(0, pair[1].ndim - 1))
    return tuple(a - a.mean(axis=axis, keepdims=True) for a in pair)  # type: ignore[return-value]


def _recut(draw: st.DrawFn, pair: Pair) -> Pair:
    return pair[0].rechunk(tuple(max(1, draw(st.integers(1, max(1, n)))) for n in pair[1].shape)), pair[1]


def _picked(draw: st.DrawFn, pair: Pair) -> Pair:
    if not pair[1].ndim or not pair[1].shape[0]:
        return pair
    positions = draw(st.lists(st.integers(0, pair[1].shape[0] - 1), max_size=4))
    return pair[0][positions], pair[1][np.array(positions, int)]


def _flat(draw: st.DrawFn, pair: Pair) -> Pair:
    return pair[0].reshape(-1), pair[1].reshape(-1)


def _in_blocks(draw: st.DrawFn, pair: Pair) -> Pair:
    return pair[0].map_blocks(np.negative, dtype=float), -pair[1]


def _spread(draw: st.DrawFn, pair: Pair) -> Pair:
    shape = (draw(st.integers(1, 3)), *pair[1].shape)
    return nb.broadcast_to(pair[0], shape), np.broadcast_to(pair[1], shape)


STEPS: list[Callable[[st.DrawFn, Pair], Pair]] = [
    _sliced, _sliced, _turned, _mapped, _mapped, _joined, _reduced, _against_its_mean, _recut, _picked, _flat,
    _in_blocks, _spread, _chosen, _combined, _multiplied, _selected,
]  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """A few operations one after another, at times on an array and itself."""
    pair = _source(draw, draw(st.sampled_from(SHAPES)))
    for _ in range(draw(st.integers(1, 6))):
        step = draw(st.sampled_from(STEPS))
        before, pair = pair, step(draw, pair)
        if draw(st.booleans()) and before[1].shape == pair[1].shape:
            pair = (pair[0] + before[0], pair[1] + before[1])
        if pair[1].size > 2000:
            break
    return pair


@given(pairs())
@law(200)
def test_any_expression_means_what_it_means_to_numpy(pair: Pair) -> None:
    """Views, joins, reductions, blocks and arithmetic in any order, cut into many tasks."""
    ours, theirs = pair
    note(expr_text(ours.expr, indent=True))
    with tiny_tasks(), np.errstate(all="ignore"):
        actual = ours.compute(workers=2)
    scale = float(np.abs(theirs).max(initial=1))

    assert np.shape(theirs) == np.shape(actual)
    np.testing.assert_allclose(actual, theirs, rtol=1e-10, atol=1e-10 * scale)
