"""Opening files by path and name: decoding, many files, and what bad input gets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import psutil
import pytest

from nbarray.errors import (
    FileFormatError,
    FilesDiffer,
    InputError,
    MissingFile,
    ReadError,
    UnsupportedVariable,
    VariableNotFound,
)
from nbarray.io.opening import open_many, open_source
from nbarray.io.pool import pool
from nbarray.io.wrap import wrap
from tests.io.reading import assert_reads, assert_same, values


def month(
    path: Path, length: int = 3, width: int = 4, dtype: str = "i2", format: str = "NETCDF4", unlimited: bool = True
) -> Path:
    """A file with a packed variable `t2m` (time, x), a static one, and one in a group."""
    with netCDF4.Dataset(path, "w", format=format) as dataset:
        dataset.createDimension("x", width)
        dataset.createDimension("time", None if unlimited else length)
        temperature = dataset.createVariable(
            "t2m", dtype, ("x", "time") if not unlimited else ("time", "x"), fill_value=-9
        )
        temperature.set_auto_maskandscale(False)
        temperature.scale_factor = 0.5
        temperature[...] = (
            np.arange(length * width).reshape(temperature.shape if not unlimited else (length, width)) - 9
        )
        dataset.createVariable("orography", "f4", ("x",))[:] = np.arange(width)
        if format == "NETCDF4":
            group = dataset.createGroup("soil")
            group.createVariable("moisture", "f8", ("x",))[:] = np.arange(width)
    return path


@pytest.mark.parametrize("others", [("t",), ("t", "longer"), ("longer",), ()])
def test_shared_dimension(tmp_path: Path, others: tuple[str, ...]) -> None:
    """Where a dimension has grown without a variable, the variable is filled up, as netCDF4 does."""
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as dataset:
        dataset.createDimension("t", None)
        dataset.createDimension("x", 3)
        for name, dimensions in {"t": ("t",), "longer": ("t", "x")}.items():
            if name in others:
                dataset.createVariable(name, "f8", dimensions)
        dataset.createVariable("never", "i4", ("t",))
        dataset.createVariable("v", "i2", ("t", "x"), zlib=True, chunksizes=(2, 3))[0:3] = 1
        if "longer" in others:
            dataset["longer"][0:7] = 2
    with netCDF4.Dataset(tmp_path / "a.nc") as dataset:
        for name, variable in dataset.variables.items():
            assert_reads(variable, open_source(tmp_path / "a.nc", name, "mask"))
            assert_reads(variable, wrap(variable))


class TestMissing:
    """What `missing=` makes of each kind of variable."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """A file with one variable of each kind."""
        kinds: dict[str, tuple[str, dict[str, Any]]] = {
            "integers": ("i4", {}),
            "integers with fill": ("i4", {"_FillValue": np.int32(2)}),
            "bytes with valid range": ("i1", {"valid_range": np.array([1, 3], "i1")}),
            "packed": ("i2", {"scale_factor": np.float64(0.5), "missing_value": np.int16(2)}),
            "packed in float32": ("i2", {"scale_factor": np.float32(0.5), "add_offset": np.float32(1)}),
            "floats": ("f4", {}),
            "big-endian floats": (">f4", {"_FillValue": np.float32(2)}),
            "unsigned": ("i1", {"_Unsigned": "true"}),
        }
        with netCDF4.Dataset(tmp_path / "kinds.nc", "w") as dataset:
            dataset.createDimension("x", 6)
            for name, (dtype, attributes) in kinds.items():
                fill = attributes.pop("_FillValue", None)
                order: Any = "big" if dtype.startswith(">") else "native"
                variable = dataset.createVariable(name, dtype, ("x",), fill_value=fill, endian=order)
                variable.set_auto_maskandscale(False)
                variable[:] = np.array([0, 1, 2, 3, -1, 5]).astype(dtype)
                variable.setncatts(attributes)
        return tmp_path / "kinds.nc"

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("integers", np.array([0, 1, 2, 3, -1, 5], "i4")),
            ("integers with fill", np.array([0, 1, np.nan, 3, -1, 5], "f8")),
            ("bytes with valid range", np.array([np.nan, 1, 2, 3, np.nan, np.nan], "f8")),
            ("packed", np.array([0, 0.5, np.nan, 1.5, -0.5, 2.5], "f8")),
            ("packed in float32", np.array([1, 1.5, 2, 2.5, 0.5, 3.5], "f4")),
            ("floats", np.array([0, 1, 2, 3, -1, 5], "f4")),
            ("big-endian floats", np.array([0, 1, np.nan, 3, -1, 5], "f4")),
            ("unsigned", np.array([0, 1, 2, 3, 255, 5], "u1")),
        ],
    )
    def test_nan(self, path: Path, name: str, expected: np.ndarray[Any, Any]) -> None:
        """Floats with NaN where something is missing; integers of which nothing is said to be missing stay integers."""
        assert_same(expected, values(open_source(path, name)))

    def test_mask(self, path: Path) -> None:
        """What netCDF4 gives, in native byte order."""
        with netCDF4.Dataset(path) as dataset:
            for name, variable in dataset.variables.items():
                expected = variable[...]
                expected = expected.astype(expected.dtype.newbyteorder("="))

                assert_same(expected, values(open_source(path, name, missing="mask")), name)

    def test_of_plain_hdf5(self, tmp_path: Path) -> None:
        """An HDF5 file that is no NetCDF has no fill values of its own, but its attributes count."""
        fill = netCDF4.default_fillvals["f4"]
        with h5py.File(tmp_path / "plain.h5", "w") as file:
            file["plain"] = np.array([1, fill], "f4")
            file["packed"] = np.array([1, 2, 3], "i2")
            file["packed"].attrs["scale_factor"] = np.array([0.5], ">f8")
            file["packed"].attrs["_FillValue"] = np.int16(3)

        assert_same(np.array([1, fill], "f4"), values(open_source(tmp_path / "plain.h5", "plain")))
        assert_same(np.array([0.5, 1, np.nan]), values(open_source(tmp_path / "plain.h5", "packed")))

    def test_of_other_types(self, tmp_path: Path) -> None:
        """Booleans, records and strings are read as they are."""
        with h5py.File(tmp_path / "other.h5", "w") as file:
            for name, data in self.others().items():
                file[name] = data
        for name, data in self.others().items():
            assert_same(data, values(open_source(tmp_path / "other.h5", name)))

    def others(self) -> dict[str, np.ndarray[Any, Any]]:
        """Arrays that are no plain numbers."""
        record = np.zeros(3, [("a", "i2"), ("b", "f4")])
        return {"booleans": np.array([True, False]), "records": record, "strings": np.array([b"one", b"two"])}

    @pytest.mark.parametrize("missing", ["NaN", "", None, 0])
    def test_is_checked(self, path: Path, missing: Any) -> None:
        """Only "nan" and "mask" are known."""
        with pytest.raises(InputError, match=r"missing: expected 'nan' \(floats with NaN\) or 'mask'"):
            open_source(path, "integers", missing=missing)


class TestNames:
    """Finding a variable by its name."""

    @pytest.mark.parametrize("format", ["NETCDF4", "NETCDF3_CLASSIC"])
    def test_near_names(self, tmp_path: Path, format: str) -> None:
        """A name that is not there is answered with names near it."""
        path = month(tmp_path / "a.nc", format=format)
        with pytest.raises(VariableNotFound, match=r"a\.nc has no variable 't2n'; did you mean 't2m'\?"):
            open_source(path, "t2n")

    def test_groups(self, tmp_path: Path) -> None:
        """A name may lead through groups; near names do, too; a group is no variable."""
        path = month(tmp_path / "a.nc")

        assert_same(np.arange(4.0), values(open_source(path, "soil/moisture")))
        assert_same(np.arange(4.0), values(open_source(path, "/soil/moisture")))
        with pytest.raises(VariableNotFound, match="did you mean 'soil/moisture'"):
            open_source(path, "soil/moistur")
        with pytest.raises(VariableNotFound, match="'soil' is a group, not a variable; it holds soil/moisture"):
            open_source(path, "soil")

    def test_a_dimension_is_no_variable(self, tmp_path: Path) -> None:
        """netCDF-4 keeps dimensions as datasets, but they are none of its variables."""
        with pytest.raises(
            VariableNotFound, match="has no variable 'time'; known: 'orography', 'soil/moisture', 't2m'"
        ):
            open_source(month(tmp_path / "a.nc"), "time")

    def test_called_like_a_dimension(self, tmp_path: Path) -> None:
        """A variable that is called like a dimension without being its coordinate."""
        with netCDF4.Dataset(tmp_path / "d.nc", "w") as dataset:
            dataset.createDimension("x", 5)
            dataset.createDimension("y", 3)
            dataset.createVariable("x", "f4", ("y",))[:] = np.arange(3)

        assert_same(np.arange(3, dtype="f4"), values(open_source(tmp_path / "d.nc", "x")))

    def test_the_only_one(self, tmp_path: Path) -> None:
        """Without a name the only variable is taken; if there are more, they are listed."""
        with h5py.File(tmp_path / "one.h5", "w") as file:
            file["group/x"] = np.arange(3)

        assert_same(np.arange(3), values(open_source(tmp_path / "one.h5")))
        with pytest.raises(InputError, match=r"say which of its variables to open: .*t2m"):
            open_source(month(tmp_path / "a.nc"))

    @pytest.mark.parametrize("name", ["", "/", 3, b"t2m"])
    def test_are_checked(self, tmp_path: Path, name: Any) -> None:
        """A name is a text."""
        with pytest.raises(InputError, match="expected the name of a variable"):
            open_source(month(tmp_path / "a.nc"), name)

    def test_strings(self, tmp_path: Path) -> None:
        """Strings of variable length are refused."""
        with h5py.File(tmp_path / "s.h5", "w") as file:
            file["s"] = ["one", "three"]
        with pytest.raises(UnsupportedVariable, match="holds items of variable length"):
            open_source(tmp_path / "s.h5", "s")


class TestBadFiles:
    """Each kind of bad file is told by an error of its own, at once, and nothing stays open."""

    @pytest.fixture(autouse=True)
    def nothing_stays_open(self, tmp_path: Path) -> Any:
        """No file of the test's own is open afterwards; what other threads open and close is no matter."""
        yield
        pool.close()

        assert [] == [file for file in psutil.Process().open_files() if Path(file.path).is_relative_to(tmp_path)]

    def test_missing(self, tmp_path: Path) -> None:
        """No file of that name."""
        with pytest.raises(MissingFile, match=r"there is no file .*none\.nc"):
            open_source(tmp_path / "none.nc", "x")

    def test_directory(self, tmp_path: Path) -> None:
        """A directory."""
        with pytest.raises(FileFormatError, match=r"is a directory; .* give a pattern such as '.*/\*\.nc'"):
            open_source(tmp_path, "x")

    @pytest.mark.parametrize("suffix", [".nc", ".h5", ".npy", ".dat"])
    def test_text(self, tmp_path: Path, suffix: str) -> None:
        """A text file with a wrong name."""
        path = tmp_path / f"notes{suffix}"
        path.write_text("Dear diary,\n")
        with pytest.raises(FileFormatError, match=r"but the file is text, beginning with 'Dear diary"):
            open_source(path, "x")

    def test_other_bytes(self, tmp_path: Path) -> None:
        """A file of another format."""
        path = tmp_path / "a.nc"
        path.write_bytes(b"GRIB\0\0\0\2" + bytes(100))
        with pytest.raises(
            FileFormatError, match=r"expected HDF5 or NetCDF-4 or NetCDF-3, but .* begins with the bytes"
        ):
            open_source(path, "x")

    def test_empty(self, tmp_path: Path) -> None:
        """A file of no bytes."""
        (tmp_path / "a.nc").touch()
        with pytest.raises(FileFormatError, match="is empty"):
            open_source(tmp_path / "a.nc", "x")

    def test_truncated_hdf5(self, tmp_path: Path) -> None:
        """An HDF5 file whose end is missing."""
        path = month(tmp_path / "a.nc")
        path.write_bytes(path.read_bytes()[:-1000])
        with pytest.raises(FileFormatError, match=r"a\.nc is cut short: it has .* KiB, expected .* KiB"):
            open_source(path, "t2m")

    def test_damaged_hdf5(self, tmp_path: Path) -> None:
        """An HDF5 file whose inside is overwritten."""
        path = month(tmp_path / "a.nc")
        data = path.read_bytes()
        path.write_bytes(data[:8] + bytes(len(data) - 8))
        with pytest.raises(FileFormatError, match=r"a\.nc can't be read as HDF5: .*damaged or not whole"):
            open_source(path, "t2m")

    def test_truncated_netcdf3(self, tmp_path: Path) -> None:
        """A NetCDF-3 file whose header is not whole; one whose numbers are not all there."""
        path = month(tmp_path / "a.nc", format="NETCDF3_CLASSIC")
        data = path.read_bytes()
        path.write_bytes(data[:150])
        with pytest.raises(FileFormatError, match="its NetCDF-3 header is cut short"):
            open_source(path, "t2m")
        path.write_bytes(data[:-6])
        source = open_source(path, "t2m")
        with pytest.raises(ReadError, match=r"a\.nc, variable 't2m': the file ends at byte .* too early"):
            values(source)

    def test_truncated_npy(self, tmp_path: Path) -> None:
        """A NumPy file whose end is missing."""
        np.save(tmp_path / "a.npy", np.arange(100))
        (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-100])
        with pytest.raises(FileFormatError, match=r"a\.npy is damaged or cut short"):
            open_source(tmp_path / "a.npy")

    def test_open_for_writing(self, tmp_path: Path) -> None:
        """An HDF5 file that is being written."""
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file["x"] = np.arange(3)
            with netCDF4.Dataset(month(tmp_path / "a.nc"), "a"), pytest.raises(ReadError, match="is open for writing"):
                open_source(tmp_path / "a.nc", "t2m")

    def test_no_match(self, tmp_path: Path) -> None:
        """A pattern that no file matches, an empty list."""
        with pytest.raises(MissingFile, match=r"no file matches '.*/2014-\*\.nc'"):
            open_many(str(tmp_path / "2014-*.nc"), "t2m")
        with pytest.raises(MissingFile, match="expected at least one file"):
            open_many([], "t2m")

    @pytest.mark.parametrize("paths", [3, None, [3]])
    def test_no_path(self, paths: Any) -> None:
        """Something that is no path at all."""
        with pytest.raises(InputError, match="expected the path of a file"):
            open_many(paths, "t2m")

    def test_one_of_many(self, tmp_path: Path) -> None:
        """A bad file among good ones is named."""
        month(tmp_path / "a.nc")
        (tmp_path / "b.nc").write_text("oops")
        with pytest.raises(FileFormatError, match=r"b\.nc: expected"):
            open_many(str(tmp_path / "*.nc"), "t2m")


