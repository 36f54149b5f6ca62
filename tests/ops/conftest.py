"""Small arrays that go the way large ones go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compare import tiny_tasks


@pytest.fixture(autouse=True)
def _tiny_tasks() -> Iterator[None]:
    """Every test cuts its work into many tasks, steps and tiles."""
    with tiny_tasks():
        yield
