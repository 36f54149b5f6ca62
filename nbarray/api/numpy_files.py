"""NumPy's own files, and bytes as they lie: ``.npy``, ``.npz``, text, buffers."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.computing import compute
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, public
from nbarray.api.storing import pieces
from nbarray.errors import InputError
from nbarray.io.newfiles import new_file
from nbarray.session import limits

__all__ = ["frombuffer", "fromfile", "save", "savetxt"]


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

    >>> import numpy as np, nbarray as nb
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


@public(np.save)
def save(file: Any, arr: Any, allow_pickle: Any = True) -> None:
    """Write an array to an ``.npy`` file; see `to_npy`.

    Cost: one pass; memory for a few pieces.

    >>> import numpy as np, nbarray as nb
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

    Cost: a run for each piece of rows; memory for some rows.  What all need (a mean, say) is made for each: keep that
    with `persist`.

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
    with new_file(Path(fname)) as part_file, part_file.open("w", encoding=given.get("encoding") or "latin1") as file:
        for k, part in enumerate(parts):
            (values,) = compute(x[part])
            first, last = k == 0, k == len(parts) - 1
            np.savetxt(file, values, header=header if first else "", footer=footer if last else "", **given)


def _rows(x: Array) -> Any:
    """The array in pieces of whole rows, each at most a quarter of the budget."""
    room = max(1, limits()[0] // 4 // max(1, x.itemsize))
    rows = x.chunksize[:1]
    return pieces(x.shape, (*rows, *x.shape[1:]), room)


def _npz(name: str, compression: int, summary: str) -> None:
    def function(file: Any, *args: Any, allow_pickle: Any = True, **named: Any) -> None:
        _write_npz(file, {**{f"arr_{k}": a for k, a in enumerate(args)}, **named}, compression)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{summary}, as `numpy.{name}` does, some rows at a time.

    Cost: a run for each piece of rows; memory for some rows.  What all need (a mean, say) is made for each: keep that
    with `persist`.

    >>> import numpy as np, nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.{name}(f"{{folder}}/x.npz", x=nb.arange(3))
    ...     np.load(f"{{folder}}/x.npz")["x"]
    array([0, 1, 2])
    """
    public(getattr(np, name))(function)


_npz("savez", zipfile.ZIP_STORED, "Write arrays to an ``.npz`` file")
_npz("savez_compressed", zipfile.ZIP_DEFLATED, "Write arrays to a compressed ``.npz`` file")


def _write_npz(file: Any, arrays: dict[str, Any], compression: int) -> None:
    path = Path(file)
    path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
    with new_file(path) as part, zipfile.ZipFile(part, "w", compression, allowZip64=True) as archive:
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
