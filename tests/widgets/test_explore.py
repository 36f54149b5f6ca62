"""Looking through arrays."""

from __future__ import annotations

import itertools
import threading
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from ipywidgets.widgets import widget as widget_module

import nbarray as nb
from nbarray.errors import InputError
from nbarray.widgets import comms

WIDGET = "application/vnd.jupyter.widget-view+json"
DATA = np.arange(3 * 4 * 20 * 30.0).reshape(3, 4, 20, 30)


@pytest.fixture
def models():
    """How many widget models exist beyond those before."""
    registry = widget_module._instances
    before = set(registry)
    return lambda: len(set(registry) - before)


@pytest.fixture
def viewer():
    made = nb.explore(nb.from_array(DATA, chunks=(1, 1, 10, 10)))
    yield made
    made.close()


def plane(viewer) -> np.ndarray:
    assert viewer.wait(10)
    return viewer._last[1]


def test_it_shows_the_plane_that_sliders_say(viewer) -> None:
    """Sliders along the leading axes choose the plane, ranges choose rows and columns."""
    assert np.array_equal(DATA[0, 0], plane(viewer))
    viewer.places[0].value = 2
    viewer.places[1].value = 3
    assert np.array_equal(DATA[2, 3], plane(viewer))
    viewer.rows.value, viewer.columns.value = (5, 15), (0, 3)

    assert np.array_equal(DATA[2, 3, 5:15, :3], plane(viewer))
    assert bytes(viewer.image.value).startswith(b"\x89PNG")
    assert "x[2, 3, 5:15, 0:3]" in viewer.status.value


def test_only_blocks_in_view_are_computed() -> None:
    """Of an array of many blocks, those that the view touches are made and no others."""
    seen = []

    def block(values, block_id=None):
        seen.append(tuple(int(v) for v in values[:, 0, 0, 0].ravel()))
        return values

    x = nb.map_blocks(block, nb.from_array(DATA, chunks=(1, 4, 20, 30)), dtype=float)
    viewer = nb.explore(x)
    assert viewer.wait(10)
    viewer.close()

    assert {(0,), (2400,)} >= set(seen)  # the plane, and the one after it when nothing else was to do


def test_moving_the_pointer_computes_nothing(viewer) -> None:
    """Another row or column is another picture of the same values."""
    plane(viewer)
    before, values = viewer.image.value, viewer._last[1]
    viewer.row.value = 3
    assert viewer.wait(10)

    assert before != viewer.image.value
    assert np.array_equal(values, viewer._last[1])
    assert "at (3, 15)" in viewer.status.value
    assert f"{DATA[0, 0, 3, 15]:g} at" in viewer.status.value


@pytest.mark.parametrize(
    ("value", "dtype", "told"),
    [
        (np.ma.masked, "f8", "masked"),
        (np.inf, "f8", "inf"),
        (np.nan, "f8", "nan"),
        (2**53 + 1, "i8", "9007199254740993"),
        (True, "?", "True"),
        (3 - 4j, "c16", "3-4j"),
        (0.1, "f4", "0.1"),
    ],
)
def test_the_value_at_the_pointer_is_told_as_it_is(value, dtype, told) -> None:
    """What is drawn as a gap or as a magnitude is still told as what it is."""
    x = np.ma.zeros((5, 7), dtype)
    x[2, 3] = value
    viewer = nb.explore(x)
    assert viewer.wait(10)
    viewer.close()

    assert viewer.status.value.endswith(f", {told} at (2, 3)")


def test_what_is_told_lies_where_it_is_told_to() -> None:
    """Where rows are left out, or the pointer isn't in view, the place told is that of the element that is drawn."""
    x = np.arange(2000)[:, None] * 10 + np.arange(4)
    viewer = nb.explore(x)
    viewer.row.value, viewer.column.value = 1003, 2
    assert viewer.wait(10)
    steps = viewer.status.value
    viewer.rows.value, viewer.columns.value = (0, 50), (3, 4)
    assert viewer.wait(10)
    outside = viewer.status.value
    viewer.close()

    assert steps.endswith(f", {x[1000, 2]} at (1000, 2)")
    assert outside.endswith(f", {x[49, 3]} at (49, 3)")


