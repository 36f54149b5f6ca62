"""Undoing filters, byte for byte."""

from __future__ import annotations

import bz2
import sys
import zlib
from typing import Any

import numcodecs
import numpy as np
import pytest

from nbarray.errors import CorruptChunk
from nbarray.io import filters
from nbarray.io.codecs import CODECS, find_codec
from nbarray.io.filters import DEFLATE, FLETCHER32, SHUFFLE, Filter, Pipeline, unshuffle

RAW = np.random.default_rng(0).integers(0, 20, 4000, dtype=np.uint8)


def decoded(data: Any, *filters: Filter, nbytes: int = RAW.nbytes, skipped: int = 0) -> bytes:
    """All of a pipeline undone, the leading shuffle, too."""
    pipeline, out = Pipeline(filters, nbytes), np.empty(nbytes, np.uint8)
    itemsize = pipeline.shuffled_by(skipped)
    unshuffle(pipeline.decode(np.frombuffer(data, np.uint8), skipped), itemsize, out, 0, nbytes // itemsize)
    return out.tobytes()


def shuffled(raw: np.ndarray[Any, Any], itemsize: int) -> bytes:
    """What HDF5's shuffle makes of bytes: those that fill no item stay at the end."""
    whole = raw.nbytes // itemsize * itemsize
    return raw[:whole].reshape(-1, itemsize).T.tobytes() + raw[whole:].tobytes()


@pytest.fixture(params=["NumPy's loops", "compiled loops"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to bring bytes together."""
    if request.param == "compiled loops":
        pytest.importorskip("numba")
    monkeypatch.setattr(filters, "kernels_loaded", lambda: request.param == "compiled loops")


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("itemsize", [1, 2, 3, 4, 8, 16, 17, 100])
@pytest.mark.parametrize("nbytes", [4000, 3999])
def test_unshuffle(itemsize: int, nbytes: int) -> None:
    """Items of any size come together again, also where some bytes are left over."""
    raw = RAW[:nbytes]
    out = np.zeros(nbytes, np.uint8)
    unshuffle(np.frombuffer(shuffled(raw, itemsize), np.uint8), itemsize, out, 0, nbytes // itemsize)

    np.testing.assert_array_equal(raw, out)


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("itemsize", [2, 4, 8, 20])
def test_unshuffle_a_part(itemsize: int) -> None:
    """A run of items can be had alone."""
    out = np.zeros(7 * itemsize, np.uint8)
    unshuffle(np.frombuffer(shuffled(RAW, itemsize), np.uint8), itemsize, out, 5, 12)

    np.testing.assert_array_equal(RAW[5 * itemsize : 12 * itemsize], out)


def test_skipped_filters() -> None:
    """A filter whose bit is set was not applied."""
    both = (Filter(SHUFFLE, (2,)), Filter(DEFLATE))

    assert RAW.tobytes() == decoded(zlib.compress(shuffled(RAW, 2)), *both)
    assert RAW.tobytes() == decoded(shuffled(RAW, 2), *both, skipped=2)
    assert RAW.tobytes() == decoded(zlib.compress(RAW), *both, skipped=1)
    assert RAW.tobytes() == decoded(RAW, *both, skipped=3)


def test_compressors_upon_compressors() -> None:
    """Where a size can't be known beforehand, decoding finds it out."""
    twice = numcodecs.Zstd().encode(zlib.compress(RAW))

    assert RAW.tobytes() == decoded(twice, Filter(DEFLATE), Filter(32015))
    assert RAW.tobytes() == decoded(zlib.compress(bz2.compress(RAW)), Filter(307), Filter(DEFLATE))


@pytest.mark.parametrize(
    ("code", "encoded"),
    [
        (307, bz2.compress(RAW)),
        (32001, numcodecs.Blosc("lz4").encode(RAW)),
        (32015, numcodecs.Zstd().encode(RAW)),
    ],
)
class TestCodecs:
    """Compressors that packages decode."""

    def test_decodes(self, code: int, encoded: bytes) -> None:
        """What was encoded comes back."""
        assert RAW.tobytes() == decoded(encoded, Filter(code))

    def test_damaged(self, code: int, encoded: bytes) -> None:
        """Damage is told, with the name of the filter."""
        damaged = bytearray(encoded)
        damaged[0:40] = bytes(40)
        with pytest.raises(CorruptChunk, match=f"bad {CODECS[code].name} data"):
            decoded(damaged, Filter(code))
        with pytest.raises(CorruptChunk):
            decoded(encoded[: len(encoded) // 2], Filter(code))

    def test_wrong_size(self, code: int, encoded: bytes) -> None:
        """Data of another size than the chunk's is told."""
        with pytest.raises(CorruptChunk, match=r"4000.*expected 4100"):
            decoded(encoded, Filter(code), nbytes=4100)


def lz4_frame(raw: bytes, block: int) -> bytes:
    """What HDF5's LZ4 filter writes; blocks that don't shrink are kept as they are."""
    frame = len(raw).to_bytes(8, "big") + block.to_bytes(4, "big")
    for start in range(0, len(raw), block):
        piece = raw[start : start + block]
        packed = numcodecs.LZ4().encode(piece)[4:]
        packed = packed if len(packed) < len(piece) else piece
        frame += len(packed).to_bytes(4, "big") + packed
    return frame


@pytest.mark.parametrize("block", [4000, 1000, 1 << 30])
def test_lz4(block: int) -> None:
    """HDF5's frame around LZ4 blocks."""
    raw = np.concatenate([RAW[:2000], np.random.default_rng(1).integers(0, 256, 2000, dtype=np.uint8)])

    assert raw.tobytes() == decoded(lz4_frame(raw.tobytes(), block), Filter(32004))
    with pytest.raises(CorruptChunk, match="bad lz4 data"):
        decoded(lz4_frame(raw.tobytes(), block)[:-500], Filter(32004))


def test_what_can_not_be_decoded() -> None:
    """A pipeline says beforehand what it can't do."""
    assert Pipeline((Filter(SHUFFLE, (2,)), Filter(DEFLATE)), 10).why_not() is None
    assert "the szip filter" == Pipeline((Filter(4),), 10).why_not()
    assert "the my own filter" == Pipeline((Filter(45678, (), "my own"),), 10).why_not()


def test_package_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter whose package is not there is named with the package."""
    monkeypatch.setitem(sys.modules, "numcodecs.lz4", None)
    find_codec.cache_clear()
    try:
        assert (
            "the lz4 filter (the package numcodecs, which decodes it, is not installed)"
            == Pipeline((Filter(32004),), 10).why_not()
        )
    finally:
        find_codec.cache_clear()


@pytest.mark.parametrize("nbytes", [1, 2, 3, 200_001])
def test_fletcher32(nbytes: int) -> None:
    """The checksum of HDF5 over any number of bytes, odd ones and many tiles of them."""
    import h5py

    raw = np.random.default_rng(nbytes).integers(0, 256, nbytes, dtype=np.uint8)
    with h5py.File("nowhere.h5", "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset("x", data=raw, chunks=(nbytes,), fletcher32=True)
        _, stored = dataset.id.read_direct_chunk((0,))

    assert raw.tobytes() == decoded(stored, Filter(FLETCHER32), nbytes=nbytes)
    with pytest.raises(CorruptChunk, match="checksum mismatch"):
        decoded(bytes([stored[0] ^ 1]) + stored[1:], Filter(FLETCHER32), nbytes=nbytes)
