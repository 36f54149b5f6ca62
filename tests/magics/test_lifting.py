"""Inside a %%blocked cell sources are blocked arrays where they are calculated with, and themselves elsewhere.

Each test runs real code of a cell through `lift_syntax` against the `Lift` of `lift_values`, with fakes for
blocked arrays that say how they came about.
"""

from __future__ import annotations

import ast
import pickle
import threading
from types import FunctionType

import h5py
import netCDF4
import numpy as np
import pytest

from nbarray.magics import sources
from nbarray.magics.lift_syntax import lift_code, lift_last
from nbarray.magics.lift_values import HELPER, Lift
from tests.magics.fakes import FakeArray


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch):
    """Arrays of 1 kB are large here."""
    monkeypatch.setattr(sources, "LARGE_BYTES", 1000)


def run(code, new_bytes=2**30, **names):
    """Run a cell's code; its namespace, with the last expression as ``value`` and what was ``wrapped``."""
    wrapped = []
    namespace = {"np": np, "h5py": h5py, "netCDF4": netCDF4, "__name__": "__main__", "wrapped": wrapped, **names}
    made = {id(value): name for name, value in names.items()}

    def wrap(source):
        name = made.get(id(source)) or getattr(source, "name", "new").strip("/")
        wrapped.append(f"<{name}>")
        return FakeArray(wrapped[-1], value=source)

    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    lift = Lift(wrap, FakeArray, lambda array: array.compute(), namespace, new_bytes=new_bytes)
    namespace[HELPER] = lift
    with lift:
        exec(compile(lift_code(tree), "cell", "exec"), namespace)
        if last is not None:
            namespace["value"] = lift.block(eval(compile(lift_last(last), "cell", "eval"), namespace))
    return namespace


def text(code, **names):
    """How the cell's value came about."""
    value = run(code, **names)["value"]
    return value.text if isinstance(value, FakeArray) else value


@pytest.fixture
def a():
    """A large array in memory."""
    return np.arange(400.0).reshape(20, 20)


@pytest.fixture
def f(hdf5_file):
    """An open HDF5 file."""
    with h5py.File(hdf5_file) as file:
        yield file


@pytest.fixture
def nc(netcdf_file):
    """An open netCDF file."""
    with netCDF4.Dataset(netcdf_file) as file:
        yield file


# -- where a source is calculated with


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a", "<a>"),
        ("a + 1", "(<a>+1)"),
        ("1 + a", "(1+<a>)"),
        ("-a", "-<a>"),
        ("a > 0", "(<a>>0)"),
        ("a[::2]", "<a>[::2]"),
        ("a[0, ...]", "<a>[[0,Ellipsis]]"),
        ("a[a > 0]", "<a>[(<a>>0)]"),
        ("a.mean(axis=0)", "<a>.mean(0)"),
        ("a[::2].mean() + a[1::2].mean()", "(<a>[::2].mean()+<a>[1::2].mean())"),
        ("np.mean(a)", "mean(<a>)"),
        ("np.sqrt(a)", "sqrt(<a>)"),
        ("np.concatenate([a, a])", "concatenate([<a>,<a>])"),
        ("np.where(a > 0, a, 0)", "where((<a>>0),<a>,0)"),
        ("abs(a)", "abs(<a>)"),
        ("(lambda v: v + 1)(a)", "(<a>+1)"),
        ("[v.mean() for v in [a]][0]", "<a>.mean()"),
        ("(a if a.ndim == 2 else None) + 1", "(<a>+1)"),
        ("{'k': a}['k'] + 1", "(<a>+1)"),
        ("b = a\nb + 1", "(<a>+1)"),
        ("pair = (a, 1)\nnp.add(*pair)", "add(<a>,1)"),
        ("def g(v):\n    return v.mean() + v\ng(a)", "(<a>.mean()+<a>)"),
        ("s = 0\nfor v in [a, a]:\n    s += v\ns", "((0+<a>)+<a>)"),
    ],
)
def test_a_large_array_is_blocked_where_it_is_used_as_an_array(a, code, expected):
    """Operands, slices, arguments of NumPy's and the user's functions, methods, the cell's value."""
    assert text(code, a=a) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f['t']", "<t>"),
        ("f['t'] + f['u']", "(<t>+<u>)"),
        ("f['t'][::2].mean(axis=0)", "<t>[::2].mean(0)"),
        ("f['t'].mean()", "<t>.mean()"),
        ("f['t'].astype('f4').mean()", "<t>.astype(f4).mean()"),
        ("f['t'][f['mask']]", "<t>[<mask>]"),
        ("np.stack([f[k] for k in ('t', 'u')])", "stack([<t>,<u>])"),
        ("t = f['t']\nt += 1\nt", "(<t>+1)"),
    ],
)
def test_a_dataset_of_h5py_is_blocked_where_it_is_used_as_an_array(f, code, expected):
    """Though h5py's datasets have neither arithmetic nor means."""
    assert text(code, f=f) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("nc['t2m'][::2].mean(axis=0)", "<t2m>[::2].mean(0)"),
        ("nc.variables['t2m'] + 1", "(<t2m>+1)"),
        ("netCDF4.Dataset(nc.filepath())['t2m'].mean()", "<t2m>.mean()"),
    ],
)
def test_a_variable_of_netcdf4_is_blocked_where_it_is_used_as_an_array(nc, code, expected):
    """However it is reached."""
    assert text(code, nc=nc) == expected


