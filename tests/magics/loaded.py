"""A shell with the extension, as most tests of cells take it."""

from __future__ import annotations

import h5py
import netCDF4
import numpy as np

import nbarray as nb
from nbarray.magics import sources


def loaded(shell, monkeypatch):
    """Fixtures yield from this: the extension, NumPy, files' libraries, and 1 kB taken for large."""
    monkeypatch.setattr(sources, "LARGE_BYTES", 1000)
    shell.run_line_magic("load_ext", "nbarray")
    shell.push({"np": np, "nb": nb, "h5py": h5py, "netCDF4": netCDF4})
    yield shell
    shell.run_line_magic("unload_ext", "nbarray")
