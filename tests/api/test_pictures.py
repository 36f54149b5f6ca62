"""Pictures that arrays and runs draw of themselves."""

from __future__ import annotations

from time import sleep, thread_time
from xml.etree import ElementTree

import numpy as np
import pytest

import nbarray as nb
from nbarray.api.pictures import recorded_timeline
from nbarray.errors import InputError, TaskError
from nbarray.session import observe

DATA = np.arange(4000.0).reshape(40, 100)


def array():
    x = nb.from_array(DATA, chunks=(10, 100))
    return ((x - 1) * 2).map_blocks(np.negative).sum(axis=0)


def test_before_and_after_rewriting() -> None:
    """The graph has what was written; with `optimized` what runs, with what was fused listed in one box."""
    x = nb.from_array(DATA, chunks=(10, 100))
    y = ((x - 1) * 2).sum(axis=0)
    written, run = y.visualize().dot, y.visualize(optimized=True).dot

    assert "subtract(·, 1)" in written
    assert "peripheries" not in written
    assert "· subtract\\n· multiply\\n· sum" in run
    assert "peripheries=2" in run


def test_unknown_sizes_are_drawn_without_counting() -> None:
    """Drawing what was written counts nothing, so a size that depends on values stays a question mark."""
    x = nb.arange(10, chunks=5)

    assert "(?,)" in x[x > 3].visualize().dot


def test_tasks_are_coloured_by_order_at_first() -> None:
    """Tasks show the order in which they run, unless asked otherwise."""
    x = array()

    assert "order of execution" in x.visualize(blocks=True).dot
    assert 'class="step0"' in x.visualize(blocks=True).dot
    assert "colour" not in x.visualize(blocks=True, color="kind").dot
    assert "one worker would hold" in x.visualize(blocks=True, color="held").dot


@pytest.mark.parametrize(("color", "word"), [("time", "colour: time"), ("worker", "worker 0"), ("held", "held at its")])
def test_tasks_after_a_run(color: str, word: str) -> None:
    """After a run, or with its events, tasks show what it measured."""
    x, seen = array(), []
    with observe(seen.append):
        run = x.start(workers=1)
        run.result()

    assert word in x.visualize(blocks=True, color=color, run=run).dot
    assert word in x.visualize(blocks=True, color=color, run=seen).dot


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "tome", "blocks": True}, "did you mean 'time'"),
        ({"color": "time", "blocks": True}, "known after a run"),
        ({"color": "order"}, "draw them with blocks=True"),
    ],
)
def test_colours_that_cannot_be(options: dict, message: str) -> None:
    """A colour that isn't there, or not yet, is refused with the way out."""
    with pytest.raises(InputError, match=message):
        array().visualize(**options)


def test_a_run_of_something_else() -> None:
    """Events of a run with other tasks are refused."""
    seen = []
    with observe(seen.append):
        nb.arange(1000, chunks=1).map_blocks(np.negative).compute()
    with pytest.raises(InputError, match="give a run of this array"):
        nb.arange(3).visualize(blocks=True, run=seen, color="time")
    other = nb.ones(5).start()
    with pytest.raises(InputError, match=r"of another array, of shape \(5,\) and not \(3,\); give a run of this array"):
        nb.arange(3).visualize(run=other)


def test_a_run_of_an_array_that_was_counted() -> None:
    """A run of a size that wasn't known is one of the array, before and after it has been counted."""
    x = nb.arange(10)
    y = x[x > 6]
    run = y.start(workers=1)
    run.result()
    before = y.visualize(run=run).dot

    assert (3,) == y.shape
    assert before == y.visualize(run=run).dot


def test_files_by_suffix(tmp_path) -> None:
    """A picture is saved when a name is given."""
    array().visualize(tmp_path / "a.dot", optimized=True)

    assert (tmp_path / "a.dot").read_text().startswith("digraph")


def test_timeline_of_a_run() -> None:
    """A finished run has lanes, its operations and its peak; one that waits has nothing yet."""
    run = array().start(workers=2)
    run.result()
    line = run.timeline()

    assert run.plan.ntasks == len(line.node)
    assert {node.label for node in run.plan.nodes} == {label for label, _, _ in line.operations()}
    assert 1 <= line.workers <= 2
    assert run.peak_bytes == line.peak_bytes
    assert run.budget_bytes == line.budget_bytes
    assert run.wall_s == line.wall_s
    assert float(line.stop_s.max()) <= line.wall_s
    assert "<img" in line._repr_mimebundle_()["text/html"]


