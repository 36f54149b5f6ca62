"""Reading a source whole and in parts, and comparing it with what another library reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nbarray.io.protocols import Reader, Source
from nbarray.kernels.unpack import unpack

Region = tuple[slice, ...]


def regions(shape: tuple[int, ...], count: int = 12) -> Iterator[Region]:
    """The whole of a shape, then random parts of it, some with steps."""
    yield whole(shape)
    random = np.random.default_rng(len(shape) + sum(shape))
    for _ in range(count if all(shape) else 0):
        region = []
        for size in shape:
            start = int(random.integers(0, size))
            stop = int(random.integers(start + 1, size + 1))
            region.append(slice(start, stop, int(random.choice([1, 1, 2, 3, 7, 50]))))
        yield tuple(region)


def whole(shape: tuple[int, ...]) -> Region:
    """The region that is all of a shape."""
    return tuple(slice(0, size, 1) for size in shape)


def read(reader: Reader, region: Region | None = None) -> np.ndarray[Any, Any]:
    """A region (all by default) into a buffer that shows what was left unwritten.

    Readers that leave bytes shuffled must give the same so.
    """
    region = whole(reader.shape) if region is None else region
    shape = tuple(len(range(part.start, part.stop, part.step)) for part in region)
    found = reader.read(region, marked(shape, reader.dtype))
    if hasattr(reader, "read_shuffled"):
        out = marked(shape, reader.dtype)
        run = reader.read_shuffled(region, out)
        assert run == 1 or out.size % run == 0
        assert brought_together(out, run).tobytes() == found.tobytes()
    return found


def marked(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """A buffer that shows what is left unwritten."""
    out = np.empty(shape, dtype)
    out.reshape(-1).view(np.uint8)[:] = 0xAB
    return out


def brought_together(data: np.ndarray[Any, Any], run: int) -> np.ndarray[Any, Any]:
    """Numbers of runs whose bytes are shuffled, of so many numbers each."""
    if run == 1:
        return data
    planes = data.reshape(-1).view(np.uint8).reshape(-1, data.itemsize, run)
    return np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(-1).view(data.dtype).reshape(data.shape)


def values(source: Source, region: Region | None = None) -> np.ndarray[Any, Any]:
    """The values of a region as the library will give them: masked where the packing says so."""
    stored = read(source.reader, region)
    if source.packing is None:
        return stored
    block, mask = unpack(stored, source.packing)
    if source.packing.result == "mask":
        return np.ma.masked_array(block, mask=np.ma.nomask if mask is None else mask)
    return block


def assert_same(expected: Any, actual: Any, what: object = "") -> None:
    """Same kind of array, dtype, shape, mask, and the same bits wherever nothing is masked."""
    assert expected.dtype == actual.dtype, what
    assert expected.shape == actual.shape, what
    assert np.ma.isMaskedArray(expected) == np.ma.isMaskedArray(actual), what

    keep = ~np.ma.getmaskarray(expected) if np.ma.isMaskedArray(expected) else np.ones(expected.shape, bool)

    np.testing.assert_array_equal(np.ma.getmaskarray(expected), np.ma.getmaskarray(actual), err_msg=str(what))
    assert np.ma.getdata(expected)[keep].tobytes() == np.ma.getdata(actual)[keep].tobytes(), what


def assert_reads(expected: Any, source: Source, count: int = 12) -> None:
    """The source gives what ``expected[region]`` is, for the whole and for random parts."""
    for region in regions(source.reader.shape, count):
        assert_same(expected[region], values(source, region), region)
