"""Packed numbers are folded as they are stored, to what NumPy makes of the values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

import nbarray as nb
from nbarray.compiling import CannotCompile
from nbarray.kernels import packed
from nbarray.kernels.fused_folds import fold_box
from nbarray.kernels.states import finish_state
from nbarray.kernels.workspace import Workspace
from nbarray.session import plan
from tests.compare import check, compare

SCALE, OFFSET = 0.37, -11.3
SHAPE = (23, 40, 50)


@pytest.fixture(params=[True, False], ids=["compiled", "NumPy"])
def jit(request: pytest.FixtureRequest) -> Iterator[bool]:
    """With kernels and without."""
    if request.param:
        pytest.importorskip("numba")
    with nb.config(jit=request.param):
        yield request.param


def stored(dtype: str) -> np.ndarray[Any, Any]:
    """Numbers of the whole range of a dtype; the first row of results has no gaps, the last nothing but gaps."""
    info = np.iinfo(dtype)
    made = np.random.default_rng(5).integers(info.min, info.max, SHAPE, dtype, endpoint=True)
    made[made == 7] = 8
    gaps = np.random.default_rng(6).random(SHAPE) < 0.2
    gaps[:, 0] = gaps[:8] = False
    gaps[:, -1] = True
    made[gaps] = 7
    return made


def written(folder: Path, numbers: np.ndarray[Any, Any], chunks: tuple[int, ...], **attributes: Any) -> Path:
    """A file with a packed variable."""
    path = folder / "packed.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, size in zip("abc", SHAPE, strict=True):
            file.createDimension(name, size)
        fill = attributes.pop("_FillValue", False)
        made = file.createVariable("t", numbers.dtype, tuple("abc"), zlib=True, chunksizes=chunks, fill_value=fill)
        made.set_auto_maskandscale(False)
        made.setncatts({"scale_factor": SCALE, "add_offset": OFFSET} | attributes)
        made[...] = numbers
    return path


def as_values(numbers: np.ndarray[Any, Any]) -> Any:
    """The values, 7 being missing."""
    return np.ma.masked_array(numbers.astype(np.longdouble) * SCALE + OFFSET, numbers == 7)


CHUNKS = [(1, 40, 50), (5, 40, 50), (4, 17, 50), (6, 40, 21)]


@pytest.mark.parametrize("chunks", CHUNKS, ids=str)
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2"])
def test_gaps_are_left_out(jit: bool, tmp_path: Path, dtype: str, chunks: tuple[int, ...]) -> None:
    """Sums, means and deviations are those of what isn't missing, masked where all of it is."""
    numbers = stored(dtype)
    path = written(tmp_path, numbers, chunks, _FillValue=np.array(7, dtype), missing_value=np.array(7, dtype))
    x, values = nb.open(path, "t", missing="mask"), as_values(numbers)

    for axis in (0, (0, 1), 1):
        compare(x.sum(axis=axis), values.sum(axis=axis).astype(float), 1e-13)
        compare(x.mean(axis=axis), values.mean(axis=axis).astype(float), 1e-13)
        compare(x.std(axis=axis), values.std(axis=axis).astype(float), 1e-13)
    compare(x.var(axis=0, ddof=1), values.var(axis=0, ddof=1).astype(float), 1e-13)
    check(nb.compute(x.mean(axis=0), x.std(axis=0))[0].mask, np.asarray(values.mean(axis=0).mask))


@pytest.mark.parametrize("dtype", ["i1", "u2"])
def test_nan_where_something_is_missing(jit: bool, tmp_path: Path, dtype: str) -> None:
    """As NaN, gaps are in every result that sees one; nan-functions leave them out."""
    numbers = stored(dtype)
    path = written(tmp_path, numbers, (4, 17, 50), _FillValue=np.array(7, dtype))
    x, values = nb.open(path, "t"), as_values(numbers).filled(np.nan)

    for name in ("mean", "std", "sum"):
        compare(getattr(x, name)(axis=0), getattr(np, name)(values, axis=0).astype(float), 1e-13)
    inner = (slice(None), slice(0, -1))
    compare(nb.nanmean(x[inner], axis=0), np.nanmean(values[inner], axis=0).astype(float), 1e-13)
    compare(nb.nanstd(x[inner], axis=0), np.nanstd(values[inner], axis=0).astype(float), 1e-13)


def test_a_range_that_is_valid(jit: bool, tmp_path: Path) -> None:
    """Numbers outside of a range are missing."""
    numbers = stored("i2")
    path = written(tmp_path, numbers, (5, 40, 50), valid_range=np.array([-9000, 20000], "i2"))
    inside = (numbers >= -9000) & (numbers <= 20000)
    values = np.ma.masked_array(as_values(numbers).data, ~inside)
    x = nb.open(path, "t", missing="mask")

    compare(x.mean(axis=0), values.mean(axis=0).astype(float), 1e-13)
    compare(x.std(axis=0), values.std(axis=0).astype(float), 1e-13)


