"""What NumPy's functions ask of arrays without looking at values: dtypes, names, text; and what they write to files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.creation import asarray
from nbarray.api.dispatch import IMPLEMENTATIONS, PUBLIC, public
from nbarray.api.functions import compute
from nbarray.api.storing import pieces
from nbarray.errors import InputError
from nbarray.session import limits

__all__ = [
    "array_repr",
    "can_cast",
    "common_type",
    "frombuffer",
    "fromfile",
    "min_scalar_type",
    "save",
    "savetxt",
    "savez",
    "savez_compressed",
    "shares_memory",
]

for _name in ("ndim", "shape", "size", "result_type", "iscomplexobj", "isrealobj"):
    PUBLIC[_name] = IMPLEMENTATIONS[getattr(np, _name)]
    PUBLIC[_name].__doc__ = PUBLIC[_name].__doc__ or f"As `numpy.{_name}`: the array's own, known without its values."


def _dtype(value: Any) -> Any:
    return value.dtype if isinstance(value, Array) else value


@public(np.can_cast)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Whether values of a dtype (or of an array's) can become those of another."""
    return np.can_cast(_dtype(from_), _dtype(to), casting)


@public(np.common_type)
def common_type(*arrays: Any) -> type[Any]:
    """The floating or complex type that holds all arrays."""
    return np.common_type(*(np.empty(0, a.dtype) if isinstance(a, Array) else a for a in arrays))


@public(np.min_scalar_type)
def min_scalar_type(a: Any, /) -> np.dtype[Any]:
    """The dtype of an array; for a number, the smallest dtype that holds it."""
    return a.dtype if isinstance(a, Array) else np.min_scalar_type(a)


@public(np.shares_memory, np.may_share_memory)
def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """No: what is computed is new."""
    return False


@public(np.array_repr, np.array_str, np.array2string)
def array_repr(a: Any, *args: Any, **options: Any) -> str:
    """What an array is, since its values aren't known."""
    return repr(a)


PUBLIC.update(may_share_memory=shares_memory, array_str=array_repr, array2string=array_repr)


@public(np.frombuffer)
def frombuffer(buffer: Any, dtype: Any = float, count: int = -1, offset: int = 0) -> Array:
    """A blocked array on the bytes of a buffer."""
    return asarray(np.frombuffer(buffer, dtype, count, offset))


@public(np.fromfile)
def fromfile(file: Any, dtype: Any = float, count: int = -1, sep: str = "", offset: int = 0) -> Array:
    """Numbers of a binary file, which stay there until they are needed."""
    if sep:
        raise InputError("fromfile: a text file has no places to begin reading at; read it with NumPy")
    kind = np.dtype(dtype)
    size = (Path(file).stat().st_size - offset) // kind.itemsize
    length = size if count < 0 else min(size, count)
    return asarray(np.memmap(file, kind, "r", offset, (length,)) if length else np.empty(0, kind))


# ------------------------------------------------------------------------------------------------- into files


@public(np.save)
def save(file: Any, arr: Any, allow_pickle: Any = True) -> None:
    """Write an array to an ``.npy`` file; see `to_npy`."""
    path = Path(file)
    PUBLIC["to_npy"](arr, path if path.suffix == ".npy" else path.with_name(path.name + ".npy"))


@public(np.savetxt)
def savetxt(fname: Any, X: Any, *args: Any, **options: Any) -> None:  # noqa: N803 - NumPy's names
    """Write an array of one or two axes as text, as `numpy.savetxt` does, some rows at a time.

    args, options : as NumPy takes them: fmt, delimiter, newline, header, footer, comments, encoding
    """
    names = ("fmt", "delimiter", "newline", "header", "footer", "comments", "encoding")
    given = {**dict(zip(names, args, strict=False)), **options}
    header, footer = (given.pop(k, "") for k in ("header", "footer"))
    x = asarray(X)
    if x.ndim not in (1, 2):
        raise InputError(f"Expected 1D or 2D array, got {x.ndim}D array instead")
    parts = list(_rows(x)) or [()]
    with Path(fname).open("w", encoding=given.get("encoding") or "latin1") as file:
        for k, part in enumerate(parts):
            (values,) = compute(x[part])
            first, last = k == 0, k == len(parts) - 1
            np.savetxt(file, values, header=header if first else "", footer=footer if last else "", **given)


def _rows(x: Array) -> Any:
    """The array in pieces of whole rows, each at most a quarter of the budget."""
    room = max(1, limits()[0] // 4 // max(1, x.itemsize))
    rows = x.chunksize[:1]
    return pieces(x.shape, (*rows, *x.shape[1:]), room)


@public(np.savez)
def savez(file: Any, *args: Any, allow_pickle: Any = True, **named: Any) -> None:
    """Write arrays to an ``.npz`` file, as `numpy.savez` does, some rows at a time."""
    _write_npz(file, {**{f"arr_{k}": a for k, a in enumerate(args)}, **named}, zipfile.ZIP_STORED)


@public(np.savez_compressed)
def savez_compressed(file: Any, *args: Any, allow_pickle: Any = True, **named: Any) -> None:
    """Write arrays to a compressed ``.npz`` file, as `numpy.savez_compressed` does, some rows at a time."""
    _write_npz(file, {**{f"arr_{k}": a for k, a in enumerate(args)}, **named}, zipfile.ZIP_DEFLATED)


def _write_npz(file: Any, arrays: dict[str, Any], compression: int) -> None:
    path = Path(file)
    path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
    with zipfile.ZipFile(path, "w", compression, allowZip64=True) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as target:
                _write_npy(target, asarray(values))


def _write_npy(target: Any, x: Array) -> None:
    """The array in the format of ``.npy``, in pieces that follow each other in C order."""
    header = {"descr": np.lib.format.dtype_to_descr(x.dtype), "fortran_order": False, "shape": x.shape}
    np.lib.format.write_array_header_1_0(target, header)
    for part in _rows(x) if x.ndim else [()]:
        (values,) = compute(x[part] if part else x)
        target.write(np.ascontiguousarray(values, x.dtype).tobytes())
