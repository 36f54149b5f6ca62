"""Tab after ``%%blocked --``: the options of a magic as completions."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import Any

from nbarray.magics.options import option_names

__all__ = ["add_completer", "remove_completer"]

_HOOK = "complete_command"


def add_completer(shell: Any, command: str, parser: ArgumentParser) -> None:
    """Complete the options of `parser` on lines that begin with `command` (``%%blocked``)."""
    names = option_names(parser)

    def complete(shell: Any, event: Any) -> list[str]:
        symbol = str(event.symbol)
        return [name for name in names if name.startswith(symbol)] if symbol.startswith("-") else []

    remove_completer(shell, command)
    shell.set_hook(_HOOK, complete, str_key=command)
    if not command.startswith("%%"):
        shell.set_hook(_HOOK, complete, re_key=_assigned(command))


def _assigned(command: str) -> str:
    """What a line looks like where a magic's value gets a name: ``run = %blocked -b``."""
    return rf"[^%=]*=\s*{re.escape(command)}\s"


def remove_completer(shell: Any, command: str) -> None:
    """Forget the completer; IPython has no call for it."""
    dispatcher = shell.strdispatchers.get(_HOOK)
    if dispatcher is not None:
        dispatcher.strs.pop(command, None)
        # the shell keeps compiled ones
        for pattern in [p for p in dispatcher.regexs if getattr(p, "pattern", p) == _assigned(command)]:
            del dispatcher.regexs[pattern]
