"""What the array API standard asks of an array besides NumPy's methods: its namespace, its device, DLPack."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.conversions import values_of
from nbarray.api.dispatch import ABOVE, METHODS, is_method
from nbarray.api.linalg_products import matrix_transpose
from nbarray.errors import InputError

__all__ = ["dlpack", "dlpack_device", "namespace", "to_device"]

_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")

METHODS["device"] = property(lambda x: "cpu", doc="Where blocks are computed: the CPU.")  # type: ignore[assignment]
METHODS["mT"] = property(matrix_transpose, doc="The last two axes exchanged.")  # type: ignore[assignment]


def namespace(x: Array, /, *, api_version: str | None = None) -> Any:
    """The namespace of the standard, `nbarray.array_api`; raises InputError for a version that is not known."""
    if api_version is not None and api_version not in _VERSIONS:
        raise InputError(f"api_version={api_version!r}: nbarray knows {', '.join(_VERSIONS)}")
    return ABOVE["array_api"]()


def _asked_for(x: Array) -> Callable[..., Any]:
    # xarray looks whether an array has a namespace before it chooses how to index it: time to tell it how ours are
    if "xarray.core.indexing" in sys.modules:
        ABOVE["xarray"]()
    return functools.partial(namespace, x)


METHODS["__array_namespace__"] = property(_asked_for, doc=namespace.__doc__)  # type: ignore[assignment]


@is_method("to_device")
def to_device(x: Array, device: Any, /, *, stream: Any = None) -> Array:
    """The array itself: there is only "cpu"; raises InputError for another device, or for a stream."""
    if device != "cpu" or stream is not None:
        raise InputError(f"device={device!r}, stream={stream!r}: blocked arrays are on 'cpu' only, without streams")
    return x


@is_method("__dlpack__")
def dlpack(x: Array, /, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None) -> Any:
    """Computes, and hands on by DLPack what nobody else holds, so that `copy` makes no difference."""
    values = np.asarray(values_of(x))
    return values.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device)


@is_method("__dlpack_device__")
def dlpack_device(x: Array, /) -> tuple[int, int]:
    """The CPU, as DLPack numbers it."""
    return (1, 0)
