"""Pictures, held to how Pillow reads them."""

from __future__ import annotations

import io

import numpy as np
import pytest

from nbarray.widgets.png import Palette, png

Image = pytest.importorskip("PIL.Image")


def read(picture: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(picture)).convert("RGBA"))


def test_colours_are_those_of_the_pixels() -> None:
    """Opacity among them."""
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 4), dtype=np.uint8)

    assert (pixels == read(png(pixels))).all()


def test_numbers_stand_for_the_colours_of_a_palette() -> None:
    """Of as many as there are."""
    colours = np.random.default_rng(0).integers(0, 256, (64, 4))
    numbers = np.random.default_rng(1).integers(0, 64, (9, 13), dtype=np.uint8)

    assert (colours[numbers] == read(Palette([tuple(map(int, colour)) for colour in colours]).png(numbers))).all()