def test_one_axis_is_a_line() -> None:
    """An array of one axis is drawn as a line, without pointer."""
    viewer = nb.explore(np.arange(10.0))
    assert np.array_equal(np.arange(10.0), plane(viewer))
    viewer.columns.value = (2, 5)
    assert np.array_equal([2.0, 3.0, 4.0], plane(viewer))
    viewer.close()

    assert viewer.rows is None
    assert viewer.row is None
    assert viewer.column is None


def test_an_empty_range_shows_one_row(viewer) -> None:
    """Where both ends of a range are moved together, what lies there is shown."""
    viewer.rows.value = (20, 20)

    assert np.array_equal(DATA[0, 0, 19:20], plane(viewer))


def test_it_shows_the_array_as_it_was_when_it_was_asked_for() -> None:
    """Assigning later changes no plane, whether it has been looked at before or not."""
    x = nb.from_array(DATA, chunks=(1, 1, 10, 10))
    viewer = nb.explore(x)
    first = plane(viewer)
    x[...] = 7
    viewer.places[0].value = 2
    assert np.array_equal(DATA[2, 0], plane(viewer))
    viewer.close()

    assert np.array_equal(DATA[0, 0], first)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mark", [np.finfo(float).max, np.finfo(float).min, np.inf, np.nan])
def test_marks_of_files_for_no_value_are_gaps(mark) -> None:
    """The largest number there is, as some files have for what is missing, is not drawn, and told as it is."""
    values = DATA[0, 0].copy()
    values[10:] = mark
    viewer = nb.explore(values)
    seen = plane(viewer)
    viewer.close()

    assert np.array_equal(DATA[0, 0, :10], seen[:10])
    assert np.isnan(seen[10:]).all()
    assert viewer.status.value.endswith(f", {mark:.6g} at (10, 15)")


