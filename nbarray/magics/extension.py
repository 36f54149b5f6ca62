"""``%load_ext nbarray`` and ``%unload_ext nbarray``.

Loading twice does nothing more; unloading leaves nothing behind, for which IPython has no calls, so the
registries are cleared here by hand.
"""

from __future__ import annotations

from typing import Any

from nbarray import runs
from nbarray.magics.cell_errors import show_mistakes_plainly, stop_showing
from nbarray.magics.completion import add_completer, remove_completer
from nbarray.magics.lift_functions import remove_helper
from nbarray.magics.progress import prepare
from nbarray.magics.settings import add_settings, remove_settings
from nbarray.magics.table import MAGICS
from nbarray.widgets.place import close_all
from nbarray.widgets.printed import stop_listening

__all__ = ["load_ipython_extension", "unload_ipython_extension"]

_SIGNS = {"line": "%", "cell": "%%"}


def load_ipython_extension(shell: Any) -> None:
    """Register the magics, their completions and the settings."""
    for class_name in dict.fromkeys(row.class_name for row in MAGICS):
        if class_name not in shell.magics_manager.registry:
            shell.register_magics(next(row for row in MAGICS if row.class_name == class_name).load())
    for row in MAGICS:
        for kind in row.kinds:
            magic = shell.magics_manager.magics[kind][row.name]
            if hasattr(magic, "parser"):
                add_completer(shell, _SIGNS[kind] + row.name, magic.parser)
    add_settings(shell)
    show_mistakes_plainly(shell)
    prepare(shell)
    runs.keep_reports(True)


def unload_ipython_extension(shell: Any) -> None:
    """Take everything away that loading has brought."""
    manager = shell.magics_manager
    for row in MAGICS:
        for kind in row.kinds:
            manager.magics[kind].pop(row.name, None)
            remove_completer(shell, _SIGNS[kind] + row.name)
        magics = manager.registry.pop(row.class_name, None)
        if magics in shell.configurables:
            shell.configurables.remove(magics)
    remove_settings(shell)
    stop_showing(shell)
    remove_helper(shell.user_ns)
    close_all()
    stop_listening()
    runs.keep_reports(False)