def test_timeline_of_a_recording() -> None:
    """The events of a run give the timeline that the run itself gives."""
    seen = []
    with observe(seen.append):
        run = array().start(workers=1)
        run.result()
    live, told = run.timeline(), recorded_timeline(seen)

    assert [o[:2] for o in live.operations()] == [o[:2] for o in told.operations()]
    assert live.wall_s == pytest.approx(told.wall_s, abs=0.05)
    assert live.worker.tolist() == told.worker.tolist()
    assert (live.budget_bytes, live.peak_bytes) == (told.budget_bytes, told.peak_bytes)
    assert (live.stop_s - live.start_s).tolist() == pytest.approx((told.stop_s - told.start_s).tolist())
    with pytest.raises(InputError, match="no run among these events"):
        recorded_timeline([])


def test_timeline_of_a_run_that_failed() -> None:
    """A run whose only task failed took as long as it took."""

    def fails(block):
        sleep(0.1)
        raise ValueError("no")

    seen = []
    with observe(seen.append):
        run = nb.arange(3).map_blocks(fails, dtype=float).start(workers=1)
        with pytest.raises(TaskError):
            run.result()

    assert 0.1 <= run.timeline().wall_s == run.wall_s
    assert 0.1 <= recorded_timeline(seen).wall_s
    assert run.timeline().title.startswith("1")


def test_timeline_of_a_paused_run() -> None:
    """A run that goes on shows what it has done so far."""
    run = nb.arange(100, chunks=1).map_blocks(np.negative).sum().start(workers=1)
    run.pause()
    line = run.timeline()
    run.cancel()
    run.wait(5)

    assert line.wall_s >= 0
    assert line.svg


def test_showing_an_array_touches_no_block() -> None:
    """Text, table and graphs of an array are made without reading or computing anything."""

    def never(block):
        raise AssertionError("a block was made")

    class Readable:
        shape, dtype, reads = (10**6, 10**6), np.dtype("f4"), 0

        def __getitem__(self, index):
            self.reads += 1
            return np.zeros([s.stop - s.start for s in index], "f4")

    readable = Readable()
    x = nb.map_blocks(never, nb.from_array(readable, chunks=(1000, 1000)), dtype=np.float32)[5:, ::7]
    before = readable.reads

    assert "blocks" in repr(x)
    assert len(x._repr_html_().encode()) <= 5000
    assert "map_blocks(never)" in x.visualize().dot
    assert "As run" in repr(x[:3, :3].explain())
    assert before == readable.reads


@pytest.mark.parametrize("shape", [(), (9,), (40, 100), (3, 4, 5), (2, 3, 4, 5), (0, 3)], ids=str)
def test_chunk_grid_as_svg(shape: tuple[int, ...]) -> None:
    """The picture of chunks is SVG, as large as asked for, and all else in it stays the same."""
    x = nb.zeros(shape, chunks=2)
    root, large = (ElementTree.fromstring(svg) for svg in (x.to_svg(), x.to_svg(size=800)))

    width, height = (float(root.get(side, "")) for side in ("width", "height"))
    assert f"0 0 {root.get('width')} {root.get('height')}" == root.get("viewBox") == large.get("viewBox")
    assert 800 == max(float(large.get(side, "")) for side in ("width", "height"))
    assert width / height == pytest.approx(float(large.get("width", "")) / float(large.get("height", "")), rel=1e-2)
    assert len(root) == len(large)
    with pytest.raises(InputError, match="size=0"):
        x.to_svg(size=0)


def test_sizes_not_counted_are_not_counted_for_a_picture() -> None:
    """An array whose size depends on values is drawn without a look at them."""

    def never(block):
        raise AssertionError("a block was made")

    x = nb.map_blocks(never, nb.zeros(10, chunks=2), dtype=float)

    assert "<svg" in x[x > 0].to_svg()


def test_a_million_chunks_are_shown_at_once() -> None:
    """The table and the picture of four million chunks take a moment, however often they cut what is stored."""
    x = nb.zeros((2 * 10**6, 2 * 10**6), chunks=1000)
    start_s = thread_time()
    html = x._repr_html_()

    assert thread_time() - start_s < 0.5
    assert "4.00 M" in html or "4 M" in html
