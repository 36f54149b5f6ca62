"""What is handed over where no axes are left: an array, a scalar or Python's own number, as NumPy has it.

The law of every function compares that, too; here are the functions that it draws nothing of without axes, methods,
indexing, and the ways in which values reach their user.
"""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.api.dispatch import PUBLIC
from nbarray.api.no_axes import FUNCTIONS, METHODS
from tests.compare import all_tasks_are_tiny, check, form_of, quiet  # noqa: F401 - a fixture

#: Of an array of three, of one without axes, and of a scalar.
OPERANDS: dict[str, Any] = {"axis": np.arange(3.0), "none": np.array(3.0), "scalar": np.float64(3.0)}
CALLS = """
    np.where(x > 0, x, x)
    np.where(True, x, 0)
    np.select([x > 0], [x])
    np.piecewise(x, [x > 0], [1, 2])
    np.choose(1, [x, x])
    np.moveaxis(x, (), ())
    np.roll(x, 1)
    np.flip(x)
    np.array(x)
    np.asarray(x)
    np.copy(x)
    np.astype(x, int)
    np.reshape(x, ())
    np.squeeze(x)
    np.transpose(x)
    np.permute_dims(x)
    np.real(x)
    np.imag(x)
    np.real_if_close(x)
    np.isreal(x)
    np.iscomplex(x)
    np.nan_to_num(x)
    np.clip(x, 0, 1)
    np.round(x)
    np.angle(x)
    np.diff(x, 0)
    np.trim_zeros(x)
    np.tensordot(x, x, 0)
    np.tensordot(x, x, x.ndim)
    np.dot(x, x)
    np.inner(x, x)
    np.vdot(x, x)
    np.kron(x, x)
    np.cov(x)
    np.corrcoef(x)
    np.take(x, 0)
    np.tile(x, ())
    np.pad(x, 0)
    np.resize(x, ())
    np.block(x)
    np.isin(x, [1])
    np.broadcast_to(x, ())
    np.broadcast_arrays(x, x)
    np.full_like(x, 1)
    np.full_like(x, 1, shape=())
    np.zeros_like(x)
    np.ones_like(x)
    np.unique(x, return_inverse=True)
    np.fft.fftn(x)
    np.polyval([1, 2], x)
    np.polyval([], x)
    np.interp(x, [0.0, 9.0], [0.0, 1.0])
    np.searchsorted(np.arange(3.0), x)
    np.digitize(x, np.arange(3.0))
    np.median(x, keepdims=True)
    np.median(x)
    np.quantile(x, 0.5, keepdims=True)
    np.nanpercentile(x, 50)
    np.average(x)
    np.ptp(x)
    np.count_nonzero(x)
    np.argmax(x)
    np.linalg.norm(x)
    np.linalg.matrix_rank(x)
    np.linalg.tensordot(x, x, axes=x.ndim)
    np.allclose(x, x)
    np.array_equal(x, x)
    np.array_equiv(x, 1)
    np.apply_along_axis(np.sum, 0, x)
    np.vectorize(lambda v: v + 1)(x)
    np.divmod(x, 2)
    np.modf(x)
    np.add(x, 1)
    np.sum(x)
    np.ma.getdata(x)
    np.ma.getmaskarray(x)
    np.ma.filled(x)
    np.ma.masked_array(x, mask=x > 1)
    np.ma.masked_greater(x, 1)
    np.ma.masked_where(x > 1, x)
    np.ma.fix_invalid(x)
    np.ma.where(x > 1, x, 0)
    np.ma.zeros_like(x)
    np.ma.count(x)
    np.ma.count(x, axis=0)
    x + 1
    -x
    x.sum()
    x.round()
    x.clip(0, 1)
    x.copy()
    x.astype(int)
    x.reshape(())
    x.squeeze()
    x.transpose()
    x.T
    x.real
    x.imag
    x.conj()
    (x + 1j).conj()
    x.view("i8")
    x.byteswap()
    x[0]
    x[()]
    x[...]
    x[0, ...]
    x[..., 0]
    x[np.array(0)]
    x[-1:].squeeze()
    x[-1:].reshape(())
    x[:1].reshape((1, 1)).squeeze()
    [k for k in x]
"""
#: Of arrays, with a mask or without, whose first element is masked.
MASKED_CALLS = """
    x[0]
    x[1]
    x[..., 0]
    x[..., 1]
    x[..., 0].copy()
    x[..., 0][()]
    x[..., 0] + 1
    x[..., 1] + 1
    x[..., 0].astype(int)
    x[:1].reshape(())
    x[:1].squeeze()
    x.sum()
    x[:1].sum()
    x.count()
    x[..., 0].mask
    x[..., 0].filled()
    np.ma.average(x)
    np.ma.filled(x[..., 0], 7.0)
    np.ma.getdata(x[..., 1])
    np.ma.where(True, x[..., 0], x[..., 1])
    np.ma.masked_equal(x[..., 1], 2)
"""
#: Of nothing.
PLAIN_CALLS = """
    np.zeros(())
    np.ones((), int)
    np.full((), 7)
    np.full((), "text")
    np.asarray(3)
    np.array([1, 2])[1]
    np.poly([])
    np.unravel_index(1, (3,))
    np.ravel_multi_index((1,), (3,))
    np.busday_count("2014-01-01", "2014-02-01")
    np.datetime_as_string(np.array("2014-01-01", "M8[D]"))
    np.where(True, 1, 0)
    np.choose(1, [1, 2])
"""


