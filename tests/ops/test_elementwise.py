"""Ufuncs and their like: values, dtypes and refusals are NumPy's."""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import NBArrayError, NotBlocked
from tests.compare import check, same
from tests.laws.arrays import FLOATS, KINDS, LAYOUTS, PLAIN, values_of

#: In NumPy's own list: numexpr puts a ufunc of its own among NumPy's names.
UFUNCS = sorted(n for n in np.__all__ if isinstance(u := getattr(np, n), np.ufunc) and u.signature is None)
#: One of each way of being computed.
SOME = {
    name: KINDS[name]
    for name in (
        "dtype-?", "dtype-b", "dtype-H", "dtype-Q", "dtype-e", "dtype-f", "dtype-d", "dtype-D", "peculiar-d",
        "peculiar-F", "big-endian-f8", "datetime", "timedelta-nat", "text",
    )
}  # fmt: skip
OPERATORS = [
    divmod, operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift, operator.lt, operator.le, operator.gt,
    operator.ge, operator.eq, operator.ne,
]  # fmt: skip
#: What can stand beside an array: Python's numbers have no dtype of their own, NumPy's have.
SCALARS = [
    2, 0, -1, 300, -300, 2**63, 10**20, True, 2.5, 0.5, -0.0, np.nan, np.inf, 1e300, 1j, np.bool_(True), np.int8(3),
    np.uint8(200), np.int64(-3), np.float16(2), np.float32(1.5), np.float64(2), np.complex64(1j), "a", b"x", None,
    np.datetime64("2014-01-01"), np.timedelta64(3, "s"), np.array(3, "i2"), np.array(2.5, "f4"),
]  # fmt: skip


@pytest.mark.parametrize("name", UFUNCS)
def test_ufunc(name: str, subtests: pytest.Subtests) -> None:
    """Every ufunc does the same to blocked arrays of every dtype, or refuses them as NumPy does."""
    ufunc = getattr(np, name)
    # of 0.0 and -0.0 NumPy takes either as the larger, depending on where they lie
    function = ufunc if name not in ("maximum", "minimum", "fmax", "fmin") else lambda x, y: ufunc(x, y) + 0
    for kind, a in SOME.items():
        with subtests.test(kind):
            same(function, *([a] if ufunc.nin == 1 else [a, a[::-1]]))


@pytest.mark.parametrize("name", UFUNCS)
def test_ufunc_by_our_name(name: str) -> None:
    """Every ufunc has our name as well, and it says what it is."""
    ufunc, ours = getattr(np, name), getattr(nb, name)
    a = values_of("i" if name.startswith("bitwise") or "shift" in name else "d")
    arrays = [a] * ufunc.nin
    blocked = [nb.from_array(b, chunks=3) for b in arrays]

    assert "NumPy" in ours.__doc__
    check(lambda: ours(*blocked), lambda: ufunc(*arrays))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_ufunc_layouts(layout: str) -> None:
    """How an array lies in memory, and whether it has elements at all, makes no difference."""
    a = LAYOUTS[layout]

    same(np.exp, a)
    same(lambda x: x + x * 2, a)
    same(lambda x: np.where(x > 1, x, -x), a)


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_operator_with_scalars(op: Callable[..., Any]) -> None:
    """Scalars promote as NEP 50 says, from either side, or don't fit, as `uint8 + 300` doesn't."""
    for kind in ("dtype-?", "dtype-B", "dtype-q", "dtype-f", "datetime", "text"):
        a = KINDS[kind][:2, :3]
        for scalar in SCALARS:
            same(lambda x, s=scalar: op(x, s), a)
            # the == of NumPy's scalars asks the ufunc, which refuses what it can't compare
            if op not in (operator.eq, operator.ne) or not isinstance(scalar, np.ndarray | np.generic):
                same(lambda x, s=scalar: op(s, x), a)


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_operator_with_arrays(op: Callable[..., Any]) -> None:
    """Arrays of all kinds promote as NumPy has it, blocked or not, with lists as well."""
    for left in ("dtype-?", "dtype-b", "dtype-Q", "dtype-f", "dtype-D", "datetime", "timedelta", "text"):
        for right in ("dtype-?", "dtype-B", "dtype-q", "dtype-e", "timedelta", "datetime", "bytes"):
            same(op, KINDS[left][:3], KINDS[right][2:5])
    same(lambda x: op(x, values_of("i")), values_of("b"))
    same(lambda x: op(values_of("i"), x), values_of("b"))
    same(lambda x: op(x, [1, 2, 3, 4, 5]), values_of("b"))
    same(lambda x: op([[1], [2], [0], [4], [5], [6], [7]], x), values_of("b"))


