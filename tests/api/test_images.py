"""Files of images are one array, an image a chunk, read when they are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import MissingFile, ReadError, TaskError
from tests.compare import check

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(2)


@pytest.fixture(params=[(5, 4), (5, 4, 3)], ids=["grey", "colours"])
def images(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Three images, whose names are in order."""
    values = RNG.integers(0, 256, (3, *request.param), dtype=np.uint8)
    for k, image in enumerate(values):
        Image.fromarray(image).save(tmp_path / f"day-{k}.png")
    return tmp_path, values


def test_imread(images: Any) -> None:
    """Images are stacked in the order of their names; a function may be done to each."""
    folder, values = images
    made = nb.image.imread(folder / "day-*.png")

    check(made, values)
    assert (1, *values.shape[1:]) == made.chunksize
    check(nb.image.imread(str(folder / "day-*.png"), preprocess=lambda image: image / 2.0), values / 2.0)
    check(made[1:, ::2].mean(axis=0), values[1:, ::2].mean(axis=0), within=1e-12)


def test_own_reader(images: Any) -> None:
    """A reader of one's own gets the names, each file once for its block, the first once more."""
    folder, values = images
    names: list[str] = []

    def read(name: str) -> Any:
        names.append(Path(name).name)
        return np.full((2, 2), len(name))

    made = nb.image.imread(folder / "day-*.png", imread=read)
    assert ["day-0.png"] == names
    made.compute()

    assert ["day-0.png", "day-0.png", "day-1.png", "day-2.png"] == sorted(names)
    assert 3 == len(values)


def test_refusals(tmp_path: Path) -> None:
    """Names that no file has, files that are no images, and images of another shape."""
    with pytest.raises(MissingFile, match="no file is named"):
        nb.image.imread(tmp_path / "*.png")
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(ReadError, match=r"a\.png"):
        nb.image.imread(tmp_path / "*.png")
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((2, 3), np.uint8)).save(tmp_path / "b.png")
    with pytest.raises((TaskError, ValueError)):
        nb.image.imread(tmp_path / "*.png").compute()
