"""Objects of which nothing is known but shape, dtype and square brackets."""

from __future__ import annotations

import pickle
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import DTypeError, InputError, ReadError, TaskError, UnsupportedVariable
from nbarray.io.getitem import GetitemReader, lock_of
from nbarray.io.protocols import Source
from tests.io.reading import assert_reads, read


class Table:
    """An object that behaves."""

    def __init__(self, data: Any, **more: Any) -> None:
        self.data = data
        self.shape, self.dtype = data.shape, data.dtype
        self.__dict__.update(more)

    def __getitem__(self, region: Any) -> Any:
        return self.data[region]


DATA = np.arange(60.0).reshape(3, 4, 5)


def test_reads() -> None:
    """It reads what its brackets give."""
    reader = GetitemReader(Table(DATA))

    assert_reads(DATA, Source(reader, None))
    assert (None, False, None) == (reader.stored_chunks, reader.masked, reader.array)
    assert "object" in str(reader.origin)


def test_masked() -> None:
    """It is masked if its brackets give masked arrays."""
    data = np.ma.masked_greater(DATA, 30)
    reader = GetitemReader(Table(data))

    assert reader.masked
    assert_reads(data, Source(reader, None))


def test_gives_another_dtype_than_it_says() -> None:
    """What counts is what reading gives, as with variables that scale on reading."""
    reader = GetitemReader(Table(DATA, dtype=np.dtype("i2")))

    assert np.dtype("f8") == reader.dtype


@pytest.mark.parametrize(
    ("chunks", "stored"),
    [((1, 2, 5), (1, 2, 5)), (((1, 2), (4,), (5,)), None), ((1, 2), None), (7, None), (None, None)],
)
def test_declared_chunks(chunks: Any, stored: Any) -> None:
    """It may declare the shape of its chunks; what other libraries mean by the name is let alone."""
    assert stored == GetitemReader(Table(DATA, chunks=chunks)).stored_chunks


def test_one_read_at_a_time() -> None:
    """One object is never read by two threads at once, however often it is wrapped."""
    busy, overlaps = [], []

    class Slow(Table):
        def __getitem__(self, region: Any) -> Any:
            overlaps.extend(busy)
            busy.append(1)
            time.sleep(0.001)
            busy.pop()
            return super().__getitem__(region)

    table = Slow(DATA)
    threads = [threading.Thread(target=lambda: [read(GetitemReader(table)) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == overlaps


@pytest.mark.parametrize("what", [[1, 2], 3, None, object(), {"a": 1}, "text"])
def test_lacks_a_shape(what: Any) -> None:
    """What has no shape is refused with what is expected."""
    with pytest.raises(InputError, match="expected something with shape, dtype and __getitem__"):
        GetitemReader(what)


def test_lacks_something() -> None:
    """What lacks a dtype or brackets is refused, too."""

    class NoDType:
        shape = (3,)

        def __getitem__(self, region: Any) -> Any: ...

    class NoBrackets:
        shape, dtype = (3,), np.dtype("f4")

    with pytest.raises(InputError, match="has a shape but no dtype"):
        GetitemReader(NoDType())
    with pytest.raises(InputError, match="has a shape but no __getitem__"):
        GetitemReader(NoBrackets())


def test_unusable() -> None:
    """Shapes that are none, dtypes that NumPy does not know, objects as items."""
    with pytest.raises(InputError, match="can't be negative"):
        GetitemReader(Table(DATA, shape=(-1, 2)))
    with pytest.raises(DTypeError, match="not a dtype NumPy knows"):
        GetitemReader(Table(DATA, dtype="quaternion"))
    with pytest.raises(UnsupportedVariable, match="holds Python objects"):
        GetitemReader(Table(np.array([{}, []], object)))


def test_breaks_its_promises() -> None:
    """A block of another shape or dtype than promised is an error, not a wrong result."""

    class Whole(Table):
        def __getitem__(self, region: Any) -> Any:
            return self.data if region[0].stop > 1 else self.data[region]

    class Changing(Table):
        def __getitem__(self, region: Any) -> Any:
            return self.data[region].astype("f4" if region[0].stop > 1 else "f8")

    region = (slice(0, 2, 1), slice(0, 4, 1), slice(0, 5, 2))
    with pytest.raises(ReadError, match=r"asked for \[0:2, 0:4, 0:5:2\], expected a block of shape \(2, 4, 3\), got"):
        GetitemReader(Whole(DATA)).read(region)
    with pytest.raises(ReadError, match="its dtype says float64 but reading gives float32"):
        GetitemReader(Changing(DATA)).read(region)


def test_can_not_be_read() -> None:
    """Brackets that take no slices are told at once."""

    class Lookup(Table):
        def __getitem__(self, region: Any) -> Any:
            raise KeyError(region)

    with pytest.raises(InputError, match=r"can't be read: obj\[0:1, 0:1, 0:1\] raised KeyError"):
        GetitemReader(Lookup(DATA))


def test_an_object_that_fails_while_it_is_read() -> None:
    """The error names the object, what it was asked for, and its own error, and is of that kind."""

    class Remote(Table):
        """An object that goes away."""

        here = True

        def __getitem__(self, region: Any) -> Any:
            if not self.here:
                raise ConnectionResetError(104, "reset by peer")
            return super().__getitem__(region)

    remote = Remote(DATA)
    x = nb.from_array(remote, chunks=(1, 4, 5))
    remote.here = False
    for array, asked in ((x[1], "1:2, 0:4, 0:5"), (x[2, ::2].sum(), "2:3, 0:3:2, 0:5")):
        with pytest.raises(ConnectionResetError) as caught:
            array.compute()
        *_, noted, why = str(caught.value).splitlines()

        assert noted.endswith(f"Remote, asked for obj[{asked}]")
        assert noted.startswith("raised by object ")
        assert "ConnectionResetError: [Errno 104] reset by peer" == why
        assert ("noted", noted) in caught.value.failure.facts()


def test_an_object_that_is_not_there_when_it_is_taken() -> None:
    """Its own error says so; that its brackets take no slices is not what is wrong."""

    class Gone(Table):
        """An object that isn't there."""

        def __getitem__(self, region: Any) -> Any:
            raise TimeoutError("no answer in 3 s")

    with pytest.raises(ReadError, match=r"can't be read: obj\[0:1, 0:1, 0:1\] raised TimeoutError: no answer in 3 s$"):
        GetitemReader(Gone(DATA))


@pytest.mark.parametrize("shards", [None, (2, 4, 5)])
def test_the_error_says_where_a_zarr_array_is_stored(tmp_path: Path, shards: tuple[int, ...] | None) -> None:
    """A damaged chunk of a Zarr array is told of with its store, the part that was asked for, and its number."""
    zarr = pytest.importorskip("zarr")
    stored = zarr.create_array(tmp_path / "x.zarr", data=DATA, chunks=(1, 4, 5), shards=shards)
    x = nb.from_array(stored)
    max(path for path in (tmp_path / "x.zarr" / "c").rglob("*") if path.is_file()).write_bytes(b"damaged")
    last = (2, 0, 0)

    with pytest.raises(TaskError, match=r"(?s)reading \[.*x\.zarr.*asked for obj\[0:") as caught:
        x.sum().compute()
    assert f"what fails is stored chunk {last}, [2:3, 0:4, 0:5]" in str(caught.value)


def test_copies_have_a_lock() -> None:
    """A copy that was sent elsewhere is read under the lock of its own object."""
    reader = pickle.loads(pickle.dumps(GetitemReader(Table(DATA))))

    assert_reads(DATA, Source(reader, None))
    assert lock_of(reader._obj) is reader._lock
