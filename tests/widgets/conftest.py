"""A shell whose displays can be looked at, without a kernel."""

from __future__ import annotations

import atexit

import pytest
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


class Displays(DisplayPublisher):
    """Keeps what would have gone to the front end: (data, is it an update)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sent = []

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **kwargs):
        self.sent.append((data, update))


@pytest.fixture
def displays(tmp_path, monkeypatch):
    """What a cell displays, as a list of (data, update)."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    shell.display_pub = Displays(parent=shell)
    shell.display_formatter.active_types = [*shell.display_formatter.active_types, "text/html"]
    yield shell.display_pub.sent
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()
