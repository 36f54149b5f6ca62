"""PNG pictures from arrays, without any drawing library: a monitor draws five times a second.

No widgets here.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["png", "png_address"]


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A picture of red, green, blue and opacity, of shape (rows, columns, 4).

    >>> png(np.zeros((2, 3, 4), np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    rows, columns = pixels.shape[:2]
    lines = np.zeros((rows, 1 + 4 * columns), np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = pixels.reshape(rows, -1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _part(b"IHDR", head)
        + _part(b"IDAT", zlib.compress(lines.tobytes(), 1))
        + _part(b"IEND", b"")
    )


def png_address(pixels: NDArray[np.uint8]) -> str:
    """The picture as an address that a page can show."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
