"""Random arrays: the table of distributions, and the leaf for a call of one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import BroadcastError, DTypeError, InputError, NotBlocked
from nbarray.expr.leaves import Random
from nbarray.expr.node import Expr
from nbarray.kernels.elementwise import ById
from nbarray.kernels.program import Constant
from nbarray.kernels.random import Draw
from nbarray.ops.operands import as_sizes, given_chunks

__all__ = ["DISTRIBUTIONS", "Distribution", "draw", "shape_for"]


@dataclass(frozen=True)
class Distribution:
    """A row: the method of NumPy's Generator, its parameters in order, and those that come after the size.

    form : how blocked parameters come in: "loc scale", "scale", or "low high" around the standard form; "" not at all
    tail : axes that the method makes by itself
    """

    name: str
    params: tuple[tuple[str, Any], ...]
    options: tuple[tuple[str, Any], ...] = ()
    form: str = ""
    tail: int = 0


NEEDED = ...  # a parameter without a default


def _row(name: str, params: str = "", form: str = "", tail: int = 0, **options: Any) -> Distribution:
    split = [p.partition("=") for p in params.split()]
    given = tuple((n, (None if v == "None" else float(v)) if v else NEEDED) for n, _, v in split)
    return Distribution(name, given, tuple(options.items()), form, tail)


DISTRIBUTIONS = {
    row.name: row
    for row in (
        _row("beta", "a b"),
        _row("binomial", "n p"),
        _row("chisquare", "df"),
        _row("exponential", "scale=1", "scale"),
        _row("f", "dfnum dfden"),
        _row("gamma", "shape scale=1"),
        _row("geometric", "p"),
        _row("gumbel", "loc=0 scale=1", "loc scale"),
        _row("hypergeometric", "ngood nbad nsample"),
        _row("integers", "low high=None", dtype=np.int64, endpoint=False),
        _row("laplace", "loc=0 scale=1", "loc scale"),
        _row("logistic", "loc=0 scale=1", "loc scale"),
        _row("lognormal", "mean=0 sigma=1"),
        _row("logseries", "p"),
        _row("multinomial", "n pvals", tail=1),
        _row("multivariate_hypergeometric", "colors nsample", tail=1, method="marginals"),
        _row("negative_binomial", "n p"),
        _row("noncentral_chisquare", "df nonc"),
        _row("noncentral_f", "dfnum dfden nonc"),
        _row("normal", "loc=0 scale=1", "loc scale"),
        _row("pareto", "a"),
        _row("poisson", "lam=1"),
        _row("power", "a"),
        _row("random", dtype=np.float64),
        _row("rayleigh", "scale=1", "scale"),
        _row("standard_cauchy"),
        _row("standard_exponential", dtype=np.float64, method="zig"),
        _row("standard_gamma", "shape", dtype=np.float64),
        _row("standard_normal", dtype=np.float64),
        _row("standard_t", "df"),
        _row("triangular", "left mode right"),
        _row("uniform", "low=0 high=1", "low high"),
        _row("vonmises", "mu kappa"),
        _row("wald", "mean scale"),
        _row("weibull", "a"),
        _row("zipf", "a"),
    )
}


def draw(
    row: Distribution,
    seed: int | tuple[int, ...],
    call: int,
    params: list[Any],
    size: Any,
    options: dict[str, Hashable],
    chunks: Any = None,
) -> Expr:
    """The array of one call.  What NumPy refuses is refused now: it is asked for one value for each parameter."""
    if row.name == "integers" and params[1] is None:
        params = [0, params[0]]
    held = tuple(_held(p) for p in params)
    if row.tail and sum(np.ndim(h.value) for h in held) != 1:
        raise NotBlocked(f"{row.name}: expected parameters for one draw; many at once have no blocked form: stack them")
    made = Draw(row.name, seed, call, held, tuple(options.items()), row.tail)
    single = row.tail > 0 or all(isinstance(h, Constant) for h in held)
    one = {"size": (1,)} if single else {}  # asked for no size, NumPy gives Python numbers, which have no dtype
    try:
        trial = np.asarray(getattr(made.generator(0), row.name)(*[h.value for h in held], **one, **options))
    except TypeError as error:
        raise DTypeError(f"{row.name}: {error}") from None
    except ValueError as error:
        raise InputError(f"{row.name}: {error}") from None
    tail = trial.shape[trial.ndim - row.tail :]
    spread = () if single else trial.shape
    shape = shape_for(row.name, [spread], size)
    return Random(made, trial.dtype, given_chunks(chunks, (*shape, *tail), trial.dtype))


def shape_for(name: str, params: list[tuple[int, ...]], size: Any) -> tuple[int, ...]:
    """The shape of an array of a size, or that of its parameters together, to which these spread.

    Raises InputError for negative sizes, BroadcastError where they don't spread to it.
    """
    given = None if size is None else as_sizes(size)
    if given is not None and any(n < 0 for n in given):
        raise InputError(f"{name}: size={size!r}: expected sizes that are not negative")
    try:
        spread = np.broadcast_shapes(*params)
        shape = spread if given is None else given
        fits = np.broadcast_shapes(spread, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        shown = params[0] if len(params) == 1 else params
        raise BroadcastError(f"{name}: parameters of shape {shown} don't spread to size={size!r}")
    return shape


def _held(value: Any) -> Constant | ById:
    """A parameter as it is now; later changes of the array change nothing."""
    array = np.asarray(value)
    if array.dtype.kind == "c":
        raise DTypeError(f"{value!r}: expected real numbers for parameters, not complex ones")
    if array.ndim:
        return ById(array.copy())
    return Constant.of(value if isinstance(value, bool | int | float) else array[()])
