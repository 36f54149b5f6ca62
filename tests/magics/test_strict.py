"""Whoever asks for all values of an array in a %%blocked cell is told of, or refused under --strict."""

from __future__ import annotations

import functools
import threading
import types

import h5py
import netCDF4
import numpy as np
import pytest

from nbarray.errors import BudgetError
from tests.magics.loaded import loaded


@pytest.fixture
def shell(shell, monkeypatch):
    """A shell with the extension."""
    yield from loaded(shell, monkeypatch)


def run(shell, cell):
    """Run a cell that must succeed; its value."""
    result = shell.run_cell(cell)
    result.raise_error()
    return result.result


def is_refused(shell, code):
    """Whether code in a cell of little memory reads too much; it must succeed otherwise."""
    result = shell.run_cell(f"%%blocked --strict --memory 1MB\n{code}")
    refused = isinstance(result.error_in_exec, BudgetError)
    assert refused or result.success
    return refused


def test_strict_refuses_to_hand_out_whole_arrays(shell, a, capsys):
    """More than a hundredth of the memory; which line asked for it is said, and nothing is computed."""
    result = shell.run_cell("%%blocked --strict --memory 1MiB\nx = a + 1\nlist(map(np.asarray, [x]))")
    err = capsys.readouterr()

    assert isinstance(result.error_in_exec, BudgetError)
    assert "line 3: list(map(np.asarray, [x]))" in str(result.error_in_exec)
    assert "--strict allows 10.2 KiB" in err.out + err.err


def test_strict_lets_small_ones_through(shell, a):
    """A line of a picture is no accident."""
    value = run(shell, "%%blocked --strict --memory 1GiB\nlist(map(np.asarray, [a.mean(axis=0)]))[0]")

    np.testing.assert_allclose(value, a.mean(axis=0))


def test_without_strict_conversions_are_told(shell, a, capsys):
    """Once for each line."""
    run(shell, "%%blocked\nx = a + 1\nfor _ in range(2):\n    list(map(np.asarray, [x]))")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("nbarray:")]

    assert len(lines) == 1
    assert "all values of an array of shape (40, 50), 15.6 KiB" in lines[0]
    assert "line 4" in lines[0]


def test_whole_files_are_no_exception(shell, hdf5_file, capsys):
    """What the file's own library would read whole outside of the budget is told, and refused under --strict."""
    with h5py.File(hdf5_file) as file:
        shell.push({"t": file["t"]})
        told = run(shell, "%%blocked\nnp.asarray(t).shape")
        text = capsys.readouterr().out
        refused = shell.run_cell("%%blocked --strict --memory 10kB\nx = 1\nnp.array(t)")

    assert told == (6, 4)
    assert "all values of an array of shape (6, 4), 192 B, computed for it" in text
    assert isinstance(refused.error_in_exec, BudgetError)
    assert "line 3: np.array(t)" in str(refused.error_in_exec)


LARGE = 1000 * 40


@pytest.fixture
def stored(shell, tmp_path):
    """ds of h5py and nc of netCDF4, of 320 kB: a third of a memory of 1 MB; and ways to convert them."""
    values = np.arange(float(LARGE)).reshape(1000, 40)
    module = types.ModuleType("foreign")
    exec("import numpy as np\ndef mean(x):\n    return np.asarray(x).mean()", module.__dict__)
    with h5py.File(tmp_path / "l.h5", "w") as file, netCDF4.Dataset(tmp_path / "l.nc", "w") as nc:
        file["ds"] = values
        nc.createDimension("y", 1000)
        nc.createDimension("x", 40)
        nc.createVariable("nc", "f8", ("y", "x"))[:] = values
        shell.push({"ds": file["ds"], "nc": nc["nc"], "foreign": module, "partial": functools.partial})
        shell.run_cell("def own(x):\n    return np.asarray(x).mean()")
        yield values


@pytest.mark.parametrize("name", ["ds", "nc"])
@pytest.mark.parametrize(
    "code",
    [
        "np.asarray({})",
        "np.array({})",
        "np.array({}[...])",
        "np.asarray({}[:] + 1)",
        "{}[...].tolist()",
        "own({})",
        "(lambda x: np.asarray(x).mean())({})",
        "foreign.mean({})",
        "foreign.mean({}[...])",
        "foreign.mean(x={})",
        "partial(foreign.mean, {})()",
        "list(map(foreign.mean, [{}]))",
        "list(map(np.asarray, ({},)))",
        "np.ma.masked_array({}[:])",
        "np.ma.sum({})",
    ],
)
def test_strict_sees_whole_files_wherever_they_are_converted(shell, stored, name, code):
    """By NumPy, by a function of the user's, by another package's, directly or handed on."""
    result = shell.run_cell("%%blocked --strict --memory 1MB\n1\n" + code.format(name))

    assert isinstance(result.error_in_exec, BudgetError)
    assert "--strict allows" in str(result.error_in_exec)


@pytest.mark.parametrize("name", ["ds", "nc"])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("{}[...].mean()", LARGE / 2 - 0.5),
        ("np.mean({})", LARGE / 2 - 0.5),
        ("own({}[0])", 19.5),
        ("foreign.mean({}[0])", 19.5),
        ("len({})", 1000),
        ("sum(1 for row in {})", 1000),
        ("type({}).__module__.partition('.')[0] in ('h5py', 'netCDF4')", True),
    ],
)
def test_strict_refuses_nothing_else(shell, stored, name, code, expected):
    """What is reduced in blocks, selected, or only looked at."""
    assert expected == run(shell, f"%%blocked --strict --memory 1MB\n{code.format(name)}")


CLASSES = """
class Kept:
    def __init__(self, x):
        self.mean = np.asarray(x).mean()
class Callable:
    def __call__(self, x):
        return np.asarray(x).mean()
class Method:
    def mean(self, x):
        return np.asarray(x).mean()
"""
FILLING = "into = np.empty((1000, 40))\n"


@pytest.mark.parametrize("name", ["ds", "nc"])
@pytest.mark.parametrize(
    "code",
    [
        "{}.__array__()",
        "{}.__array__(dtype=float)",
        FILLING + "into[:] = {}",
        FILLING + "into[:] = {}[:]",
        FILLING + "first = into[:] = {}",
        FILLING + "into[...] += {}",
        FILLING + "into -= {}",
        "other[:] = {}",
        "Kept({})",
        "Kept(x={}).mean",
        "Callable()({})",
        "Method().mean({})",
    ],
)
def test_strict_sees_whole_files_that_are_copied(shell, stored, name, code):
    """By the methods of their own libraries, into other arrays, or by classes of the user's."""
    shell.run_cell(f"import numpy as np\n{CLASSES}")
    with h5py.File("other", "w", driver="core", backing_store=False) as file:
        shell.push({"other": file.create_dataset("other", (1000, 40), "f8")})
        result = shell.run_cell("%%blocked --strict --memory 1MB\n1\n" + code.format(name))

    assert isinstance(result.error_in_exec, BudgetError)
    assert "--strict allows" in str(result.error_in_exec)


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("ds.read_direct(into)", True),
        ("ds.read_direct(into, np.s_[:])", True),
        ("ds.read_direct(into, source_sel=np.s_[:1000, ...])", True),
        ("ds.read_direct(into, np.s_[:10], np.s_[:10])", False),
        ("ds.read_direct(into, source_sel=np.s_[:10], dest_sel=np.s_[:10])", False),
        ("into[:10] = ds[:10]", False),
        ("box = {'x': 0}; box['x'] = ds", False),
        ("box = [0]; box[0] = ds", False),
        ("ds.__len__()", False),
    ],
)
def test_strict_lets_parts_of_files_be_read_into_arrays(shell, stored, code, refused):
    """And files be put into what is no array."""
    assert refused == is_refused(shell, f"{FILLING}{code}\nNone")


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("np.array(mm)", True),
        ("np.copy(mm)", True),
        ("mm.copy()", True),
        ("mm.tobytes()", True),
        ("mm.tolist()", True),
        ("bytes(mm)", True),
        ("np.array(mm, copy=None)[0, 0]", False),
        ("np.asarray(mm)[0, 0]", False),
        ("mm[:2].sum()", False),
        ("mm.mean()", False),
        ("mm[0].copy().compute()", False),
        ("mm.flush()", False),
    ],
)
def test_strict_sees_copies_of_memory_maps(shell, tmp_path, code, refused):
    """What uses them where they lie is no copy."""
    mm = np.lib.format.open_memmap(tmp_path / "m.npy", "w+", "f8", (1000, 40))
    shell.push({"mm": mm, "np": np})
    assert refused == is_refused(shell, code)


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("z.get_basic_selection()", True),
        ("z.get_basic_selection(np.s_[:, :40])", True),
        ("z.get_basic_selection(selection=0)", False),
        ("z.get_orthogonal_selection(([0, 1], slice(0, 3)))", False),
        ("z[:].mean()", False),
    ],
)
def test_strict_sees_selections_of_zarr_that_are_all(shell, code, refused):
    """By the methods that read them at once."""
    zarr = pytest.importorskip("zarr")
    z = zarr.create_array({}, shape=(1000, 40), chunks=(100, 40), dtype="f8")
    shell.push({"z": z})
    assert refused == is_refused(shell, code)


