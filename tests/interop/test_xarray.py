"""nbarray inside xarray; the truth is xarray with NumPy arrays."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray import session
from nbarray.errors import ChunkError, InputError, NotBlocked
from nbarray.events import Event, PlanReady

xr = pytest.importorskip("xarray", reason="xarray COULD NOT BE TESTED: install the extra 'xarray'")

from nbarray.interop.xarray import NbarrayManager  # noqa: E402 - it imports xarray

FILE = "A1B_north_america.nc"


@pytest.fixture(autouse=True)
def manager() -> Iterator[NbarrayManager]:
    """xarray with nbarray as its chunk manager, as the entry point gives it."""
    from xarray.namedarray.parallelcompat import list_chunkmanagers

    with xr.set_options(chunk_manager="nbarray", use_flox=False):
        yield list_chunkmanagers()["nbarray"]


@pytest.fixture
def plans() -> Iterator[list[Event]]:
    """One entry for each run that starts during the test."""
    seen: list[Event] = []
    with session.observe(lambda event: seen.append(event) if isinstance(event, PlanReady) else None):
        yield seen


@pytest.fixture
def expected(iris_data: Path) -> Any:
    """Air temperatures (time, latitude, longitude) in memory."""
    with xr.open_dataset(iris_data / FILE) as found:
        yield found.air_temperature.load()


@pytest.fixture
def blocked(iris_data: Path) -> Any:
    """The same, not read yet."""
    with xr.open_dataset(iris_data / FILE, chunks={}) as found:
        yield found.air_temperature


LATITUDES = xr.DataArray([41.0, 22.5, 41.0], dims="station")
LONGITUDES = xr.DataArray([250.0, 301.0, 260.0], dims="station")
PLACES = xr.DataArray([2, 0], dims="place")

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "mean": lambda t: t.mean("time"),
    "mean of all": lambda t: t.mean(),
    "std": lambda t: t.std("time"),
    "max": lambda t: t.max(("latitude", "longitude")),
    "argmax": lambda t: t.argmax("time"),
    "count": lambda t: t.count("time"),
    "arithmetic": lambda t: 2 * t**2 - t / 3,
    "ufunc": lambda t: np.sin(t),
    "isel": lambda t: t.isel(time=3),
    "isel list": lambda t: t.isel(latitude=[3, 1]),
    "slices": lambda t: t[::7, 3:, ::-1],
    "sel": lambda t: t.sel(latitude=slice(20, 40)),
    "nearest": lambda t: t.sel(latitude=[20, 33], method="nearest"),
    "transpose": lambda t: t.transpose("longitude", ...),
    "where": lambda t: t.where(t > 280),
    "where else": lambda t: t.where(t > 280, 0.0),
    "fillna": lambda t: t.where(t > 280).fillna(1.0),
    "clip": lambda t: t.clip(270, 280),
    "astype": lambda t: t.astype("float64"),
    "concat": lambda t: xr.concat([t, t + 1], "time"),
    "stack": lambda t: t.stack(place=("latitude", "longitude")),
    "diff": lambda t: t.diff("time"),
    "roll": lambda t: t.roll(longitude=5),
    "sortby": lambda t: t.sortby("latitude", ascending=False),
    "coarsen": lambda t: t.coarsen(latitude=4, boundary="trim").mean(),
    "groupby": lambda t: t.isel(time=slice(30)).groupby("time.year").mean(),
    "zeros_like": lambda t: xr.zeros_like(t),
    "copy": lambda t: t.copy(),
    "points": lambda t: t.sel(latitude=LATITUDES, longitude=LONGITUDES, method="nearest"),
    "points of all": lambda t: t.isel(time=PLACES, longitude=PLACES, latitude=3),
    "table of places": lambda t: t.isel(longitude=xr.DataArray([[1, 2], [3, 0]], dims=("place", "side"))),
    "places and a table": lambda t: t.isel(time=PLACES, longitude=xr.DataArray([[1], [3]], dims=("place", "side"))),
    "along an axis": lambda t: t.isel(time=slice(2), longitude=xr.DataArray([4, 1], dims="time")),
    "expand_dims": lambda t: t.expand_dims("run"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations(name: str, blocked: Any, expected: Any, plans: list[Event]) -> None:
    """An operation of xarray on blocked data computes nothing until asked, and then gives what NumPy gives."""
    result = OPERATIONS[name](blocked)
    before = len(plans)

    assert isinstance(result.data, nb.Array)
    assert before == 0
    xr.testing.assert_allclose(OPERATIONS[name](expected), result.compute())
    assert len(plans) == 1


@pytest.mark.parametrize("name", ["idxmax", "idxmin"])
@pytest.mark.parametrize("dim", ["latitude", "longitude"])
def test_places_of_extremes(name: str, dim: str, blocked: Any, expected: Any, plans: list[Event]) -> None:
    """Where values are largest or smallest, as coordinates: computed when asked for, NaN where all are missing."""
    result = getattr(blocked.where(blocked > 280), name)(dim)

    assert isinstance(result.data, nb.Array)
    assert [] == plans
    xr.testing.assert_identical(getattr(expected.where(expected > 280), name)(dim), result.compute())


@pytest.mark.parametrize("skipna", [None, False])
def test_polyfit(skipna: bool | None, blocked: Any, expected: Any, plans: list[Event]) -> None:
    """Fits along an axis are blocked; whether values are missing is counted, if it isn't told."""
    result = blocked.polyfit("latitude", 1, skipna=skipna)
    before = len(plans)

    assert isinstance(result.polyfit_coefficients.data, nb.Array)
    assert before <= (2 if skipna is None else 1)
    xr.testing.assert_allclose(expected.astype("f8").polyfit("latitude", 1), result.compute(), rtol=1e-3)


