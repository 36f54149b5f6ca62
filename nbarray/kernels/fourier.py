"""Roots of unity for Fourier transforms that are taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["roots_of_unity"]


def roots_of_unity(
    powers: np.ndarray[Any, np.dtype[np.int64]], n: int, inverse: bool, dtype: np.dtype[Any]
) -> np.ndarray[Any, Any]:
    """``exp(-2j pi powers / n)``, conjugated if `inverse`; of powers from 0 to n - 1.

    Each is the product of two from short tables, since sines are as slow as a transform.  It is right to two roundings.
    """
    kind = np.result_type(dtype, np.complex128)
    real = np.zeros(0, kind).real.dtype.type
    bits = (max(1, n - 1).bit_length() + 1) // 2
    whole = 2 * real(np.pi) if real is np.float64 else 2 * 4 * np.arctan(real(1))
    turn = (1j if inverse else -1j) * np.asarray(1, kind)

    def table(positions: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, Any]:
        made: np.ndarray[Any, Any] = np.exp(turn * (positions.astype(real) / real(n) * whole))
        return made

    fine = table(np.arange(1 << bits))
    coarse = table(np.arange(((n - 1) >> bits) + 1) << bits)
    made: np.ndarray[Any, Any] = coarse[powers >> bits] * fine[powers & ((1 << bits) - 1)]
    return made.astype(dtype, copy=False)