def lines(calls: str) -> list[str]:
    """The calls, one a line."""
    return [line.strip() for line in calls.strip().splitlines()]


def blocked(value: Any) -> Any:
    """An array in chunks; a scalar as an element of one."""
    return nb.from_array(value, chunks=2) if isinstance(value, np.ndarray) else nb.from_array(np.asarray(value))[()]


def check_call(text: str, **operands: Any) -> None:
    """What a call gives is what it gives with our functions on blocked arrays."""

    def called(module: Any, change: Callable[[Any], Any]) -> Any:
        with quiet():
            return eval(text, {"np": module, **{name: change(value) for name, value in operands.items()}})

    check(lambda: called(nb, blocked), lambda: called(np, lambda value: value))


@pytest.mark.parametrize("operand", OPERANDS)
@pytest.mark.parametrize("text", lines(CALLS))
def test_calls(text: str, operand: str) -> None:
    """Of arrays with axes, without, and of scalars a function, method or index gives what NumPy's gives."""
    check_call(text, x=OPERANDS[operand])


@pytest.mark.parametrize("text", lines(MASKED_CALLS))
def test_masked(text: str) -> None:
    """A masked element is `np.ma.masked` by itself, and a masked array where NumPy has one without axes."""
    check_call(text, x=np.ma.MaskedArray([1.0, 2.0, 3.0], [True, False, False]))


@pytest.mark.parametrize("text", lines(PLAIN_CALLS))
def test_of_nothing(text: str) -> None:
    """What is made of plain numbers is made as by NumPy."""
    check_call(text)


def test_texts() -> None:
    """Functions of text that are no ufuncs give arrays, those that are give scalars."""
    text = np.array("a-b")
    for function in (np.strings.upper, np.char.title, lambda x: np.strings.replace(x, "a", "c"), np.char.str_len):
        check(lambda f=function: f(nb.from_array(text)), lambda f=function: f(text))
    check(lambda: np.strings.partition(nb.from_array(text), "-"), lambda: np.strings.partition(text, "-"))


def test_fields() -> None:
    """A field of a record is an array or a scalar as the record is."""
    records = np.array([(1, 2.0), (3, 4.0)], [("a", "i4"), ("b", "f8")])
    x = nb.from_array(records)
    for call in (lambda r: r[0]["a"], lambda r: r[..., 0]["a"], lambda r: r[..., 1], lambda r: r["b"][1]):
        assert form_of(call(records)) == form_of(call(x).compute())


