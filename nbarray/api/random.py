"""Generators of random arrays: NumPy's methods, whose values depend on the seed, the call and the shape alone."""

from __future__ import annotations

import inspect
import itertools
import math
import os
import warnings
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from nbarray.api.array import Array, wrap
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC
from nbarray.errors import InputError, NotBlocked
from nbarray.ops.random import DISTRIBUTIONS, NEEDED, Distribution, draw, shape_for
from nbarray.session import Form

__all__ = ["Generator", "RandomState", "default_rng"]


class Generator:
    """Makes random arrays: the methods of `numpy.random.Generator`, and `chunks`.

    The values of an array depend on the seed, on how many arrays were made before, on the shape and the parameters:
    not on chunks, workers or budget.  They are not the values that NumPy makes from the seed.  Parameters are numbers
    or arrays in memory; loc, scale, low and high may be blocked arrays, whose values are not checked.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> x = nb.random.default_rng(7).normal(10, 2, size=(300, 200), chunks=(100, 200))
    >>> bool(abs(x.mean().compute() - 10) < 0.1)
    True
    """

    def __init__(self, seed: Any = None) -> None:
        self._start(seed)

    def _start(self, seed: Any) -> None:
        anywhere = seed is None or (isinstance(seed, type) and issubclass(seed, np.random.BitGenerator))
        self._seed = int.from_bytes(os.urandom(16)) if anywhere else _entropy(seed)
        self._calls = itertools.count()

    def _draw(self, name: str, params: list[Any], size: Any, chunks: Any = None, **options: Any) -> Array:
        row = DISTRIBUTIONS[name]
        if any(isinstance(p, Array) for p in params):
            made = self._around(row, params, size, chunks)
        else:
            made = wrap(draw(row, self._seed, next(self._calls), params, size, options, chunks))
        own = name != "integers" or any(options.get("dtype") is t for t in (int, bool))
        return _handed(made, size, Form.PYTHON if own else Form.SCALAR)

    def _around(self, row: Distribution, params: list[Any], size: Any, chunks: Any) -> Array:
        """A distribution of blocked parameters: its standard form, scaled and moved."""
        if not row.form:
            raise NotBlocked(f"{row.name}: blocked parameters have no blocked form; compute them first: .compute()")
        shape = shape_for(row.name, [np.shape(p) for p in params], size)
        if chunks is None:
            chunks = next((p.expr.chunks for p in params if isinstance(p, Array) and p.shape == shape), None)
        standard = self._draw(row.name, [v for _, v in row.params], shape, chunks)
        if row.form == "scale":
            return standard * params[0]
        loc, scale = params if row.form == "loc scale" else (params[0], params[1] - params[0])
        return standard * scale + loc

    def choice(
        self,
        a: Any,
        size: Any = None,
        replace: bool = True,
        p: Any = None,
        axis: int = 0,
        shuffle: bool = True,
        chunks: Any = None,
    ) -> Array:
        """Some of the elements of `a`, or of ``arange(a)``; without `replace`, the first ones of a permutation.

        p : probabilities, in memory; without `replace`, of each among those that are left

        Cost: made block by block; without `replace`, as `permutation`.

        >>> import nbarray as nb
        >>> nb.random.choice(5, size=3).shape
        (3,)
        """
        values = None if np.ndim(a) == 0 and not isinstance(a, Array) else asarray(a)
        count = _whole(a) if values is None else int(values.shape[axis])
        if count <= 0 and (size is None or math.prod(np.atleast_1d(size).tolist())):
            raise InputError("choice: a has no elements to choose from")
        weights = None if p is None else _probabilities(p, count)
        if not replace:
            at = self._distinct(count, size, weights)
        elif weights is None:
            at = self._draw("integers", [0, max(1, count)], size, chunks)
        else:
            at = self._weighted(weights, size, chunks)
        made = at if values is None else PUBLIC["take"](values, at, axis=axis)
        return _handed(made, size, Form.PYTHON if values is None else Form.SCALAR)

    def _distinct(self, count: int, size: Any, weights: Any) -> Array:
        """Positions no two of which are alike: the first ones in the order in which chance brings them."""
        shape = () if size is None else tuple(np.atleast_1d(size).tolist())
        some = count if weights is None else np.count_nonzero(weights)
        if math.prod(shape) > some:
            raise InputError(
                f"choice: {math.prod(shape)} elements of {some}{'' if weights is None else ' that are likely at all'} "
                "need replace=True"
            )
        if weights is None:
            order = self.permutation(count)
        else:  # waiting times: the likelier an element, the sooner it comes, whatever came before
            waits = self._draw("standard_exponential", [], (count,)) / np.where(weights > 0, weights, 1)
            order = PUBLIC["argsort"](PUBLIC["where"](weights > 0, waits, np.inf), stable=True)
        return order[: math.prod(shape)].reshape(shape)

    def _weighted(self, weights: Any, size: Any, chunks: Any) -> Array:
        ends = weights.cumsum()
        found: Array = PUBLIC["searchsorted"](
            asarray(ends / ends[-1]), self._draw("random", [], size, chunks), side="right"
        )
        return found

    def permutation(self, x: Any, axis: int = 0, chunks: Any = None) -> Array:
        """The elements of `x`, or of ``arange(x)``, in random order along `axis`; sorts as many random keys.

        Cost: as `nbarray.argsort` of as many numbers, and `take`.

        >>> import nbarray as nb
        >>> int(nb.random.permutation(10).sum().compute())
        45
        """
        values = None if np.ndim(x) == 0 and not isinstance(x, Array) else asarray(x)
        count = _whole(x) if values is None else int(values.shape[axis])
        order: Array = PUBLIC["argsort"](self._draw("random", [], (count,), chunks), stable=True)
        return order if values is None else PUBLIC["take"](values, order, axis=axis)

    def permuted(self, x: Any, axis: int | None = None) -> Array:
        """The elements of each line of `x` along `axis` in an order of its own; of all of it by default.

        Cost: as `nbarray.argsort` of as many numbers, and `take_along_axis`.

        >>> import nbarray as nb
        >>> lines = nb.random.default_rng(1).permuted(nb.arange(6).reshape(2, 3), axis=1)
        >>> lines.sum(axis=1).compute()
        array([ 3, 12])
        """
        values = asarray(x)
        if axis is None:
            return self.permutation(values.ravel()).reshape(values.shape)
        order = PUBLIC["argsort"](self._draw("random", [], values.shape, values.chunks), axis=axis, stable=True)
        made: Array = PUBLIC["take_along_axis"](values, order, axis)
        return made

    def shuffle(self, x: Any, axis: int = 0) -> None:
        """Put the elements of a blocked array into random order along `axis`: `x` is the array after it.

        Others made of it before stay what they are.  Raises InputError for what isn't a blocked array.

        Cost: as `permutation`, when it is needed.

        >>> import nbarray as nb
        >>> x = nb.arange(10)
        >>> nb.random.default_rng(1).shuffle(x)
        >>> int(x.sum().compute())
        45
        """
        if not isinstance(x, Array):
            raise InputError(
                f"shuffle: expected a blocked array, to be changed itself, not {type(x).__name__}; "
                "permutation(x) gives another one, and NumPy's own shuffle changes what is in memory"
            )
        cast(Any, x)[...] = self.permutation(x, axis)


