"""What NumPy's functions ask of arrays without looking at values: dtypes, names, text."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.dispatch import IMPLEMENTATIONS, PUBLIC, public

__all__ = [
    "array_repr",
    "can_cast",
    "common_type",
    "min_scalar_type",
    "shares_memory",
]

for _name in ("ndim", "shape", "size", "result_type", "iscomplexobj", "isrealobj"):
    PUBLIC[_name] = IMPLEMENTATIONS[getattr(np, _name)]
    _found = getattr(np, _name)(np.ones((2, 3)))
    PUBLIC[_name].__doc__ = f"""As `numpy.{_name}`: the array's own, known without its values.

    Cost: none.

    >>> import nbarray as nb
    >>> nb.{_name}(nb.ones((2, 3)))
    {_found!r}
    """


def _dtype(value: Any) -> Any:
    return value.dtype if isinstance(value, Array) else value


@public(np.can_cast)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Whether values of a dtype (or of an array's) can become those of another.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.can_cast(nb.arange(3), "float64")
    True
    """
    return np.can_cast(_dtype(from_), _dtype(to), casting)


@public(np.common_type)
def common_type(*arrays: Any) -> type[Any]:
    """The floating or complex type that holds all arrays.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.common_type(nb.ones(2), nb.arange(2))
    <class 'numpy.float64'>
    """
    return np.common_type(*(np.empty(0, a.dtype) if isinstance(a, Array) else a for a in arrays))


@public(np.min_scalar_type)
def min_scalar_type(a: Any, /) -> np.dtype[Any]:
    """The dtype of an array; for a number, the smallest dtype that holds it.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.min_scalar_type(300)
    dtype('uint16')
    """
    return a.dtype if isinstance(a, Array) else np.min_scalar_type(a)


@public(np.shares_memory, np.may_share_memory)
def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """No: what is computed is new.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.shares_memory(nb.arange(3), nb.arange(3))
    False
    """
    return False


@public(np.array_repr, np.array_str, np.array2string)
def array_repr(a: Any, *args: Any, **options: Any) -> str:
    """What an array is, since its values aren't known.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.array_str(nb.ones((4, 6), chunks=3))
    'nbarray.Array(shape=(4, 6), dtype=float64, chunks=(3, 3), 2×2 blocks, 192 B)'
    """
    return repr(a)


PUBLIC.update(may_share_memory=shares_memory, array_str=array_repr, array2string=array_repr)
