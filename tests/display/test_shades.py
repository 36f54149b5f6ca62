"""Colours of tasks."""

from __future__ import annotations

import numpy as np

from nbarray.display.dot import RAMP
from nbarray.display.graph import tasks_dot
from nbarray.display.shades import held_shades, order_shades, time_shades, worker_shades
from tests.display.fakes import plan

STEPS = list(RAMP)


def test_order_goes_from_pale_to_red() -> None:
    """The first task has the first colour, the last one the last; their boxes say their numbers anyway."""
    shades = order_shades(16)

    assert (STEPS[0], "") == shades.of(0)
    assert (STEPS[-1], "") == shades.of(15)
    assert (STEPS[4], "") == shades.of(8)
    assert "colour: order of execution, from 0 (pale) to 15 (red)" == shades.legend


def test_times_and_bytes_say_their_units() -> None:
    """What is equal for all tasks is pale; a task that nothing is known of is grey and silent."""
    assert [(STEPS[0], "10 ms"), (STEPS[-1], "2.0 s")] == [time_shades(np.array([0.01, 2.0])).of(k) for k in (0, 1)]
    assert (STEPS[0], "8 B held") == held_shades(np.array([8, 8])).of(1)
    assert ("view", "") == time_shades(np.array([np.nan, 1.0])).of(0)
    assert "one worker would hold" in held_shades(np.array([8]), planned=True).legend


def test_no_tasks_have_no_colours() -> None:
    """Plans without tasks don't fail."""
    assert "" == order_shades(0).legend
    assert "" == time_shades(np.array([np.nan])).legend


def test_workers_have_colours_apart() -> None:
    """Workers are told apart by colour and by number; after the last colour the first comes again."""
    shades = worker_shades(np.arange(20))

    assert "worker 3" == shades.of(3)[1]
    assert 9 == len({shades.of(k)[0] for k in range(20)})


def test_boxes_take_the_colours() -> None:
    """A graph of tasks has the class of its shade, its number in words, and the legend below."""
    tasks = plan([("read", "source"), ("sum", "merge")], [(0, []), (0, []), (1, [0, 1])])
    dot = tasks_dot(tasks, shades=time_shades(np.array([0.001, 0.5, 1.0])))

    assert 'class="step0"' in dot
    assert 'class="step7"' in dot
    assert "500 ms" in dot
    assert "colour: time, from 1 ms (pale) to 1.0 s (red)" in dot
