"""A shell whose displays can be looked at, without a kernel."""

from __future__ import annotations

import atexit
import threading
import time

import numpy as np
import pytest
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets.widgets import widget as widget_module
from traitlets.config import Config

import nbarray as nb
from nbarray import runs
from tests.engines import patience


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
    shell.restore_sys_module_state()  # or the next shell keeps this one
    InteractiveShell.clear_instance()


@pytest.fixture
def models():
    """The widget models that exist now and did not before."""
    registry = widget_module._instances
    before = set(registry)
    return lambda: [model for key, model in registry.items() if key not in before]


@pytest.fixture(autouse=True)
def nothing_stays_paused():
    """A run that a test leaves paused would go on by itself never, and be in every later list of runs."""
    yield

    assert [] == [record for record in runs.recent() if record.state == "paused"]


class Gate:
    """Blocks of a computation that wait until they are let through."""

    def __init__(self):
        self.open = threading.Event()
        self.passed = 0

    def __call__(self, block):
        self.open.wait(20)  # a test that failed must not keep threads for ever
        self.passed += 1
        time.sleep(0.002)
        return block + 1


@pytest.fixture
def gate():
    """A function of blocks that waits until `gate.open.set()`."""
    made = Gate()
    yield made
    made.open.set()


@pytest.fixture
def slow(gate):
    """An array of 8 x 3 blocks, each of which waits at the gate."""
    return nb.map_blocks(gate, nb.from_array(np.arange(48.0 * 9).reshape(48, 9), chunks=(6, 3)), dtype="f8")


@pytest.fixture
def until():
    """Wait until a condition holds; returns whether it does."""
    return patience.until
