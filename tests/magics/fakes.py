"""A stand-in for blocked arrays, so that what a cell does with sources can be told apart from computing."""

from __future__ import annotations

from typing import Any

import numpy as np


class FakeArray:
    """Says by `text` how it came about; knows the methods that tests call."""

    def __init__(self, text: str, value: Any = None) -> None:
        self.text, self.value = text, value

    def _then(self, text: str) -> FakeArray:
        return FakeArray(text)

    def __getitem__(self, index: Any) -> FakeArray:
        return self._then(f"{self.text}[{shown(index)}]")

    def __add__(self, other: Any) -> FakeArray:
        return self._then(f"({self.text}+{shown(other)})")

    def __radd__(self, other: Any) -> FakeArray:
        return self._then(f"({shown(other)}+{self.text})")

    def __gt__(self, other: Any) -> FakeArray:
        return self._then(f"({self.text}>{shown(other)})")

    def __neg__(self) -> FakeArray:
        return self._then(f"-{self.text}")

    def __abs__(self) -> FakeArray:
        return self._then(f"abs({self.text})")

    def mean(self, axis: Any = None) -> FakeArray:
        return self._then(f"{self.text}.mean({'' if axis is None else axis})")

    def astype(self, dtype: Any) -> FakeArray:
        return self._then(f"{self.text}.astype({dtype})")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> FakeArray:
        return self._then(f"{function.__name__}({','.join(map(shown, args))})")

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> FakeArray:
        return self._then(f"{ufunc.__name__}({','.join(map(shown, args))})")

    def compute(self) -> Any:
        return self.value


def shown(value: Any) -> str:
    """Fakes by their text, anything else as Python shows it, large arrays as 'raw'."""
    if isinstance(value, FakeArray):
        return value.text
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(shown, value)) + "]"
    if isinstance(value, slice):
        return ":".join("" if part is None else str(part) for part in (value.start, value.stop, value.step))
    if isinstance(value, np.ndarray):
        return "raw"
    return repr(value)
