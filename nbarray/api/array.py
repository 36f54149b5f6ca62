"""The public array: a handle on an expression, and nothing else.

Every method is a line that calls down into `ops`, `session` or `display`.  More methods come from the families of
functions, which enter them into the table `METHODS`.  What stays here is long, since a class is written in one place
and each needs the other: operators, NumPy's protocols, and what type checkers have to see.
"""

from __future__ import annotations

import datetime
import math
import numbers
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from nbarray.api import pictures
from nbarray.api.conversions import values_of
from nbarray.api.dispatch import IMPLEMENTATIONS, METHODS, UFUNC_METHODS, blocked_form, by_place, takes
from nbarray.api.mapping import mapped
from nbarray.api.report import PlanReport
from nbarray.display.explain import Explanation
from nbarray.display.html import array_html, array_text
from nbarray.display.picture import Picture
from nbarray.engines.run import Run
from nbarray.errors import DTypeError, InputError, NotBlocked, ReadOnlyError, UnknownSize
from nbarray.expr.node import Expr, remember_place
from nbarray.ops import contraction, elementwise, indexing, reductions, shaping
from nbarray.provenance import caller
from nbarray.session import Form, compute, has_unknown_sizes, later, limits, plan, resolve_sizes

__all__ = ["Array", "apply", "as_index", "unwrap", "wrap"]


def unwrap(value: Any) -> Any:
    """The expressions inside arguments, however deep in lists and tuples."""
    if isinstance(value, Array):
        return value.expr
    if isinstance(value, list | tuple) and any(isinstance(v, Array | list | tuple) for v in value):
        return type(value)(unwrap(v) for v in value)
    return value


def wrap(value: Any, given: Sequence[Any] = ()) -> Any:
    """Arrays for expressions; the place in the user's code is noted, unless it is one of those that were given."""
    if isinstance(value, Expr):
        remember_place(value, caller(), written=all(value is not each for each in given))
        return Array(value)
    if isinstance(value, tuple):
        return tuple(wrap(v, given) for v in value)
    return value


