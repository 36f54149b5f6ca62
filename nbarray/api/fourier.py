"""Fourier transforms: the functions of `nb.fft`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, wrap
from nbarray.api.creation import asarray
from nbarray.api.dispatch import implements
from nbarray.api.products import refuse_out
from nbarray.errors import AxisError, InputError
from nbarray.ops import fourier

__all__ = [
    "fft",
    "fft2",
    "fft_wrap",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

#: What each function of one axis is, what it makes of `n` elements, and the first number that it makes of eight ones.
_OF_LINES = {
    "fft": ("The Fourier transform", "n complex numbers", 8.0),
    "ifft": ("The inverse of `fft`", "n complex numbers", 1.0),
    "rfft": ("The Fourier transform of real numbers", "the first n // 2 + 1, of which others are conjugates", 8.0),
    "irfft": ("The inverse of `rfft`", "n real numbers, 2 (m - 1) of m if no `n` is given", 1.0),
    "hfft": ("The Fourier transform of one half of what mirrors itself", "n real numbers, 2 (m - 1) of m", 14.0),
    "ihfft": ("The inverse of `hfft`", "n // 2 + 1 complex numbers", 1.0),
}
#: What each function of several axes does.
_OF_AXES = {
    "fft": "`fft` along axes",
    "ifft": "`ifft` along axes",
    "rfft": "`rfft` along the last of some axes, then `fft` along the others",
    "irfft": "`ifft` along all but the last of some axes, then `irfft` along that",
}


def _of_line(name: str) -> Callable[..., Array]:
    def function(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Array:
        refuse_out(name, out)
        return apply(fourier.fourier, asarray(a), name, [n], [axis], norm)

    summary, makes, first = _OF_LINES[name]
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{summary} along an axis, as `numpy.fft.{name}` has it: {makes}.

    n : length of the transform, to which lines are cut, or filled up with zeros
    norm : "backward", "ortho" or "forward", where the sum is divided

    Chunks can be any: tasks read as many whole lines as fit, and the array is read once. A line longer than a chunk is
    transformed as a matrix, columns first, then rows, each of which reads and writes it once; if its length has no
    factors for that, in one task. Raises InputError, AxisError, DTypeError, NotBlocked for masked arrays.

    >>> import nbarray as nb
    >>> float(nb.fft.{name}(nb.ones(8, chunks=3)).compute()[0].real.round(6))
    {first}
    """
    return implements(getattr(np.fft, name))(function)


def _whole(x: Array, axis: int) -> int | None:
    return x.shape[axis] if -x.ndim <= axis < x.ndim else None


def _of_axes(name: str, two: bool) -> Callable[..., Array]:
    def transform(a: Any, s: Any, axes: Any, norm: Any, out: Any) -> Array:
        refuse_out(function.__name__, out)
        x = asarray(a)
        if s is not None and (axes is None or None in s):
            what = "`axes` should not be `None` if `s` is not `None`" if axes is None else "`s` should not hold None"
            warnings.warn(f"{what} (deprecated, as in NumPy): give all lengths and axes", DeprecationWarning, 4)
        if axes is None:
            axes = range(-(x.ndim if s is None else len(s)), 0)
        lengths = [None] * len(axes) if s is None else list(s)
        if not len(axes):
            if name in ("rfft", "irfft"):
                raise AxisError(f"{function.__name__}: at least 1 axis must be transformed")
            return x
        if len(lengths) == len(axes):
            lengths = [_whole(x, k) if n == -1 else n for n, k in zip(lengths, axes, strict=True)]
        return apply(fourier.fourier, x, name, lengths, list(axes), norm)

    def of_two(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: None = None) -> Array:
        return transform(a, s, axes, norm, out)

    def of_many(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: None = None) -> Array:
        return transform(a, s, axes, norm, out)

    function = of_two if two else of_many
    function.__name__ = function.__qualname__ = name + ("2" if two else "n")
    function.__doc__ = f"""{_OF_AXES[name][0].upper()}{_OF_AXES[name][1:]}, as `numpy.fft.{function.__name__}` has it.

    s : length along each of the axes, -1 for all of it, or None
    axes : which, by default {"the last two" if two else "all, or as many as `s` has lengths"}
    norm : "backward", "ortho" or "forward"

    Axes that fit into a block together are transformed in one task; otherwise one after the other, and what is between
    is held or goes through scratch: a pass for each.

    >>> import nbarray as nb
    >>> nb.fft.{function.__name__}(nb.ones((4, 6))).shape
    {getattr(np.fft, function.__name__)(np.ones((4, 6))).shape}
    """
    return implements(getattr(np.fft, function.__name__))(function)