@pytest.mark.parametrize("function", [np.any, np.all])
def test_functions_of_numpy(function: Any, blocked: Any, expected: Any) -> None:
    """NumPy's functions of objects of xarray reach blocked arrays."""
    result = function(blocked > 300)

    assert isinstance(result.data, nb.Array)
    assert function(expected > 300) == result


KEYS: dict[str, tuple[dict[str, Any], Any]] = {
    "one": ({"time": 0}, 5.0),
    "slice": ({"latitude": slice(2)}, 1.0),
    "grid": ({"latitude": [0, 1], "longitude": [0, 1]}, 7.0),
    "grid of values": ({"latitude": [0, 1], "longitude": [0, 1, 5]}, np.arange(6.0).reshape(2, 3)),
    "points": ({"latitude": PLACES, "longitude": PLACES}, 9.0),
    "points of values": ({"time": 3, "latitude": PLACES, "longitude": PLACES}, xr.DataArray([1.0, 2.0], dims="place")),
}


@pytest.mark.parametrize("name", KEYS)
def test_assigning(name: str, blocked: Any, expected: Any, plans: list[Event]) -> None:
    """Assigning to parts, grids and points changes what NumPy's arrays would have changed, and computes nothing."""
    key, value = KEYS[name]
    changed, truth = blocked.isel(time=slice(4)).copy(), expected.isel(time=slice(4)).copy()
    changed[key] = value
    truth[key] = value

    assert isinstance(changed.data, nb.Array)
    assert [] == plans
    xr.testing.assert_identical(truth, changed.compute())


