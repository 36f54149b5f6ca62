"""A JupyterLab for each module of browser tests, with notebooks written where it looks.

Not one for the whole session: while the browser is up an event loop runs in the main thread, and tests
elsewhere need one of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the server's notebooks are."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def lab(folder):
    """A server and a browser; imported here, so that collecting tests needs neither."""
    from tests.browser.lab import Lab

    with Lab(folder) as lab:
        yield lab
