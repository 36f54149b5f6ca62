"""One pass instead of several, for an error that is stated: `nbarray.approx`.

Nothing here draws random numbers: the same array gives the same answer, for any number of workers.
"""

from __future__ import annotations

from typing import Any

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.ops.approximate import approximate_histogram, approximate_quantile, approximate_unique_count

__all__ = ["histogram", "quantile", "unique_count"]


def quantile(a: Any, q: Any, error: float = 0.001) -> Array:
    """Elements near quantiles of all elements.

    q : a number or several, from 0 to 1
    error : the rank of what is found differs from that of the quantile (by ``method="lower"``) by at most `error` times
        the number of elements, always

    One pass, memory for 6 / `error` elements a task.  NaN among the elements gives NaN.
    Raises InputError, NotBlocked for masked arrays.

    >>> import nbarray as nb
    >>> nb.approx.quantile(nb.arange(101), 0.25).compute()
    np.int64(25)
    """
    return apply(approximate_quantile, asarray(a), q, error)


def histogram(a: Any, bins: int = 10, error: float = 0.001) -> tuple[Array, Array]:
    """Counts of equal bins from the smallest to the largest element, and the bins' edges, which are exact.

    error : each count differs from the right one by at most 2 × `error` × the number of elements, always

    One pass, where `nbarray.histogram` takes two.  Raises InputError as NumPy does, NotBlocked for masked arrays.

    >>> import nbarray as nb
    >>> counts, edges = nb.approx.histogram(nb.arange(8), bins=2)
    >>> counts.compute(), edges.compute()
    (array([4, 4]), array([0. , 3.5, 7. ]))
    """
    counts, edges = apply(approximate_histogram, asarray(a), bins, error)
    return counts, edges


def unique_count(a: Any, error: float = 0.01) -> Array:
    """About how many elements are distinct.

    error : the relative standard error: two of three answers are as close, all but three of a thousand within three
        times as much

    One pass, memory for about 1.1 / `error`² bytes a task.  All NaN count as one.
    Raises InputError, DTypeError for objects, NotBlocked for masked arrays.

    >>> import nbarray as nb
    >>> nb.approx.unique_count(nb.arange(100) % 7).compute()
    np.int64(7)
    """
    return apply(approximate_unique_count, asarray(a), error)
