"""netCDF4 variables, wrapped: whatever the attributes and switches say, the values are ``variable[...]``."""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from nbarray.errors import ReadError, UnsupportedVariable
from nbarray.io.netcdf import variable_source
from nbarray.io.netcdflibrary import NETCDF
from nbarray.io.pool import stamp_file
from tests.io.reading import assert_reads, assert_same, read, values

FORMATS = ["NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]

i1, i2, i4, u2, f4, f8 = np.int8, np.int16, np.int32, np.uint16, np.float32, np.float64

#: dtype, attributes; "_FillValue": False stands for a variable that is not filled
PACKED: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("f4", {}),
    "integers": ("i4", {}),
    "scale, offset f8": ("i2", {"scale_factor": f8(0.01), "add_offset": f8(273.15)}),
    "scale, offset f4": ("i2", {"scale_factor": f4(0.01), "add_offset": f4(273.15)}),
    "scale f4, offset f8": ("i2", {"scale_factor": f4(0.01), "add_offset": f8(273.15)}),
    "scale of an int": ("i2", {"scale_factor": i2(10)}),
    "int32 with scale f4": ("i4", {"scale_factor": f4(0.1), "_FillValue": i4(5)}),
    "scale only": ("i1", {"scale_factor": f4(0.5)}),
    "offset only": ("i1", {"add_offset": f8(0.5)}),
    "scale 1, offset 0": ("i2", {"scale_factor": f4(1), "add_offset": f4(0)}),
    "scale 1 only": ("i2", {"scale_factor": f8(1)}),
    "scale 1, offset 5": ("i2", {"scale_factor": f8(1), "add_offset": f8(5)}),
    "scaled float": ("f4", {"scale_factor": f8(2), "_FillValue": f4(3)}),
    "fill": ("i2", {"_FillValue": i2(4)}),
    "fill is NaN": ("f8", {"_FillValue": f8("nan")}),
    "missing value": ("f4", {"missing_value": f4(3)}),
    "missing value of another dtype": ("f4", {"missing_value": f8(3)}),
    "missing value that does not fit": ("i1", {"missing_value": i2(300)}),
    "missing values": ("i2", {"missing_value": np.array([3, 4, 5], i2), "_FillValue": i2(9)}),
    "missing and fill": ("i2", {"missing_value": i2(7), "_FillValue": i2(7), "scale_factor": f8(0.5)}),
    "missing NaN": ("f4", {"missing_value": f4("nan")}),
    "valid range": ("i2", {"valid_range": np.array([2, 60], i2)}),
    "valid min": ("f4", {"valid_min": f4(2)}),
    "valid max": ("i2", {"valid_max": i2(60), "scale_factor": f4(0.25)}),
    "valid min that does not fit": ("i2", {"valid_min": f8(2.5)}),
    "valid range of three": ("i2", {"valid_range": np.array([2, 30, 60], i2)}),
    "bytes": ("i1", {}),
    "bytes not filled": ("i1", {"_FillValue": False}),
    "words not filled": ("i2", {"_FillValue": False}),
    "unsigned": ("i1", {"_Unsigned": "true"}),
    "unsigned with fill": ("i1", {"_Unsigned": "true", "_FillValue": i1(-2), "valid_range": np.array([0, -1], i1)}),
    "unsigned scaled": ("i2", {"_Unsigned": "true", "scale_factor": f4(0.5), "missing_value": i2(-7)}),
    "unsigned, so they say": ("f4", {"_Unsigned": "true"}),
    "not unsigned": ("i1", {"_Unsigned": "false"}),
    "scale in words": ("i2", {"scale_factor": "much"}),
    "scale of two": ("i2", {"scale_factor": np.array([1.0, 2.0])}),
    "characters": ("S1", {}),
}


def numbers(dtype: str, shape: tuple[int, ...] = (6, 5, 40)) -> np.ndarray[Any, Any]:
    """Small numbers, and here and there the library's fill value, NaN and extremes."""
    random = np.random.default_rng(1)
    if dtype == "S1":
        return random.choice(np.array([b"a", b"b", b"\0"], "S1"), shape)
    data = random.integers(-100 if np.dtype(dtype).kind in "if" else 0, 100, shape).astype(dtype)
    special = [netCDF4.default_fillvals[dtype]]
    special += [np.nan, np.inf] if np.dtype(dtype).kind == "f" else [np.iinfo(dtype).min, np.iinfo(dtype).max]
    for number in special:
        data.reshape(-1)[random.integers(0, data.size, 9)] = np.asarray(number, dtype)
    return data


