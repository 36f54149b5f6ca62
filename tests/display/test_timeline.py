"""Runs over time."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

import nbarray as nb
from nbarray.display.timeline import COLOURS, REST, Timeline
from nbarray.errors import InputError, MissingFile

SVG = "{http://www.w3.org/2000/svg}"


def made(tasks: int, workers: int = 2, labels: int = 2, **facts: int) -> Timeline:
    """Tasks of one millisecond that lie end to end on each worker."""
    k = np.arange(tasks)
    start = k // workers * 1e-3
    return Timeline(
        tuple(f"op{n}" for n in range(labels)),
        k % labels,
        k % workers,
        start,
        start + 1e-3,
        (k % 7 * 2**20).astype(float),
        float(start[-1] + 1e-3) if tasks else 0.0,
        **facts,
    )


def texts(timeline: Timeline) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(timeline.svg).iter(f"{SVG}text")]


def test_workers_have_lanes_and_operations_a_legend() -> None:
    """Each worker has a lane, each operation its colour, time and tasks."""
    said = texts(made(200))

    assert {"worker 0", "worker 1", "held", "6.00 MiB"} <= set(said)
    assert {"op0: 100 ms, 100 tasks", "op1: 100 ms, 100 tasks"} <= set(said)
    assert "100 ms, 200 tasks, 2 workers busy 100 % of the time" == made(200).title


def test_each_task_of_a_few_is_drawn() -> None:
    """Few tasks have a bar each."""
    svg = made(40).svg

    assert 40 == len(re.findall(r"M[\d.]+ \d+h[\d.]+v18H", svg))


@pytest.mark.parametrize(("tasks", "workers", "labels"), [(0, 1, 1), (1, 1, 1), (10_000, 2, 5), (30_000, 8, 30)])
def test_it_is_small_for_any_run(tasks: int, workers: int, labels: int) -> None:
    """Whatever the number of tasks, the picture is XML of limited size that stays within its frame."""
    svg = made(tasks, workers, labels).svg
    root = ElementTree.fromstring(svg)
    xs = [float(x) for x in re.findall(r"[ML]([\d.]+) ", svg)]

    assert len(svg) < 120_000
    assert max(xs, default=0.0) <= float(root.attrib["width"])


def test_many_operations_share_grey() -> None:
    """Only the longest operations have colours of their own."""
    svg = made(300, labels=30).svg

    assert REST in svg
    assert len(COLOURS) == len(re.findall(r'<rect x="\d+" y="\d+" width="10"', svg))


def test_the_budget_is_a_line_where_it_is_near() -> None:
    """The budget is drawn if it is within reach of what was held, else only said."""
    near, far = (made(40, budget_bytes=b, peak_bytes=6 * 2**20) for b in (8 * 2**20, 2**40))

    assert 'class="b"' in near.svg
    assert 'class="b"' not in far.svg
    assert "peak 6.00 MiB of 8.00 MiB" in near.title


def test_sampled_runs_say_about() -> None:
    """Of a sample of one task in four, times and counts are four times the recorded ones."""
    sampled = made(100, every=4)

    assert "about 400 tasks" in sampled.title
    assert [("op0", 200, pytest.approx(0.2)), ("op1", 200, pytest.approx(0.2))] == sorted(sampled.operations())


def test_notebooks_get_an_image_and_terminals_a_table() -> None:
    """The bundle has an image with words, and the text has a line an operation."""
    bundle = made(40)._repr_mimebundle_()

    assert 'src="data:image/svg+xml;base64,' in bundle["text/html"]
    assert "<svg" not in bundle["text/html"]
    assert "       20 ms         20  op0" in bundle["text/plain"]


def test_it_is_saved_as_svg(tmp_path: Path) -> None:
    """A timeline is written as SVG; other names are refused, as is a folder that isn't there."""
    assert made(4).svg == made(4).save(tmp_path / "t.svg").read_text(encoding="utf-8")
    with pytest.raises(InputError, match=r"ends in \.svg, not 't.png'"):
        made(4).save(tmp_path / "t.png")
    with pytest.raises(MissingFile, match="there is no directory"):
        made(4).save(tmp_path / "no" / "t.svg")


def test_labels_are_escaped() -> None:
    """Names of functions are text in the picture."""
    timeline = Timeline(("<lambda> & co",), *(np.zeros(1, t) for t in (int, int, float, float, float)), wall_s=1.0)

    assert "<lambda> & co: 0 ms, 1 task" in texts(timeline)


@pytest.mark.parametrize(("tasks", "workers", "labels"), [(0, 1, 1), (1, 1, 1), (200, 2, 3), (30_000, 4, 30)])
def test_matplotlib_draws_it_too(tasks: int, workers: int, labels: int) -> None:
    """On axes that are given: a lane for each worker, one entry of the legend for each operation."""
    figure = Figure()
    axes = figure.subplots()
    timeline = made(tasks, workers, labels, budget_bytes=8 * 2**20)
    drawn = timeline.plot(axes)

    assert drawn is axes
    assert [f"worker {k}" for k in range(timeline.workers)] == [t.get_text() for t in axes.get_yticklabels()]
    legends = [child.get_legend() for child in axes.child_axes if child.get_legend()]
    assert min(8, len(timeline.operations())) == sum(len(legend.get_texts()) for legend in legends)
    figure.draw_without_rendering()


def test_a_run_is_drawn_on_axes_of_ones_own() -> None:
    """run.timeline(ax=ax) draws, and returns the timeline all the same."""
    run = nb.ones((40, 4), chunks=(1, 4)).map_blocks(np.negative, dtype="f8").start()
    run.result()
    axes = Figure().subplots()
    timeline = run.timeline(ax=axes)

    assert isinstance(timeline, Timeline)
    assert timeline.title == axes.get_title(loc="left")
    assert 40 == sum(len(bars.get_paths()) for bars in axes.collections)
