"""What NumPy asks of arrays without their values."""

from __future__ import annotations

import numpy as np

import nbarray as nb
from tests.laws.arrays import KINDS


def test_dtypes() -> None:
    """Questions about dtypes are answered as for NumPy's arrays."""
    a = KINDS["dtype-f"]
    x = nb.from_array(a, chunks=3)

    assert np.can_cast(a.dtype, "f8") is np.can_cast(x.dtype, "f8") is nb.can_cast(x, "f8")
    assert np.common_type(a, np.ones(2)) is np.common_type(x, np.ones(2))
    assert np.min_scalar_type(a) == np.min_scalar_type(x)
    assert np.min_scalar_type(300) == nb.min_scalar_type(300)
    assert np.result_type(a, np.int64) == nb.result_type(x, np.int64)
    assert (2, (7, 5), 35) == (nb.ndim(x), nb.shape(x), nb.size(x))
    assert not np.may_share_memory(x, x)
    assert not np.shares_memory(x, a)


def test_text() -> None:
    """Text is about the array, since values aren't known."""
    x = nb.arange(3)

    assert repr(x) == np.array_repr(x) == np.array_str(x) == np.array2string(x)
