"""The array API standard: its names, its signatures, and what arrays say about themselves."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import nbarray as nb
from nbarray import array_api as xp
from nbarray.errors import InputError

ELEMENTWISE_ONE = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bitwise_invert",
    "ceil",
    "conj",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log1p",
    "log2",
    "log10",
    "logical_not",
    "negative",
    "positive",
    "real",
    "reciprocal",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "square",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
]
ELEMENTWISE_TWO = [
    "add",
    "atan2",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "copysign",
    "divide",
    "equal",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "less",
    "less_equal",
    "logaddexp",
    "logical_and",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "nextafter",
    "not_equal",
    "pow",
    "remainder",
    "subtract",
]
SIGNATURES = {
    **dict.fromkeys(ELEMENTWISE_ONE, "(x, /)"),
    **dict.fromkeys(ELEMENTWISE_TWO, "(x1, x2, /)"),
    **dict.fromkeys(("empty", "ones", "zeros"), "(shape, *, dtype=None, device=None)"),
    **dict.fromkeys(("empty_like", "ones_like", "zeros_like"), "(x, /, *, dtype=None, device=None)"),
    **dict.fromkeys(("std", "var"), "(x, /, *, axis=None, correction=0.0, keepdims=False)"),
    **dict.fromkeys(("sum", "prod"), "(x, /, *, axis=None, dtype=None, keepdims=False)"),
    **dict.fromkeys(("sort", "argsort"), "(x, /, *, axis=-1, descending=False, stable=True)"),
    **dict.fromkeys(("concat", "stack"), "(arrays, /, *, axis=0)"),
    "arange": "(start, /, stop=None, step=1, *, dtype=None, device=None)",
    "asarray": "(obj, /, *, dtype=None, device=None, copy=None)",
    "astype": "(x, dtype, /, *, copy=True, device=None)",
    "clip": "(x, /, min=None, max=None)",
    "cumulative_sum": "(x, /, *, axis=None, dtype=None, include_initial=False)",
    "diff": "(x, /, *, axis=-1, n=1, prepend=None, append=None)",
    "eye": "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)",
    "from_dlpack": "(x, /, *, device=None, copy=None)",
    "full": "(shape, fill_value, *, dtype=None, device=None)",
    "linspace": "(start, stop, /, num, *, dtype=None, device=None, endpoint=True)",
    "permute_dims": "(x, /, axes)",
    "reshape": "(x, /, shape, *, copy=None)",
    "searchsorted": "(x1, x2, /, *, side='left', sorter=None)",
    "take_along_axis": "(x, indices, /, *, axis=-1)",
    "where": "(condition, x1, x2, /)",
}
OTHERS = [
    "e",
    "inf",
    "nan",
    "newaxis",
    "pi",
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "all",
    "any",
    "argmax",
    "argmin",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "can_cast",
    "count_nonzero",
    "cumulative_prod",
    "expand_dims",
    "finfo",
    "flip",
    "full_like",
    "iinfo",
    "isdtype",
    "isin",
    "matmul",
    "matrix_transpose",
    "max",
    "mean",
    "meshgrid",
    "min",
    "moveaxis",
    "nonzero",
    "repeat",
    "result_type",
    "roll",
    "squeeze",
    "take",
    "tensordot",
    "tile",
    "tril",
    "triu",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "unstack",
    "vecdot",
]
LINALG = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
FFT = [
    "fft",
    "ifft",
    "fftn",
    "ifftn",
    "rfft",
    "irfft",
    "rfftn",
    "irfftn",
    "hfft",
    "ihfft",
    "fftfreq",
    "rfftfreq",
    "fftshift",
    "ifftshift",
]


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name: str) -> None:
    """A function of the standard takes what the standard says, by position and by name as it says."""
    assert SIGNATURES[name] == str(inspect.signature(getattr(xp, name)))


def test_names() -> None:
    """Every name of the standard is exported, in the namespace and in its extensions."""
    missing = {*SIGNATURES, *OTHERS} - {*xp.__all__}

    assert set() == missing
    assert {*LINALG} == {*xp.linalg.__all__}
    assert {*FFT} == {*xp.fft.__all__}


def test_inspection() -> None:
    """The namespace says truly what it can do."""
    info = xp.__array_namespace_info__()

    assert {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64} == info.capabilities()
    assert "cpu" == info.default_device()
    assert {"float32", "float64"} == set(info.dtypes(kind="real floating"))


def test_array_members() -> None:
    """An array knows its namespace and its device; an unknown version or device is an error."""
    x = nb.from_array(np.arange(6.0).reshape(2, 3), chunks=(1, 2))

    assert xp is x.__array_namespace__(api_version="2024.12")
    assert "cpu" == x.device
    assert x is x.to_device("cpu")
    assert np.array_equal(np.arange(6.0).reshape(2, 3).T, x.mT.compute())
    with pytest.raises(InputError, match="nbarray knows"):
        x.__array_namespace__(api_version="1999.1")
    with pytest.raises(InputError, match="cpu"):
        xp.zeros(3, device="gpu")


def test_dlpack() -> None:
    """Values go out and come back by DLPack, computed for whoever asks, who may write into them."""
    values = np.arange(12).reshape(3, 4)
    x = nb.from_array(values, chunks=(2, 3))

    assert np.array_equal(values, np.from_dlpack(x))
    assert np.array_equal(values, xp.from_dlpack(x).compute())
    assert (1, 0) == tuple(x.__dlpack_device__())
    for copy in (True, False):
        exported = np.from_dlpack(x, copy=copy)
        exported[:] = -1
        assert np.array_equal(values, x.compute())


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_finfo(dtype: str) -> None:
    """The limits of a dtype, or of an array's, are Python's floats, where NumPy gives its own."""
    expected = np.finfo(dtype)

    for given in (getattr(xp, dtype), xp.ones(2, dtype=getattr(xp, dtype))):
        limits = xp.finfo(given)
        assert expected.dtype == limits.dtype
        for name in ("bits", "eps", "max", "min", "smallest_normal"):
            assert getattr(expected, name) == getattr(limits, name)
            assert type(getattr(limits, name)) in (int, float)


def test_lists() -> None:
    """In this version of the standard, several arrays come as a list."""
    x, y = nb.ones((2, 1)), nb.ones(3)

    assert list is type(xp.broadcast_arrays(x, y))
    assert list is type(xp.meshgrid(x[:, 0], y))


@pytest.mark.parametrize("chunks", [2, 5])
def test_descending(chunks: int) -> None:
    """A descending sort keeps equal values in order."""
    x = nb.from_array(np.array([3, 1, 3, 2, 1]), chunks=chunks)

    assert [3, 3, 2, 1, 1] == xp.sort(x, descending=True).tolist()
    assert [0, 2, 3, 1, 4] == xp.argsort(x, descending=True).tolist()
