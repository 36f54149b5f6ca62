"""Statistics of samples: what `scipy.stats` calls so, for blocked arrays."""

from __future__ import annotations

from nbarray.api import statistics as _functions
from nbarray.api.statistics import *  # noqa: F403 - the names that the module lists

__all__ = [*_functions.__all__]
