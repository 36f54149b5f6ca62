"""The source of loops that fold packed numbers onto states (see `packed`).

Rows of stored numbers are folded onto rows of results, a stretch at a time, so that the sums of a stretch stay in the
first cache however many rows there are.  A stretch in which something is missing is gone over once more, counting.
"""

from __future__ import annotations

from functools import cache

from nbarray.compiling import KERNEL

__all__ = ["MOMENTS", "SUMS", "loops"]

#: What is folded: sums alone, or means and sums of squared deviations.
SUMS, MOMENTS = "sums", "moments"
#: Results that are folded onto at once.
STRETCH = 1024

_HEAD = f'''import numpy as np


def {KERNEL}(lie, data, %(planes)s, left, scale, offset, poison%(numbers)s):
    """Whether anything was missing; `lie` is what `packed._layout` gives."""
    rows, length = lie[1], lie[2]
    sums, squares, gaps = np.zeros({STRETCH}, np.int32), np.zeros({STRETCH}, np.int64), np.zeros({STRETCH}, np.int32)
    some = False
    for i in range(lie[0]):
        for k0 in range(0, length, {STRETCH}):
            k1 = min(k0 + {STRETCH}, length)
            many = k1 - k0
            place = i * lie[5]
            s, q, g = sums[:many], squares[:many], gaps[:many]
            %(results)s
            for k in range(many):
                s[k] = 0
                q[k] = 0
            bad = False
            for r in range(rows):
                first = i * lie[3] + r * lie[4]
                row = data[first + k0 : first + k1]
                for k in range(many):
                    v = row[k]
                    bad |= %(missing)s
                    %(add)s
            if not bad:
%(whole)s
                continue
            some = True
            for k in range(many):
                s[k] = 0
                q[k] = 0
                g[k] = 0
            for r in range(rows):
                first = i * lie[3] + r * lie[4]
                row = data[first + k0 : first + k1]
                for k in range(many):
                    v = np.int32(row[k])
                    gone = %(missing)s
                    g[k] += np.int32(gone)
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

_SUMS = {
    "planes": "o0",
    "results": "a = o0[place + k0 : place + k1]",
    "add": "s[k] += np.int32(v)",
    "poison": "a[k] = np.nan",
    "whole": """
                for k in range(many):
                    a[k] += scale * s[k]""",
    "parts": """
                a[k] += scale * s[k] - offset * g[k]""",
}

_MOMENTS = {
    "planes": "o0, o1, o2",
    "results": "c, m, d = o0[place + k0 : place + k1], o1[place + k0 : place + k1], o2[place + k0 : place + k1]",
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
def loops(kind: str, signs: tuple[str, ...]) -> str:
    """The source of the loops.

    signs : how a number is compared with each of some others to see whether it is missing
    """
    made = dict(_SUMS if kind == SUMS else _MOMENTS)
    tests = [f"(v {sign} n{j})" for j, sign in enumerate(signs)]
    missing = " | ".join(tests) or "False"
    numbers = "".join(f", n{j}" for j in range(len(signs)))
    made |= {"missing": missing, "numbers": numbers}
    made = {name: text.strip("\n") for name, text in made.items()}
    return _HEAD % made
