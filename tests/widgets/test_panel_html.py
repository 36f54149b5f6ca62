"""What a panel says of a run, and what it leaves out."""

from __future__ import annotations

import re
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.widgets.panel_html import facts, operations_html, panel_html, summary_text
from nbarray.widgets.planned import planned_html
from nbarray.widgets.watching import Operation, Watch


def seen(**values):
    """A run in the midst of it, as it is looked at, but for some of its values."""
    usual = {
        "fraction": 0.999, "done": 99, "plan": SimpleNamespace(ntasks=100), "wall_s": 9.0, "left_s": 3.0,
        "read_bytes": 2**20, "bytes_read": 2**19, "read_rate": 2.0**18,
    }  # fmt: skip
    return SimpleNamespace(**(usual | values))


@pytest.mark.parametrize(
    ("values", "said", "unsaid"),
    [
        ({}, "99 % · 99/100 tasks · 9.0 s · about 3.0 s left · read 512 KiB of 1.00 MiB · 256 KiB/s", "100 %"),
        ({"left_s": 0.0002}, "less than a second left", "0 ms"),
        ({"left_s": None}, "9.0 s · read", "left"),
        ({"bytes_read": 2**20}, "read 1.00 MiB of 1.00 MiB", "/s"),
        ({"read_rate": 0.2}, "read 512 KiB", "0 B/s"),
        ({"read_bytes": 0}, "about 3.0 s left", "read"),
    ],
)
def test_numbers_that_mean_nothing_are_left_out(values, said, unsaid) -> None:
    """No rate of what is over or doesn't go on, no time left that rounds to nothing, 100 % of the end alone."""
    text = " · ".join(facts(seen(**values)))

    assert said in text
    assert unsaid not in text


@pytest.mark.parametrize(
    ("operation", "rate"),
    [
        (Operation("a", 9, 3, 4.25), "4.2/s"),
        (Operation("a", 9, 3, 42.5), "42/s"),
        (Operation("a", 9, 9, 4.25), ""),
        (Operation("a", 9, 3, 0.01), ""),
    ],
)
def test_an_operation_has_a_rate_while_it_goes_on(operation, rate) -> None:
    """Tasks a second, as long as there are some to come and it isn't none."""
    html = operations_html([operation])

    assert ("/s" in html, rate in html) == (bool(rate), True)


def test_groups_of_blocks_are_called_so() -> None:
    """Where a chunk grid is too fine to be drawn."""
    texts = []
    for size in (100, 20_000):
        run = nb.map_blocks(np.negative, nb.zeros(size, chunks=1), dtype="f8").start()
        watch = Watch(run, lambda: 0.0)
        run.result()
        watch.look()
        texts.append(panel_html(watch))

    assert "100 of 100 blocks (100)" in texts[0]
    assert "10 000 of 10 000 groups of blocks (10000)" in texts[1]


def test_the_curve_of_memory_lies_where_bytes_and_times_are(slow, gate) -> None:
    """From the left edge to the right, and as high as is held; the points move, as the scale changes."""
    run, now = slow.start(workers=1, memory="1GiB"), iter((10.0, 11.0, 15.0, 20.0))
    resident = iter(2**20 * np.array([10, 14, 30])).__next__
    watch = Watch(run, lambda: next(now), resident)
    for _ in range(4):
        watch.look()
    html = panel_html(watch)
    run.cancel()
    moved = re.search(r"translate\(1 96\) scale\(([\d.e+-]+) ([\d.e+-]+)\) translate\(-(\d+) 0\)", html)
    across, down, first = map(float, moved.groups())
    highest = re.search(r'<polygon points="([^"]+)"', html)[1].split()
    drawn = [(1 + across * (x - first), 96 + down * y) for x, y in (map(float, p.split(",")) for p in highest)]
    held = [(look.now_s, sum(look.held)) for look in watch.looks]
    top = 1.12 * held[-1][1]
    seen = [(1 + 41.8 * (now_s - 10), 96 - 94 * nbytes / top) for now_s, nbytes in held]

    assert len({nbytes for _, nbytes in held}) > 1
    assert np.allclose([*seen, (419, 96), (1, 96)], drawn, atol=0.3)


def test_what_is_not_started_has_no_peak(slow, gate) -> None:
    """It holds nothing yet; what it may hold, the plan's numbers say."""
    run = nb.monitor(slow).run
    run.wait_planned(10)
    watch = Watch(run, lambda: 0.0)
    watch.look()
    before = summary_text(watch)
    gate.open.set()
    run.start().result()
    watch.look()

    assert "peak" not in before
    assert "peak" in summary_text(watch)


def test_one_task_is_a_task(tmp_path) -> None:
    """Before it runs, and afterwards; two are tasks."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = np.zeros((4, 10))
    one, two = nb.open(tmp_path / "a.h5", "a").sum(), nb.map_blocks(np.negative, nb.zeros(2, chunks=1), dtype="f8")
    texts = []
    for array in (one, two):
        run = nb.monitor(array).run
        run.wait_planned(10)
        watch = Watch(run, lambda: 0.0)
        watch.look()
        texts.append((run.plan.ntasks, planned_html(watch), summary_text(watch)))
        run.start().result()
        watch.look()
        texts[-1] += (summary_text(watch),)

    assert 1 == texts[0][0] < texts[1][0]
    assert all("1 task" in text and "1 tasks" not in text for text in texts[0][1:])
    assert all(f"{texts[1][0]} tasks" in text for text in texts[1][1:])
