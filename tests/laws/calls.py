"""How public functions are called, by families of signatures: what the law of every function draws its calls from.

A builder is given Hypothesis's `draw` and the name of a function; it gives the arrays to call it on, and how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Values = np.ndarray[Any, Any]
#: Arrays, and what is done to them: given the function of NumPy or ours, and the arrays or blocked ones.
Call = tuple[list[Values], Callable[..., Any]]
Builder = Callable[[Draw, str], Call]

NUMBERS = [*"?bBhHiIqQefdgFDG", ">i4", ">u2", ">f8", ">f2", ">c16"]
TIMES = ["M8[D]", "M8[s]", "m8[s]", "m8[ms]", ">M8[s]", "M8[ns]"]
#: A dtype of each kind, sizes and byte orders among them.
KINDS = [*NUMBERS, *TIMES, "U3", ">U2", "S2", "O"]


# --------------------------------------------------------------------------------------------------- arrays


def numbers(draw: Draw, shape: tuple[int, ...], dtype: str) -> Values:
    """Small numbers; at times NaN, infinities, NaT, zeros with signs or the largest of their dtype among them."""
    rng = np.random.default_rng(draw(st.integers(0, 20)))
    low = 0 if np.dtype(dtype).kind in "u?" else -5
    values: Values = rng.integers(low, 6, shape).astype(dtype)
    if values.size and draw(st.integers(0, 2)) == 0:
        places = rng.random(shape) < 0.3
        kind = values.dtype.kind
        if kind in "fc":
            values[places] = rng.choice([np.nan, np.inf, -np.inf, -0.0, 0.0], int(places.sum()))
        elif kind in "mM":
            values[places] = np.array("NaT", values.dtype)
        elif kind in "iu":
            limits = np.iinfo(values.dtype)
            values[places] = rng.choice(np.array([limits.min, limits.max], values.dtype), int(places.sum()))
    return values


def shaped(draw: Draw, least: int = 0, most: int = 3) -> tuple[int, ...]:
    """A shape: no axes, no elements, one, or a few along each."""
    return tuple(draw(st.lists(st.integers(0, 6) | st.integers(2, 7), min_size=least, max_size=most)))


def array(draw: Draw, least: int = 0, most: int = 3, kinds: list[str] = KINDS) -> Values:
    """An array of any dtype, as it lies, transposed or backwards."""
    values = numbers(draw, shaped(draw, least, most), draw(st.sampled_from(kinds)))
    if values.ndim and draw(st.integers(0, 3)) == 0:
        return values[::-1].T
    return values


def tame(x: Values) -> Values:
    """Without the largest whole numbers, which round differently when they are added in another order."""
    if x.dtype.kind not in "iu" or x.dtype.itemsize < 4:
        return x
    return np.where((x > 99) | (x < 0) & (x < -99), 7, x).astype(x.dtype)


def finite(x: Values) -> Values:
    """Without infinities."""
    return np.where(np.isinf(x), 2, x).astype(x.dtype) if x.dtype.kind in "fc" else x


def one_zero(x: Values) -> Values:
    """Without negative zeros where numbers are complex and of foreign byte order: NumPy tells such from zeros there."""
    return x if x.dtype.kind != "c" or x.dtype.isnative else (x + 0).astype(x.dtype)


def like(draw: Draw, shape: tuple[int, ...], x: Values, kinds: list[str] = KINDS) -> Values:
    """Another array, mostly of the same dtype."""
    same = draw(st.integers(0, 2))
    return numbers(draw, shape, x.dtype.str if same and x.dtype != object else draw(st.sampled_from(kinds)))


def broadcastable(draw: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that goes together with another one."""
    kept = shape[draw(st.integers(0, len(shape))) :]
    return tuple(1 if draw(st.integers(0, 4)) == 0 else n for n in kept)


def axis_of(draw: Draw, x: Values) -> int:
    """An axis, now and then one that isn't there."""
    if x.ndim == 0 or draw(st.integers(0, 19)) == 0:
        return int(draw(st.integers(-x.ndim - 1, x.ndim)))
    return int(draw(st.integers(-x.ndim, x.ndim - 1)))


