"""%config NBArray lists and sets what nbarray.config holds."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields

import pytest
from traitlets.config import Config

from nbarray.config import Settings, config, current
from nbarray.magics.settings import NBArray, add_settings, remove_settings


@pytest.fixture(autouse=True)
def settings_restored():
    """Whatever a test sets."""
    with config():
        yield


@pytest.fixture
def shell(shell):
    """A shell with the settings listed."""
    add_settings(shell)
    yield shell
    remove_settings(shell)


def test_setting_changes_the_configuration(shell):
    """With the units people write."""
    shell.run_cell('%config NBArray.memory = "2GiB"')
    shell.run_cell("%config NBArray.workers = 3")

    assert (current().memory, current().workers) == (2**31, 3)


def test_reading_shows_what_is_in_force(shell):
    """Even if it was set by nbarray.config."""
    config(workers=5)

    assert shell.run_cell("%config NBArray.workers").result == 5


def test_the_settings_are_listed_with_help(shell, capsys):
    """All of them, with their values now."""
    config(workers=5, memory="3GiB")
    shell.run_cell("%config NBArray")

    out = capsys.readouterr().out
    for name in (field.name for field in fields(Settings)):
        assert re.search(rf"NBArray\.{name}=<(Bytes|Number|Folder|Bool)>\n    \w.*\n(    .*\n)*    Current: \S", out), (
            name
        )
    assert "Current: 5" in out
    assert "Current: 3.00 GiB" in out


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("NBArray.chunk_bytes = '16MiB'", "chunk_bytes", 2**24),
        ("NBArray.scratch = '/some/where'", "scratch", "/some/where"),
        ("NBArray.jit = False", "jit", False),
        ("NBArray.memory = None", "memory", None),
    ],
)
def test_each_setting_can_be_set(shell, line, name, value):
    """None where the default is not a number."""
    shell.run_cell(f"%config {line}")

    assert getattr(current(), name) == value


def test_a_profile_sets_them(tmp_path):
    """ipython_config.py, read by a shell that starts, and loads the extension."""
    profile = tmp_path / "profile_default"
    profile.mkdir()
    (profile / "ipython_config.py").write_text(
        "c = get_config()\nc.InteractiveShellApp.extensions = ['nbarray']\n"
        "c.NBArray.workers = 3\nc.NBArray.memory = '2GiB'\n"
    )
    command = [sys.executable, "-m", "IPython", "--ipython-dir", str(tmp_path)]
    done = subprocess.run(
        [*command, "-c", "import nbarray; print(nbarray.config())"], capture_output=True, text=True, check=True
    )

    assert "memory=2.00 GiB, workers=3" in done.stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%config NBArray.workers = 0", "expected a whole number from 1 to 1024"),
        ("%config NBArray.memory = 'lots'", "can't read 'lots' as bytes"),
        ("%config NBArray.memory = '2'", "2 would be 2 bytes; write 2GiB or 2MiB"),
        ("%config NBArray.worker = 2", "did you mean 'workers'?"),
    ],
)
def test_a_bad_setting_is_told_and_changes_nothing(shell, caplog, capsys, line, message):
    """A misspelt one too, which traitlets alone would swallow."""
    before = current()
    shell.run_cell(line)

    assert message in caplog.text + capsys.readouterr().err
    assert current() == before


def test_the_shells_configuration_is_applied_when_loading(shell):
    """c.NBArray.workers = 3 in ipython_config.py."""
    remove_settings(shell)
    shell.config.NBArray = Config(workers=3)
    add_settings(shell)

    assert current().workers == 3


def test_a_bad_value_in_the_configuration_does_not_keep_the_extension_from_loading(shell, capsys):
    """The good ones beside it count."""
    remove_settings(shell)
    shell.config.NBArray = Config(workers=-1, memory="1GiB")
    add_settings(shell)

    assert current().memory == 2**30
    assert "left out of the configuration" in capsys.readouterr().err


def test_listing_twice_lists_once(shell):
    """There is one of it in a process."""
    add_settings(shell)

    assert sum(isinstance(one, NBArray) for one in shell.configurables) == 1