fft, ifft, rfft, irfft, hfft, ihfft = map(_of_line, _OF_LINES)
fft2, ifft2, rfft2, irfft2 = (_of_axes(name, True) for name in _OF_AXES)
fftn, ifftn, rfftn, irfftn = (_of_axes(name, False) for name in _OF_AXES)


@implements(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Array:
    """Halves of axes exchanged, so that the zero frequency is in the middle; nothing is copied.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.fft.fftshift(nb.fft.fftfreq(5)).compute()
    array([-0.4, -0.2,  0. ,  0.2,  0.4])
    """
    return apply(fourier.shift, asarray(x), axes, False)


@implements(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Array:
    """The inverse of `fftshift`.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.fft.ifftshift(nb.arange(5)).compute()
    array([2, 3, 4, 0, 1])
    """
    return apply(fourier.shift, asarray(x), axes, True)


def fftfreq(n: int, d: float = 1.0, chunks: Any = None, device: None = None) -> Array:
    """The frequencies of `fft` of `n` elements that lie `d` apart: those of its second half are negative.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.fft.fftfreq(4, d=0.5).compute()
    array([ 0. ,  0.5, -1. , -0.5])
    """
    return wrap(fourier.frequencies(n, d, False, chunks))


def rfftfreq(n: int, d: float = 1.0, chunks: Any = None, device: None = None) -> Array:
    """The frequencies of `rfft` of `n` elements that lie `d` apart.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.fft.rfftfreq(4).compute()
    array([0.  , 0.25, 0.5 ])
    """
    return wrap(fourier.frequencies(n, d, True, chunks))


def fft_wrap(fft_func: Callable[..., Any], kind: str | None = None, dtype: Any = None) -> Callable[..., Array]:
    """A blocked form of somebody's own function that is called as one of `numpy.fft` is.

    kind : the name of NumPy's function, by default the function's own; dtype : of the result, by default as NumPy's

    The function gets blocks that have all axes whole which are transformed.

    Cost: one pass where transformed axes lie in one block; others are brought together first.

    >>> import numpy as np, nbarray as nb
    >>> nb.fft.fft_wrap(np.fft.rfft)(nb.ones(4, chunks=2)).compute()
    array([4.+0.j, 0.+0.j, 0.+0.j])
    """
    name = fft_func.__name__ if kind is None else kind
    stem = name.rstrip("2n")
    if name in _OF_LINES:

        def of_line(a: Any, n: int | None = None, axis: int | None = None) -> Array:
            k = -1 if axis is None else axis

            def call(function: Any, block: Any, lengths: list[int]) -> Any:
                return function(block, n=lengths[0], axis=k)

            return apply(fourier.with_function, fft_func, asarray(a), name, [n], [k], call, dtype)

        return of_line
    if stem not in _OF_AXES or name[len(stem) :] not in ("2", "n"):
        known = ", ".join([*_OF_LINES, *(f"{n}{e}" for n in _OF_AXES for e in "2n")])
        raise InputError(f"fft_wrap: kind={name!r}; expected one of {known}")

    def of_axes(a: Any, s: Any = None, axes: Any = None) -> Array:
        x = asarray(a)
        if axes is None:
            count = 2 if name.endswith("2") else x.ndim if s is None else len(s)
            axes = range(x.ndim - count, x.ndim)
        chosen = list(axes)

        def call(function: Any, block: Any, lengths: list[int]) -> Any:
            return function(block, s=lengths, axes=chosen)

        given = [None] * len(chosen) if s is None else list(s)
        return apply(fourier.with_function, fft_func, x, stem, given, chosen, call, dtype)

    return of_axes
