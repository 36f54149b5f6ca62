"""What a cell adds to NumPy's arrays, it adds the values of."""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest

from tests.magics.loaded import loaded

CELL = """
class Sums:
    def __init__(self):
        self.all, self.__own = np.zeros(50), np.zeros((2, 12))
    def add(self, values):
        self.all += values
        self.all[:2] += values[:2]
        self.__own[1] += values[:12]
        return self.__own[1]
sums, kept, into, part, counts = Sums(), {"a": np.zeros(50)}, np.zeros(50), "a", {"n": 0}
own = sums.add(a[0] * 2)
kept["a"] += a[1] + 1
kept[part] += a[1]
into[1:] += a[2, 1:]
into[:1] *= a[2, :1].mean()
for row in a:
    into[3] += row.max()
    counts["n"] += 1
sums.all, own, kept["a"], into, counts
"""


@pytest.fixture
def shell(shell, monkeypatch):
    """A shell with the extension."""
    yield from loaded(shell, monkeypatch)


def test_sums_are_what_they_are_without_the_magic(shell):
    """Of parts, attributes, private ones too, and what a dict holds."""
    shell.push({"a": np.random.default_rng(0).normal(size=(40, 50))})
    plain, blocked = shell.run_cell(CELL), shell.run_cell(f"%%blocked{CELL}")
    blocked.raise_error()

    for expected, found in zip(plain.result[:-1], blocked.result[:-1], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert plain.result[-1] == blocked.result[-1]


def test_a_variable_on_file_is_added(shell, netcdf_file):
    """Which netCDF4 can't do by itself; what is missing is as netCDF4 gives it."""
    with netCDF4.Dataset(netcdf_file) as file:
        shell.push({"v": file["t2m"]})
        sums = shell.run_cell("%%blocked\ns = np.zeros((6, 4))\ns += v\np = np.ones((6, 4))\np[2:] *= v[2:]\ns, p")
        sums.raise_error()
        values = file["t2m"][:]
    expected = np.zeros((6, 4))
    expected += values

    assert type(expected) is type(sums.result[0])
    assert np.asarray(values)[values.mask != 1].tolist() == np.asarray(sums.result[0])[values.mask != 1].tolist()
    assert [[1.0] * 4] * 2 + values[2:].tolist() == sums.result[1].tolist()
