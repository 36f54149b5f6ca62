"""Files of images as one blocked array: the one place that asks for Pillow, which comes with Matplotlib."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.functions import map_blocks
from nbarray.errors import MissingFile, ReadError

__all__ = ["imread"]


def imread(
    filename: str | os.PathLike[str],
    imread: Callable[[str], Any] | None = None,
    preprocess: Callable[[Any], Any] | None = None,
) -> Array:
    """Images of one shape along a new first axis, in the order of their names, a chunk for each.

    filename : a pattern such as "day-*.png"
    imread : gives an array for a file's name; by default Pillow reads it: (height, width), with colours (..., 3 or 4)
    preprocess : is done to each image

    Raises MissingFile where no file has such a name; when computed, ReadError for files that are no images, ShapeError
    for images of another shape.

    Cost: the first image is read now, to know its shape and dtype; each is read again in the task that needs it.

    >>> import nbarray as nb
    >>> nb.image.imread("*.no-such-image")
    Traceback (most recent call last):
    nbarray.errors.MissingFile: no file is named '*.no-such-image'
    """
    names = sorted(glob.glob(os.fspath(filename)))  # noqa: PTH207 - takes absolute patterns
    if not names:
        raise MissingFile(f"no file is named {os.fspath(filename)!r}")
    read = _by_pillow if imread is None else imread

    def image(number: int) -> np.ndarray[Any, Any]:
        made = np.asanyarray(read(names[number]))
        return made if preprocess is None else np.asanyarray(preprocess(made))

    def images(block_id: tuple[int, ...]) -> np.ndarray[Any, Any]:
        return image(block_id[0])[None]

    first = image(0)
    return map_blocks(images, chunks=((1,) * len(names), *((n,) for n in first.shape)), dtype=first.dtype)


def _by_pillow(name: str) -> np.ndarray[Any, Any]:
    try:
        from PIL import Image
    except ImportError:
        raise ReadError(
            f"{name}: reading images needs Pillow (pip install pillow), or give imread= a function"
        ) from None
    try:
        with Image.open(name) as opened:
            return np.asarray(opened)
    except OSError as error:
        raise ReadError(f"{name}: {error}") from None
