"""nbarray: arrays larger than memory, with NumPy's interface, driven from the notebook."""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import Any

import numpy as _np

from nbarray import errors, fft, image, linalg, ma, random, stats
from nbarray.api import approx
from nbarray.api import families as _families  # noqa: F401 - fills the tables
from nbarray.api.array import Array
from nbarray.api.dispatch import ABOVE as _ABOVE
from nbarray.api.dispatch import PUBLIC as _PUBLIC
from nbarray.config import config

__version__ = "0.1.0"

globals().update(_PUBLIC)

#: NumPy's constants and dtypes, so that `nb` can stand where `np` stood.
for _name in (
    "bool", "e", "euler_gamma", "inf", "nan", "newaxis", "pi",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128", "intp", "uintp", "longdouble", "clongdouble",
    "datetime64", "timedelta64", "bool_", "str_", "bytes_", "object_", "void", "generic", "number", "integer",
    "signedinteger", "unsignedinteger", "inexact", "floating", "complexfloating", "dtype", "ufunc", "busdaycalendar",
    "finfo", "iinfo", "isdtype", "issubdtype", "isscalar", "promote_types", "broadcast_shapes", "datetime_data",
    "errstate", "geterr", "seterr", "ndindex", "index_exp", "s_",
):  # fmt: skip
    globals()[_name] = getattr(_np, _name)
del _name

__all__ = ["Array", "approx", "config", "errors", "fft", "image", "linalg", "ma", "random", "stats", *_PUBLIC]


#: What is found only when it is asked for, as importing nbarray imports neither IPython nor ipywidgets: its modules.
_LATE = {
    "explore": "nbarray.widgets.explore",
    "load_ipython_extension": "nbarray.magics.extension",
    "unload_ipython_extension": "nbarray.magics.extension",
}


_ABOVE["array_api"] = lambda: _import_module("nbarray.array_api")
_ABOVE["xarray"] = lambda: _import_module("nbarray.interop.xarray")
_ABOVE["monitor"] = lambda: _import_module("nbarray.widgets.monitor").Monitor


def __getattr__(name: str) -> Any:
    """What only notebooks need: the viewer, and IPython's entry points."""
    if name in _LATE:
        return getattr(_import_module(_LATE[name]), name)  # late: see DESIGN.md
    raise AttributeError(f"module 'nbarray' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
