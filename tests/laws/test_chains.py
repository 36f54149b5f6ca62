"""Laws over random chains of operations: NumPy's values, whatever the chunks, the workers and the cutting of tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import nbarray as nb
from tests.compare import check, check_blocks, quiet
from tests.examples import law

Step = Callable[[Any], Any]

#: Results stay small whole numbers or simple fractions of them, so that any order of adding up gives nearly the same;
#: where a small difference would make a large one, they are rounded first.
ELEMENTWISE: list[Step] = [
    lambda x: x * 2 + 1,
    lambda x: -x,
    lambda x: abs(x) - x,
    lambda x: np.sqrt(abs(x) + 1),
    lambda x: np.round(x, 3) % 3,
    lambda x: np.where(x > 0, x, 0),
    lambda x: np.clip(x, -2, 3),
    lambda x: np.maximum(x, x * x - 4),
    lambda x: x + x,
    lambda x: (np.round(x, 3) > 1) * x,
]
REDUCTIONS = ["sum", "mean", "min", "max", "any", "all", "argmin", "argmax", "std"]


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Small arrays of up to three axes, empty ones among them, of a few dtypes, some transposed or reversed."""
    shape = draw(st.lists(st.integers(0, 7) | st.integers(2, 9), min_size=0, max_size=3))
    seed = draw(st.integers(0, 5))
    dtype = draw(st.sampled_from(["f8", "f8", "i4", "u1", "?", "f4"]))
    values = np.random.default_rng(seed).integers(0 if dtype == "u1" else -4, 5, shape).astype(dtype)
    if draw(st.booleans()):
        values = values.T[::-1] if values.ndim else values
    return values


