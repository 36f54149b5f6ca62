"""Bytes, counts and seconds, between numbers and what people write and read.

Sizes inside the code are always plain integers of bytes and floats of seconds; this is the one place
where they become text or come from it.
"""

from __future__ import annotations

import re

from nbarray.errors import ConfigError

__all__ = ["format_bytes", "format_count", "format_many", "format_seconds", "parse_bytes"]

_UNITS = {
    "": 1, "b": 1,
    "k": 10**3, "kb": 10**3, "kib": 2**10,
    "m": 10**6, "mb": 10**6, "mib": 2**20,
    "g": 10**9, "gb": 10**9, "gib": 2**30,
    "t": 10**12, "tb": 10**12, "tib": 2**40,
    "p": 10**15, "pb": 10**15, "pib": 2**50,
    "eb": 10**18, "eib": 2**60,
}  # fmt: skip


def parse_bytes(value: int | float | str, what: str = "a size") -> int:
    """Turn ``"2GiB"``, ``"500 MB"`` or a number of bytes into bytes.

    >>> parse_bytes("2GiB"), parse_bytes("1.5 kB"), parse_bytes(4096)
    (2147483648, 1500, 4096)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ConfigError(f"{what}: expected bytes such as 2_000_000 or '2GiB', not {value!r}")
    if isinstance(value, int | float):
        size, unit = float(value), 1
    else:
        match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+(?:e[0-9]+)?)\s*([a-z]*)\s*", value, re.IGNORECASE)
        if match is None or match[2].lower() not in _UNITS:
            raise ConfigError(f"{what}: can't read {value!r} as bytes; write it as '2GiB', '500MB' or 2_000_000")
        size, unit = float(match[1]), _UNITS[match[2].lower()]
    if not 0 <= size < float("inf"):
        raise ConfigError(f"{what}: expected a positive number of bytes, not {value!r}")
    return int(size * unit)


def format_bytes(n: int | float) -> str:
    """Bytes as people read them, with three digits.

    >>> format_bytes(0), format_bytes(1536), format_bytes(6_079_000_000), format_bytes(8 * 10**18)
    ('0 B', '1.50 KiB', '5.66 GiB', '6.94 EiB')
    """
    size = float(n)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if abs(size) < 1023.5 or unit == "EiB":
            break
        size /= 1024
    if unit == "B":
        return f"{int(size)} B"
    digits = 2 if abs(size) < 10 else 1 if abs(size) < 100 else 0
    return f"{size:.{digits}f} {unit}"


def format_count(n: int) -> str:
    """A count with thin grouping: ``1 464``, then ``1.5 M``.

    >>> format_count(1464), format_count(1_520_179_440), format_count(999_999_999)
    ('1 464', '1.52 G', '1 G')
    """
    if n < 1_000_000:
        return f"{n:,}".replace(",", " ")
    size = float(n)
    for unit in ("", " k", " M", " G", " T", " P", " E", " Z"):
        if size < 999.5 or unit == " Z":
            break
        size /= 1000
    return f"{size:.3g}{unit}"


def format_many(n: int, what: str) -> str:
    """A count of things, of which there may be one.

    >>> format_many(1, "task"), format_many(1464, "task")
    ('1 task', '1 464 tasks')
    """
    return f"{format_count(n)} {what}{'s' * (n != 1)}"


def format_seconds(seconds: float) -> str:
    """Seconds as people read them.

    >>> format_seconds(0.0123), format_seconds(7.26), format_seconds(131)
    ('12 ms', '7.3 s', '2 min 11 s')
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest} s"