@pytest.mark.parametrize(
    "attributes",
    [{"scale_factor": np.int8(3), "add_offset": 0.5}, {"add_offset": np.nan}, {"add_offset": np.inf}],
    ids=["whole numbers wrap around", "no offset", "no end"],
)
def test_what_does_not_follow_from_sums(jit: bool, tmp_path: Path, attributes: dict[str, Any]) -> None:
    """Where values don't follow from stored numbers by a line, they are folded as values."""
    numbers = stored("i1")
    path = written(tmp_path, numbers, (5, 40, 50), **attributes)
    scale = attributes.get("scale_factor", SCALE)
    values = numbers * scale + np.float64(attributes["add_offset"])

    compare(nb.open(path, "t").mean(axis=0), values.mean(axis=0), 1e-13)


def test_after_nan_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NaN in one result changes no other, when more rows follow than the loops take, and NumPy goes on."""
    pytest.importorskip("numba")
    monkeypatch.setattr(packed, "MOST_ROWS", 10)
    numbers = stored("i1")
    numbers[numbers == 7] = 8
    path = written(tmp_path, numbers, (5, 40, 50), _FillValue=np.int8(7))
    with nb.config(jit=True):
        nodes = plan([nb.open(path, "t").std(axis=0).expr]).nodes
    (program,) = (node.program for node in nodes if hasattr(node, "program"))
    numbers[9, 0, 0] = 7
    # rows 8 to 12, then all others
    read = lambda k, low, high: (numbers[low[0] : high[0]].copy(), None)  # noqa: E731
    (state,) = fold_box(program, (8, 0, 0), SHAPE, (12, 40, 50), SHAPE, read, Workspace())
    made, _ = finish_state(program.folds[0], state, SHAPE[0] - 8)

    assert packed.suits(program)
    expected = as_values(numbers[8:]).filled(np.nan).std(axis=0).astype(float)
    np.testing.assert_allclose(made[0], expected, rtol=1e-13)


def test_small_deviations_on_a_large_mean(jit: bool, tmp_path: Path) -> None:
    """Deviations of one stored unit are exact, however far from zero all numbers are."""
    numbers = np.random.default_rng(9).integers(32000, 32002, SHAPE, "i2")
    numbers[:, :3] = 32000
    path = written(tmp_path, numbers, (5, 40, 50))
    expected = (np.std(numbers.astype(np.longdouble), axis=0) * SCALE).astype(float)
    made = np.asarray(nb.open(path, "t", missing="mask").std(axis=0).compute())

    np.testing.assert_allclose(made[3:], expected[3:], rtol=1e-10)
    np.testing.assert_allclose(made[:3], 0, atol=1e-11)


def test_packed_folds_are_compiled(tmp_path: Path) -> None:
    """The kernels that these tests are about are used."""
    pytest.importorskip("numba")
    x = nb.open(written(tmp_path, stored("i2"), (5, 40, 50)), "t", missing="mask")
    with nb.config(jit=True):
        programs = [n.program for n in plan([x.std(axis=0).expr]).nodes if hasattr(n, "program")]

    assert all(packed.suits(p) for p in programs)
    assert programs


def test_without_a_working_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where loops can't be compiled, NumPy folds."""
    pytest.importorskip("numba")

    def broken(text: str) -> Any:
        raise CannotCompile

    monkeypatch.setattr(packed, "run_loops", lambda text, *arguments: broken(text))
    numbers = stored("i2")
    x = nb.open(written(tmp_path, numbers, (5, 40, 50), _FillValue=np.int16(7)), "t", missing="mask")
    with nb.config(jit=True):
        compare(x.std(axis=0), as_values(numbers).std(axis=0).astype(float), 1e-13)
        compare(x.mean(axis=0), as_values(numbers).mean(axis=0).astype(float), 1e-13)


# ------------------------------------------------------------------------------------- parts of several files

