"""Options are read, or one line says what was expected."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from nbarray.magics.options import (
    ChunkOption,
    chunks_option,
    memory_option,
    names_option,
    option_names,
    parse,
    workers_option,
)


@pytest.fixture
def parser():
    """A parser like that of %%blocked."""
    parser = MagicArgumentParser("blocked")
    parser.add_argument("--chunks", type=chunks_option)
    parser.add_argument("--memory", type=memory_option)
    parser.add_argument("--workers", type=workers_option)
    parser.add_argument("-o", "--output", type=names_option, action="append", default=[])
    parser.add_argument("-q", "--quiet", action="store_true")
    return parser


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("--memory 2GiB", "memory", 2**31),
        ("--memory=2GiB", "memory", 2**31),
        ('--memory "2 GiB"', "memory", 2**31),
        ("--memory 2_000_000_000", "memory", 2 * 10**9),
        ("--workers 3", "workers", 3),
        ("--chunks 4,200,200", "chunks", ChunkOption(shape=(4, 200, 200))),
        ("--chunks (4, 200, -1)", "chunks", ChunkOption(shape=(4, 200, -1))),
        ("--chunks=[4, 200]", "chunks", ChunkOption(shape=(4, 200))),
        ("--chunks 10_000", "chunks", ChunkOption(shape=10_000)),
        ("--chunks (7,)", "chunks", ChunkOption(shape=(7,))),
        ("--chunks 64MiB", "chunks", ChunkOption(nbytes=2**26)),
        ("-o a", "output", [["a"]]),
        ("-o a,b --output c", "output", [["a", "b"], ["c"]]),
        ("-q", "quiet", True),
        ("", "memory", None),
    ],
)
def test_a_good_option_is_read(parser, line, field, expected):
    """In every way people write it."""
    options, rest = parse("%%blocked", parser, line)

    assert (getattr(options, field), rest) == (expected, "")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--chunk 3", "there is no option '--chunk'; did you mean '--chunks'?"),
        ("--mem 2GiB", "there is no option '--mem'"),
        ("--memory 0", "expected at least one byte, not '0'"),
        ("--memory 2", "2 would be 2 bytes; write 2GiB or 2MiB"),
        ("--memory lots", "can't read 'lots' as bytes; write it as '2GiB', '500MB' or 2_000_000"),
        ("--memory", "--memory needs a value"),
        ("--workers 0", "expected a whole number from 1 to 1024, not '0'"),
        ("--workers two", "expected a whole number from 1 to 1024, not 'two'"),
        ("--chunks 4,,x", "expected lengths such as 4,200,200"),
        ("--chunks 0,4", "expected lengths such as 4,200,200"),
        ("-o 2x", "expected a name for a variable, not '2x'"),
        ("-o for", "expected a name for a variable, not 'for'"),
        ("-z", "there is no option '-z'"),
    ],
)
def test_a_bad_option_is_one_line(parser, line, message):
    """It names the magic, what was given, and what is expected."""
    with pytest.raises(UsageError) as raised:
        parse("%%blocked", parser, line)

    text = str(raised.value)
    assert message in text
    assert text.startswith("%%blocked: ")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("x.mean() - y", "x.mean() - y"),
        ("--workers 2 x -o", "x -o"),
        ("-o m x[1, 2] + f('a -b')", "x[1, 2] + f('a -b')"),
        ("--workers 2 -- -x", "-x"),
        ("(-x).sum()", "(-x).sum()"),
    ],
)
def test_what_follows_the_options_is_left_as_written(parser, line, rest):
    """The expression of a line magic may hold minus signs, quotes and brackets."""
    assert parse("%blocked", parser, line)[1] == rest


def test_an_expression_that_begins_with_a_minus_is_told_how(parser):
    """It looks like an option."""
    with pytest.raises(UsageError, match="goes in parentheses"):
        parse("%blocked", parser, "-x.sum()")


def test_every_spelling_is_known_to_completion(parser):
    """Short and long."""
    assert option_names(parser) == ["--chunks", "--memory", "--workers", "-o", "--output", "-q", "--quiet"]


@pytest.mark.parametrize(
    ("option", "shape", "expected"),
    [
        (ChunkOption(shape=(4, -1)), (10, 6), (4, 6)),
        (ChunkOption(shape=(4, 100)), (10, 6), (4, 6)),
        (ChunkOption(shape=5), (10, 3), (5, 3)),
        (ChunkOption(shape=5), (0,), (1,)),
        (ChunkOption(shape=(4, 4)), (10,), None),
        (ChunkOption(nbytes=10), (10,), None),
    ],
)
def test_chunks_are_fitted_to_each_array_of_the_cell(option, shape, expected):
    """Never longer than the array; not at all for arrays with other axes."""
    assert option.for_shape(shape) == expected


def test_where_there_are_no_options_that_is_said():
    """Instead of an empty list."""
    with pytest.raises(UsageError, match="there is no option '--x', nor any other"):
        parse("%blocked_report", MagicArgumentParser("blocked_report"), "--x")
