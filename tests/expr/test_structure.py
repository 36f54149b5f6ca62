"""Nodes that move elements: the chunks they have and what people call them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb

X = nb.from_array(np.arange(48.0).reshape(6, 8), chunks=(3, 4))


def array(code: str) -> nb.Array:
    """What a line of Python about an array x makes."""
    made: nb.Array = eval(code, {"x": X, "nb": nb, "np": np})
    return made


@pytest.mark.parametrize(
    ("code", "chunks"),
    [
        ("x[1:]", ((2, 3), (4, 4))),
        ("x[::2]", ((2, 1), (4, 4))),
        ("x[::-1]", ((3, 3), (4, 4))),
        ("x[:, 1::3]", ((3, 3), (1, 2))),
        ("x[2]", ((4, 4),)),
        ("x.T", ((4, 4), (3, 3))),
        ("x[:, None]", ((3, 3), (1,), (4, 4))),
        ("nb.concatenate([x, x])", ((3, 3, 3, 3), (4, 4))),
        ("nb.concatenate([x, x[1:]])", ((3, 3, 2, 3), (4, 4))),
        ("nb.concatenate([x, x.rechunk((6, 2))])", ((3, 3, 6), (2, 2, 2, 2))),
        ("x + x.rechunk((2, 8))", ((2, 1, 1, 2), (4, 4))),
        ("x.sum(axis=0)", ((4, 4),)),
        ("x.sum(axis=0, keepdims=True)", ((1,), (4, 4))),
        ("x[[5, 0, 0, 1]]", ((3, 1), (4, 4))),
        ("x @ x.T", ((3, 3), (3, 3))),
    ],
    ids=str,
)  # fmt: skip
def test_chunks_follow(code: str, chunks: Any) -> None:
    """A result is cut where its operands are."""
    assert chunks == array(code).chunks


@given(st.data())
def test_chunks_of_views_fit_their_shape(data: st.DataObject) -> None:
    """Whatever is sliced, sizes of chunks add up and each chunk comes from one chunk of the base."""
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    n = sum(sizes)
    bounds = st.none() | st.integers(-n - 2, n + 2)
    step = data.draw(st.integers(1, 4) | st.integers(-4, -1))
    index = slice(data.draw(bounds), data.draw(bounds), step)
    owner = np.repeat(np.arange(len(sizes)), sizes)[index]
    (chunks,) = nb.from_array(np.zeros(n), chunks=(tuple(sizes),))[index].chunks
    edges = np.cumsum([0, *chunks])

    assert len(owner) == sum(chunks)
    assert all(len(set(owner[a:b])) <= 1 for a, b in pairwise(edges))


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("x[1:]", "slice"),
        ("x[0]", "slice"),
        ("x.T", "transpose"),
        ("x[:, None]", "expand_dims"),
        ("x[:1].squeeze()", "squeeze"),
        ("nb.broadcast_to(x, (2, 6, 8))", "broadcast_to"),
        ("nb.concatenate([x, x])", "concatenate(2)"),
        ("x.rechunk(2)", "rechunk"),
        ("x.reshape(-1)", "reshape"),
        ("x[[1, 0]]", "take"),
        ("x @ x.T", "matmul"),
        ('x.astype("i4")', "astype(int32)"),
        ("x.map_blocks(np.sin, dtype=float)", "map_blocks(sin)"),
    ],
    ids=str,
)
def test_labels_are_what_people_call_it(code: str, label: str) -> None:
    """Every node has a short name."""
    assert label == array(code).expr.label
