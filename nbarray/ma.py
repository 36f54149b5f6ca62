"""Masked arrays: what `numpy.ma` has, for blocked arrays."""

from __future__ import annotations

from nbarray.api import masked as _made
from nbarray.api import masks as _asked
from nbarray.api.masked import *  # noqa: F403 - the names that the module lists
from nbarray.api.masks import *  # noqa: F403

__all__ = [*_made.__all__, *_asked.__all__]