def axes_of(draw: Draw, x: Values) -> Any:
    """None, an axis, or several."""
    kind = draw(st.sampled_from(["none", "one", "some"]))
    if kind == "some" and x.ndim:
        return tuple(sorted(draw(st.sets(st.integers(0, x.ndim - 1)))))
    return None if kind == "none" else axis_of(draw, x)


def mask(draw: Draw, shape: tuple[int, ...]) -> Values:
    """Some true, some not."""
    return np.random.default_rng(draw(st.integers(0, 9))).random(shape) < 0.5


# ------------------------------------------------------------------------------------------------- builders


def unary(draw: Draw, name: str) -> Call:
    """f(x)."""
    return [array(draw)], lambda f, x: f(x)


def covaried(draw: Draw, name: str) -> Call:
    """f(x); of a single object NumPy's fails on the way, by accident."""
    x = array(draw)
    assume(x.ndim or x.dtype != object)
    return [x], lambda f, x: f(x)


def binary(draw: Draw, name: str) -> Call:
    """f(x, y), or with a number."""
    x = array(draw)
    if draw(st.integers(0, 3)) == 0:
        number = draw(st.sampled_from([2, -1, 0, 0.5, True, 2j, np.int8(3), np.float32(0.5)]))
        return [x], (lambda f, x: f(x, number)) if draw(st.booleans()) else (lambda f, x: f(number, x))
    return [x, like(draw, broadcastable(draw, x.shape), x)], lambda f, x, y: f(x, y)


def rounded(draw: Draw, name: str) -> Call:
    """f(x, decimals)."""
    decimals = draw(st.integers(-2, 3))
    return [array(draw, kinds=NUMBERS)], lambda f, x: f(x, decimals)


def clipped(draw: Draw, name: str) -> Call:
    """f(x, low, high)."""
    x = array(draw)
    low, high = like(draw, broadcastable(draw, x.shape), x), like(draw, (), x)
    return [x, low, high], lambda f, x, low, high: f(x, low, high)


def reduced(draw: Draw, name: str) -> Call:
    """f(x, axis=, keepdims=), and for some dtype=, ddof=, where=."""
    bare = name.removeprefix("nan")
    x = tame(array(draw)) if bare in ("mean", "std", "var") else array(draw)
    options: dict[str, Any] = {"axis": axes_of(draw, x), "keepdims": draw(st.booleans())}
    if x.ndim == 0 and name.startswith("nan"):
        options["axis"] = None  # what NumPy makes of another depends on the dtype
    if name in ("argmax", "argmin", "nanargmax", "nanargmin"):
        options["axis"] = None if draw(st.booleans()) else axis_of(draw, x)
    if bare in ("sum", "prod", "mean", "std", "var") and draw(st.integers(0, 4)) == 0:
        options["dtype"] = draw(st.sampled_from(["f4", "f8", "i8", "D"]))
        if name in ("nanstd", "nanvar") and x.dtype.char == "e":
            del options["dtype"]  # NumPy's round the mean to the array's own before they go on in another
    if bare in ("std", "var") and draw(st.booleans()):
        options["ddof"] = draw(st.integers(0, 2))
    if bare in ("sum", "prod", "mean", "std", "var", "any", "all") and draw(st.integers(0, 4)) == 0 and x.ndim:
        options["where"] = mask(draw, x.shape)
    return [x], lambda f, x: f(x, **options)


def averaged(draw: Draw, name: str) -> Call:
    """average(x, axis, weights)."""
    x = tame(array(draw, kinds=NUMBERS))
    assume(x.size)
    axis = axes_of(draw, x)
    options = {"returned": draw(st.booleans()), "keepdims": draw(st.booleans())}
    if draw(st.booleans()):
        return [x], lambda f, x: f(x, axis, **options)
    weights = np.random.default_rng(3).integers(1, 5, x.shape).astype(float)
    return [x], lambda f, x: f(x, axis, weights, **options)  # blocked ones can't raise where they add up to zero


