"""The source of loops that fold packed numbers onto states (see `packed`).

Rows of stored numbers are folded onto rows of results, a stretch at a time, so that the sums of a stretch stay in the
first cache however many rows there are.  A stretch in which something is missing is gone over once more, counting.
Numbers of two bytes may be as a shuffle filter left them, low bytes apart from high ones.
"""

from __future__ import annotations

from functools import cache

from nbarray.compiling import KERNEL

__all__ = ["LINES", "MOMENTS", "SUMS", "loops"]

#: What is folded: sums alone, those of rows that are unpacked by different lines, or means and sums of squared
#: deviations.
SUMS, LINES, MOMENTS = "sums", "lines", "moments"
#: Results that are folded onto at once.
STRETCH = 1024

_HEAD = f'''import numpy as np


def {KERNEL}(lie, starts, data, %(planes)s, left, scale, offset, poison%(numbers)s):
    """Whether anything was missing; `lie` and `starts` are what `packed._lying` gives."""
    rows, length, distance = len(starts), lie[1], lie[4]
    sums, squares, gaps = np.zeros({STRETCH}, np.%(sum)s), np.zeros({STRETCH}, np.int64), np.zeros({STRETCH}, np.int32)
    some = False
    for i in range(lie[0]):
        for k0 in range(0, length, {STRETCH}):
            k1 = min(k0 + {STRETCH}, length)
            many = k1 - k0
            place = i * lie[3]
            s, q, g = sums[:many], squares[:many], gaps[:many]
            %(results)s
            for k in range(many):
                %(clear)s
            bad = False
            for r in range(rows):
                first = starts[r] + i * lie[2]
                %(row)s
                %(line)s
                for k in range(many):
                    v = %(number)s
                    bad |= %(missing)s
                    %(add)s
            if not bad:
%(whole)s
                continue
            some = True
            for k in range(many):
                %(clear)s
                g[k] = 0
            for r in range(rows):
                first = starts[r] + i * lie[2]
                %(row)s
                %(line)s
                for k in range(many):
                    v = np.int32(%(number)s)
                    gone = %(missing)s
                    g[k] += np.int32(gone)
                    %(gone)s
                    v = np.int32(0) if gone else v
                    %(add)s
            l = left[place + k0 : place + k1]
            for k in range(many):
                if poison and g[k] > 0:
                    %(poison)s
                    continue
                l[k] += g[k]
%(parts)s
    return some
'''

#: How a number is had of a row: as it is, or of its two bytes.
_TOGETHER = {"row": "row = data[first + k0 : first + k1]", "number": "row[k]"}
_APART = {
    "row": "row = data[first + k0 : first + k1]\n"
    "                high = data[first + distance + k0 : first + distance + k1]",
    "number": "np.%s(np.uint16(row[k]) | (np.uint16(high[k]) << np.uint16(8)))",
}

_SUMS = {
    "sum": "int32",
    "line": "",
    "gone": "",
    "planes": "o0",
    "results": "a = o0[place + k0 : place + k1]",
    "clear": "s[k] = 0",
    "add": "s[k] += np.int32(v)",
    "poison": "a[k] = np.nan",
    "whole": """
                for k in range(many):
                    a[k] += scale * s[k]""",
    "parts": """
                a[k] += scale * s[k] - offset * g[k]""",
}

#: Scale and offset of each row; what is left out is not there to be unpacked.
_LINES = _SUMS | {
    "sum": "float64",
    "line": "by, zero = scale[r], offset[r]",
    "add": "s[k] += by * np.float64(v)",
    "gone": "s[k] -= zero * np.float64(gone)",
    "whole": """
                for k in range(many):
                    a[k] += s[k]""",
    "parts": """
                a[k] += s[k]""",
}

_MOMENTS = {
    "sum": "int32",
    "line": "",
    "gone": "",
    "planes": "o0, o1, o2",
    "results": "c, m, d = o0[place + k0 : place + k1], o1[place + k0 : place + k1], o2[place + k0 : place + k1]",
    "clear": "s[k] = 0\n                q[k] = 0",
    "add": "s[k] += np.int32(v)\n                    q[k] += np.int64(v) * np.int64(v)",
    # counted all the same, as NumPy counts them: what comes next takes it that all results have seen equally many
    "poison": "m[k] = d[k] = np.nan\n                    c[k] += rows",
    # where all results of a stretch have seen equally many, what is the same for all is computed once
    "whole": """
                n = np.float64(rows)
                fewest, most = c[0], c[0]
                for k in range(many):
                    fewest = min(fewest, c[k])
                    most = max(most, c[k])
                each, spread = scale / n, scale * scale / n
                if fewest == most:
                    seen = np.float64(fewest)
                    share = n / (seen + n)
                    between = share * seen
                    for k in range(many):
                        delta = offset + each * np.float64(s[k]) - m[k]
                        whole = rows * q[k] - np.int64(s[k]) * np.int64(s[k])
                        m[k] += delta * share
                        d[k] += spread * np.float64(whole) + delta * between * delta
                else:
                    for k in range(many):
                        seen = np.float64(c[k])
                        share = n / (seen + n)
                        delta = offset + each * np.float64(s[k]) - m[k]
                        whole = rows * q[k] - np.int64(s[k]) * np.int64(s[k])
                        m[k] += delta * share
                        d[k] += spread * np.float64(whole) + delta * (share * seen) * delta
                for k in range(many):
                    c[k] += rows""",
    "parts": """
                # no branch, nor a larger of two, for where nothing counts: compilers divide for both and choose then
                here = rows - g[k]
                n, seen, none = np.float64(here), np.float64(c[k]), np.float64(here == 0)
                share = n / (seen + n + none)
                counted = n + none
                delta = offset + scale * (np.float64(s[k]) / counted) - m[k]
                whole = here * q[k] - np.int64(s[k]) * np.int64(s[k])
                m[k] += delta * share
                d[k] += scale * scale * (np.float64(whole) / counted) + delta * (share * seen) * delta
                c[k] += here""",
}


@cache
def loops(kind: str, signs: tuple[str, ...], apart: str | None = None) -> str:
    """The source of the loops.

    signs : how a number is compared with each of some others to see whether it is missing
    apart : the name of the numbers' dtype, of two bytes, if these lie apart
    """
    made = dict({SUMS: _SUMS, LINES: _LINES, MOMENTS: _MOMENTS}[kind])
    made |= _TOGETHER if apart is None else _APART | {"number": _APART["number"] % apart}
    tests = [f"(v {sign} n{j})" for j, sign in enumerate(signs)]
    missing = " | ".join(tests) or "False"
    numbers = "".join(f", n{j}" for j in range(len(signs)))
    made |= {"missing": missing, "numbers": numbers}
    made = {name: text.strip("\n") for name, text in made.items()}
    return _HEAD % made
