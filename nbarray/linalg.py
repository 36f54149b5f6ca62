"""Linear algebra, as `numpy.linalg` names it, and what blocked arrays have besides."""

from __future__ import annotations

from nbarray.api import linalg_equations as _equations
from nbarray.api import linalg_factors as _factors
from nbarray.api import linalg_products as _products
from nbarray.api.linalg_equations import *  # noqa: F403 - the names that the modules list
from nbarray.api.linalg_factors import *  # noqa: F403
from nbarray.api.linalg_products import *  # noqa: F403
from nbarray.errors import LinAlgError

__all__ = ["LinAlgError", *_equations.__all__, *_factors.__all__, *_products.__all__]