def quantiled(draw: Draw, name: str) -> Call:
    """f(x, q, axis, method=, keepdims=)."""
    # of no booleans NumPy's nan-versions give NaN, where others can't be subtracted
    x = array(draw, kinds=[*"bBiqefdg", ">f8", ">i4", "m8[s]", "D", *([] if name.startswith("nan") else "?")])
    scale = 100 if "percentile" in name else 1
    q = draw(st.sampled_from([0.0, 0.5, 1.0, 0.3, [0.1, 0.9], [[0.25], [0.5]], []]))
    q = np.multiply(q, scale).tolist()
    method = draw(st.sampled_from(["linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull"]))
    axis, keep = axes_of(draw, x), draw(st.booleans())
    return [x], lambda f, x: f(x, q, axis, method=method, keepdims=keep)


def medians(draw: Draw, name: str) -> Call:
    """f(x, axis, keepdims=)."""
    x = array(draw, kinds=[*NUMBERS, "m8[s]", "M8[s]", "U3"])
    axis, keep = axes_of(draw, x), draw(st.booleans())
    return [x], lambda f, x: f(x, axis, keepdims=keep)


def scanned(draw: Draw, name: str) -> Call:
    """f(x, axis=, dtype=)."""
    x = array(draw)
    options: dict[str, Any] = {"axis": axis_of(draw, x) if draw(st.booleans()) else None}
    if draw(st.integers(0, 3)) == 0:
        options["dtype"] = draw(st.sampled_from(["f8", "i8", "f4", "D"]))
    if name.startswith("cumulative"):
        options["include_initial"] = draw(st.booleans())
    return [x], lambda f, x: f(x, **options)


def ordered(draw: Draw, name: str) -> Call:
    """f(x, axis, stable=True)."""
    x = array(draw)
    axis = axis_of(draw, x) if draw(st.integers(0, 3)) else None
    return [x], lambda f, x: f(x, axis, stable=True)


def partitioned(draw: Draw, name: str) -> Call:
    """The elements of a rank: partition leaves the others where it likes."""
    x = array(draw, least=1)
    axis = draw(st.integers(0, x.ndim - 1))
    assume(x.shape[axis])
    kth = draw(st.integers(0, max(0, x.shape[axis] - 1)))

    def call(f: Any, x: Any) -> Any:
        made = f(x, kth, axis)
        return np.take(np.take_along_axis(x, made, axis) if name == "argpartition" else made, kth, axis)

    return [x], call


def lexsorted(draw: Draw, name: str) -> Call:
    """lexsort((x, y), axis)."""
    x = array(draw, least=1)
    y = like(draw, x.shape, x)
    axis = axis_of(draw, x)
    return [x, y], lambda f, x, y: f((x, y), axis)


def searched(draw: Draw, name: str) -> Call:
    """searchsorted(x, v, side, sorter), digitize(v, x, right)."""
    x = array(draw, least=1, most=1)
    v = like(draw, shaped(draw), x)
    other = draw(st.booleans())
    if name == "digitize":
        return [v, np.sort(x)[:: -1 if draw(st.booleans()) else 1]], lambda f, v, x: f(v, x, other)
    side = "right" if other else "left"
    if draw(st.integers(0, 3)) == 0:
        return [x, v, np.argsort(x)], lambda f, x, v, s: f(x, v, side, s)
    return [np.sort(x), v], lambda f, x, v: f(x, v, side)


def sets(draw: Draw, name: str) -> Call:
    """f(x, y), and setxor1d(x, y, assume_unique)."""
    x = one_zero(array(draw, most=2))
    y = one_zero(like(draw, shaped(draw, most=2), x))
    if x.dtype.kind != y.dtype.kind and not {x.dtype.kind, y.dtype.kind} <= set("biufc"):
        y = x.reshape(-1)[:1]  # NumPy's then compare one by one or all, depending on how many there are
    if name == "setxor1d":
        distinct = draw(st.booleans())
        return [x, y], lambda f, x, y: f(x, y, distinct)
    return [x, y], lambda f, x, y: f(x, y)