class TestMany:
    """Many files as the parts of one array."""

    def test_sorted(self, tmp_path: Path) -> None:
        """A pattern gives its files in sorted order, a list in its own."""
        for name in ("c", "a", "b"):
            month(tmp_path / f"{name}.nc", length={"a": 1, "b": 2, "c": 3}[name])
        by_pattern = open_many(str(tmp_path / "*.nc"), "t2m")
        by_list = open_many([tmp_path / "c.nc", tmp_path / "a.nc"], "t2m")

        assert [1, 2, 3] == [source.reader.shape[0] for source in by_pattern.sources]
        assert [3, 1] == [source.reader.shape[0] for source in by_list.sources]

    def test_axis(self, tmp_path: Path) -> None:
        """Files are joined along the axis that can grow, else along the first."""
        with netCDF4.Dataset(tmp_path / "g.nc", "w") as dataset:
            dataset.createDimension("x", 4)
            dataset.createDimension("time", None)
            dataset.createVariable("v", "f4", ("x", "time"))[:, :3] = 1
        month(tmp_path / "f.nc", unlimited=False)
        month(tmp_path / "r.nc", format="NETCDF3_CLASSIC")

        assert 1 == open_many(tmp_path / "g.nc", "v").axis
        assert 0 == open_many(tmp_path / "f.nc", "t2m").axis
        assert 0 == open_many(tmp_path / "r.nc", "t2m").axis

    def test_one_path(self, tmp_path: Path) -> None:
        """One path is one part, also when its name looks like a pattern."""
        path = month(tmp_path / "a[1].nc")

        assert 1 == len(open_many(path, "t2m").sources)

    def test_differing_shape(self, tmp_path: Path) -> None:
        """A file of another shape is named, with how it differs."""
        month(tmp_path / "a.nc")
        month(tmp_path / "b.nc", length=7)
        month(tmp_path / "c.nc", width=5)
        how = r"has shape \(3, 5\), expected \(3, 4\) but for axis 0: axis 1 differs \(as in .*a\.nc\)"
        with pytest.raises(FilesDiffer, match=rf"c\.nc, variable 't2m', {how}"):
            open_many(str(tmp_path / "*.nc"), "t2m")

    def test_differing_packing(self, tmp_path: Path) -> None:
        """How files are packed may differ, as long as the values are of one dtype."""
        for name, dtype in {"a": "i2", "b": "i4", "c": "f4"}.items():
            month(tmp_path / f"{name}.nc", dtype=dtype)

        assert 3 == len(open_many(str(tmp_path / "*.nc"), "t2m").sources)

    def test_differing_dtype_and_rank(self, tmp_path: Path) -> None:
        """A file of another dtype or number of axes is named."""
        for name, data in {"a": np.zeros(3), "b": np.zeros(3, "f4"), "c": np.zeros((3, 3))}.items():
            np.save(tmp_path / f"{name}.npy", data)
        with pytest.raises(FilesDiffer, match=r"b\.npy, .* gives float32, expected float64"):
            open_many([tmp_path / "a.npy", tmp_path / "b.npy"])
        with pytest.raises(FilesDiffer, match=r"c\.npy, .* has 2 axes \(3, 3\), expected 1 as \(3,\)"):
            open_many([tmp_path / "a.npy", tmp_path / "c.npy"])

    def test_single_numbers(self, tmp_path: Path) -> None:
        """Numbers without an axis can't be laid end to end."""
        for name in "ab":
            np.save(tmp_path / f"{name}.npy", np.float64(3))
        with pytest.raises(InputError, match="single number"):
            open_many(str(tmp_path / "*.npy"))

    def test_a_year(self, tmp_path: Path) -> None:
        """The files of a year open in a second or two of the processor's time."""
        content = month(tmp_path / "000.nc").read_bytes()
        for day in range(1, 366):
            (tmp_path / f"{day:03}.nc").write_bytes(content)
        before = time.process_time()
        opened = open_many(str(tmp_path / "*.nc"), "t2m")
        seconds = time.process_time() - before

        assert 366 == len(opened.sources)
        assert seconds < 3  # alone on the machine: 0.7