@pytest.mark.parametrize("op", [operator.neg, operator.pos, operator.abs, operator.invert], ids=lambda op: op.__name__)
@pytest.mark.parametrize("kind", ["dtype-?", "dtype-b", "dtype-H", "peculiar-d", "dtype-D", "timedelta", "text"])
def test_unary_operator(op: Callable[[Any], Any], kind: str) -> None:
    """Signs, absolute values and inversions."""
    same(op, KINDS[kind])


def test_dates_and_times_of_python() -> None:
    """Python's dates can be compared with NumPy's."""
    days = np.arange("1970-01-01", "1970-01-09", dtype="M8[D]")

    for op in (operator.eq, operator.ne, operator.lt, operator.ge):
        same(lambda x, op=op: op(x, datetime.date(1970, 1, 4)), days)


def test_power_operator() -> None:
    """``**`` with the exponents that NumPy does in a quicker way is the same bits."""
    for exponent in (1, 2, 0.5, -1, 3, 1.5, 0, -2, 1.0, 2.0, -1.0, True, np.float64(2)):
        for kind in ("dtype-b", "dtype-H", "dtype-f", "peculiar-d", "peculiar-F", "dtype-?"):
            same(lambda x, e=exponent: x**e, KINDS[kind])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((7, 5), (5,)), ((7, 5), (7, 1)), ((7, 1), (1, 5)), ((3, 1, 5), (7, 1)), ((7, 5), (1,)), ((7, 5), ()),
        ((0, 5), (1, 5)), ((0, 5), (5,)), ((1,), (0,)), ((), ()), ((7, 5), (7,)), ((0, 5), (2, 5)), ((2, 3), (3, 2)),
    ],
)  # fmt: skip
def test_broadcasting(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Shapes broadcast as NumPy's do, or don't."""
    a, b = np.ones(left), np.arange(np.prod(right, dtype=int)).reshape(right) * 1.0

    same(operator.add, a, b)
    same(lambda x, y: np.where(x > y, x, y), a, b)
    same(lambda x, y: (x + y).sum(), a, b, close=True)


@pytest.mark.parametrize("ufunc", [np.modf, np.frexp], ids=lambda u: u.__name__)
def test_several_results(ufunc: np.ufunc) -> None:
    """Ufuncs with two results give two arrays, each of use by itself."""
    for a in FLOATS.values():
        same(ufunc, a)
    same(lambda x: ufunc(x)[0], values_of("d"))
    same(lambda x: ufunc(x)[1].sum(), values_of("d"), close=True)
    same(lambda x: divmod(x, 3)[1].max(), values_of("i"))


@pytest.mark.parametrize(
    "options",
    [
        {"dtype": "f4"}, {"dtype": complex}, {"dtype": "i4"}, {"dtype": "M8[s]"}, {"casting": "unsafe", "dtype": "i4"},
        {"casting": "no"}, {"where": True}, {"signature": "ff->f"}, {"order": "C"}, {"subok": False}, {"out": None},
    ],
    ids=str,
)  # fmt: skip
def test_ufunc_options(options: dict[str, Any]) -> None:
    """What NumPy's ufuncs take besides arrays."""
    same(lambda x: np.add(x, x, **options), values_of("d"))
    same(lambda x: np.add(x, 1, **options), values_of("i"))


def test_options_without_blocked_form() -> None:
    """An option that can't be had is refused, and named."""
    x = nb.from_array(values_of("d"), chunks=3)

    with pytest.raises(NotBlocked, match="out="):
        np.add(x, x, out=np.zeros((7, 5)))
    with pytest.raises(NBArrayError, match=r"where=.*nb\.where"):
        np.add(x, x, where=x > 0)
    with pytest.raises(TypeError, match="nonsense"):
        np.add(x, x, nonsense=1)


@pytest.mark.parametrize("kind", KINDS)
def test_where(kind: str) -> None:
    """`where` picks, promotes and broadcasts."""
    a = KINDS[kind]

    same(lambda x: np.where(x == x[:1], x, x[:, :1]), a)
    for one, other in ((1, 0), (2.5, 0), (True, 1j), (np.float32(1), 2), ("a", "b"), (300, 1.0)):
        same(lambda x, p=one, q=other: np.where(x == x[:1], p, q), a)
        same(lambda x, p=one: np.where(x != x[::-1], x, p), a)
    same(lambda x: np.where(x, x, x[0]), a)


@pytest.mark.parametrize("kind", KINDS)
def test_clip(kind: str) -> None:
    """`clip` with either bound open, bounds that cross, that don't fit the dtype, and arrays of bounds."""
    a = KINDS[kind]
    bounds = [
        (-1, 2), (None, 1), (0, None), (2, -2), (0.5, 1.5), (None, None), (-300, 300), (np.int8(-1), np.int64(2)),
        (-0.0, 0.0), (np.nan, 1), (1, np.inf), ("a", "b"), (np.timedelta64(-1, "s"), np.timedelta64(1, "s")),
    ]  # fmt: skip

    for low, high in bounds:
        same(lambda x, a=low, b=high: np.clip(x, a, b), a)
    same(lambda x: x.clip(-1, 2), a)
    same(lambda x: x.clip(max=1), a)
    same(lambda x: np.clip(x, min=1), a)
    same(lambda x: np.clip(x, x[:1], x[1:2]), a)


@pytest.mark.parametrize("kind", KINDS)
def test_round(kind: str) -> None:
    """Rounding to decimals, also to tens."""
    for decimals in (0, 1, -1):
        same(lambda x, d=decimals: np.round(x, d), KINDS[kind])
    same(lambda x: x.round(2), KINDS[kind] / 3 if kind in PLAIN and kind != "dtype-?" else KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_astype(kind: str) -> None:
    """Casts from every dtype to every other; those that a casting rule forbids are refused."""
    whole = "?" if kind in FLOATS else "?bBhHiIqQ"  # NaN as an integer is whatever the processor makes of it
    for dtype in [*whole, *"efdgFDG", "U5", "S3", "M8[s]", "m8[s]", ">f8", None]:
        same(lambda x, d=dtype: x.astype(d), KINDS[kind])
        same(lambda x, d=dtype: x.astype(d, casting="same_kind"), KINDS[kind][:3])
    same(lambda x: x.astype("f4", casting="nonsense"), KINDS[kind])
    same(lambda x: x.astype("nonsense"), KINDS[kind])


OTHERS: dict[str, Callable[[Any], Any]] = {
    **{f.__name__: f for f in (np.real, np.imag, np.angle, np.nan_to_num, np.conj, np.sign, np.copy)},
    "isclose": lambda x: np.isclose(x, x[::-1]),
    "allclose": lambda x: np.allclose(x, x, equal_nan=True),
    "conj": lambda x: x.conj(),
    "astype": lambda x: np.astype(x, "f4"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_functions(name: str) -> None:
    """Elementwise functions that aren't ufuncs."""
    for kind in ("dtype-?", "dtype-b", "dtype-f", "peculiar-d", "dtype-D", "peculiar-F"):
        same(OTHERS[name], KINDS[kind])
