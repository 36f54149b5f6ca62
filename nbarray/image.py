"""Stacks of images, read lazily."""

from __future__ import annotations

from nbarray.api import images as _functions
from nbarray.api.images import *  # noqa: F403 - the names that the module lists

__all__ = [*_functions.__all__]