def test_classes_of_such_cells_look_after_their_arguments(shell, stored):
    """They get the user's object, and its attributes."""
    shell.run_cell("%%blocked\nclass Row:\n    def __init__(self, x):\n        self.row = x[0] + 1\n"
                   "        self.name = x.name")  # fmt: skip

    assert "/ds" == run(shell, "%%blocked --strict --memory 1MB\nRow(ds).name")


def test_strict_calls_objects_that_have_no_hash(shell, stored):
    """Such as a data class that can be called."""
    shell.run_cell("import dataclasses\n@dataclasses.dataclass\nclass Row:\n    k: int\n    def __call__(self, x):\n"
                   "        return x[self.k].sum()\nrow = Row(0)")  # fmt: skip

    assert 780.0 == run(shell, "%%blocked --strict --memory 1MB\nrow(ds)")


def test_without_strict_other_packages_read_what_they_are_given(shell, stored):
    """They get the user's object, as without the magic."""
    assert stored.mean() == run(shell, "%%blocked --memory 1MB\nforeign.mean(ds)")


def test_blocked_positions_to_delete_are_told_too(shell, a, capsys):
    """Deleting needs all of them; indexing needs none beforehand."""
    run(shell, "%%blocked\nx = a + 1\nwhere = abs(a[:, 0]).astype(int)\nx[where].sum()")
    assert "nbarray:" not in capsys.readouterr().out
    run(shell, "%%blocked\nx = a + 1\nwhere = abs(a[:, 0]).astype(int)\nnp.delete(x, where, axis=0).sum()")

    assert "line 4: np.delete(x, where, axis=0).sum()" in capsys.readouterr().out


OTHER_CELL = """
import functools
def whole(): return DS[:]
def outer(): return sum(len(inner) for inner in [whole()])
def rows():
    for row in [0, 1]:
        yield DS[row]
    yield np.asarray(DS)
def made():
    mine = DS
    def within(): return np.array(mine[...])
    return within
class Reader:
    def __init__(self): self.ds = DS
    @property
    def values(self): return np.asarray(self.ds)
    def __len__(self): return len(self.ds[:].tolist())
    async def waited(self): return np.asarray(self.ds)
wrapped = functools.lru_cache(lambda: np.asarray(DS))
within, reader = made(), Reader()
"""


@pytest.mark.parametrize("name", ["ds", "nc"])
@pytest.mark.parametrize(
    "code",
    [
        "np.asarray(whole()).shape",
        "list(map(np.asarray, [whole()]))",
        "list(rows())",
        "within()",
        "(lambda: within())()",
        "reader.values",
        "Reader().values",
        "len(reader)",
        "wrapped()",
        "try:\n    reader.waited().send(None)\nexcept StopIteration:\n    pass",
    ],
)
def test_strict_sees_what_functions_of_other_cells_read_by_themselves(shell, stored, name, code):
    """No argument names the file; without --strict they read it as they always did."""
    shell.run_cell(OTHER_CELL.replace("DS", name)).raise_error()
    before = shell.user_ns["whole"].__code__
    assert is_refused(shell, code)
    assert shell.user_ns["whole"].__code__ is before
    assert type(shell.user_ns["whole"]()) in (np.ndarray, np.ma.MaskedArray)
    run(shell, code)


def test_strict_blocks_what_functions_of_other_cells_read(shell, stored):
    """What is refused are all values at once, not what is computed of them; a place is the function's own."""
    shell.run_cell("def middle():\n    return ds[:].mean()").raise_error()
    assert run(shell, "%%blocked --strict --memory 1MB\nmiddle() * 2") == LARGE - 1.0
    shell.run_cell("def whole():\n    return np.asarray(ds)").raise_error()
    result = shell.run_cell("%%blocked --strict --memory 1MB\nwhole()")
    assert "line 2: return np.asarray(ds)" in str(result.error_in_exec)


def test_functions_without_a_source_stay_what_they_are(shell, stored):
    """Code that was made of a text that is kept nowhere."""
    shell.run_cell("exec('def whole(): return ds[:]')").raise_error()
    assert run(shell, "%%blocked --strict --memory 1MB\nwhole().shape") == (1000, 40)


def test_functions_that_are_cached_get_the_users_object(shell, stored):
    """A blocked array has no hash."""
    shell.run_cell("import functools\n@functools.lru_cache\ndef first(x):\n    return x[0].sum()").raise_error()
    assert run(shell, "%%blocked --strict --memory 1MB\nfirst(ds)") == 780.0


COMPILED = """
import numba
@numba.njit
def total(x): return x.sum() + x[0] * 2
twice = numba.vectorize(lambda x: x * 2 + x.real)
def plain(x): return x.sum() + x[0]
fast = numba.njit(plain)
"""


