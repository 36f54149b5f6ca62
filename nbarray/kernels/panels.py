"""What BLAS keeps of matrices it multiplies: panels of both, in buffers of its own that it never gives back.

A thread packs a strip of one operand, so deep as suits its caches, and a smaller block of the other.  The buffers stay
for whatever thread multiplies next; so what a process has paid for once costs no run after that anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["keep_panels", "kept_panels", "panel_bytes"]

Int64 = NDArray[np.int64]

#: How many elements deep panels are, by their bytes, as OpenBLAS has it: no more than this on x86 and ARM.
_DEPTH = {4: 384, 8: 256, 16: 192}
#: Up to so many columns of the other operand are packed at once; and a buffer never has more bytes than this.
_COLUMNS, _BUFFER_BYTES = 512, 32 * 2**20

_kept_bytes = 0


def panel_bytes(rows: Int64, depth: int, columns: Int64, dtype: np.dtype[Any]) -> Int64:
    """What BLAS keeps for each thread that multiplies matrices of so many rows and columns, summed over `depth`.

    >>> panel_bytes(np.array([1000]), 1000, np.array([1000]), np.dtype(float))
    array([3096576])
    """
    if dtype.kind not in "fc" or dtype.itemsize not in _DEPTH:  # NumPy's own loops
        return np.zeros_like(rows)
    deep = min(depth, _DEPTH[dtype.itemsize]) * dtype.itemsize
    return np.minimum(deep * (rows + np.minimum(columns, _COLUMNS)), _BUFFER_BYTES)


def keep_panels(nbytes: int) -> None:
    """Note that a run has left BLAS with so many bytes, of all threads together."""
    global _kept_bytes
    _kept_bytes = max(_kept_bytes, nbytes)


def kept_panels() -> int:
    """What BLAS has kept from runs of this process, in bytes."""
    return _kept_bytes
