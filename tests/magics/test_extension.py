"""%load_ext nbarray brings the magics, %unload_ext takes everything away."""

from __future__ import annotations

import subprocess
import sys

import pytest
from IPython.core.completer import provisionalcompleter

from nbarray.magics.table import MAGICS


@pytest.fixture
def shell(shell, capsys):
    """A shell that has brought its own extension magics, which it does when they are first used."""
    shell.run_line_magic("unload_ext", "nbarray")
    capsys.readouterr()
    return shell


def state(shell):
    """Everything of a shell that the extension may touch."""
    return {
        "magics": {kind: set(names) for kind, names in shell.magics_manager.magics.items()},
        "registry": set(shell.magics_manager.registry),
        "configurables": [type(one).__name__ for one in shell.configurables],
        "completers": [matcher.matcher_identifier for matcher in shell.Completer.custom_matchers],
        "commands": set(shell.strdispatchers["complete_command"].strs),
        "names": set(shell.user_ns),
        "showtraceback": shell.__dict__.get("showtraceback"),
        "events": {name: len(callbacks) for name, callbacks in shell.events.callbacks.items()},
    }


def test_loading_brings_every_magic_of_the_table(shell):
    """As a line magic, a cell magic or both."""
    shell.run_line_magic("load_ext", "nbarray")

    assert all(row.name in shell.magics_manager.magics[kind] for row in MAGICS for kind in row.kinds)


def test_unloading_leaves_the_shell_as_it_was(shell):
    """Magics, registry, configurables, completers, names."""
    before = state(shell)
    shell.run_line_magic("load_ext", "nbarray")
    loaded = state(shell)
    shell.run_line_magic("unload_ext", "nbarray")

    assert loaded != before
    assert state(shell) == before


def test_loading_twice_is_loading_once(shell, capsys):
    """Nothing is registered again."""
    shell.run_line_magic("load_ext", "nbarray")
    once = state(shell)
    shell.run_line_magic("load_ext", "nbarray")
    shell.extension_manager.load_extension("nbarray")

    assert state(shell) == once


def test_reloading_and_unloading_twice_do_no_harm(shell, capsys):
    """Neither before loading."""
    before = state(shell)
    shell.run_line_magic("unload_ext", "nbarray")
    for _ in range(3):
        shell.run_line_magic("reload_ext", "nbarray")
    loaded = state(shell)
    shell.run_line_magic("unload_ext", "nbarray")
    shell.run_line_magic("unload_ext", "nbarray")

    assert loaded["magics"]["cell"] - before["magics"]["cell"] == {row.name for row in MAGICS if "cell" in row.kinds}
    assert state(shell) == before


def test_a_magic_is_gone_after_unloading(shell, capsys):
    """IPython says so."""
    shell.run_line_magic("load_ext", "nbarray")
    shell.run_line_magic("unload_ext", "nbarray")
    shell.run_cell("%%blocked\n1")

    assert "Cell magic `%%blocked` not found" in capsys.readouterr().err


def test_options_complete_after_loading(shell):
    """For the cell magic and the line magic."""
    shell.run_line_magic("load_ext", "nbarray")

    with provisionalcompleter():
        found = [
            [c.text for c in shell.Completer.completions(text, len(text))] for text in ("%%blocked --r", "%blocked --r")
        ]

    assert [["--report"]] * 2 == found


@pytest.mark.parametrize("module", ["IPython", "ipywidgets", "traitlets"])
def test_importing_the_library_does_not_import_the_notebook(module):
    """The extension is looked up only when IPython asks for it."""
    code = f"import nbarray, sys; assert {module!r} not in sys.modules; nbarray.load_ipython_extension"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
