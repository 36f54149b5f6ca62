"""PNG pictures from arrays, without any drawing library: a monitor draws five times a second.

No widgets here.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Palette", "png", "png_address"]


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(pixels: NDArray[np.uint8], kind: int, *parts: bytes) -> bytes:
    """A picture whose pixels have as many bytes as `pixels` has in its last axis, which mean what `kind` says."""
    rows, columns, depth = pixels.shape
    lines = np.zeros((rows, 1 + depth * columns), np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = pixels.reshape(rows, -1)
    head = _part(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, kind, 0, 0, 0))
    data = _part(b"IDAT", zlib.compress(lines.tobytes(), 1))
    return b"".join([b"\x89PNG\r\n\x1a\n", head, *parts, data, _part(b"IEND", b"")])


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A picture of red, green, blue and opacity, of shape (rows, columns, 4).

    >>> png(np.zeros((2, 3, 4), np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    return _png(pixels, 6)


class Palette:
    """Colours whose numbers a picture is made of: a byte for each pixel.

    colours : red, green, blue and opacity of each; 256 at the most
    """

    def __init__(self, colours: Sequence[tuple[int, int, int, int]]) -> None:
        shades = b"".join(bytes(colour[:3]) for colour in colours)
        self._parts = _part(b"PLTE", shades), _part(b"tRNS", bytes(colour[3] for colour in colours))

    def png(self, numbers: NDArray[np.uint8]) -> bytes:
        """A picture, of shape (rows, columns)."""
        return _png(numbers[..., None], 3, *self._parts)


def png_address(picture: bytes) -> str:
    """The picture as an address that a page can show."""
    return "data:image/png;base64," + base64.b64encode(picture).decode()
