"""Functions of %%blocked cells get the code of plain cells when the extension is unloaded."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from nbarray.magics.lift_values import HELPER
from tests.magics.loaded import loaded

CELL = """%%blocked
import functools
def anomaly(v, axis=0):
    "Less its mean."
    return v - v.mean(axis=axis)
def made():
    mine = a
    def within(): return mine[0] + a[1].sum()
    return within
def rows():
    for k in range(3):
        yield a[k].mean()
class Reader:
    scale = a.max()
    def __init__(self): self.data = a
    @property
    def values(self): return self.data * self.scale
wrapped = functools.lru_cache(lambda: np.sqrt(a ** 2))
within, reader = made(), Reader()
lambda: a + 1
"""
USES = """
[anomaly(a), within(), list(rows()), reader.values, Reader().values, wrapped()]
"""


@pytest.fixture
def shell(shell, monkeypatch):
    yield from loaded(shell, monkeypatch)


def values(shell):
    result = shell.run_cell(USES)
    result.raise_error()
    return result.result


def test_unloading_leaves_no_helper(shell, a):
    """Functions, methods, closures and lambdas do without, and give what they would in a plain cell."""
    before = set(shell.user_ns)
    shell.run_cell(CELL).raise_error()
    loaded_has, named = HELPER in shell.user_ns, shell.user_ns["anomaly"].__code__.co_names
    shell.run_line_magic("unload_ext", "nbarray")
    unloaded = values(shell)
    left = set(shell.user_ns) - before - {"_0"}  # the lambda, as Out
    code = shell.user_ns["anomaly"].__code__
    shell.run_cell(CELL.removeprefix("%%blocked\n")).raise_error()

    assert loaded_has
    assert HELPER in named
    assert left == {"functools", "anomaly", "made", "rows", "Reader", "wrapped", "within", "reader"}
    assert code.co_names == shell.user_ns["anomaly"].__code__.co_names
    for one, other in zip(values(shell), unloaded, strict=True):
        np.testing.assert_array_equal(one, other)


def test_functions_go_on_after_reloading(shell, a):
    """In %%blocked cells too, and the next unloading leaves no helper either."""
    shell.run_cell(CELL).raise_error()
    expected = values(shell)
    shell.run_line_magic("reload_ext", "nbarray")
    reloaded = values(shell)
    shell.run_cell(f"%%blocked\ndef more(v): return anomaly(v)[0]\ngot = {USES.strip()}\nmore(a)").raise_error()
    shell.run_line_magic("unload_ext", "nbarray")

    assert HELPER not in shell.user_ns
    for one, other, blocked in zip(expected, reloaded, shell.user_ns["got"], strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(one, np.asarray(blocked))


def test_a_function_that_runs_meanwhile_goes_on(shell, a):
    """In another thread: it keeps the code that it began with, and finds the helper."""
    begun, go_on, got = threading.Event(), threading.Event(), []
    shell.push({"begun": begun, "go_on": go_on, "got": got})
    shell.run_cell(
        "%%blocked\ndef late():\n    begun.set()\n    go_on.wait(20)\n    got.append(a[0].sum())"
    ).raise_error()
    thread = threading.Thread(target=shell.user_ns["late"])
    thread.start()
    begun.wait(20)
    shell.run_line_magic("unload_ext", "nbarray")
    meanwhile = HELPER in shell.user_ns
    go_on.set()
    thread.join()

    assert meanwhile
    assert [a[0].sum()] == got


def test_the_helper_stays_for_what_goes_through_it(shell, a):
    """A generator under way, and a function whose source is kept nowhere; until the last of them is gone."""
    shell.run_cell(CELL + "\nbegan = rows()\nnext(began)").raise_error()
    shell.run_line_magic("unload_ext", "nbarray")
    for_a_generator = HELPER in shell.user_ns
    rest = list(shell.user_ns.pop("began"))
    shell.run_line_magic("load_ext", "nbarray")
    shell.run_line_magic("unload_ext", "nbarray")

    assert for_a_generator
    assert rest == [a[1].mean(), a[2].mean()]
    assert HELPER not in shell.user_ns
