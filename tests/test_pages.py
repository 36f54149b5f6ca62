"""Arrays in memory of their own are arrays like any other."""

from __future__ import annotations

import gc
import mmap
import weakref

import numpy as np
import pytest

from nbarray.pages import HUGE, LARGE, LEAST, own_empty


@pytest.mark.parametrize("nbytes", [0, 1, LEAST - 1, LEAST, HUGE - HUGE // 16, HUGE - 8, HUGE, HUGE + 8, 3 * HUGE - 16])
def test_every_element_can_be_written(nbytes: int) -> None:
    made = own_empty((nbytes,), np.dtype(np.uint8))
    made[...] = np.arange(nbytes, dtype=np.uint8)

    assert made.shape == (nbytes,)
    assert made.flags.c_contiguous
    assert made.flags.writeable
    np.testing.assert_array_equal(made, np.arange(nbytes, dtype=np.uint8))


def test_shapes_and_dtypes() -> None:
    for shape, dtype in [((), "f8"), ((0, 5), "i2"), ((3, 700, 800), "c16"), ((4, 10**6), "?"), ((10**6,), "O")]:
        made = own_empty(shape, np.dtype(dtype))
        assert (shape, np.dtype(dtype)) == (made.shape, made.dtype)


def test_only_large_blocks_have_their_own() -> None:
    """From so many bytes on as one asks for; those that are made often come from what others have freed."""
    kind = np.dtype("f8")

    assert isinstance(own_empty((LARGE // 8,), kind, LARGE).base, mmap.mmap)
    assert own_empty((LARGE // 8 - 1,), kind, LARGE).base is None


def test_it_goes_with_the_array() -> None:
    made = own_empty((HUGE,), np.dtype("f8"))
    gone = weakref.ref(made)
    del made
    gc.collect()

    assert gone() is None


def test_what_there_is_no_room_for() -> None:
    with pytest.raises(MemoryError, match=r"no \d+ bytes for an array of shape \(1152921504606846976,\)"):
        own_empty((2**60,), np.dtype("f8"))