def apply(operation: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call an operation of `ops` on arrays; sizes that depend on values are counted if it needs them."""
    expr_args = [unwrap(a) for a in args]
    expr_options = {k: unwrap(v) for k, v in options.items()}
    try:
        return wrap(operation(*expr_args, **expr_options), expr_args)
    except (UnknownSize, AssertionError):
        if not any(isinstance(a, Expr) and has_unknown_sizes(a) for a in _flat(expr_args)):
            raise
        counted = [_counted(a) for a in expr_args]
        return wrap(operation(*counted, **expr_options), counted)


def _flat(values: Any) -> Iterator[Any]:
    for v in values:
        if isinstance(v, list | tuple):
            yield from _flat(v)
        else:
            yield v


def _counted(value: Any) -> Any:
    if isinstance(value, Expr):
        return resolve_sizes(value)
    if isinstance(value, list | tuple):
        return type(value)(_counted(v) for v in value)
    return value


def as_index(index: Any) -> Any:
    """An index of expressions; masks beside others are computed: how much they pick has to be known."""
    if isinstance(index, list) and any(isinstance(i, Array) for i in index):
        index = [values_of(i) if isinstance(i, Array) else i for i in index]
    if not isinstance(index, tuple):
        index = (index,)
    if len(index) > 1:
        index = tuple(values_of(i) if isinstance(i, Array) and i.dtype.kind == "b" else i for i in index)
    return unwrap(index)


def _operator(function: np.ufunc, swapped: bool = False) -> Callable[[Array, Any], Any]:
    def operator(self: Array, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        args = (other, self) if swapped else (self, other)
        return apply(lambda a, b: elementwise.binary(function, a, b), *args)

    return operator


def _is_operand(value: Any) -> bool:
    """Whether a value can stand beside an array: what is not is left to its own reflected method."""
    if isinstance(value, Array | np.ndarray | np.generic | int | float | complex | list | tuple | str | bytes):
        return True
    if value is None or isinstance(value, datetime.date | datetime.timedelta | numbers.Number):
        return True
    return not hasattr(value, "__array_ufunc__") and hasattr(value, "__array__")


def _unary(function: np.ufunc) -> Callable[[Array], Any]:
    return lambda self: apply(elementwise.ufunc, function, self)


def _reducing(name: str) -> Callable[..., Any]:
    def method(self: Array, axis: Any = None, dtype: Any = None, out: Any = None, *more: Any, **options: Any) -> Any:
        if dtype is not None:
            options["dtype"] = dtype
        options = by_place(name, more, options)
        made = apply(reductions.reduction, name, self, axis, into=getattr(out, "dtype", None), **options)
        return _into(out, made, "_receive_reduced")

    def plain(self: Array, axis: Any = None, out: Any = None, *more: Any, **options: Any) -> Any:
        made = apply(reductions.reduction, name, self, axis, **by_place(name, more, options))
        return _into(out, made, "_receive_reduced")

    made = takes("split_every")(method if name in ("sum", "prod", "mean", "var", "std") else plain)
    made.__name__, made.__doc__ = name, f"Reduce over `axis`; see `nbarray.{name}`."
    return made


def _into(out: Any, made: Array, receive: str = "_receive") -> Array:
    result: Array = made if out is None else METHODS[receive](out, made)
    return result


class Array:
    """An array cut into chunks, computed when asked for.

    Make one with `from_array`, `open`, `zeros`, `arange`, ...; calculate with it as with a NumPy array.
    `compute()` gives the result.

    >>> import nbarray as nb
    >>> x = nb.arange(10, chunks=4)
    >>> x
    nbarray.Array(shape=(10,), dtype=int64, chunks=(4,), 3 blocks, 80 B)
    >>> (x * x).sum().compute()
    np.int64(285)
    """

    __slots__ = ("__weakref__", "_expr", "_form")
    __array_priority__ = 100

    def __init__(self, expr: Expr, form: Form = Form.SCALAR) -> None:
        self._expr, self._form = expr, form

    # ---------------------------------------------------------------------------------------------- facts

    @property
    def expr(self) -> Expr:
        """The expression."""
        return self._expr

    @property
    def _known(self) -> Expr:
        """The expression with all sizes known: counts them if they depend on values."""
        if has_unknown_sizes(self._expr):
            self._expr = resolve_sizes(self._expr)
        return self._expr

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes; one that depends on values is counted when first asked for, which takes a pass over the data."""
        return self._known.sizes

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self._expr.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._expr.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes the values would take in memory."""
        return self.size * self.itemsize

    @property
    def form(self) -> Form:
        """What is handed over: an array, unless it has no axes and is a number in NumPy."""
        return Form.ARRAY if self.ndim else self._form

    @property
    def masked(self) -> bool:
        """Whether results are masked arrays."""
        return self._expr.masked

    @property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """Sizes of the chunks, axis by axis."""
        return self._known.chunks.tuples()

    @chunks.setter
    def chunks(self, chunks: Any) -> NoReturn:
        raise ReadOnlyError(f"chunks can't be set; ask for the same values in others: x.rechunk({chunks!r})")

    @property
    def chunksize(self) -> tuple[int, ...]:
        """Shape of the largest chunk."""
        return self._known.chunks.largest

    @property
    def numblocks(self) -> tuple[int, ...]:
        """Number of chunks along each axis."""
        return self._known.chunks.numblocks

    @property
    def nblocks(self) -> int:
        """Number of chunks."""
        return self._known.chunks.nblocks

    @property
    def T(self) -> Array:  # noqa: N802 - NumPy's name
        """The axes in reverse order."""
        return self.transpose()

    @property
    def real(self) -> Array:
        """The real parts."""
        return apply(elementwise.function, "real", self)

    @property
    def imag(self) -> Array:
        """The imaginary parts."""
        return apply(elementwise.function, "imag", self)

    def become(self, expr: Expr, form: Form | None = None) -> None:
        """Hold another expression from now on: what assigning does; an array stays an array."""
        self._expr, self._form = expr, form or self.form

    # ------------------------------------------------------------------------------------------ computing

    @takes("scheduler", "optimize_graph", "traverse")
    def compute(self, *, memory: int | str | None = None, workers: int | None = None) -> Any:
        """Compute, and wait: an ndarray, a masked array, or where NumPy has one, a scalar.

        memory : budget in bytes ("2GiB"); workers : threads.  By default the settings of `nbarray.config`.
        Raises BudgetError before anything is read if it can't fit, or when functions of yours take more than a budget
        that was named (else they are warned of); TaskError if a block fails.
        """
        return compute(self._expr, memory=memory, workers=workers, forms=[self._form])[0]

    def start(self, *, memory: int | str | None = None, workers: int | None = None) -> Run:
        """Begin computing in the background; returns a `Run` at once, whose result is a tuple of one array."""
        return later([self._expr], memory=memory, workers=workers, forms=[self._form]).start()

    def plan(self, *, memory: int | str | None = None, workers: int | None = None) -> PlanReport:
        """What computing would do: tasks, bytes read, peak memory; nothing is read, save to count unknown sizes."""
        return PlanReport(plan([self._expr], memory), *limits(memory, workers))

    def visualize(
        self,
        filename: str | None = None,
        *,
        blocks: bool = False,
        optimized: bool = False,
        color: str | None = None,
        run: Any = None,
    ) -> Picture:
        """A picture of the operations; nothing is read, save to count unknown sizes of what runs.

        filename : also saved there: .svg, .png, .pdf or .dot
        blocks : of the tasks instead, as far as they can be told apart
        optimized : of the operations after rewriting, those fused into one as one group
        color : of tasks: "order", "kind", "held" (memory); after a run also "time" and "worker"
        run : a `Run` of this array, or its recorded events
        """
        return pictures.visualize(self._expr, filename, blocks, optimized, color, run)

    def explain(self) -> Explanation:
        """What is made of the expression before it runs, rule by rule; nothing is read, save to count unknown sizes."""
        return pictures.explain(self._expr)

    def __repr__(self) -> str:
        return array_text(self._expr)

    def _repr_html_(self) -> str:
        return array_html(self._expr)

    # ------------------------------------------------------------------------- NumPy's protocols, conversion

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise InputError(
                "a blocked array can't become a NumPy array without being computed: copy=False is impossible"
            )
        values = np.ma.asanyarray(values_of(self)) if self.masked else np.asarray(values_of(self))
        return values if dtype is None else values.astype(dtype)

    def __array_ufunc__(self, function: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        if method != "__call__":
            return UFUNC_METHODS[method](function, *args, **options)
        if function is np.matmul:
            settled = {k: v for k, v in options.items() if k not in ("order", "subok")}
            if refused := [k for k in settled if k not in ("dtype", "casting")]:
                raise NotBlocked(f"np.matmul: {', '.join(refused)} has no blocked form; cast operands, or the result")
            return apply(contraction.matmul, *args, **settled)
        if function in IMPLEMENTATIONS:
            return IMPLEMENTATIONS[function](*args, **options)
        if function.signature is not None:
            return UFUNC_METHODS["core"](function, *args, **options)
        return apply(elementwise.ufunc, function, *args, **options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return blocked_form(function)(*args, **options)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[k] for k in range(len(self)))

    def __contains__(self, value: object) -> bool:
        return bool((self == value).any())

    def __bool__(self) -> bool:
        if self.size != 1:
            what = "more than one element" if self.size else "no elements"
            raise InputError(f"The truth value of an array with {what} is ambiguous. Use a.any() or a.all()")
        return bool(self.compute())

    def __int__(self) -> int:
        return int(np.asanyarray(self.compute()))

    def __float__(self) -> float:
        return float(np.asanyarray(self.compute()))

    def __complex__(self) -> complex:
        return complex(self.compute())

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(self.compute())

    def tolist(self) -> Any:
        """All values as nested lists; computes."""
        return np.ma.asanyarray(values_of(self)).tolist()

    def __getitem__(self, index: Any) -> Array:
        return apply(indexing.getitem, self, as_index(index))

    # ------------------------------------------------------------------------------------------- operators

    __add__, __radd__ = _operator(np.add), _operator(np.add, True)
    __sub__, __rsub__ = _operator(np.subtract), _operator(np.subtract, True)
    __mul__, __rmul__ = _operator(np.multiply), _operator(np.multiply, True)
    __truediv__, __rtruediv__ = _operator(np.true_divide), _operator(np.true_divide, True)
    __floordiv__, __rfloordiv__ = _operator(np.floor_divide), _operator(np.floor_divide, True)
    __mod__, __rmod__ = _operator(np.remainder), _operator(np.remainder, True)
    __divmod__, __rdivmod__ = _operator(np.divmod), _operator(np.divmod, True)
    __pow__, __rpow__ = _operator(np.power), _operator(np.power, True)
    __and__, __rand__ = _operator(np.bitwise_and), _operator(np.bitwise_and, True)
    __or__, __ror__ = _operator(np.bitwise_or), _operator(np.bitwise_or, True)
    __xor__, __rxor__ = _operator(np.bitwise_xor), _operator(np.bitwise_xor, True)
    __lshift__, __rlshift__ = _operator(np.left_shift), _operator(np.left_shift, True)
    __rshift__, __rrshift__ = _operator(np.right_shift), _operator(np.right_shift, True)
    __lt__, __le__ = _operator(np.less), _operator(np.less_equal)
    __gt__, __ge__ = _operator(np.greater), _operator(np.greater_equal)
    __eq__, __ne__ = _operator(np.equal), _operator(np.not_equal)
    __neg__, __pos__ = _unary(np.negative), _unary(np.positive)
    __abs__, __invert__ = _unary(np.absolute), _unary(np.invert)
    __hash__ = None  # type: ignore[assignment]

    def __matmul__(self, other: Any) -> Array:
        return apply(contraction.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Array:
        return apply(contraction.matmul, other, self)

    # ------------------------------------------------------------------------------------------- reductions

    sum, prod, mean = _reducing("sum"), _reducing("prod"), _reducing("mean")
    std, var = _reducing("std"), _reducing("var")
    min, max = _reducing("min"), _reducing("max")
    any, all = _reducing("any"), _reducing("all")
    argmin, argmax = _reducing("argmin"), _reducing("argmax")

    # ------------------------------------------------------------------------------ elementwise, other shapes

    def astype(
        self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Array:
        """The same values as another dtype."""
        return apply(elementwise.astype, self, dtype, casting)

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> Array:
        """Values kept between two bounds."""
        return _into(out, apply(elementwise.clip, self, min, max))

    def round(self, decimals: int = 0, out: Any = None) -> Array:
        """Rounded to so many decimals."""
        return _into(out, apply(elementwise.round_, self, decimals))

    def conj(self) -> Array:
        """The complex conjugate."""
        if self.dtype.kind not in "biufcO":
            raise DTypeError(f"conj of {self.dtype}: cannot conjugate non-numeric dtype")
        return apply(elementwise.ufunc, np.conjugate, self) if self.dtype.kind in "cO" else self.copy()

    conjugate = conj

    def copy(self, order: str = "C") -> Array:
        """Another handle on the same values: assigning to one leaves the other alone."""
        return Array(self._expr, self._form)

    @takes("merge_chunks", "limit")
    def reshape(self, *shape: Any, order: str = "C", chunks: Any = None, copy: bool | None = None) -> Array:
        """Another shape of the same size; see `nbarray.reshape`."""
        sizes = shape[0] if len(shape) == 1 else shape
        return apply(shaping.reshape, self, sizes, chunks, order)

    def ravel(self, order: str = "C") -> Array:
        """One axis; see `nbarray.ravel`."""
        return self.reshape(-1, order="C" if order in ("K", "k") else order)

    flatten = ravel

    def transpose(self, *axes: Any) -> Array:
        """Axes in another order, reversed if none is given; in the order they have, it is the array itself."""
        order = axes[0] if len(axes) == 1 and (axes[0] is None or hasattr(axes[0], "__iter__")) else axes or None
        made = apply(shaping.transpose, self, order)
        return self if made.expr is self._expr else made

    def swapaxes(self, axis1: int, axis2: int) -> Array:
        """Two axes exchanged."""
        return apply(shaping.swapaxes, self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Array:
        """Without axes of length 1."""
        return apply(shaping.squeeze, self, axis)

    @takes("threshold", "method")
    def rechunk(self, chunks: Any = "auto", *, balance: bool = False, block_size_limit: Any = None) -> Array:
        """The same values in other chunks: a number, sizes, -1 or "auto" for each axis, or a dictionary by axis.

        chunks : None for an axis, or an axis that the dictionary lacks, stays as it is cut
        balance : as even as can be, without a short last chunk; block_size_limit : bytes of "auto" chunks
        """
        return apply(shaping.rechunk, self, chunks, balance, block_size_limit)

    def dot(self, b: Any, out: Any = None) -> Array:
        """The dot product; see `nbarray.dot`."""
        return _into(out, apply(contraction.dot, self, b), "_receive_reduced")

    def map_blocks(self, function: Callable[..., Any], *args: Any, dtype: Any = None, **options: Any) -> Array:
        """A function of each block; see `nbarray.map_blocks`."""
        return apply(mapped, function, (self, *args), dtype, {k: unwrap(v) for k, v in options.items()})
