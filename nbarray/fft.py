"""Fourier transforms, as `numpy.fft` names them."""

from __future__ import annotations

from nbarray.api import fourier as _functions
from nbarray.api.fourier import *  # noqa: F403 - the names that the module lists

__all__ = [*_functions.__all__]