def test_a_memmap_is_blocked_however_small(tmp_path):
    """It is a file."""
    mapped = np.memmap(tmp_path / "m", dtype="f8", mode="w+", shape=(4,))

    assert text("m + 1", m=mapped) == "(<m>+1)"


def test_a_small_array_stays_numpy():
    """NumPy at once is quicker than a plan."""
    assert np.array_equal(text("s + 1", s=np.arange(3)), [1, 2, 3])


def test_the_same_source_is_the_same_array(f):
    """So that two uses of a dataset read it once, though h5py hands out a new object each time."""
    wrapped = run("r = f['t'] + f['t'] + f['u'] + f['t']", f=f)["wrapped"]

    assert wrapped == ["<t>", "<u>"]


def test_changing_how_a_variable_decodes_makes_another_array(nc):
    """A variable before and after set_auto_mask is not the same data."""
    wrapped = run("p = nc['t2m'] + 0\nnc['t2m'].set_auto_mask(False)\nq = nc['t2m'] + 0", nc=nc)["wrapped"]

    assert wrapped == ["<t2m>", "<t2m>"]


# -- where it stays what it was


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f['t'].attrs['units']", "K"),
        ("f['t'].shape", (6, 4)),
        ("f['t'].chunks", None),
        ("f['t'].name", "/t"),
        ("isinstance(f['t'], h5py.Dataset)", True),
        ("'t' in f", True),
        ("len(f['t'])", 6),
        ("f['t'] is None", False),
        ("[row[0] for row in f['t']][1]", 4.0),
        ("sorted(f)[0]", "mask"),
        ("f['text'][0]", b"a"),
        ("f['records']['b'][0]", 0.0),
        ("f'{f[\"t\"].shape}'", "(6, 4)"),
        ("d = {}\nd['x'] = f['t']\nisinstance(d['x'], h5py.Dataset)", True),
        ("items = []\nitems.append(f['t'])\ntype(items[0]).__name__", "Dataset"),
        ("with h5py.File(f.filename) as g:\n    s = g['t'].shape\ns", (6, 4)),
    ],
)
def test_a_dataset_of_h5py_keeps_what_h5py_gives_it(f, code, expected):
    """Attributes, membership, types, iteration, what isn't numbers."""
    assert text(code, f=f) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("nc['t2m'].units", "K"),
        ("nc['t2m'].dimensions", ("time", "x")),
        ("nc['t2m'].scale_factor", 0.5),
        ("nc['t2m'].set_auto_mask(False)\nnc['t2m'].mask", False),
        ("nc['t2m'].ncattrs()[0]", "_FillValue"),
        ("str(netCDF4.num2date(nc['time'], nc['time'].units)[1])", "2014-01-01 01:00:00"),
        ("getattr(nc['t2m'], 'units')", "K"),
    ],
)
def test_a_variable_of_netcdf4_keeps_what_netcdf4_gives_it(nc, code, expected):
    """Attributes of the file, methods of the library, the library's own functions."""
    assert text(code, nc=nc) == expected


def test_an_array_can_be_written_into(a):
    """Assignments, in-place operators and functions that write reach the user's own array."""
    row = np.ones(20)
    run("a[0] = row\na[1][:] = 5\na[2, 0] += 1\na += 0\nnp.copyto(a[3], 7)\nnp.add(row, 1, out=row)", a=a, row=row)

    assert a[0].tolist() == [1.0] * 20
    assert a[1].tolist() == [5.0] * 20
    assert a[2, 0] == 41.0
    assert row.tolist() == [2.0] * 20


def test_a_dataset_can_be_written_into(hdf5_file):
    """Through its own name, and with attributes."""
    with h5py.File(hdf5_file, "r+") as file:
        run("f['t'][0] = 7\nf['t'].attrs['units'] = 'C'\ndel f['u']", f=file)

        assert file["t"][0].tolist() == [7.0] * 4
        assert file["t"].attrs["units"] == "C"
        assert "u" not in file


def test_names_keep_the_users_objects(a, f):
    """A cell never exchanges an object of the user's for a blocked one behind its name."""
    namespace = run("b = a\nt = f['t']\nc = [a]\na + 1\nb.shape", a=a, f=f)

    assert namespace["a"] is a
    assert namespace["b"] is a
    assert namespace["c"][0] is a
    assert isinstance(namespace["t"], h5py.Dataset)