def write(
    dataset: netCDF4.Dataset, name: str, dtype: str = "i2", attributes: dict[str, Any] | None = None, **options: Any
) -> None:
    """Add a variable with numbers to a file."""
    attributes = dict(attributes or {})
    options["fill_value"] = attributes.pop("_FillValue", None)
    in_file = ">" + dtype if options.get("endian") == "big" else dtype
    variable = dataset.createVariable(name, in_file, ("t", "y", "x"), **options)
    variable.set_auto_maskandscale(False)
    variable[:] = numbers(dtype)
    variable.setncatts(attributes)


@contextlib.contextmanager
def writing(path: Path, format: str = "NETCDF4") -> Iterator[netCDF4.Dataset]:
    """A new file with dimensions, and a variable of its own among the records."""
    with netCDF4.Dataset(path, "w", format=format) as dataset:
        for name, size in zip("tyx", (None, *numbers("i2").shape[1:]), strict=True):
            dataset.createDimension(name, size)
        dataset.createVariable("other", "i1", ("t",))[:] = np.arange(6)
        yield dataset


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., netCDF4.Variable]]:
    """Write one variable and open it again for reading."""
    opened: list[netCDF4.Dataset] = []

    def written(dtype: str = "i2", attributes: Any = None, format: str = "NETCDF4", **options: Any) -> netCDF4.Variable:
        path = tmp_path / f"{format}-{len(opened)}.nc"
        with writing(path, format) as dataset:
            write(dataset, "v", dtype, attributes, **options)
        opened.append(netCDF4.Dataset(path))
        return opened[-1]["v"]

    yield written
    for dataset in opened:
        if dataset.isopen():
            dataset.close()


@pytest.fixture(scope="module")
def packed_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, netCDF4.Dataset]]:
    """A file of each format with all the packed variables, open for reading."""
    folder = tmp_path_factory.mktemp("packed")
    for format in FORMATS:
        with writing(folder / f"{format}.nc", format) as dataset:
            for name, (dtype, attributes) in PACKED.items():
                write(dataset, name, dtype, attributes)
    opened = {format: netCDF4.Dataset(folder / f"{format}.nc") for format in FORMATS}
    yield opened
    for dataset in opened.values():
        dataset.close()


