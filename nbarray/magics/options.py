"""The options of the magics: cutting them off a line, reading their values, naming the nearest good one.

argparse alone would say "unrecognized arguments" and would take the minus sign of an expression for an
option.  Values are read by the functions below, so a bad one is a single line that says what is expected.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import dataclass
from keyword import iskeyword

from IPython.core.error import UsageError

from nbarray.config import check_setting
from nbarray.errors import ConfigError, near_names

__all__ = [
    "ChunkOption",
    "chunks_option",
    "memory_option",
    "name_option",
    "names_option",
    "number_option",
    "option_names",
    "parse",
    "workers_option",
]

# one word, where quotes and brackets keep spaces together: (4, 200, 200)
_WORD = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|\([^)]*\)|\[[^\]]*\]|[^\s"'(\[])+)""")


@dataclass(frozen=True, slots=True)
class ChunkOption:
    """``--chunks``: either a shape (one length for all axes, or one an axis, -1 a whole axis) or bytes a chunk."""

    shape: int | tuple[int, ...] | None = None
    nbytes: int | None = None

    def for_shape(self, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """The chunks for an array of `shape`, no longer than it; None where they were meant for other arrays.

        >>> ChunkOption(shape=100).for_shape((37, 400)), ChunkOption(shape=(4, -1)).for_shape((37, 49))
        ((37, 100), (4, 49))
        """
        lengths = (self.shape,) * len(shape) if isinstance(self.shape, int) else self.shape
        if lengths is None or len(lengths) != len(shape):
            return None
        return tuple(
            size if length == -1 else max(1, min(length, size)) for length, size in zip(lengths, shape, strict=True)
        )


def chunks_option(text: str) -> ChunkOption:
    """Read ``1000``, ``4,200,200``, ``(4, -1, -1)`` or ``64MiB``.

    >>> chunks_option("(4, 200, -1)").shape, chunks_option("1000").shape, chunks_option("64MiB").nbytes
    ((4, 200, -1), 1000, 67108864)
    """
    inner = text.strip().strip("()[]")
    parts = [part.strip() for part in inner.split(",") if part.strip()]
    expected = f"expected lengths such as 4,200,200 (-1 for a whole axis) or bytes such as 64MiB, not {text!r}"
    if parts and all(re.fullmatch(r"-?\d[\d_]*", part) for part in parts):
        lengths = tuple(int(part) for part in parts)
        if any(length < 1 and length != -1 for length in lengths):
            raise ArgumentTypeError(expected)
        return ChunkOption(shape=lengths if "," in inner else lengths[0])
    try:
        return ChunkOption(nbytes=int(check_setting("chunk_bytes", inner)))
    except ConfigError:
        raise ArgumentTypeError(expected) from None


def memory_option(text: str) -> int:
    """Read ``2GiB`` as bytes.

    >>> memory_option("2GiB")
    2147483648
    """
    try:
        return int(check_setting("memory", text.strip().replace("_", "")))
    except ConfigError as error:
        raise ArgumentTypeError(str(error).removeprefix("memory: ")) from None


def workers_option(text: str) -> int:
    """Read a number of threads.

    >>> workers_option("2")
    2
    """
    try:
        return int(check_setting("workers", int(text)))
    except ValueError:  # ours is one too
        raise ArgumentTypeError(f"expected a whole number from 1 to 1024, not {text!r}") from None


def names_option(text: str) -> list[str]:
    """Read one name, or several with commas between.

    >>> names_option("a,b")
    ['a', 'b']
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    bad = [name for name in names if not name.isidentifier() or iskeyword(name)]
    if bad or not names:
        raise ArgumentTypeError(f"expected a name for a variable, not {(bad or [text])[0]!r}")
    return names


def name_option(text: str) -> str:
    """Read one name.

    >>> name_option("a")
    'a'
    """
    names = names_option(text)
    if len(names) > 1:
        raise ArgumentTypeError(f"expected one name for a variable, not {text!r}")
    return names[0]


def number_option(text: str) -> int:
    """Read the number of a run.

    >>> number_option("3")
    3
    """
    if not text.strip().isdigit():
        raise ArgumentTypeError(f"expected the number of a run, such as 3, not {text!r}; %blocked_runs lists them")
    return int(text)


def option_names(parser: ArgumentParser) -> list[str]:
    """Every spelling of every option, in the order of the help page."""
    return [flag for action in parser._actions for flag in action.option_strings]


def parse(magic: str, parser: ArgumentParser, line: str) -> tuple[Namespace, str]:
    """Read the options at the beginning of `line`; what follows them is handed back as it was written.

    magic : what it is called, for messages: ``%%blocked``

    Raises UsageError: one line, naming the nearest option or the value expected.
    """
    words: list[str] = []
    rest = line
    while (match := _WORD.match(rest)) and match[1].startswith("-") and match[1] != "-":
        flag, equals, value = match[1].partition("=")
        rest = rest[match.end() :]
        if flag == "--":
            break
        action = parser._option_string_actions.get(flag)
        if action is None:
            raise UsageError(_unknown(magic, parser, flag))
        if action.nargs == 0:
            if equals:
                raise UsageError(f"{magic}: {flag} takes no value ({magic}? shows all options)")
            words.append(flag)
            continue
        if not equals:
            match = _WORD.match(rest)
            if match is None:
                raise UsageError(f"{magic}: {flag} needs a value ({magic}? shows all options)")
            value, rest = match[1], rest[match.end() :]
        words.append(f"{action.option_strings[-1]}={_unquoted(value)}")
    try:
        return parser.parse_args(words), rest.strip()
    except UsageError as error:
        raise UsageError(f"{magic}: {str(error).removeprefix('argument ')}") from None


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _unknown(magic: str, parser: ArgumentParser, flag: str) -> str:
    known = [name for name in option_names(parser) if name.startswith("--")]
    if not known:
        return f"{magic}: there is no option {flag!r}, nor any other ({magic}? shows how it is used)"
    hint = "" if flag.startswith("--") else "; an expression that begins with a minus sign goes in parentheses"
    return f"{magic}: there is no option {flag!r}; {near_names(flag, known)}{hint} ({magic}? shows all options)"