@st.composite
def chunks_of(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[tuple[int, ...] | int, ...]:
    """Chunks for a shape: equal ones, or any."""
    made: list[tuple[int, ...] | int] = []
    for n in shape:
        if n < 2 or draw(st.booleans()):
            made.append(draw(st.integers(1, max(1, n))))
            continue
        cuts = sorted(draw(st.sets(st.integers(1, n - 1), max_size=3)))
        made.append(tuple(np.diff([0, *cuts, n]).tolist()))
    return tuple(made)


@st.composite
def indices(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Integers, slices of any step and direction, newaxis, Ellipsis, and at most one list."""
    index: list[Any] = []
    listed = False
    for n in shape:
        kinds = ["slice", "slice", "full", *(["int"] if n else []), *([] if listed else ["list"])]
        kind = draw(st.sampled_from(kinds))
        if kind == "int":
            index.append(draw(st.integers(-n, n - 1)))
        elif kind == "list":
            listed = True
            index.append(draw(st.lists(st.integers(-n, n - 1), max_size=4)) if n else [])
        elif kind == "slice":
            bound = st.none() | st.integers(-n - 2, n + 2)
            step = draw(st.none() | st.sampled_from([1, 2, 3, -1, -2, -5]))
            index.append(slice(draw(bound), draw(bound), step))
        else:
            index.append(slice(None))
        if draw(st.integers(0, 7)) == 0:
            index.append(None)
    keep = draw(st.integers(0, len(index)))
    return (*index[:keep], ...) if draw(st.booleans()) else tuple(index)


def step(draw: Callable[[Any], Any], shape: tuple[int, ...], masked: bool) -> tuple[str, Step]:
    """One more operation on an array of this shape, and its name; for masked arrays those that NumPy keeps masks in."""
    axis = draw(st.integers(0, len(shape) - 1)) if shape else None
    names = ["elementwise", "index"]
    if shape:
        names += ["transpose", "reduce", "reshape", "flip", "rechunk", "center"]
        names += [] if masked else ["join", "stack", "broadcast"]
    name = draw(st.sampled_from(names))
    if name == "elementwise":
        k = draw(st.integers(0, len(ELEMENTWISE) - 1).filter(lambda k: k != 5 or not masked))
        return f"elementwise {k}", ELEMENTWISE[k]
    if name == "index":
        index = draw(indices(shape))
        return f"[{index}]", lambda x: x[index]
    if name == "transpose":
        order = tuple(draw(st.permutations(range(len(shape)))))
        return f"transpose {order}", lambda x: x.transpose(order)
    if name == "reduce":
        row, keep = draw(st.sampled_from(REDUCTIONS)), draw(st.booleans())
        sharp = row in ("any", "all", "argmin", "argmax")
        return f"{row} {axis} {keep}", lambda x: getattr(np.round(x, 3) if sharp else x, row)(axis=axis, keepdims=keep)
    if name == "rechunk":
        chunks = draw(chunks_of(shape))
        return f"rechunk {chunks}", lambda x: x.rechunk(chunks) if isinstance(x, nb.Array) else x
    if name == "broadcast":
        return "broadcast", lambda x: np.broadcast_to(x, (2, *shape))
    return f"{name} {axis}", {
        "center": lambda x: x - x.mean(axis=axis, keepdims=True),
        "join": lambda x: np.concatenate([x, x[::-1] * 2], axis=axis),
        "stack": lambda x: np.stack([x, x + 1], axis=axis),
        "reshape": lambda x: x.reshape(-1),
        "flip": lambda x: np.flip(x, axis),
    }[name]


@st.composite
def chains(draw: st.DrawFn, masked: bool = False) -> tuple[np.ndarray[Any, Any], list[tuple[str, Step]]]:
    """An array and a few operations that follow each other on it."""
    values: Any = draw(arrays())
    if masked:
        values = np.ma.MaskedArray(values, np.random.default_rng(draw(st.integers(0, 3))).random(values.shape) < 0.3)
    start, steps = values, []
    for _ in range(draw(st.integers(1, 6))):
        if masked and values.ndim == 0:
            break  # what numpy.ma makes of no axes may be a plain number, with other rules
        name, function = step(draw, np.shape(values), masked)
        steps.append((name, function))
        try:
            with quiet():
                values = np.asanyarray(function(values))
        except (TypeError, ValueError):
            break
        if values.size > 2000 or values.ndim > 4:
            break
    return start, steps


def run(steps: list[tuple[str, Step]], x: Any) -> Any:
    """All operations, one after the other."""
    for _, function in steps:
        x = function(x)
    return x


def largest(steps: list[tuple[str, Step]], x: Any) -> float:
    """The largest number on the way through a chain, on which it depends how much sums in another order differ."""
    most = 1.0
    with quiet():
        for _, function in [("", lambda x: x), *steps]:
            try:
                x = function(x)
            except (TypeError, ValueError):
                break
            numbers = np.ma.getdata(x).astype(float)
            most = max(most, float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0)))
    return most


@law(80)
@given(st.data())
def test_chains(data: st.DataObject) -> None:
    """A chain of operations is what it is in NumPy, or is refused as NumPy refuses it."""
    a, steps = data.draw(chains(), label="chain")
    chunks = data.draw(chunks_of(a.shape), label="chunks")
    within = 4e-6 if a.dtype == np.float32 else 1e-12

    blocked = lambda: run(steps, nb.from_array(a, chunks=chunks))  # noqa: E731 - as NumPy's beside it
    check(blocked, lambda: run(steps, a), within=within, scale=largest(steps, a))


@law(80)
@given(st.data())
def test_masked_chains(data: st.DataObject) -> None:
    """Masks go through a chain of operations as numpy.ma's do."""
    a, steps = data.draw(chains(masked=True), label="chain")
    assume(a.size)  # a sum of nothing is masked or 0, as numpy.ma happens to keep an empty mask or none
    chunks = data.draw(chunks_of(a.shape), label="chunks")

    blocked = lambda: run(steps, nb.from_array(a, chunks=chunks))  # noqa: E731 - as NumPy's beside it
    check(blocked, lambda: run(steps, a), within=4e-6, scale=largest(steps, a))


@law(80)
@given(st.data())
def test_chunks_change_nothing(data: st.DataObject) -> None:
    """Shape and dtype never depend on chunks, values hardly, and each block is what its place says."""
    a, steps = data.draw(chains())
    try:
        whole = run(steps, nb.from_array(a, chunks=-1))
    except (TypeError, ValueError):
        return
    cut = run(steps, nb.from_array(a, chunks=data.draw(chunks_of(a.shape))))

    assert (whole.shape, whole.dtype) == (cut.shape, cut.dtype)
    with quiet():
        check(cut, whole.compute(), within=1e-5)
        check_blocks(cut)


@law(80)
@given(st.data())
def test_workers_change_nothing(data: st.DataObject) -> None:
    """Results are the same bits for any number of workers."""
    a, steps = data.draw(chains())
    rng = np.random.default_rng(0)
    a = a + rng.normal(size=a.shape)  # sums in another order would show
    try:
        x = run(steps, nb.from_array(a, chunks=data.draw(chunks_of(a.shape))))
    except (TypeError, ValueError):
        return

    with quiet():
        one, two, four = (np.asarray(x.compute(workers=n)) for n in (1, 2, 4))
    assert one.tobytes() == two.tobytes() == four.tobytes()


@law(80)
@given(st.data())
def test_together_is_as_alone(data: st.DataObject) -> None:
    """Several arrays computed together, sharing what they share, are what each is by itself."""
    a, steps = data.draw(chains())
    x = nb.from_array(a, chunks=data.draw(chunks_of(a.shape)))
    parts: list[Any] = [x]
    for _, function in steps:
        try:
            parts.append(function(parts[-1]))
        except (TypeError, ValueError):
            break

    with quiet():
        alone = [np.asarray(p.compute()) for p in parts]
        together = [np.asarray(v) for v in nb.compute(*parts)]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5)
