"""What the documentation of every public function has: a line, what it costs, and an example that runs."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nbarray as nb
from nbarray.api.dispatch import PUBLIC

#: words that tell of passes over the data, of memory, or that there is nothing to pay
COST = re.compile(r"\b([Cc]osts?|pass(es)?|reads? (once|only)|[Nn]othing is (read|computed|copied))\b")


def _public() -> Iterator[tuple[str, Callable[..., Any]]]:
    yield from PUBLIC.items()
    for room in ("linalg", "fft", "image", "ma", "random", "stats", "approx"):
        module = getattr(nb, room)
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value) and not (isinstance(value, type) and issubclass(value, tuple | Exception)):
                yield f"{room}.{name}", value


FUNCTIONS = {name: value for name, value in _public() if callable(value)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_are_documented(name: str) -> None:
    """One line says what it does; then come what it costs and an example."""
    text = FUNCTIONS[name].__doc__ or ""
    first = text.partition("\n\n")[0].strip()

    assert first, f"nb.{name} has no docstring"
    assert COST.search(text), f"nb.{name} doesn't say what it costs: passes over the data, memory"
    assert ">>> " in text, f"nb.{name} has no example"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_run_as_they_stand(name: str) -> None:
    """As they stand, for whoever pastes them: with what they import themselves.

    pytest runs those that stand in the source, with what their module imports.
    """
    function = FUNCTIONS[name]
    test = doctest.DocTestParser().get_doctest(function.__doc__ or "", {}, name, None, 0)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    told: list[str] = []
    found = doctest.DocTestRunner(optionflags=flags).run(test, out=told.append)

    assert found.failed == 0, "".join(told)


def test_what_arrays_have_is_documented() -> None:
    """Whoever asks for help on an array's method or property gets a line at least."""
    bare = [name for name, value in vars(nb.Array).items() if not name.startswith("_") and not value.__doc__]

    assert [] == bare
