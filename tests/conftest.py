"""What every test can count on: checkers switched on, no windows, and loud words where a program is missing."""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.examples import FUZZ
from tests.jupyter_kernels import IPYKERNEL_6

#: How many examples a law is tried on; `make fuzz` wants many.
EXAMPLES = int(os.environ.get("NBARRAY_EXAMPLES", "100"))

# a shell lets what it starts in the background ignore Ctrl-C: here, and in kernels, it has to be heard of
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# examples may take longer where others are busy: how long they take says nothing
hypothesis.settings.register_profile("nbarray", deadline=None, max_examples=EXAMPLES)
hypothesis.settings.load_profile("nbarray")

# before anything of nbarray is imported: its representations are checked at every step of every test
os.environ.setdefault("NBARRAY_CHECK", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

#: How many examples of each law held.
EXAMPLES_HELD: list[int] = []

#: Programs outside Python that some tests need: the names they go by, and the package that brings them.
PROGRAMS = {
    "chromium": (("chromium", "chromium-browser", "google-chrome"), "chromium"),
    "dot": (("dot",), "graphviz"),
}

#: What else some tests need: where it is, and how it is brought.
PLACES = {
    "ipykernel-6": (IPYKERNEL_6 / "ipykernel", f"make {IPYKERNEL_6.relative_to(Path(sys.prefix).parent)}/ipykernel")
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where tests run in several processes, those that look at the clock stay together in one of them."""
    from tests.scheduling import Groups

    return Groups(config, log)


@pytest.fixture(autouse=True)
def everything_compiles() -> Iterator[None]:
    """What can't be compiled is done by NumPy, and nobody would see it: here it is an error."""
    yield
    compiling = sys.modules.get("nbarray.compiling")
    failed = compiling.failures() if compiling is not None else {}
    assert not failed, "\n".join(f"{reason}\n{text}" for text, reason in failed.items())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is missing; no test computes by a plan that another one made."""
    if (again := sys.modules.get("nbarray.plan.again")) is not None:
        again.forget_plans()
    for marker in item.iter_markers("needs"):
        (program,) = marker.args
        if not _is_there(program):
            pytest.skip(_missing(program))


def _is_there(program: str) -> bool:
    if program in PLACES:
        return PLACES[program][0].exists()
    return any(shutil.which(name) for name in PROGRAMS[program][0])


def _missing(program: str) -> str:
    return f"needs {program}: {_how_to_get(program)}"


def _how_to_get(program: str) -> str:
    return PLACES[program][1] if program in PLACES else f"install the system package '{PROGRAMS[program][1]}'"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Ten thousand tests are not looked through each time somebody collects garbage, as every IPython shell does."""
    _set_aside()


def _set_aside() -> None:
    """What is there now is looked through no more where garbage is collected."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Count the examples that a law was tried on, where the report of a test takes the number along.

    After the last test of a file also set aside what stays of it: modules, caches, the package's syntax trees.
    """
    if nextitem is not None and nextitem.path != item.path:
        _set_aside()
    held = re.findall(r"(\d+) passing", getattr(item, "hypothesis_statistics", ""))
    item.user_properties.append(("examples held", sum(map(int, held))))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what was counted, by this process or by another that it started."""
    if report.when == "teardown":
        EXAMPLES_HELD.append(int(str(dict(report.user_properties).get("examples held", 0))))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what could not be tested where nobody can overlook it; of a fuzz run, what was tried."""
    if FUZZ is not None:
        seed = terminalreporter.config.getoption("--hypothesis-seed")
        wrong = len(terminalreporter.stats.get("failed", []))
        terminalreporter.line(f"seed {seed}: {sum(EXAMPLES_HELD):,} examples hold, {wrong} laws are broken")
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for program in (*PROGRAMS, *PLACES):
        count = sum(_missing(program) in reason for reason in reasons)
        if not count:
            continue
        terminalreporter.section(f"{count} tests COULD NOT RUN: no {program} here", sep="!", red=True, bold=True)
        terminalreporter.line(f"{_how_to_get(program)}; then run them again")


@pytest.fixture(scope="session")
def iris_data() -> Path:
    """The folder of real measurements and model output that the tests read."""
    import iris_sample_data

    return Path(iris_sample_data.path)


@pytest.fixture(scope="session")
def met_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two days of quarter-degree temperature maps, the first whole and the second with gaps; not to be changed."""
    from nbarray.cli import main

    folder = tmp_path_factory.mktemp("met")
    assert main(["sample", "met", str(folder), "--days", "2", "--quiet"]) == 0
    return sorted(folder.glob("2014-*.nc"))
