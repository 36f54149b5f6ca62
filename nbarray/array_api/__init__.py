"""The array API standard 2024.12 on blocked arrays: its names, with its signatures.

>>> import nbarray as nb
>>> from nbarray import array_api as xp
>>> xp.sum(xp.asarray([1, 2, 3])).compute()
np.int64(6)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.api import families  # noqa: F401 - fills the table of public names
from nbarray.api.array import Array
from nbarray.api.dispatch import PUBLIC
from nbarray.array_api import fft, linalg
from nbarray.array_api.info import FloatInfo, Info
from nbarray.array_api.spelling import spelled
from nbarray.errors import InputError

__array_api_version__ = "2024.12"
e, inf, nan, newaxis, pi = np.e, np.inf, np.nan, np.newaxis, np.pi
_DTYPES = Info().dtypes()


def __array_namespace_info__() -> Info:  # noqa: N807 - the standard's name
    """What this namespace can do."""
    return Info()


def _asarray(obj: Any, *, dtype: Any = None, copy: bool | None = None) -> Array:
    if copy is False and not isinstance(obj, Array):
        raise InputError("copy=False: only a blocked array can be handed on without a copy")
    # what is copied is safe from later changes of the caller's
    if isinstance(obj, np.ndarray) and copy:
        obj = obj.copy()
    made: Array = PUBLIC["asarray"](obj, dtype)
    return made.copy() if copy else made


def _from_dlpack(x: Any, *, copy: bool | None = None) -> Array:
    made: Array = PUBLIC["from_array"](np.from_dlpack(x, copy=copy) if copy is not None else np.from_dlpack(x))
    return made


def _sort(x: Array, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    made: Array = PUBLIC["sort"](x, axis, stable=stable)
    return PUBLIC["flip"](made, axis) if descending else made


def _argsort(x: Array, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    if not descending:
        return PUBLIC["argsort"](x, axis, stable=stable)
    flip = PUBLIC["flip"]  # of the flipped array, so that equal values stay in order
    found: Array = x.shape[axis] - 1 - flip(PUBLIC["argsort"](flip(x, axis), axis, stable=stable), axis)
    return found


def _clip(x: Array, min: Any = None, max: Any = None) -> Array:
    return PUBLIC["clip"](x, min, max)


def _eye(n_rows: int, n_cols: int | None = None, *, k: int = 0, dtype: Any = None) -> Array:
    return PUBLIC["eye"](n_rows, n_cols, k, float if dtype is None else dtype)


def _filled(name: str) -> Any:
    def made(shape: Any, *, dtype: Any = None) -> Array:
        return PUBLIC[name](shape, float if dtype is None else dtype)

    made.__name__ = name
    return made


def _spread(name: str) -> Any:
    def made(x: Array, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Array:
        return PUBLIC[name](x, axis, ddof=correction, keepdims=keepdims)

    made.__name__ = name
    return made


def _reshape(x: Array, shape: Any, *, copy: bool | None = None) -> Array:
    return PUBLIC["reshape"](x, shape, copy=copy)


_ONE, _TWO = "x, /", "x1, x2, /"
_REDUCED, _AT = "x, /, *, axis=None, keepdims=False", "x, /, *, axis=None"
_SUMMED = "x, /, *, axis=None, dtype=None, keepdims=False"
_SCANNED = "x, /, *, axis=None, dtype=None, include_initial=False"
_SORTED, _SPREAD = (
    "x, /, *, axis=-1, descending=False, stable=True",
    "x, /, *, axis=None, correction=0.0, keepdims=False",
)
_FILLED, _LIKE = "shape, *, dtype=None, device=None", "x, /, *, dtype=None, device=None"
_NAMES_BY_PARAMETERS = {
    _ONE: "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf"
    " isnan log log1p log2 log10 logical_not negative positive real reciprocal round sign signbit sin sinh square sqrt"
    " tan tanh trunc matrix_transpose nonzero unique_all unique_counts unique_inverse unique_values",
    _TWO: "add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal"
    " floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum"
    " minimum multiply nextafter not_equal pow remainder subtract matmul",
    _REDUCED: "all any argmax argmin count_nonzero max mean min",
    _SUMMED: "sum prod",
    _SCANNED: "cumulative_sum cumulative_prod",
    _LIKE: "empty_like ones_like zeros_like",
    "arrays, /, *, axis=0": "concat stack",
    "x, /, *, k=0": "tril triu",
    "x, /, axis": "squeeze",
    "x, /, axis=0": "expand_dims",
    "x, /, *, axis=0": "unstack",
    "x, /, axes": "permute_dims",
    "x, /, shape": "broadcast_to",
    "x, /, shift, *, axis=None": "roll",
    "x, repetitions, /": "tile",
    "x, repeats, /, *, axis=None": "repeat",
    "x, source, destination, /": "moveaxis",
    _AT: "flip",
    "*arrays_and_dtypes": "result_type",
    "from_, to, /": "can_cast",
    "condition, x1, x2, /": "where",
    "x, indices, /, *, axis=None": "take",
    "x, indices, /, *, axis=-1": "take_along_axis",
    "x1, x2, /, *, axis=-1": "vecdot",
    "x1, x2, /, *, axes=2": "tensordot",
    "x1, x2, /, *, invert=False": "isin",
    "x1, x2, /, *, side='left', sorter=None": "searchsorted",
    "x, /, *, axis=-1, n=1, prepend=None, append=None": "diff",
    "x, dtype, /, *, copy=True, device=None": "astype",
    "start, /, stop=None, step=1, *, dtype=None, device=None": "arange",
    "start, stop, /, num, *, dtype=None, device=None, endpoint=True": "linspace",
    "shape, fill_value, *, dtype=None, device=None": "full",
    "x, /, fill_value, *, dtype=None, device=None": "full_like",
}
_OTHERS = {
    "asarray": ("obj, /, *, dtype=None, device=None, copy=None", _asarray),
    "from_dlpack": ("x, /, *, device=None, copy=None", _from_dlpack),
    "sort": (_SORTED, _sort),
    "argsort": (_SORTED, _argsort),
    "clip": ("x, /, min=None, max=None", _clip),
    "eye": ("n_rows, n_cols=None, /, *, k=0, dtype=None, device=None", _eye),
    "reshape": ("x, /, shape, *, copy=None", _reshape),
    "broadcast_arrays": ("*arrays", lambda *arrays: [*PUBLIC["broadcast_arrays"](*arrays)]),
    "meshgrid": (
        "*arrays, indexing='xy'",
        lambda *arrays, indexing="xy": [*PUBLIC["meshgrid"](*arrays, indexing=indexing)],
    ),
    "finfo": ("type, /", FloatInfo.of),
    "iinfo": ("type, /", lambda type: np.iinfo(getattr(type, "dtype", type))),
    "isdtype": ("dtype, kind", np.isdtype),
    "broadcast_shapes": ("*shapes", np.broadcast_shapes),
    **{name: (_FILLED, _filled(name)) for name in ("empty", "ones", "zeros")},
    **{name: (_SPREAD, _spread(name)) for name in ("std", "var")},
}
_FUNCTIONS = {
    name: spelled(name, row, PUBLIC[name]) for row, names in _NAMES_BY_PARAMETERS.items() for name in names.split()
} | {name: spelled(name, row, function) for name, (row, function) in _OTHERS.items()}

globals().update(_FUNCTIONS)
globals().update(_DTYPES)
__all__ = ["__array_api_version__", "__array_namespace_info__", "e", "fft", "inf", "linalg", "nan", "newaxis", "pi"]
__all__ += [*_DTYPES, *_FUNCTIONS]


def __getattr__(name: str) -> Any:
    """Names beyond the standard are nbarray's own: xarray looks for NumPy's in the namespace of an array."""
    if name in PUBLIC:
        return PUBLIC[name]
    raise AttributeError(f"module 'nbarray.array_api' has no attribute {name!r}")