def test_objects() -> None:
    """An array of no axes holds its object, a list for one, and an element is the object."""
    a = np.array([None, None], object)
    a[0] = [1, 2]
    x = nb.from_array(a)

    assert [1, 2] == x[0].compute()
    made = x[..., 0].compute()
    assert (type(made), made.shape, made[()]) == (np.ndarray, (), [1, 2])


def test_named() -> None:
    """The first argument may be given by its name."""
    scalar, array = nb.zeros(1)[0], nb.zeros(())

    assert "scalar" == form_of(nb.squeeze(a=scalar).compute())
    assert "array" == form_of(nb.squeeze(a=array).compute())


def test_together_and_later() -> None:
    """However values are asked for, alone or together, now or later, they are what NumPy has; the run is the same."""
    x = nb.arange(4.0, chunks=2)
    one, whole = x[1], x[..., 1]
    assert one.expr is whole.expr

    async def awaited() -> list[Any]:
        return [await one, await whole]

    wanted = ["scalar", "array"]
    assert wanted == [form_of(v) for v in nb.compute(one, whole)]
    assert wanted == [form_of(v) for v in nb.compute({"a": [one, whole]})[0]["a"]]
    assert wanted == [form_of(v.start().result()[0]) for v in (one, whole)]
    assert wanted == [form_of(v) for v in asyncio.run(awaited())]
    assert wanted == [form_of(v.compute()) for v in nb.persist(one, whole)]
    assert wanted == [form_of(v.compute()) for v in nb.optimize(one, whole)]
    assert wanted == [form_of(nb.monitor(v).result()) for v in (one, whole)]
    for again in (copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))):
        assert wanted == [form_of(again(v).compute()) for v in (one, whole)]


def test_numbers_of_arrays() -> None:
    """Python's numbers are made of both."""
    for x in (nb.asarray(2), nb.arange(3)[2]):
        assert (2, 2.0, 2 + 0j, True, 2, 2) == (int(x), float(x), complex(x), bool(x), x.item(), x.tolist())
        assert ("2.00", [0, 1]) == (f"{x:.2f}", list(range(x)))


def test_of_files(tmp_path: Path) -> None:
    """A variable without axes is an array, as ``variable[...]`` is."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = 3.0

        assert "array" == form_of(nb.from_array(file["x"]).compute())
    assert "array" == form_of(nb.open(tmp_path / "x.h5", "x").compute())


def test_changing() -> None:
    """An array of no axes changes in place, or refuses as NumPy's; and so does what is given as `out=`."""
    x, a = nb.asarray(1), np.array(1)
    with pytest.raises(TypeError, match="cast"):
        a += 1.5
    with pytest.raises(TypeError, match="cast"):
        x += 1.5
    kept = x
    x += 2

    assert kept is x
    check(x, np.array(3))
    out = nb.zeros(())
    assert out is nb.sum(nb.ones(3), out=out)
    check(out, np.array(3.0))
    shaped = nb.ones(1)
    shaped.resize(())
    check(shaped, np.array(1.0))


def test_what_is_assigned_to_is_an_array() -> None:
    """NumPy's scalars can't be assigned to; what takes a value here is an array, as in dask."""
    x = nb.zeros(1)[0]
    assert "scalar" == form_of(x.compute())
    x[()] = 2

    check(x, np.array(2.0))


def test_fill_values() -> None:
    """A masked array of no axes keeps its fill value."""
    m = np.ma.MaskedArray([1.0, 2.0], [True, False], fill_value=7.0)
    made = nb.from_array(m)[..., 0].compute()

    assert (7.0, ()) == (made.fill_value, made.shape)


def test_table() -> None:
    """Every name in the tables is one of ours."""
    modules = {"": PUBLIC, "fft": vars(nb.fft), "linalg": vars(nb.linalg), "ma": vars(nb.ma)}
    unknown = [n for n in FUNCTIONS if n.rpartition(".")[2] not in modules[n.rpartition(".")[0]]]

    assert [] == [*(n for n in unknown if n != "require"), *(n for n in METHODS if not hasattr(nb.Array, n))]