def test_points_without_the_manager() -> None:
    """Arrays that were put into xarray by hand are picked by points too, before anything has asked for the manager."""
    code = """
        import sys, numpy as np, xarray as xr, nbarray as nb
        assert "nbarray.interop.xarray" not in sys.modules
        p = xr.DataArray([0, 2], dims="p")
        x = xr.DataArray(nb.from_array(np.arange(12).reshape(3, 4), 2), dims=("a", "b")).isel(a=p, b=p)
        assert isinstance(x.data, nb.Array)
        print(x.values)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)

    assert ("[ 0 10]\n", "") == (ran.stdout, ran.stderr)


def test_others_keep_their_adapter() -> None:
    """Arrays of other packages are indexed by xarray as before."""

    class Other:
        shape, dtype, ndim = (3,), np.dtype("f8"), 1

        def __array_namespace__(self) -> Any:
            return np

    adapter = xr.core.indexing.ArrayApiIndexingAdapter(Other())
    with pytest.raises(TypeError, match="Vectorized indexing is not supported"):
        adapter.vindex[xr.core.indexing.VectorizedIndexer((np.array([1]),))]


def test_open_dataset(iris_data: Path, expected: Any, plans: list[Event]) -> None:
    """`chunks={}` gives the chunks of the file, blocked and unread; Python objects stay as xarray has them."""
    with xr.open_dataset(iris_data / FILE, chunks={}, chunked_array_type="nbarray") as found:
        chunks = found.air_temperature.chunks
        bounds = found.time_bnds.chunks
        started = len(plans)
        values = found.air_temperature.values

    assert ((1,) * 240, (37,), (49,)) == chunks
    assert bounds is None
    assert started == 0
    np.testing.assert_array_equal(expected.values, values)


def test_anomaly(blocked: Any, expected: Any, plans: list[Event]) -> None:
    """Differences from a mean are those of double precision, as far as float32 can say."""
    exact = expected.astype("float64")
    result = (blocked - blocked.mean("time")).compute()

    np.testing.assert_allclose((exact - exact.mean("time")).values, result.values, atol=1e-4)
    assert len(plans) == 1


def test_computed_together(blocked: Any, expected: Any, plans: list[Event]) -> None:
    """A dataset computes all its variables in one run."""
    both = xr.Dataset({"mean": blocked.mean("time"), "max": blocked.max("time")}).compute()

    assert len(plans) == 1
    xr.testing.assert_allclose(expected.mean("time").rename("mean"), both["mean"])
    xr.testing.assert_allclose(expected.max("time").rename("max"), both["max"])


def test_chunk(expected: Any, blocked: Any) -> None:
    """`.chunk()` gives blocked arrays of arrays in memory, and other chunks to blocked arrays."""
    small = expected.chunk(time=100)
    large = blocked.chunk(time=-1, latitude=20)

    assert isinstance(small.data, nb.Array)
    assert ((100, 100, 40), (37,), (49,)) == small.chunks
    assert ((240,), (20, 17), (49,)) == large.chunks
    xr.testing.assert_identical(expected, small.compute())
    xr.testing.assert_identical(expected, large.compute())


def test_representations(blocked: Any, plans: list[Event]) -> None:
    """What xarray shows of a blocked array names it, and computes nothing."""
    text, page = repr(blocked), blocked._repr_html_()
    whole = blocked.to_dataset(name="t")

    assert "nbarray.Array" in text
    assert "240" in page
    assert "t " in repr(whole)
    assert whole._repr_html_()
    assert [] == plans


def test_persist(blocked: Any, expected: Any, plans: list[Event]) -> None:
    """`persist` computes once and keeps the chunks."""
    kept = blocked.to_dataset(name="t").persist()["t"]
    after = len(plans)

    assert isinstance(kept.data, nb.Array)
    assert blocked.chunks == kept.chunks
    assert after == 1
    np.testing.assert_array_equal(expected.values, kept.values)


@pytest.mark.parametrize("memory", [None, "3MiB"])
def test_to_netcdf(tmp_path: Path, blocked: Any, expected: Any, memory: str | None) -> None:
    """Blocked data are written to a file, in slabs where they don't fit into half of the budget."""
    path = tmp_path / "out.nc"
    with nb.config(memory=memory):
        (blocked + 1).drop_vars(["time", "forecast_reference_time"]).to_dataset(name="t").to_netcdf(path)
    with xr.open_dataset(path) as found:
        np.testing.assert_array_equal((expected + 1).values, found.t.values)


@pytest.mark.parametrize("kind", ["netcdf", "zarr"])
def test_written_later(tmp_path: Path, kind: str, blocked: Any, expected: Any, plans: list[Event]) -> None:
    """`compute=False` gives what writes when it is computed, in one run."""
    pytest.importorskip("dask")
    pytest.importorskip("zarr")
    path = tmp_path / "out"
    wanted = (blocked + 1).drop_vars(["time", "forecast_reference_time"]).to_dataset(name="t").drop_encoding()
    options = {"consolidated": False} if kind == "zarr" else {}
    later = getattr(wanted, f"to_{kind}")(path, compute=False, **options)
    before = len(plans)
    later.compute()

    assert (0, 1) == (before, len(plans))
    with xr.open_dataset(path, engine=None if kind == "netcdf" else kind, **options) as found:
        np.testing.assert_array_equal((expected + 1).values, found.t.values)