def _handed(made: Array, size: Any, form: Form) -> Array:
    """An array as NumPy hands it over: what is asked for by its size is one, even of no axes."""
    return Array(made.expr, form if size is None else Form.ARRAY)


def _probabilities(p: Any, count: int) -> Any:
    """Probabilities in memory, one for each of so many elements.  Raises InputError for anything else."""
    if isinstance(p, Array):
        raise NotBlocked("choice: p has a blocked form as an array in memory: compute it first")
    weights = np.asarray(p, float)
    if weights.shape != (count,) or (weights < 0).any() or not abs(weights.sum() - 1) < 1e-8:
        raise InputError(f"choice: p needs {count} probabilities that add up to 1")
    return weights


def _whole(value: Any) -> int:
    """What stands for ``arange(value)``."""
    if not hasattr(value, "__index__"):
        raise InputError(f"expected an array or a whole number, not {value!r}")
    return int(value.__index__())


def _entropy(seed: Any) -> int | tuple[int, ...]:
    """A seed as NumPy takes it.  Raises InputError or NumPy's TypeError."""
    if isinstance(seed, np.random.Generator):
        seed = seed.bit_generator
    if isinstance(seed, np.random.BitGenerator):
        return tuple(int(n) for n in seed.random_raw(2))
    try:
        entropy: Any = np.random.SeedSequence(seed).entropy
    except ValueError as error:
        raise InputError(f"seed={seed!r}: {error}") from None
    return int(entropy) if np.ndim(entropy) == 0 else tuple(int(n) for n in np.ravel(entropy))


