"""Zlib streams are inflated into memory that is there already, by the library or by the package around it."""

from __future__ import annotations

import threading
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbarray.io import inflate as inflating
from nbarray.io.inflate import InflateError, inflate


@pytest.fixture(params=["library", "package"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How it is done; what a machine with another build of the package does, too."""
    if request.param == "package":
        monkeypatch.setattr(inflating, "_library", lambda: None)
    elif inflating._library() is None:
        pytest.skip("this build of deflate doesn't let its library be called")
    return str(request.param)


@given(st.binary(min_size=1, max_size=5000), st.integers(0, 9))
def test_what_zlib_packs(data: bytes, level: int) -> None:
    """Streams of all levels give what went in."""
    out = np.empty(len(data), np.uint8)
    inflate(zlib.compress(data, level), out)

    assert data == out.tobytes()


@pytest.mark.parametrize(
    "stream",
    [
        zlib.compress(bytes(99)),
        zlib.compress(bytes(101)),
        zlib.compress(bytes(range(100)))[:-1],
        zlib.compress(bytes(range(100)))[:-1] + b"\0",
        b"\xff" * 50,
        b"",
    ],
    ids=["too few", "too many", "cut short", "checksum", "no stream", "nothing"],
)
def test_damage(stream: bytes, way: str) -> None:
    """Whatever isn't a stream of just so many bytes is an error."""
    with pytest.raises(InflateError):
        inflate(stream, np.empty(100, np.uint8))


def test_parts_of_buffers(way: str) -> None:
    """It reads and writes parts of longer buffers, and nothing beside them."""
    stream = np.frombuffer(b"--" + zlib.compress(b"some bytes") + b"--", np.uint8)
    out = np.full(14, 7, np.uint8)
    inflate(stream[2:-2], out[2:-2])

    assert b"\7\7some bytes\7\7" == out.tobytes()


def test_threads_at_once(way: str) -> None:
    """Each thread has its own."""
    wrong: list[int] = []

    def work(number: int) -> None:
        data = np.random.default_rng(number).integers(0, 9, 200_000).astype("u1")
        stream, out = zlib.compress(data.tobytes(), 1), np.empty(data.size, np.uint8)
        for _ in range(20):
            out.fill(0)
            inflate(stream, out)
            if not np.array_equal(data, out):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong
