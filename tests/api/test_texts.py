"""Text, dates and bits: as NumPy's functions have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import NotBlocked
from tests.compare import check, check_blocks, same
from tests.laws.arrays import LAYOUTS

WORDS = np.array([["alpha", "Beta g", " c "], ["", "dDd,e", "zz"], ["f\tg", "x,y,z", "12"]])
DAYS = np.array(["2014-01-01", "2014-03-15", "2015-12-31", "2016-02-29"], "M8[D]")

TEXTS: dict[str, Callable[[Any], Any]] = {
    "upper": lambda x: np.strings.upper(x),
    "lower": lambda x: np.strings.lower(x),
    "capitalize": lambda x: np.strings.capitalize(x),
    "swapcase": lambda x: np.strings.swapcase(x),
    "title": lambda x: np.char.title(x),
    "translate": lambda x: np.strings.translate(x, str.maketrans("ab", "xy")),
    "center": lambda x: np.strings.center(x, 9),
    "center by each": lambda x: np.strings.center(x, np.array([3, 7, 1])),
    "ljust": lambda x: np.strings.ljust(x, 7, "*"),
    "rjust": lambda x: np.strings.rjust(x, 7),
    "zfill": lambda x: np.strings.zfill(x, 6),
    "expandtabs": lambda x: np.strings.expandtabs(x, 4),
    "multiply": lambda x: np.strings.multiply(x, 2),
    "char.multiply": lambda x: np.char.multiply(x, 3),
    "mod": lambda x: np.strings.mod(np.strings.replace(x, "a", "%%") if isinstance(x, np.ndarray) else x, ()),
    "replace": lambda x: np.strings.replace(x, "a", "longer"),
    "join": lambda x: np.char.join("-", x),
    "encode": lambda x: np.strings.encode(x, "utf-8"),
    "decode": lambda x: np.strings.decode(np.strings.encode(x, "utf-8"), "utf-8"),
    "partition": lambda x: np.strings.partition(x, ","),
    "rpartition": lambda x: np.strings.rpartition(x, ","),
    "equal": lambda x: np.char.equal(x, "zz"),
    "less": lambda x: np.char.less(x, x[::-1]),
    "greater_equal": lambda x: np.char.greater_equal(x, x[0]),
    "str_len": lambda x: np.strings.str_len(x),
    "add": lambda x: np.strings.add(x, "!"),
    "slice": lambda x: np.strings.slice(x, 1, 3),
    "slice backwards": lambda x: np.strings.slice(x, None, None, -1),
}
DATES: dict[str, Callable[[Any], Any]] = {
    "busday_count": lambda d: np.busday_count(d, np.datetime64("2016-01-01")),
    "busday_count backwards": lambda d: np.busday_count(d, d[::-1], weekmask="1111100"),
    "busday_offset": lambda d: np.busday_offset(d, 3, roll="forward"),
    "is_busday": lambda d: np.is_busday(d, holidays=["2014-01-01"]),
    "as text": lambda d: np.datetime_as_string(d),
    "as text of a unit": lambda d: np.datetime_as_string(d, unit="h"),
    "none as text that fits": lambda d: np.datetime_as_string(d[:0], unit="auto"),
    "as text that fits": lambda d: np.datetime_as_string(d.astype("M8[s]"), unit="auto"),
}


@pytest.mark.parametrize("name", [n for n in TEXTS if n != "mod"])
def test_texts(name: str) -> None:
    """Every function of strings, of any chunks: as long as the longest needs."""
    for chunks in (1, 2, -1):
        same(TEXTS[name], WORDS, chunks=chunks)
    if name in ("upper", "title", "equal", "str_len"):  # NumPy's others need a longest one
        same(TEXTS[name], WORDS[:0], chunks=2)


def test_formats() -> None:
    """Values are put into formats one by one."""
    same(lambda x: np.strings.mod(x, np.array([[1, 22, 333]])), np.array([["%d", "%5d", "n=%d"]] * 2), chunks=1)


def test_splits() -> None:
    """Lists of parts are objects."""
    for name in ("split", "rsplit", "splitlines"):
        function = getattr(np.char, name)
        made = function(nb.from_array(WORDS, chunks=2)).compute()

        assert function(WORDS).tolist() == made.tolist()
        assert object == made.dtype


@pytest.mark.parametrize("name", DATES)
def test_dates(name: str) -> None:
    """Business days, and dates as text."""
    same(DATES[name], DAYS, chunks=3)


@pytest.mark.parametrize("bitorder", ["big", "little", "middle"])
def test_bits(bitorder: str) -> None:
    """Booleans packed into bytes and unpacked, along any axis, of any chunks."""
    a = np.arange(21 * 11).reshape(21, 11) % 3 == 0
    b = np.packbits(a, axis=0)
    for chunks in (3, 8, (21, 4), -1):
        for axis in (None, 0, 1, -1, 2):
            same(lambda x, k=axis: np.packbits(x, k, bitorder), a, chunks=chunks)
            for count in (None, 5, -3, 40, 0):
                same(lambda x, k=axis, n=count: np.unpackbits(x, k, n, bitorder), b, chunks=chunks)
    check_blocks(nb.packbits(nb.from_array(a, chunks=5), 0))


def test_bits_of_other_shapes() -> None:
    """No axes, no elements; and only whole numbers have bits."""
    for a in (np.array(True), np.zeros((0, 3), bool), np.array([1, 0, 7], np.int16), LAYOUTS["one-axis"]):
        same(lambda x: np.packbits(x), a)
    same(lambda x: np.packbits(x), np.ones(3))
    same(lambda x: np.unpackbits(x), np.ones(3, np.int8))
    same(lambda x: np.unpackbits(x, count=-30), np.ones(3, np.uint8))
    check(lambda: nb.unpackbits(nb.asarray(7, np.uint8)), np.unpackbits(np.array(7, np.uint8)))


def test_days_by_themselves() -> None:
    """Texts are dates where no argument is blocked, and errors are NumPy's."""
    check(lambda: nb.is_busday(["2011-01-01", "2011-01-03"]), lambda: np.is_busday(["2011-01-01", "2011-01-03"]))
    for args in (("2011-06", 0, "forward"), ("2011-06-04", 0), ("2011-06-04", 1.5)):
        check(lambda args=args: nb.busday_offset(*args) + 0, lambda args=args: np.busday_offset(*args) + 0)
    check(lambda: nb.busday_count("2011-03", "2011-04") + 0, lambda: np.busday_count("2011-03", "2011-04") + 0)


def test_lengths_and_units_that_depend_on_values() -> None:
    """Texts made of objects would be cut short, and dates made of texts have no unit: both have to be given."""
    words = nb.from_array(np.array(["ab", "c"], object), chunks=1)
    for dtype in ("S", str, "M8"):
        with pytest.raises(NotBlocked, match="give"):
            words.astype(dtype)
    same(lambda x: x.astype("U5"), np.array(["ab", "c"], object), chunks=1)
    same(lambda x: x.astype("M8[D]"), np.array(["2001-01-01"]))
