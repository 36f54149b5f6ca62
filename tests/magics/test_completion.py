"""Tab completes the options of a magic."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.magic_arguments import MagicArgumentParser

from nbarray.magics.completion import add_completer, remove_completer


@pytest.fixture
def shell(shell):
    """A shell where %%blocked has three options."""
    parser = MagicArgumentParser("blocked")
    parser.add_argument("--memory")
    parser.add_argument("-m", "--mapped")
    add_completer(shell, "%%blocked", parser)
    return shell


def completions(shell, text):
    with provisionalcompleter():
        return [found.text for found in shell.Completer.completions(text, len(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%%blocked --m", ["--mapped", "--memory"]),
        ("%%blocked --memory 2GiB --ma", ["--mapped"]),
        ("%%time\n%%blocked --me", ["--memory"]),
        ("%%blocked -", ["--mapped", "--memory", "-m"]),
    ],
)
def test_options_complete_on_the_line_of_the_magic(shell, text, expected):
    """Wherever on the line, and nothing but them: what Python has under such names is no option."""
    assert sorted(completions(shell, text)) == expected


@pytest.mark.parametrize("text", ["%%other --m", "%%blocked\nx --m", "%%blockedly --m", "x = %%blocked --m"])
def test_elsewhere_there_are_no_options(shell, text):
    """On lines of other magics, and of code."""
    assert not {"--mapped", "--memory"} & set(completions(shell, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run = %blocked --me", ["--memory"]),
        ("a, b[0] = %blocked --me", ["--memory"]),
        ("%blocked --me", ["--memory"]),
        ("for k in x:\n    %blocked --me", ["--memory"]),
        ("blocked --me", ["--memory"]),
        ("run = other --me", []),
        ("run = blocked --me", []),
    ],
)
def test_options_complete_where_the_value_gets_a_name(shell, text, expected):
    """As on a line of its own."""
    parser = MagicArgumentParser("blocked")
    parser.add_argument("--memory")
    add_completer(shell, "%blocked", parser)
    added = completions(shell, text)
    remove_completer(shell, "%blocked")

    assert expected == (added if expected else [name for name in added if name[0] == "-"])
    assert "--memory" not in completions(shell, text)


def test_a_removed_completer_is_gone(shell):
    """Nothing of it stays in the shell."""
    remove_completer(shell, "%%blocked")

    assert not {"--mapped", "--memory"} & set(completions(shell, "%%blocked --m"))
    assert shell.Completer.custom_matchers == []