def test_files_need_no_wrapping(tmp_path) -> None:
    """A dataset of a file can be looked at as it is; masked values are gaps."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["v"] = DATA[0]
        viewer = nb.explore(file["v"], cmap="magma", percentiles=(0, 100))
        assert np.array_equal(DATA[0, 0], plane(viewer))
        viewer.close()


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (np.float64(3), {}, r"nothing to see in an array of shape \(\)"),
        (np.zeros((3, 0)), {}, r"nothing to see in an array of shape \(3, 0\)"),
        (np.array(["a", "b"]), {}, "expected numbers, not <U1"),
        (np.zeros(3), {"percentiles": (98, 2)}, "the lower one first"),
        (np.zeros(3), {"cmap": "viridi"}, "did you mean 'viridis'"),
    ],
)
def test_what_cannot_be_explored(x, options, message) -> None:
    """Arrays without numbers are refused at once."""
    with pytest.raises(InputError, match=message):
        nb.explore(nb.asarray(x), **options)


def test_errors_are_shown_in_place() -> None:
    """A block that fails is told instead of a picture, also where it is closed, and the sliders go on working."""

    def block(values):
        if values.flat[0] == 0:
            raise ValueError("<no>")
        return values

    viewer = nb.explore(nb.map_blocks(block, nb.from_array(DATA[0], chunks=(1, 20, 30)), dtype=float))
    assert viewer.wait(10)
    told, first, static = viewer.status.value, viewer.clicks.box.layout.display, viewer._static()
    viewer.places[0].value = 1
    assert np.array_equal(DATA[0, 1], plane(viewer))
    second = viewer.clicks.box.layout.display
    viewer.places[0].value = 0
    assert viewer.wait(10)
    third = viewer.clicks.box.layout.display
    viewer.close()

    assert "TaskError" in told
    assert "<no>" not in told
    assert told in static
    assert ("none", None, "none") == (first, second, third)


def test_shown_with_a_picture_for_pages_without_widgets(displays, viewer) -> None:
    """What a cell shows is the widgets, with a picture as it is now; closing leaves the picture alone."""
    viewer._ipython_display_()
    (data, update), *_ = displays
    viewer.close()
    last, updated = displays[-1]

    assert not update
    assert {WIDGET, "text/html", "text/plain"} == set(data)
    assert 'src="data:image/png;base64,' in data["text/html"]
    assert updated
    assert {"text/html", "text/plain"} == set(last)
    assert last["text/plain"].startswith("<Viewer of nbarray.Array(")


@pytest.mark.parametrize("axes", [1, 2, 4])
def test_closing_leaves_no_models(models, axes) -> None:
    """All widget models go, layouts and styles included, however often it is closed."""
    viewer = nb.explore(DATA[(0,) * (4 - axes)])
    assert models() > 5
    viewer.close()
    viewer.close()

    assert 0 == models()


def test_a_click_on_the_plane_moves_the_pointer(viewer) -> None:
    """There are 40 times 60 places to click; the same one may be clicked again."""
    rows, columns = viewer.array.shape[-2:]
    viewer.clicks.cells.value = 20 * 60 + 30
    first = viewer.row.value, viewer.column.value
    viewer.row.value = 0
    viewer.clicks.cells.value = 20 * 60 + 30

    assert (int(20.5 / 40 * rows), int(30.5 / 60 * columns)) == first
    assert first == (viewer.row.value, viewer.column.value)
    assert viewer.clicks.cells.index is None


def viewer_threads() -> int:
    return sum(thread.name == "nbarray-viewer" for thread in threading.enumerate())


@pytest.fixture
def execute(monkeypatch):
    """Let the cell of a name run, as a kernel whose notebook names its cells says it does."""
    numbers = itertools.count()

    def run(cell, call):
        message = {"header": {"msg_id": str(next(numbers))}, "metadata": {"cellId": cell} if cell else {}}
        kernel = SimpleNamespace(shell=SimpleNamespace(parent_header=message))
        monkeypatch.setattr(comms, "kernel_of", lambda: kernel)
        return call()

    return run


def test_a_cell_that_runs_again_closes_its_earlier_viewer(models, execute) -> None:
    """Neither thread nor model nor planes are left of twenty runs but the last one's."""
    threads, x = viewer_threads(), nb.from_array(DATA, chunks=(1, 1, 10, 10))
    held = [execute("one", lambda: nb.explore(x))]
    each = models()
    for _ in range(20):
        held.append(execute("one", lambda: nb.explore(x)))
        assert held[-1].wait(10)
    kept = [len(viewer._fetcher._kept) for viewer in held]
    left, running = models(), viewer_threads() - threads
    held[-1].close()

    assert each == left
    assert running == 1
    assert [0] * 20 == kept[:-1]
    assert kept[-1] > 0
    assert (models(), viewer_threads()) == (0, threads)


def test_viewers_of_one_execution_or_of_other_cells_stay(execute) -> None:
    """Nor is anything closed where nobody knows which cell runs."""
    x = nb.from_array(DATA[0, 0])
    one, other = execute("one", lambda: (nb.explore(x), nb.explore(x)))
    third = execute("two", lambda: nb.explore(x))
    nowhere = [execute(None, lambda: nb.explore(x)) for _ in range(2)]
    before = [viewer._closed for viewer in (one, other, third, *nowhere)]
    again = execute("one", lambda: nb.explore(x))
    after = [viewer._closed for viewer in (one, other, third, *nowhere, again)]
    for viewer in (third, *nowhere, again):
        viewer.close()

    assert [False] * 5 == before
    assert [True, True, False, False, False, False] == after
