"""Which tests run in which process, where they run in several."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.house.source import ROOT
from tests.scheduling import TIMED, Groups, group

TESTS = [
    "tests/api/test_a.py::test_one[1-/tests/plan/x]",
    "tests/browser/test_lab.py::test_click",
    "tests/demo/test_notebooks.py::test_runs[01-temperature]",
    "tests/demo/test_notebooks.py::test_runs[02-other]",
    "tests/demo/test_notebooks.py::test_page[01-temperature]",
    "tests/demo/test_notebooks.py::test_failing",
    "tests/laws/test_plan.py::test_law",
    "tests/test_session.py::test_threads",
    "tests/widgets/test_monitor.py::test_panel[a::b]",
    "nbarray/plan/build.py::nbarray.plan.build",
]


class Process:
    """What xdist's scheduler knows of a process: a name, and what it was sent."""

    def __init__(self, name: str) -> None:
        self.gateway, self.shutting_down, self.sent = SimpleNamespace(id=name), False, []

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.sent += numbers

    def shutdown(self) -> None:
        self.shutting_down = True


def test_groups_stay_together() -> None:
    """Tests that look at the clock go to one process, those of a notebook to one, and others to whoever is free."""
    option = SimpleNamespace(loadscopereorder=True, maxschedchunk=None)
    config: Any = SimpleNamespace(option=option, getvalue={"tx": ["2*popen"]}.get)
    groups, processes = Groups(config), [Process("a"), Process("b")]
    for process in processes:
        groups.add_node(process)
        groups.add_node_collection(process, TESTS)
    groups.schedule()
    first, second = ([TESTS[k] for k in process.sent] for process in processes)

    assert [TESTS[k] for k in (1, 7, 8)] == first[:3]
    assert [TESTS[k] for k in (2, 4)] == second[:2]
    assert TESTS[0] == group(TESTS[0])
    assert TESTS[5:7] == [group(test) for test in TESTS[5:7]]
    assert TESTS[9] == group(TESTS[9])


@pytest.mark.parametrize("name", sorted(TIMED))
def test_what_is_kept_together_is_there(name: str) -> None:
    """A folder or file that was renamed would be torn apart, and nobody told."""
    assert (ROOT / "tests" / name).exists()