@pytest.mark.parametrize("code", ["total(np.ones(3))", "twice(np.ones(2)).sum() - 1", "fast(np.ones(3)) + 1"])
def test_functions_that_numba_compiles_stay_what_they_are(shell, code):
    """It reads their code when they are called."""
    pytest.importorskip("numba")
    shell.run_cell("import numpy as np" + COMPILED).raise_error()
    assert run(shell, f"%%blocked --strict --memory 1MB\n{code}") == 5.0


@pytest.mark.parametrize("options", ["", "--strict"])
def test_a_cell_may_define_what_numba_compiles(shell, options):
    """With its decorators, with or without arguments, of a lambda, or of a function that has a name."""
    pytest.importorskip("numba")
    code = """import numba, numpy as np
@numba.njit
def total(x): return x.sum() + x[0] * 2
@numba.jit(nopython=True)
def first(x): return x[0] + total(x)
def plain(x): return x[0] + x.ndim
fast = numba.njit(plain)
first(np.ones(3)), numba.njit(lambda x: x[0] + x.size)(np.ones(3)), fast(np.ones(3))"""
    assert run(shell, f"%%blocked {options} --memory 1MB\n{code}") == (6.0, 4.0, 2.0)


def test_generators_of_a_strict_cell_go_on_after_it(shell, stored):
    """They keep the code that they began with."""
    shell.run_cell("def rows():\n    for row in range(3):\n        yield ds[row].mean()").raise_error()
    shell.run_cell("%%blocked --strict --memory 1MB\nmade = rows()\nfirst = next(made)").raise_error()
    assert [float(x) for x in run(shell, "[first, *made]")] == [19.5, 59.5, 99.5]


@pytest.mark.parametrize("kind", ["oindex", "vindex"])
def test_selections_of_zarr_are_blocked(shell, kind):
    """As those of brackets are."""
    zarr = pytest.importorskip("zarr")
    values = np.arange(float(LARGE)).reshape(1000, 40)
    shell.push({"z": zarr.create_array({}, data=values, chunks=(100, 40))})
    rows = np.arange(1000)
    selection = np.ix_(rows, rows[:40]) if kind == "vindex" else (slice(None), slice(None))
    shell.push({"sel": selection, "few": ([1, 5], [2, 3])})
    assert is_refused(shell, f"np.asarray(z.{kind}[sel])")
    expected = getattr(shell.user_ns["z"], kind)[[1, 5], [2, 3]]
    np.testing.assert_array_equal(run(shell, f"%%blocked\nz.{kind}[few]"), expected)


THREADS = """
import threading
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(1)
pool.submit(int).result()
def converted(x): return np.asarray(x).shape
def whole(): return np.asarray(ds).shape
def begun(function, *args):
    kept = []
    thread = threading.Thread(target=lambda: kept.append(function(*args)))
    thread.start()
    thread.join()
    return kept
"""


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("with ThreadPoolExecutor(2) as own:\n    list(own.map(lambda x: np.asarray(x).shape, [ds]))", True),
        ("with ThreadPoolExecutor(2) as own:\n    own.submit(converted, ds).result()", True),
        ("with ThreadPoolExecutor(2) as own:\n    own.submit(whole).result()", True),
        ("with ThreadPoolExecutor(2) as own:\n    own.submit(foreign.mean, ds).result()", True),
        ("with ThreadPoolExecutor(2) as own:\n    x = own.submit(lambda: ds[:].mean()).result()\nx", False),
        ("with ThreadPoolExecutor(2) as own:\n    own.submit(lambda: np.asarray(ds[0]).sum()).result()", False),
        ("pool.submit(whole).result()", False),  # it was there before
        ("nb.map_blocks(lambda block: np.asarray(block) + 1, nb.from_array(ds), dtype=float).sum()", False),
    ],
)
def test_strict_sees_the_threads_that_a_cell_begins(shell, stored, code, refused):
    """Not those of others, nor ours, which work within the memory."""
    shell.run_cell(THREADS).raise_error()

    assert refused == is_refused(shell, code)


def test_a_thread_that_is_refused_says_so(shell, stored, monkeypatch):
    """As of any error in a thread; the cell doesn't get what it would have read."""
    said = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: said.append(raised.exc_value))
    shell.run_cell(THREADS).raise_error()

    assert [] == run(shell, "%%blocked --strict --memory 1MB\nbegun(whole)")
    assert [BudgetError] == [*map(type, said)]
    assert [(1000, 40)] == run(shell, "%%blocked --memory 1MB\nbegun(whole)")
    assert [(1000, 40)] == run(shell, "begun(converted, ds)")
