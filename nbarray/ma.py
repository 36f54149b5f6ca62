"""Masked arrays: what `numpy.ma` has, for blocked arrays."""

from __future__ import annotations

from nbarray.api import masked as _functions
from nbarray.api.masked import *  # noqa: F403 - the names that the module lists

__all__ = [*_functions.__all__]