def uniques(draw: Draw, name: str) -> Call:
    """unique(x, axis=, return_…=, equal_nan=)."""
    x = one_zero(array(draw, most=2))
    options = {k: draw(st.booleans()) for k in ("return_index", "return_inverse", "return_counts", "equal_nan")}
    axis = axis_of(draw, x) if draw(st.integers(0, 3)) == 0 else None
    options["return_index"] |= options["return_inverse"]  # NumPy's order of several NaN is stable only then
    return [x], lambda f, x: f(x, axis=axis, **options)


def with_args(*args: Any, least: int = 0, most: int = 3, **options: Any) -> Builder:
    """f(x, ...) with arguments that are strategies, functions of a `draw` and the array, or values."""

    def build(draw: Draw, name: str) -> Call:
        x = array(draw, least, most)

        def made(a: Any) -> Any:
            return draw(a) if isinstance(a, st.SearchStrategy) else a(draw, x) if callable(a) else a

        drawn, named = [made(a) for a in args], {k: made(a) for k, a in options.items()}
        return [x], lambda f, x: f(x, *drawn, **named)

    return build


def new_shape(draw: Draw, x: Values) -> Any:
    """A shape of as many elements, or nearly."""
    factors = [(x.size,), (-1,), x.shape[::-1], (1, *x.shape), (-1, 2), (x.size + 1,)]
    if x.size % 2 == 0:
        factors.append((2, x.size // 2))
    return draw(st.sampled_from(factors))


def order_of(draw: Draw, x: Values) -> Any:
    """An order of the axes, or None."""
    return tuple(draw(st.permutations(range(x.ndim)))) if draw(st.booleans()) else None


def larger(draw: Draw, x: Values) -> Any:
    """A shape to be broadcast to."""
    return (*draw(st.sampled_from([(), (2,), (0,), (3, 1)])), *(3 if n == 1 else n for n in x.shape))


def positions(draw: Draw, x: Values) -> Any:
    """Places along the longest axis there is: a number, a list, a slice."""
    n = max(1, *x.shape, 1)
    one = st.integers(-n, n - 1)
    return draw(one | st.lists(one, max_size=4) | st.builds(slice, one, one))


def picked(draw: Draw, name: str) -> Call:
    """take(x, indices, axis, mode=), take_along_axis(x, indices, axis)."""
    x = array(draw, least=1)
    axis = axis_of(draw, x) if draw(st.integers(0, 3)) else None
    n = max(1, x.shape[axis] if axis is not None and -x.ndim <= axis < x.ndim else x.size)
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    if name == "take":
        mode = draw(st.sampled_from(["raise", "wrap", "clip"]))
        if mode == "wrap" and axis is not None and -x.ndim <= axis < x.ndim and not x.shape[axis]:
            mode = "clip"  # NumPy never ends to take positions less an axis's length from themselves where that is 0
        indices = rng.integers(-n, n, shaped(draw, most=2))
        return [x, indices], lambda f, x, i: f(x, i, axis, mode=mode)
    shape = (4,) if axis is None else tuple(2 if k == axis % x.ndim else m for k, m in enumerate(x.shape))
    return [x, rng.integers(-n, n, shape)], lambda f, x, i: f(x, i, axis)


def chosen(draw: Draw, name: str) -> Call:
    """where, choose, select, compress, extract, piecewise: by masks."""
    x = array(draw, least=1)
    y = like(draw, x.shape, x)
    wanted = mask(draw, x.shape)
    axis = draw(st.integers(0, x.ndim - 1))
    return {
        "where": ([wanted, x, y], lambda f, c, x, y: f(c, x, y)),
        "choose": ([wanted.astype(int), x, y], lambda f, c, x, y: f(c, [x, y])),
        "select": ([wanted, x, y], lambda f, c, x, y: f([c, ~c], [x, y])),
        "compress": ([wanted.reshape(-1)[: x.shape[axis]], x], lambda f, c, x: f(c, x, axis)),
        "extract": ([wanted, x], lambda f, c, x: f(c, x)),
        "piecewise": ([x, wanted], lambda f, x, c: f(x, [c], [1, lambda v: v])),
    }[name]


def changed(draw: Draw, name: str) -> Call:
    """copyto, put, place, putmask, put_along_axis, fill_diagonal: what the array then is."""
    x = array(draw, least=1)
    y, wanted = like(draw, x.shape, x), mask(draw, x.shape)
    axis = draw(st.integers(0, x.ndim - 1))
    n = max(1, x.shape[axis])
    places = np.random.default_rng(draw(st.integers(0, 9))).permutation(n)[:3]
    shape = tuple(len(places) if k == axis else m for k, m in enumerate(x.shape))
    spread = np.broadcast_to(places.reshape([-1 if k == axis else 1 for k in range(x.ndim)]), shape)
    rows: dict[str, tuple[list[Values], Callable[..., Any]]] = {
        "copyto": ([y, wanted], lambda f, x, y, c: f(x, y, where=c)),
        "put": ([places, y.reshape(-1)[:3]], lambda f, x, i, y: f(x, i, y)),
        "place": ([wanted, y.reshape(-1)[:3]], lambda f, x, c, y: f(x, c, y)),
        "putmask": ([wanted, y], lambda f, x, c, y: f(x, c, y)),
        "put_along_axis": ([spread, y.reshape(-1)[:1]], lambda f, x, i, y: f(x, i, y, axis)),
        "fill_diagonal": ([], lambda f, x: f(x, 1)),
    }
    others, change = rows[name]

    def call(f: Any, x: Any, *others: Any) -> Any:
        x = x.copy()
        change(f, x, *others)
        return x

    return [x, *others], call


def altered(draw: Draw, name: str) -> Call:
    """delete(x, places, axis), insert(x, places, values, axis), append(x, y, axis)."""
    x = array(draw, least=1)
    axis = axis_of(draw, x) if draw(st.booleans()) else None
    if name == "append":
        return [x, like(draw, x.shape, x)], lambda f, x, y: f(x, y, axis)
    at = positions(draw, x)
    if name == "delete":
        return [x], lambda f, x: f(x, at, axis)
    return [x], lambda f, x: f(x, at, 1, axis)


def joined(draw: Draw, name: str) -> Call:
    """f([x, y, z]), with an axis where it takes one."""
    x = array(draw)
    others = [like(draw, x.shape, x) for _ in range(draw(st.integers(0, 2)))]
    if name in ("concatenate", "concat", "stack"):
        axis = axis_of(draw, x)
        return [x, *others], lambda f, *a: f(a, axis=axis)
    if name == "block":
        return [x, *others], lambda f, *a: f([[*a], [*a]])
    return [x, *others], lambda f, *a: f(a)


def several(draw: Draw, name: str) -> Call:
    """f(x, y)."""
    x = array(draw)
    return [x, like(draw, broadcastable(draw, x.shape), x)], lambda f, x, y: f(x, y)


def parts(draw: Draw, name: str) -> Call:
    """f(x, sections, axis)."""
    x = array(draw, least=1)
    cuts = draw(st.sampled_from([1, 2, 3, [1], [1, 3], [2, 1], []]))
    if name in ("split", "array_split"):
        axis = axis_of(draw, x)
        return [x], lambda f, x: f(x, cuts, axis)
    return [x], lambda f, x: f(x, cuts)


def multiplied(draw: Draw, name: str) -> Call:
    """Products of two arrays whose last and first axes fit, or nearly."""
    kinds = [*"?bBiqefdFD", ">f8", ">i4", "O"]
    x = array(draw, most=2, kinds=kinds)
    inner = x.shape[-1] if x.ndim else 1
    tail = draw(st.sampled_from([(), (inner,), (inner, 2), (2, inner), (3, inner, 2), x.shape, x.shape[::-1]]))
    y = like(draw, tail, x, kinds)
    if name.rpartition(".")[2] in ("vdot", "vecdot", "matvec", "vecmat"):
        assume(inner or object not in (x.dtype, y.dtype))  # NumPy's sums of no objects are None there, 0 elsewhere
    if name in ("dot", "inner") and 1 in (x.size, y.size):
        # BLAS adds nothing for a single factor of zero: NaN times it is 0 there, and NaN where NumPy says it is equal
        x, y = (np.where(np.isfinite(a), a, 2).astype(a.dtype) if a.dtype.kind in "fc" else a for a in (x, y))
    return [x, y], lambda f, x, y: f(x, y)


def contracted(draw: Draw, name: str) -> Call:
    """tensordot(x, y, axes), einsum(text, x, y)."""
    x = array(draw, least=2, most=2, kinds=[*"?iqefdFD", ">f8", "O"])
    y = like(draw, x.shape, x, [*"?iqefdFD"])
    if name == "einsum":
        # whether infinities meet zeros depends on what is added up first, in NumPy on how arrays lie
        x, y = finite(x), finite(y)
        text = draw(st.sampled_from(["ij,ij->ij", "ij,ij", "ij,kj->ik", "ij,ij->j", "ij,kl->k", "...i,...i->..."]))
        return [x, y], lambda f, x, y: f(text, x, y)
    axes = draw(st.sampled_from([0, 2, ([0], [0]), ([1], [1]), (0, 0), ([0, 1], [0, 1])]))
    return [x, y], lambda f, x, y: f(x, y, axes)


def lines(draw: Draw, name: str) -> Call:
    """f(x, y) of two lines of numbers."""
    x = array(draw, least=1, most=1, kinds=NUMBERS)
    y = like(draw, (draw(st.integers(0, 6)),), x, NUMBERS)
    if name in ("convolve", "correlate"):
        mode = draw(st.sampled_from(["full", "same", "valid"]))
        return [x, y], lambda f, x, y: f(x, y, mode)
    return [x, y], lambda f, x, y: f(x, y)


def interpolated(draw: Draw, name: str) -> Call:
    """interp(x, places, values)."""
    x = array(draw, kinds=NUMBERS)
    assume(x.ndim or x.dtype.kind != "c")  # of a complex number NumPy takes the real part, of an array none
    n = draw(st.integers(1, 6))
    return [x, np.sort(np.arange(n) * 2.0 - 4), like(draw, (n,), x, NUMBERS)], lambda f, x, p, v: f(x, p, v)


def counted(draw: Draw, name: str) -> Call:
    """histogram(x, bins, range), histogram_bin_edges; bincount(x, weights, minlength); histogram2d and -dd."""
    if name == "bincount":
        x = np.abs(numbers(draw, (draw(st.integers(0, 9)),), draw(st.sampled_from(["i8", "u1", "?"]))))
        x, least = np.minimum(x, 9), draw(st.integers(0, 9))
        return ([x, x * 0.5], lambda f, x, w: f(x, w, least)) if draw(st.booleans()) else ([x], lambda f, x: f(x))
    x = array(draw, most=2, kinds=[*"?bBiqefdg", ">f8", ">i4"])
    within = draw(st.sampled_from([None, (-3, 4), (0.0, 0.0)]))
    bins = draw(st.sampled_from([1, 4, 10, [-2, 0, 1, 5], [0.5]]))
    if name in ("histogram2d", "histogramdd"):
        x = x.reshape(-1)
        both = None if within is None else [within, within]
        if name == "histogram2d":
            return [x, x[::-1]], lambda f, x, y: f(x, y, bins, both)
        return [np.stack([x, x[::-1]], 1)], lambda f, x: f(x, [bins, bins], both)
    return [x], lambda f, x: f(x, bins, within)


def padded(draw: Draw, name: str) -> Call:
    """pad(x, width, mode)."""
    x = array(draw)
    mode = draw(st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap", "maximum", "minimum", "empty"]))
    width = draw(st.integers(0, 3) | st.just((1, 2)))
    return [x], lambda f, x: f(x, width, mode if mode != "empty" else "edge")


def polynomial(draw: Draw, name: str) -> Call:
    """polyval(p, x), polyadd(p, q) and the like, polyder(p), polyint(p), vander(x)."""
    p = array(draw, least=1, most=1, kinds=NUMBERS)
    if name in ("polyder", "polyint", "vander"):
        return [p], lambda f, p: f(p)
    x = like(draw, shaped(draw, most=2) if name == "polyval" else (draw(st.integers(1, 4)),), p, NUMBERS)
    return [p, x], lambda f, p, x: f(p, x)