@pytest.fixture
def quiet() -> Iterator[None]:
    """Don't turn netCDF4's own warnings about attributes it ignores into errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("packed", PACKED)
def test_attributes(packed_files: dict[str, netCDF4.Dataset], packed: str, format: str) -> None:
    """Every attribute, under every switch and in every format, means what it means to netCDF4."""
    variable = packed_files[format][packed]
    for mask in (True, False):
        for scale in (True, False):
            variable.set_auto_mask(mask)
            variable.set_auto_scale(scale)
            source = variable_source(variable)

            assert_reads(variable, source, count=1)
            assert "in the workers" in source.reader.origin.route


@pytest.mark.parametrize("packed", ["fill", "scale only", "nothing", "bytes not filled"])
def test_not_always_masked(make: Callable[..., netCDF4.Variable], packed: str) -> None:
    """With always_mask off the values are the same; they are masked wherever any could be missing."""
    variable = make(*PACKED[packed])
    variable.set_always_mask(False)
    source = variable_source(variable)
    actual = values(source)
    could_be_missing = packed != "bytes not filled"

    assert could_be_missing == np.ma.isMaskedArray(actual)
    assert_same(np.ma.asanyarray(variable[...]), np.ma.asanyarray(actual))


@pytest.mark.parametrize(
    ("options", "route"),
    [
        ({"zlib": True, "shuffle": True}, "decoded in the workers: deflate, shuffle"),
        ({"zlib": True, "shuffle": False, "complevel": 9}, "decoded in the workers: deflate"),
        ({"zlib": True, "fletcher32": True}, "decoded in the workers: deflate, shuffle, fletcher32"),
        ({"compression": "zstd"}, "decoded in the workers: zstd"),
        ({"compression": "bzip2"}, "decoded in the workers: bzip2"),
        ({"compression": "blosc_lz4"}, "decoded in the workers: blosc"),
        ({"compression": "blosc_zstd", "blosc_shuffle": 2}, "decoded in the workers: blosc"),
        ({"compression": "szip"}, "through the library, one at a time: the szip filter"),
        ({"endian": "big"}, "read in the workers: not compressed"),
        ({"endian": "big", "zlib": True}, "decoded in the workers: deflate, shuffle"),
        ({"chunksizes": (2, 5, 7)}, "read in the workers: not compressed"),
    ],
)
@pytest.mark.parametrize("dtype", ["i2", "f8"])
def test_storage(make: Callable[..., netCDF4.Variable], dtype: str, options: dict[str, Any], route: str) -> None:
    """Every compression netCDF4 offers and both byte orders, and how each is read."""
    variable = make(dtype, {}, **options)
    source = variable_source(variable)

    assert_reads(variable, source)
    assert route == source.reader.origin.route
    assert tuple(variable.chunking()) == source.reader.stored_chunks


def test_groups(tmp_path: Path) -> None:
    """A variable inside groups is found by its full name."""
    with netCDF4.Dataset(tmp_path / "g.nc", "w") as dataset:
        group = dataset.createGroup("a/b")
        group.createDimension("x", 5)
        group.createVariable("v", "f4", ("x",))[:] = np.arange(5)
    with netCDF4.Dataset(tmp_path / "g.nc") as dataset:
        source = variable_source(dataset["a/b/v"])

        assert_reads(dataset["a/b/v"], source)
        assert "a/b/v" == source.reader.origin.name


def test_called_like_a_dimension(tmp_path: Path) -> None:
    """A variable that is called like a dimension without being its coordinate."""
    with netCDF4.Dataset(tmp_path / "d.nc", "w") as dataset:
        dataset.createDimension("x", 5)
        dataset.createDimension("y", 3)
        dataset.createVariable("x", "f4", ("y",))[:] = np.arange(3)
    with netCDF4.Dataset(tmp_path / "d.nc") as dataset:
        assert_reads(dataset["x"], variable_source(dataset["x"]))


def test_records_of_one_variable(tmp_path: Path) -> None:
    """The records of a NetCDF-3 file with one record variable of bytes lie without gaps."""
    for format in FORMATS[2:]:
        with netCDF4.Dataset(tmp_path / f"{format}.nc", "w", format=format) as dataset:
            dataset.createDimension("t", None)
            dataset.createDimension("x", 3)
            dataset.createVariable("v", "i1", ("t", "x"))[:] = np.arange(21).reshape(7, 3)
        with netCDF4.Dataset(tmp_path / f"{format}.nc") as dataset:
            assert_reads(dataset["v"], variable_source(dataset["v"]))


@pytest.mark.parametrize("format", FORMATS)
def test_open_for_writing(tmp_path: Path, format: str) -> None:
    """What is still being written is read with the user's own variable."""
    with netCDF4.Dataset(tmp_path / "w.nc", "w", format=format) as dataset:
        dataset.createDimension("x", 50)
        variable = dataset.createVariable("v", "i2", ("x",), fill_value=3)
        variable.scale_factor = 0.5
        variable[:] = np.arange(50)
        source = variable_source(variable)

        assert_reads(variable, source)
        assert "through the library, one at a time: the file is open for writing" == source.reader.origin.route


@pytest.mark.parametrize("how", ["diskless", "memory"])
def test_in_memory(make: Callable[..., netCDF4.Variable], how: str) -> None:
    """A dataset that is in memory only."""
    path = make("i2", {"scale_factor": 0.5}).group().filepath()
    options: dict[str, Any] = {"diskless": True} if how == "diskless" else {"memory": Path(path).read_bytes()}
    netCDF4_name = path if how == "diskless" else "nowhere.nc"
    with netCDF4.Dataset(netCDF4_name, **options) as dataset:
        assert_reads(dataset["v"], variable_source(dataset["v"]))