class TestFormats:
    """The first bytes say what a file is, whatever it is called."""

    def test_npy(self, tmp_path: Path) -> None:
        """A NumPy file is mapped into memory; it has no names."""
        np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
        source = open_source(tmp_path / "a.npy")

        assert_same(np.arange(6).reshape(2, 3), np.asarray(source.reader.array))
        assert "memmap" == source.reader.origin.kind
        with pytest.raises(InputError, match="leave the name 'x' out"):
            open_source(tmp_path / "a.npy", "x")

    def test_npy_of_objects(self, tmp_path: Path) -> None:
        """Objects are refused, not unpickled."""
        np.save(tmp_path / "a.npy", np.array([{}, []], object), allow_pickle=True)
        with pytest.raises(UnsupportedVariable, match="holds Python objects"):
            open_source(tmp_path / "a.npy")

    @pytest.mark.parametrize("format", ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA"])
    @pytest.mark.parametrize("suffix", [".nc", ".h5", ".data", ""])
    def test_wrong_suffix(self, tmp_path: Path, format: str, suffix: str) -> None:
        """NetCDF by any other name."""
        path = month(tmp_path / "a.nc", format=format).rename(tmp_path / f"b{suffix}")
        expected = np.arange(12).reshape(3, 4) * 0.5 - 4.5
        expected[0, 0] = np.nan

        np.testing.assert_array_equal(expected, values(open_source(path, "t2m")))

    def test_user_block(self, tmp_path: Path) -> None:
        """HDF5 after a block of something else."""
        with h5py.File(tmp_path / "a.mat", "w", userblock_size=1024) as file:
            file["x"] = np.arange(3)

        assert_same(np.arange(3), values(open_source(tmp_path / "a.mat", "x")))

    def test_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A tilde is the home folder."""
        monkeypatch.setenv("HOME", str(tmp_path))
        month(tmp_path / "a.nc")

        assert (3, 4) == open_source("~/a.nc", "t2m").reader.shape
        assert 1 == len(open_many("~/*.nc", "t2m").sources)