def test_other_packages_get_the_object_itself(a):
    """As they would without the magic."""
    seen = []
    take = eval("lambda value: seen.append(value)", {"seen": seen, "__name__": "elsewhere"})
    run("take(a)\nseen.append(a)", a=a, take=take, seen=seen)

    assert [value is a for value in seen] == [True, True]


def test_libraries_that_need_values_get_values():
    """netCDF4's own functions can't wait for a blocked array."""
    hours = FakeArray("<x>", value=np.arange(2.0))
    namespace = run("d = netCDF4.num2date(x, 'hours since 2014-01-01')", x=hours)

    assert str(namespace["d"][1]) == "2014-01-01 01:00:00"


# -- Python stays Python


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("class A:\n    __k = 3\n    def get(self):\n        return self.__k\nA().get()", 3),
        ("class A:\n    def v(self): return 1\nclass B(A):\n    def v(self): return super().v() + 1\nB().v()", 2),
        ("def g():\n    x = 5\n    return locals()\ng()", {"x": 5}),
        ("x = 3\neval('x + 1')", 4),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 1\nP(2).x", 2),
        ("match (1, 'a'):\n    case (int(n), str()) if n > 0:\n        r = n\nr", 1),
        ("(n := 4) + n", 8),
        ("x = [1, 2, 3]\nx[0], *rest = x\nrest", [2, 3]),
        ("x: list[int] = [1]\nx += [2]\nx", [1, 2]),
        ("try:\n    {}['k']\nexcept KeyError as e:\n    r = e.args[0]\nr", "k"),
        ("r = ''.join(str(i) for i in range(3) if i != 1)\nr", "02"),
        ("f'{3.14159:.{2}f}'", "3.14"),
        ("print.__name__", "print"),
        ("a, b = 1, 2\na < b < 3", True),
        ("import os.path as p\np.basename('/x/y')", "y"),
        ("d = {'k': [1]}\nd['k'][0] += 4\nd['k']", [5]),
        ("x = 5\ndel x\n'x' in globals()", False),
        ("def g(n, /, *args, k=1 + 1, **kw): return (n, args, k, kw)\ng(1, 2, z=3)", (1, (2,), 2, {"z": 3})),
        ("def g():\n    yield from range(2)\nlist(g())", [0, 1]),
        ("v = 6\nv //= 4\nv **= 2\nv |= 6\nv", 7),
    ],
)
def test_code_without_sources_means_what_it_meant(code, expected):
    """Classes, closures, patterns, generators, private names, frames."""
    assert text(code) == expected


def test_an_error_points_at_the_users_own_place():
    """Line and column are those of the source."""
    with pytest.raises(ZeroDivisionError) as raised:
        run("x = 1\ny = 2\nz = x / 0\n")

    assert raised.traceback[-1].lineno == 2


def test_a_missing_attribute_is_named_by_its_owner(f):
    """h5py's own error, not one of ours."""
    with pytest.raises(AttributeError, match="Dataset"):
        run("f['t'].no_such_thing", f=f)


# -- afterwards, and elsewhere


def test_functions_of_the_cell_can_be_sent_to_other_processes(a):
    """With what they need of the cell, and nothing of the user's."""
    namespace = run("def f(x):\n    return np.sqrt(x[1:]).sum()", a=a)
    sent = pickle.dumps(namespace[HELPER])
    there = FunctionType(namespace["f"].__code__, {HELPER: pickle.loads(sent), "np": np})

    assert np.sqrt(a[1:]).sum() == there(a)
    assert len(sent) < 200


def test_functions_of_the_cell_are_plain_python_afterwards(a):
    """They can still be called, and then calculate at once."""
    namespace = run("def g(v):\n    return (v + 1).mean()\n", a=a)

    assert namespace["g"](a) == (a + 1).mean()


def test_block_functions_in_other_threads_get_plain_arrays(a):
    """A worker's block may be large; it is not a source."""
    results = []
    define = "def g(v): results.append(type(v + 1).__name__)\n"
    start = "t = threading.Thread(target=g, args=(a,))\nt.start()\nt.join()"
    run(define + start, a=a, results=results, threading=threading)

    assert results == ["ndarray"]


def test_arrays_made_by_the_cell_are_held_up_to_a_limit(a):
    """A loop over files must not keep every array it made alive."""
    code = "kinds = [type(np.full((20, 20), i) + 1).__name__ for i in range(4)]"

    assert run(code, new_bytes=2 * a.nbytes)["kinds"] == ["FakeArray", "FakeArray", "ndarray", "ndarray"]


def test_arrays_that_were_there_before_are_blocked_whatever_the_limit(a):
    """They are held by their names anyway."""
    assert run("a + 1", a=a, new_bytes=0)["value"].text == "(<a>+1)"
