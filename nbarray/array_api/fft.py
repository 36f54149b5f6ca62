"""The standard's Fourier transform extension."""

from __future__ import annotations

from typing import Any

from nbarray import fft as ours
from nbarray.api.array import Array
from nbarray.array_api.spelling import spelled

_ONE = "x, /, *, n=None, axis=-1, norm='backward'"
_MANY = "x, /, *, s=None, axes=None, norm='backward'"
_FREQUENCIES = "n, /, *, d=1.0, dtype=None, device=None"
_ROWS = {
    **dict.fromkeys(("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"), _ONE),
    **dict.fromkeys(("fftn", "ifftn", "rfftn", "irfftn"), _MANY),
    **dict.fromkeys(("fftshift", "ifftshift"), "x, /, *, axes=None"),
}


def _fftfreq(n: int, *, d: float = 1.0, dtype: Any = None) -> Array:
    made: Array = ours.fftfreq(n, d)
    return made if dtype is None else made.astype(dtype)


def _rfftfreq(n: int, *, d: float = 1.0, dtype: Any = None) -> Array:
    made: Array = ours.rfftfreq(n, d)
    return made if dtype is None else made.astype(dtype)


globals().update({name: spelled(name, row, getattr(ours, name)) for name, row in _ROWS.items()})
fftfreq = spelled("fftfreq", _FREQUENCIES, _fftfreq)
rfftfreq = spelled("rfftfreq", _FREQUENCIES, _rfftfreq)
__all__ = [*_ROWS, "fftfreq", "rfftfreq"]
