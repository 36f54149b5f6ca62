"""Small arrays that go the way large ones go."""

from __future__ import annotations

from tests.compare import all_tasks_are_tiny  # noqa: F401 - for every test here