#: Scale and offset of each file; and how many rows each has.
LINES = [(0.37, -11.3), (0.41, 250.0), (0.37, -11.3), (1e-3, 0.0), (5.0, -1e4), (0.39, 12.0)]
ROWS = [1, 1, 2, 1, 1, 3]


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many rows kernels are called for at once, call by call."""
    rows: list[int] = []
    run_loops = packed.run_loops

    def counting(text: str, *arguments: Any) -> Any:
        rows.append(len(arguments[1]))
        return run_loops(text, *arguments)

    monkeypatch.setattr(packed, "run_loops", counting)
    return rows


def several(folder: Path, dtype: str, gaps: bool, shuffled: tuple[bool, ...], chunk_rows: int = 40) -> Any:
    """Files end to end, each with numbers of its own scale and offset, and their values."""
    arrays, values = [], []
    for k, (rows, (scale, offset), shuffle) in enumerate(zip(ROWS, LINES, shuffled, strict=True)):
        info = np.iinfo(dtype)
        numbers = np.random.default_rng(k).integers(info.min, info.max, (rows, 40, 50), dtype, endpoint=True)
        numbers[numbers == 7] = 8
        if gaps:
            numbers[np.random.default_rng(k).random(numbers.shape) < 0.2] = 7
            numbers[:, 0], numbers[:, -1] = 9, 7
        path = folder / f"{k}.nc"
        with netCDF4.Dataset(path, "w") as file:
            for name, size in zip("abc", numbers.shape, strict=True):
                file.createDimension(name, size)
            made = file.createVariable(
                "t", dtype, tuple("abc"), zlib=True, shuffle=shuffle, chunksizes=(1, chunk_rows, 50),
                fill_value=np.array(7, dtype),
            )  # fmt: skip
            made.set_auto_maskandscale(False)
            made.setncatts({"scale_factor": scale, "add_offset": offset})
            made[...] = numbers
        arrays.append(nb.open(path, "t", missing="mask"))
        values.append(np.ma.masked_array(numbers.astype(np.longdouble) * scale + offset, numbers == 7))
    return nb.concatenate(arrays, axis=0), np.ma.concatenate(values)


ALL, NONE, SOME = (True,) * 6, (False,) * 6, (True, False, False, False, True, True)


@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize("shuffled", [ALL, NONE, SOME], ids=["shuffled", "not shuffled", "some"])
@pytest.mark.parametrize("dtype", ["i1", "i2", "u2"])
def test_files_of_different_lines(
    jit: bool, tmp_path: Path, dtype: str, shuffled: tuple[bool, ...], gaps: bool, together: list[int]
) -> None:
    """Rows of files are folded together, each unpacked by its own file's line."""
    x, values = several(tmp_path, dtype, gaps, shuffled)

    compare(x.sum(axis=0), values.sum(axis=0).astype(float), 1e-13)
    compare(x.mean(axis=0), values.mean(axis=0).astype(float), 1e-13)
    differing = values[::2].mean(axis=0) - values[1::2].mean(axis=0)
    compare(x[::2].mean(axis=0) - x[1::2].mean(axis=0), differing.astype(float), 1e-12)
    compare(x.mean(axis=(0, 1)), values.mean(axis=(0, 1)).astype(float), 1e-12)
    compare(x.std(axis=0), values.std(axis=0).astype(float), 1e-12)
    if jit and dtype != "u2" and shuffled != SOME:  # of u2 no kernels are made
        assert max(together) > max(ROWS)


def test_nan_from_files_of_different_lines(jit: bool, tmp_path: Path) -> None:
    """Where a missing element makes a result NaN, other results are as they are."""
    _, values = several(tmp_path, "i2", True, ALL)
    x = nb.concatenate([nb.open(tmp_path / f"{k}.nc", "t") for k in range(6)], axis=0)
    filled = values.filled(np.nan)

    compare(x.mean(axis=0), filled.mean(axis=0).astype(float), 1e-12)
    compare(nb.nanmean(x[:, 1:-1], axis=0), np.nanmean(filled[:, 1:-1], axis=0).astype(float), 1e-12)


@pytest.mark.parametrize("chunk_rows", [20, 8, 7])
def test_maps_of_several_chunks(jit: bool, tmp_path: Path, chunk_rows: int) -> None:
    """A map's bytes may lie apart in several runs; or together, where a chunk goes over its edge."""
    x, values = several(tmp_path, "i2", True, ALL, chunk_rows)

    compare(x.mean(axis=0), values.mean(axis=0).astype(float), 1e-12)
    compare(x.std(axis=0), values.std(axis=0).astype(float), 1e-12)


@pytest.mark.parametrize("failing", ["var", "all"])
def test_a_compiler_that_fails_on_shuffled_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """Where loops can't be compiled, bytes are brought together, and NumPy folds each file by its line."""
    pytest.importorskip("numba")
    run_loops = packed.run_loops

    def broken(text: str, *arguments: Any) -> Any:
        if failing == "all" or "spread" in text:  # of squares
            raise CannotCompile
        return run_loops(text, *arguments)

    monkeypatch.setattr(packed, "run_loops", broken)
    x, values = several(tmp_path, "i2", True, ALL)
    with nb.config(jit=True):
        mean, std = nb.compute(x.mean(axis=0), x.std(axis=0))

    compare(mean, values.mean(axis=0).astype(float), 1e-12)
    compare(std, values.std(axis=0).astype(float), 1e-12)


def test_few_results_of_files(jit: bool, tmp_path: Path) -> None:
    """Of few results losses are kept, and nothing is folded together."""
    x, values = several(tmp_path, "i2", False, ALL)
    few = x[:, 3:4, :9]

    compare(few.sum(axis=0), values[:, 3:4, :9].sum(axis=0).astype(float), 1e-12)


def test_no_rows_and_no_columns(jit: bool, tmp_path: Path) -> None:
    """Empty parts, and empty results, are what they are in NumPy."""
    x, values = several(tmp_path, "i2", False, ALL)

    compare(nb.concatenate([x[:0], x[:1], x[4:4], x[4:]], axis=0).sum(axis=0),
            np.ma.concatenate([values[:1], values[4:]]).sum(axis=0).astype(float), 1e-12)  # fmt: skip
    assert x[:, :0].mean(axis=0).compute().shape == (0, 50)
