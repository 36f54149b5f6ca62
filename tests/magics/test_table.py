"""The table of magics says what the modules define."""

from __future__ import annotations

import importlib
import pkgutil

from IPython.core.magic import Magics

import nbarray.magics
from nbarray.magics.table import MAGICS, MagicRow


def rows_defined():
    """The table as the modules would have it."""
    found = {}
    for module in pkgutil.iter_modules(nbarray.magics.__path__, "nbarray.magics."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, type) and issubclass(value, Magics) and value.__module__ == module.name:
                for kind, magics in value.magics.items():
                    for magic in magics:
                        found.setdefault((magic, module.name, name), []).append(kind)
    return [
        MagicRow(magic, tuple(kind for kind in ("line", "cell") if kind in kinds), module, name)
        for (magic, module, name), kinds in found.items()
    ]


def test_every_magic_is_in_the_table():
    """A magic that is not there would not be loaded; the right table is printed where this fails."""
    expected = sorted(rows_defined(), key=lambda row: row.name)

    assert sorted(MAGICS, key=lambda row: row.name) == expected, "the table should be:\n" + "\n".join(
        map(str, expected)
    )
