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
    _found = getattr(np, _name)(np.ones((2, 3)))
    PUBLIC[_name].__doc__ = f"""As `numpy.{_name}`: the array's own, known without its values.

    Cost: none.

    >>> import nbarray as nb
    >>> nb.{_name}(nb.ones((2, 3)))
    {_found!r}
    """


def _dtype(value: Any) -> Any:
    return value.dtype if isinstance(value, Array) else value


@public(np.can_cast)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Whether values of a dtype (or of an array's) can become those of another.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.can_cast(nb.arange(3), "float64")
    True
    """
    return np.can_cast(_dtype(from_), _dtype(to), casting)


@public(np.common_type)
def common_type(*arrays: Any) -> type[Any]:
    """The floating or complex type that holds all arrays.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.common_type(nb.ones(2), nb.arange(2))
    <class 'numpy.float64'>
    """
    return np.common_type(*(np.empty(0, a.dtype) if isinstance(a, Array) else a for a in arrays))


@public(np.min_scalar_type)
def min_scalar_type(a: Any, /) -> np.dtype[Any]:
    """The dtype of an array; for a number, the smallest dtype that holds it.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.min_scalar_type(300)
    dtype('uint16')
    """
    return a.dtype if isinstance(a, Array) else np.min_scalar_type(a)


@public(np.shares_memory, np.may_share_memory)
def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """No: what is computed is new.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.shares_memory(nb.arange(3), nb.arange(3))
    False
    """
    return False


@public(np.array_repr, np.array_str, np.array2string)
def array_repr(a: Any, *args: Any, **options: Any) -> str:
    """What an array is, since its values aren't known.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.array_str(nb.ones((4, 6), chunks=3))
    'nbarray.Array(shape=(4, 6), dtype=float64, chunks=(3, 3), 2×2 blocks, 192 B)'
    """
    return repr(a)


PUBLIC.update(may_share_memory=shares_memory, array_str=array_repr, array2string=array_repr)


@public(np.frombuffer)
def frombuffer(buffer: Any, dtype: Any = float, count: int = -1, offset: int = 0) -> Array:
    """A blocked array on the bytes of a buffer.

    Cost: none: the buffer is not copied.

    >>> import nbarray as nb
    >>> nb.frombuffer(b"abc", dtype="u1").compute()
    array([97, 98, 99], dtype=uint8)
    """
    return asarray(np.frombuffer(buffer, dtype, count, offset))


@public(np.fromfile)
def fromfile(file: Any, dtype: Any = float, count: int = -1, sep: str = "", offset: int = 0) -> Array:
    """Numbers of a binary file, which stay there until they are needed.

    Cost: none: read block by block when they are needed.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.arange(3, dtype="<i4").tofile(f"{folder}/counts.bin")
    ...     nb.fromfile(f"{folder}/counts.bin", dtype="<i4").compute()
    array([0, 1, 2], dtype=int32)
    """
    if sep:
        raise InputError("fromfile: a text file has no places to begin reading at; read it with NumPy")
    kind = np.dtype(dtype)
    size = (Path(file).stat().st_size - offset) // kind.itemsize
    length = size if count < 0 else min(size, count)
    return asarray(np.memmap(file, kind, "r", offset, (length,)) if length else np.empty(0, kind))


# ------------------------------------------------------------------------------------------------- into files


@public(np.save)
def save(file: Any, arr: Any, allow_pickle: Any = True) -> None:
    """Write an array to an ``.npy`` file; see `to_npy`.

    Cost: one pass; memory for a few pieces.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.save(f"{folder}/x.npy", nb.arange(3))
    ...     np.load(f"{folder}/x.npy")
    array([0, 1, 2])
    """
    path = Path(file)
    PUBLIC["to_npy"](arr, path if path.suffix == ".npy" else path.with_name(path.name + ".npy"))


@public(np.savetxt)
def savetxt(fname: Any, X: Any, *args: Any, **options: Any) -> None:  # noqa: N803 - NumPy's names
    """Write an array of one or two axes as text, as `numpy.savetxt` does, some rows at a time.

    args, options : as NumPy takes them: fmt, delimiter, newline, header, footer, comments, encoding

    Cost: one pass; memory for some rows.

    >>> import nbarray as nb
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.savetxt(f"{folder}/x.txt", nb.arange(3), fmt="%d")
    ...     Path(f"{folder}/x.txt").read_text()
    '0\\n1\\n2\\n'
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
    """Write arrays to an ``.npz`` file, as `numpy.savez` does, some rows at a time.

    Cost: one pass; memory for some rows.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.savez(f"{folder}/x.npz", x=nb.arange(3))
    ...     np.load(f"{folder}/x.npz")["x"]
    array([0, 1, 2])
    """
    _write_npz(file, {**{f"arr_{k}": a for k, a in enumerate(args)}, **named}, zipfile.ZIP_STORED)


@public(np.savez_compressed)
def savez_compressed(file: Any, *args: Any, allow_pickle: Any = True, **named: Any) -> None:
    """Write arrays to a compressed ``.npz`` file, as `numpy.savez_compressed` does, some rows at a time.

    Cost: one pass; memory for some rows.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.savez_compressed(f"{folder}/x.npz", x=nb.arange(3))
    ...     np.load(f"{folder}/x.npz")["x"]
    array([0, 1, 2])
    """
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
