"""Tab after ``%%blocked --``: the options of a magic as completions, and nothing else beside them.

IPython's hook for completers would let what Jedi makes of the line in as well: ``--max``, as if that were an option.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import Any

from IPython.core.completer import SimpleCompletion, context_matcher

from nbarray.magics.options import option_names

__all__ = ["add_completer", "remove_completer"]


def _called(command: str) -> str:
    """What a notebook thinks of a completer."""
    return f"nbarray {command}"


def _line_of(command: str) -> re.Pattern[str]:
    """What a line looks like up to the options; a line magic's value may get a name: ``run = %blocked -b``."""
    name = command.lstrip("%")
    return re.compile(rf"\s*%%{name}\s" if command.startswith("%%") else rf"\s*([^%=]*=\s*%|%?){name}\s")


def add_completer(shell: Any, command: str, parser: ArgumentParser) -> None:
    """Complete the options of `parser` on lines that begin with `command` (``%%blocked``)."""
    names, line_of = option_names(parser), _line_of(command)

    def complete(context: Any) -> Any:
        line = context.text_until_cursor
        word = re.split(r"\s", line)[-1]
        found = [name for name in names if name.startswith(word)] if word[:1] == "-" and line_of.match(line) else []
        completions = [SimpleCompletion(name, type="param") for name in found]
        return {"completions": completions, "matched_fragment": word, "suppress": bool(found)}

    remove_completer(shell, command)
    made: Any = context_matcher(identifier=_called(command))
    shell.Completer.custom_matchers.append(made(complete))


def remove_completer(shell: Any, command: str) -> None:
    """Forget the completer; IPython has no call for it."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [each for each in matchers if getattr(each, "matcher_identifier", None) != _called(command)]