def test_enum_and_compound(tmp_path: Path) -> None:
    """Enumerations are masked but not scaled, records are neither."""
    with netCDF4.Dataset(tmp_path / "t.nc", "w") as dataset:
        dataset.createDimension("x", 6)
        kind = dataset.createEnumType(np.uint8, "kind", {"land": 1, "sea": 2, "none": 255})
        dataset.createVariable("e", kind, ("x",), fill_value=255)[:] = np.array([1, 2, 1, 2, 255, 1], "u1")
        pair = dataset.createCompoundType(np.dtype([("a", "i1"), ("b", "f8")], align=True), "pair")
        dataset.createVariable("c", pair, ("x",))[:] = np.zeros(6, pair.dtype)
    with netCDF4.Dataset(tmp_path / "t.nc") as dataset:
        for name in ("e", "c"):
            assert_reads(dataset[name], variable_source(dataset[name]))


def test_text(tmp_path: Path) -> None:
    """Characters that netCDF4 joins into strings have one axis less."""
    with netCDF4.Dataset(tmp_path / "s.nc", "w") as dataset:
        dataset.createDimension("n", 3)
        dataset.createDimension("length", 5)
        variable = dataset.createVariable("v", "S1", ("n", "length"))
        variable._Encoding = "ascii"
        variable[:] = np.array(["one", "three", "x"], "S5")
    with netCDF4.Dataset(tmp_path / "s.nc") as dataset:
        assert_reads(dataset["v"], variable_source(dataset["v"]))


def test_lists_of_variable_length(tmp_path: Path) -> None:
    """Lists of variable length are refused by name."""
    with netCDF4.Dataset(tmp_path / "l.nc", "w") as dataset:
        dataset.createDimension("x", 2)
        lists = dataset.createVLType("i4", "lists")
        dataset.createVariable("v", lists, ("x",))
    with netCDF4.Dataset(tmp_path / "l.nc") as dataset, pytest.raises(UnsupportedVariable, match=r"'v' holds lists"):
        variable_source(dataset["v"])


def test_switches_count_as_they_were(make: Callable[..., netCDF4.Variable]) -> None:
    """Switches that change after wrapping change nothing."""
    variable = make("i2", {"scale_factor": 0.5})
    expected = variable[...]
    source = variable_source(variable)
    variable.set_auto_maskandscale(False)

    assert_same(expected, values(source))


def test_after_closing(make: Callable[..., netCDF4.Variable]) -> None:
    """A file opened for reading may be closed after wrapping."""
    for format in FORMATS:
        variable = make("i2", {}, format)
        expected, source = variable[...], variable_source(variable)
        variable.group().close()

        assert_same(expected, values(source))


def test_threads_and_the_users_own_calls(make: Callable[..., netCDF4.Variable]) -> None:
    """Workers read while the main thread uses netCDF4: they don't meet in the library."""
    variable = make("i2", {"scale_factor": 0.5}, zlib=True)
    expected, reader = variable[...].copy(), variable_source(variable).reader
    stored = numbers("i2")
    stop, wrong = threading.Event(), []

    def work() -> None:
        while not stop.is_set():
            if not np.array_equal(stored, read(reader)):
                wrong.append("a worker read something else")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        assert_same(expected, variable[...])
    stop.set()
    for thread in threads:
        thread.join()

    assert [] == wrong


def test_changed(make: Callable[..., netCDF4.Variable]) -> None:
    """A file that was replaced after wrapping is not read."""
    for format in ("NETCDF4", "NETCDF3_CLASSIC"):
        variable = make("i2", {}, format)
        source = variable_source(variable)
        path = Path(variable.group().filepath())
        path.rename(path.with_suffix(".old"))
        path.write_bytes(path.with_suffix(".old").read_bytes())
        with pytest.raises(ReadError, match="has changed since it was opened"):
            read(source.reader)


def test_wrapping_is_cheap(make: Callable[..., netCDF4.Variable]) -> None:
    """Wrapping a variable costs less than a millisecond and opens no file."""
    variable = make("i2", {"scale_factor": 0.5, "add_offset": 1.0}, zlib=True)
    file = stamp_file(variable.group().filepath())
    best = min(timed(lambda: variable_source(variable)) for _ in range(50))

    assert best < 1e-3
    assert file not in NETCDF


def timed(call: Callable[[], Any]) -> float:
    """Seconds of the processor that this thread takes for a call."""
    before = time.thread_time()
    call()
    return time.thread_time() - before