def test_written_later_without_dask(manager: NbarrayManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where dask isn't there, `compute=False` says that it needs it, and what to do."""
    monkeypatch.setitem(sys.modules, "dask.delayed", None)
    with pytest.raises(NotBlocked, match="install dask"):
        manager.store(nb.arange(4), np.zeros(4), compute=False)


def test_apply_ufunc(blocked: Any, expected: Any, plans: list[Event]) -> None:
    """A function of whole core axes runs block by block along the others, which broadcast."""
    weights = expected.isel(time=0).reset_coords(drop=True)  # xarray computes coordinates to compare them

    def spread(t: Any, w: Any) -> Any:
        return (t.max(axis=-1) - t.min(axis=-1)) * w

    def applied(t: Any) -> Any:
        return xr.apply_ufunc(
            spread, t, weights, input_core_dims=[["time"], []], dask="parallelized", output_dtypes=["f4"]
        )

    result = applied(blocked.chunk(time=-1, latitude=10))

    assert [] == plans
    assert ((10, 10, 10, 7), (49,)) == result.chunks
    xr.testing.assert_allclose(applied(expected), result.compute())


def test_apply_ufunc_new_axis(blocked: Any, expected: Any) -> None:
    """A function may make a core axis of its own, and be given one piece at a time."""

    def applied(t: Any) -> Any:
        return xr.apply_ufunc(
            lambda series: np.array([series.min(), series.max()]),
            t,
            input_core_dims=[["time"]],
            output_core_dims=[["bound"]],
            dask="parallelized",
            vectorize=True,
            output_dtypes=["f4"],
            dask_gufunc_kwargs={"output_sizes": {"bound": 2}},
        )

    result = applied(blocked.isel(longitude=slice(5)).chunk(time=-1, latitude=10))

    xr.testing.assert_allclose(applied(expected.isel(longitude=slice(5))), result.compute())


def test_unify_chunks(expected: Any) -> None:
    """Arrays of a dataset get common chunks, dimension by dimension."""
    one, other = xr.unify_chunks(expected.chunk(time=100), expected.isel(longitude=0).chunk(time=60))

    assert ((60, 40, 20, 60, 20, 40), (37,), (49,)) == one.chunks
    assert ((60, 40, 20, 60, 20, 40), (37,)) == other.chunks


@pytest.mark.parametrize(
    ("chunks", "shape", "previous", "expected"),
    [
        (4, (10, 3), None, ((4, 4, 2), (3,))),
        ((4, -1), (10, 3), None, ((4, 4, 2), (3,))),
        ((None, 2), (10, 3), None, ((10,), (2, 1))),
        (((6, 4), 3), (10, 3), None, ((6, 4), (3,))),
        ({0: 5}, (10, 3), None, ((5, 5), (3,))),
        ("auto", (10, 3), None, ((10,), (3,))),
        (("80B", -1), (10, 5), None, ((2, 2, 2, 2, 2), (5,))),
        (("64B",), (10,), (4,), ((8, 2),)),
        (("64B",), (10,), ((4, 4, 2),), ((8, 2),)),
        (0, (0,), None, ((0,),)),
        ((), (), None, ()),
    ],
)
def test_normalize_chunks(manager: NbarrayManager, chunks: Any, shape: Any, previous: Any, expected: Any) -> None:
    """Chunks as xarray writes them become sizes; "auto" takes multiples of the stored chunks."""
    made = manager.normalize_chunks(chunks, shape, dtype=np.dtype("f8"), previous_chunks=previous)

    assert expected == made


@pytest.mark.parametrize(("chunks", "shape"), [(None, (3,)), ((2, 2), (3,)), (4, None), (("1KiB", "2KiB"), (3, 3))])
def test_chunks_that_do_not_fit(manager: NbarrayManager, chunks: Any, shape: Any) -> None:
    """Chunks that can't be meant raise ChunkError, a ValueError."""
    with pytest.raises(ChunkError):
        manager.normalize_chunks(chunks, shape, dtype=np.dtype("f8"))


def test_functions_of_blocks(manager: NbarrayManager) -> None:
    """Functions of blocks by names of axes, reductions by functions, groups of positions."""
    x = nb.arange(6, chunks=2)

    np.testing.assert_array_equal(np.arange(6) * 2, manager.blockwise(np.add, "i", x, "i", x, "i").compute())
    np.testing.assert_array_equal(15, manager.reduction(x, np.sum, aggregate_func=np.sum, axis=0).compute())
    np.testing.assert_array_equal([5, 0, 3], manager.shuffle(x, [[5, 0], [3]], 0, "auto").compute())


def test_what_is_missing(manager: NbarrayManager) -> None:
    """What isn't there raises NotBlocked, which names it."""
    x = nb.arange(4)

    with pytest.raises(NotBlocked, match="scan"):
        manager.scan(np.cumsum, np.add, 0, x)


def test_unknown_options(manager: NbarrayManager) -> None:
    """Options meant for other libraries are let pass where xarray gives them; others are refused by name."""
    x = manager.from_array(np.arange(4), 2, name="x", lock=False, inline_array=False, meta=None)

    assert ((2, 2),) == x.chunks
    with pytest.raises(InputError, match="chnks"):
        manager.from_array(np.arange(4), 2, chnks=3)
    with pytest.raises(InputError, match="scheduler"):
        manager.compute(x, scheduler="threads")


def test_compute_hands_on(manager: NbarrayManager) -> None:
    """`compute` gives arrays, also for no axes, and hands on what isn't blocked."""
    total, number, none = manager.compute(nb.arange(4).sum(), 3, None)

    assert (np.ndarray, 6) == (type(total), total)
    assert (3, None) == (number, none)


def test_store_regions(manager: NbarrayManager) -> None:
    """Values go to their region of the target."""
    target = np.zeros((6, 3))
    with nb.config(memory="1MiB"):
        manager.store([nb.ones((2, 3))], [target], regions=[(slice(1, 5, 2), slice(None))], lock=False)

    np.testing.assert_array_equal([[0] * 3, [1] * 3, [0] * 3, [1] * 3, [0] * 3, [0] * 3], target)
