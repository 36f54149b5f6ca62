"""One server and one browser for all browser tests, with notebooks written where it looks.

They end with the last of these tests, not with the session: while the browser is up an event loop runs in the main
thread, and tests elsewhere need one of their own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

_open: list[Any] = []


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Where the server's notebooks are."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def lab(folder):
    """A server and a browser; imported here, so that collecting tests needs neither."""
    from tests.browser.lab import Lab

    _open.append(Lab(folder).__enter__())
    return _open[0]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Where screenshots go: a folder of the developer's choice, or one that pytest keeps for a while."""
    path = Path(os.environ.get("NBARRAY_SCREENSHOTS", tmp_path_factory.mktemp("pictures")))
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the last test of this folder, end both."""
    here = Path(__file__).parent
    if _open and (nextitem is None or here not in nextitem.path.parents):
        _open.pop().__exit__()
