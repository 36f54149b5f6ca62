"""Unpacking tiles; the real rules of netCDF4 are tested with real variables in tests/io."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbarray.kernels.unpack import compile_unpack, unpack
from nbarray.packing import Packing, Scalar

STORED = np.array([[0, 1, -9], [4, 100, -3]], np.int16)


def scalar(value: Any) -> Scalar:
    """A NumPy scalar as data."""
    array = np.asarray(value)
    return Scalar(array.dtype.str, array.tobytes())


def packing(result_dtype: str, result: Any = "mask", missing: tuple[Any, ...] = (), **more: Any) -> Packing:
    """A packing with everything left out but what is given."""
    fields: dict[str, Any] = dict.fromkeys(("stored_as", "valid_min", "valid_max", "scale", "offset"))
    fields |= {key: value if key == "stored_as" else scalar(value) for key, value in more.items()}
    return Packing(missing=tuple(map(scalar, missing)), result_dtype=result_dtype, result=result, **fields)


def test_scale_and_offset() -> None:
    """Values are the same bits as NumPy's expression."""
    for scale, offset in ((np.float64(0.1), np.float64(273.15)), (np.float32(0.1), np.float32(7))):
        expected = STORED * scale + offset
        actual, mask = unpack(STORED, packing(expected.dtype.str, scale=scale, offset=offset))

        assert expected.dtype == actual.dtype
        assert expected.tobytes() == actual.tobytes()
        assert mask is None


def test_steps_of_different_dtypes() -> None:
    """Each step is done in the dtype NumPy would use, also where they differ."""
    expected = STORED * np.float32(0.1) + np.float64(273.15)
    actual, _ = unpack(STORED, packing("<f8", scale=np.float32(0.1), offset=np.float64(273.15)))

    assert expected.tobytes() == actual.tobytes()


def test_mask() -> None:
    """Missing numbers and those out of range are masked; where nothing is, there is no mask at all."""
    how = packing("<i2", missing=(np.int16(-9), np.int16(4)), valid_max=np.int16(50))
    _, mask = unpack(STORED, how)
    _, none = unpack(STORED[:1, :2], how)

    np.testing.assert_array_equal([[False, False, True], [True, True, False]], mask)
    assert none is None


def test_nan() -> None:
    """With "nan" there is never a mask."""
    values, mask = unpack(STORED, packing("<f8", "nan", (np.int16(-9),), scale=np.float64(2), valid_min=np.int16(0)))

    np.testing.assert_array_equal([[0, 2, np.nan], [8, 200, np.nan]], values)
    assert mask is None


def test_nan_is_missing() -> None:
    """A NaN that means missing is found by asking for NaN."""
    stored = np.array([1, np.nan, 3], np.float32)
    _, mask = unpack(stored, packing("<f4", missing=(np.float32("nan"),)))
    values, _ = unpack(stored, packing("<f4", "nan", (np.float32("nan"), np.float32(3))))

    np.testing.assert_array_equal([False, True, False], mask)
    np.testing.assert_array_equal([1, np.nan, np.nan], values)


def test_unsigned() -> None:
    """Bytes are read as another dtype first, and compared as such."""
    values, mask = unpack(STORED, packing("<u2", missing=(np.uint16(65527),), stored_as="<u2"))

    np.testing.assert_array_equal(STORED.view("u2"), values)
    np.testing.assert_array_equal(STORED == -9, mask)


@pytest.mark.parametrize("result", ["mask", "nan", "plain"])
@pytest.mark.parametrize("stored", [np.array([1, 2, 3], ">f4"), np.array([1, 2, 3], "<f4")], ids=["big", "little"])
def test_stored_is_never_written_to(stored: np.ndarray[Any, Any], result: str) -> None:
    """What is missing becomes NaN in the values, not in the numbers they come from."""
    before = stored.copy()
    values, _ = unpack(stored, packing("<f4", result, (np.float32(2),)))

    np.testing.assert_array_equal(before, stored)
    assert np.dtype("<f4") == values.dtype


def test_scratch() -> None:
    """Given a buffer, the values are in it."""
    out = np.empty(STORED.shape)
    run = compile_unpack(packing("<f8", "nan", (np.int16(-9),), scale=np.float64(2)), STORED.dtype)
    values, _ = run(STORED, out)

    assert values is out
    np.testing.assert_array_equal(np.where(STORED == -9, np.nan, STORED * 2.0), out)


def test_nothing_to_do() -> None:
    """Numbers that are values already are handed on."""
    values, _ = unpack(STORED, packing("<i2", missing=(np.int16(-9),)))

    assert values is STORED


def test_tiles_that_are_not_contiguous() -> None:
    """Any view of an array will do."""
    wide = np.arange(100, dtype=np.int16).reshape(10, 10)[::2, 1::3]
    values, mask = unpack(wide, packing("<f8", missing=(np.int16(4),), scale=np.float64(0.1)))

    assert (wide * np.float64(0.1)).tobytes() == values.tobytes()
    np.testing.assert_array_equal(wide == 4, mask)


def test_single_numbers() -> None:
    """A 0-d array gives 0-d planes."""
    values, mask = unpack(np.array(4, np.int16), packing("<f8", missing=(np.int16(4),), scale=np.float64(2)))

    assert ((), ()) == (values.shape, np.shape(mask))
    assert mask is not None