def _method(row: Distribution) -> Callable[..., Array]:
    """The method of a distribution, with NumPy's signature and `chunks`."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    empty = inspect.Parameter.empty
    given = [("self", NEEDED), *row.params, ("size", None), *row.options, ("chunks", None)]
    signature = inspect.Signature(
        [inspect.Parameter(n, kind, default=empty if v is NEEDED else v) for n, v in given],
    )

    def method(*args: Any, **named: Any) -> Array:
        bound = signature.bind(*args, **named)
        bound.apply_defaults()
        values = bound.arguments
        options = {n: values[n] for n, _ in row.options}
        made: Array = values["self"]._draw(
            row.name, [values[n] for n, _ in row.params], values["size"], values["chunks"], **options
        )
        return made

    method.__name__, method.__qualname__ = row.name, f"Generator.{row.name}"
    needed = [_EXAMPLES.get((row.name, n), _EXAMPLES.get(n, "2")) for n, v in row.params if v is NEEDED]
    method.__doc__ = f"""Random numbers as `numpy.random.Generator.{row.name}` makes them, in chunks.

    size : shape of the array, None for that of the parameters together; chunks : as `nbarray.from_array` takes them

    Cost: none by itself: made block by block when it is needed.  Unlike NumPy's, values don't depend on each other:
    each block can be made alone, and chunks change nothing.

    >>> import nbarray as nb
    >>> nb.random.default_rng(1).{row.name}({", ".join([*needed, "size=(2, 3)"])}).shape
    {(2, 3, 2) if row.tail else (2, 3)}
    """
    method.__signature__ = signature  # type: ignore[attr-defined]
    return method


#: parameters in examples that can't be 2, by name, or by distribution and name
_EXAMPLES: dict[Any, str] = {
    "p": "0.5",
    "pvals": "[0.25, 0.75]",
    "colors": "[5, 6]",
    "left": "0",
    "mode": "1",
}

for _distribution in DISTRIBUTIONS.values():
    setattr(Generator, _distribution.name, _method(_distribution))


class RandomState(Generator):
    """The older names of `numpy.random`; the values are those of a `Generator`, not NumPy's of old.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.random.RandomState(1).random((2, 3)).shape
    (2, 3)
    """

    def seed(self, seed: Any = None) -> None:
        """Start again, from a seed or from anywhere.

        Cost: none: known without reading anything.

        >>> import nbarray as nb
        >>> nb.random.seed(1)
        >>> first = nb.random.random(3).compute()
        >>> nb.random.seed(1)
        >>> bool((nb.random.random(3).compute() == first).all())
        True
        """
        self._start(seed)

    def randint(self, low: Any, high: Any = None, size: Any = None, dtype: Any = int, chunks: Any = None) -> Array:
        """Integers from `low` up to, not with, `high`; from 0 to `low` if alone.

        Cost: none by itself: made block by block when it is needed.

        >>> import nbarray as nb
        >>> nb.random.randint(3, size=5).shape
        (5,)
        """
        return self._draw("integers", [low, high], size, chunks, dtype=dtype)

    def random_integers(self, low: Any, high: Any = None, size: Any = None, chunks: Any = None) -> Array:
        """Integers from `low` to `high`, both included; from 1 to `low` if alone.

        Deprecated, as in NumPy.  Cost: none by itself: made block by block when it is needed.

        >>> import nbarray as nb, warnings
        >>> with warnings.catch_warnings(action="ignore"):
        ...     nb.random.random_integers(1, 1, size=2).compute()
        array([1, 1])
        """
        warnings.warn(
            "random_integers is deprecated, as in NumPy; use randint(low, high + 1)", DeprecationWarning, stacklevel=2
        )
        first, last = (1, low) if high is None else (low, high)
        return self._draw("integers", [first, last], size, chunks, endpoint=True)

    def random_sample(self, size: Any = None, chunks: Any = None) -> Array:
        """Floats from 0 up to, not with, 1.

        Cost: none by itself: made block by block when it is needed.

        >>> import nbarray as nb
        >>> nb.random.random_sample((2, 3)).shape
        (2, 3)
        """
        return self._draw("random", [], size, chunks)

    def tomaxint(self, size: Any = None, chunks: Any = None) -> Array:
        """Integers from 0 to the largest of their dtype."""
        return self._draw("integers", [0, np.iinfo(np.int64).max], size, chunks, dtype=int, endpoint=True)


def default_rng(seed: Any = None) -> Generator:
    """A generator of random arrays from a seed; a generator is handed on.

    seed : an integer or a sequence of them, not negative; None takes one from the system; one of NumPy's bit
        generators (or Generators) gives two of its numbers for a seed, since values here are counted, not drawn

    Cost: none: seeds are counted with.

    >>> import nbarray as nb
    >>> nb.random.default_rng(1).integers(0, 10, size=100_000, chunks=1000).max().compute()
    np.int64(9)
    """
    return seed if isinstance(seed, Generator) else Generator(seed)
