"""How `nb.linalg`, `nb.fft`, `nb.ma` and fits are called: what the law of every function draws from.

Factors of matrices are not unique: they are compared by what they multiply to, and by being orthonormal.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from tests.laws import calls
from tests.laws.calls import Builder, Call, Draw, Values, axes_of, axis_of

__all__ = ["MODULES", "MODULE_TRUTH", "WITHIN"]

#: Relative errors of whole algorithms, by the character of the dtype; 1e-10 of others.
WITHIN = {"e": 3e-3, "f": 3e-4, "F": 3e-4}
#: Dtypes of matrices, those among them that have no factors.
MATRICES = [*"ddddDDfF", *"?bBhiq", ">f8", ">f4", *"egO", "U3", "M8[s]"]


# ------------------------------------------------------------------------------------------------- matrices


def _shape(draw: Draw, rows: int, columns: int, most: int = 2) -> tuple[int, ...]:
    stack = draw(st.lists(st.integers(0, 3) | st.just(2), max_size=most))
    return (*stack, rows, columns)


def matrices(draw: Draw, square: bool = True, kinds: list[str] = MATRICES) -> Values:
    """Well-conditioned matrices, stacks of them; now and then zeros, NaN, or too few axes."""
    rows = draw(st.integers(1, 6) | st.integers(0, 9))
    columns = rows if square and draw(st.integers(0, 15)) else draw(st.integers(0, 9))
    shape = _shape(draw, rows, columns)
    dtype, kind = draw(st.sampled_from(kinds)), draw(st.integers(0, 15))
    if kind == 0:
        shape = shape[-1:] if draw(st.booleans()) else ()
    rng = np.random.default_rng(draw(st.integers(0, 20)))
    values = rng.integers(0 if dtype in "?B" else -2, 3, shape)
    if len(shape) > 1:
        values = values + 20 * np.eye(*shape[-2:], dtype=int) * (1 if dtype != "?" else 0)
    made: Values = values.astype(dtype)
    if made.dtype.kind == "c":
        made = made + (1j * rng.integers(-2, 3, shape)).astype(dtype)
    if kind == 1:
        made = np.zeros(shape, dtype)
    elif kind == 2 and made.size and made.dtype.kind in "fc":
        made.reshape(-1)[rng.integers(made.size)] = np.nan
    return made.swapaxes(-1, -2) if made.ndim > 1 and square and draw(st.booleans()) else made


def hermitian(draw: Draw) -> Values:
    """Matrices that are their own adjoints, positive definite mostly."""
    x = matrices(draw, kinds=[*"dddDDfFiq", ">f8"])
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        return x
    return np.asarray(x + x.swapaxes(-1, -2).conj())


def of_matrix(*options: dict[str, Any], square: bool = True, own: bool = False) -> Builder:
    """f(x), with any of some options."""

    def build(draw: Draw, name: str) -> Call:
        x = hermitian(draw) if own else matrices(draw, square)
        chosen = draw(st.sampled_from([{}, *options]))
        return [x], lambda f, x: f(x, **chosen)

    return build


def _adjoint(x: Any) -> Any:
    return np.conj(x).swapaxes(-1, -2)


def factored(draw: Draw, name: str) -> Call:
    """qr, svd, lu: what the factors come to, and whether they are orthonormal."""
    x = matrices(draw, square=False)
    if name == "linalg.qr":
        mode = draw(st.sampled_from(["reduced", "complete"]))

        def qr(f: Any, x: Any) -> Any:
            q, r = f(x, mode=mode)
            return [q @ r, _adjoint(q) @ q, np.tril(r, -1)]

        return [x], qr
    if name == "linalg.lu":
        x = matrices(draw, square=False, kinds=[*"dDfF"])
        x = np.nan_to_num(x) if x.ndim > 1 else np.eye(2)

        def lu(f: Any, x: Any) -> Any:
            p, lower, upper = f(x)
            return p @ lower @ upper

        return [x], lu
    full, own = draw(st.booleans()), draw(st.integers(0, 3)) == 0
    if own:
        x = hermitian(draw)

    def svd(f: Any, x: Any) -> Any:
        u, s, vh = f(x, full_matrices=full, hermitian=own)
        n = s.shape[-1]
        return [s, (u[..., :n] * s[..., None, :]) @ vh[..., :n, :], _adjoint(u) @ u, vh @ _adjoint(vh)]

    return [x], svd


def long_factored(draw: Draw, name: str) -> Call:
    """tsqr(x, compute_svd) of tall matrices, sfqr(x) of wide ones: what the factors come to, and their shapes."""
    rows = draw(st.integers(1, 7))
    x = calls.numbers(draw, (rows, draw(st.integers(0, rows - 1))), draw(st.sampled_from([*"ddDfi", ">f8"])))
    x = np.nan_to_num(x, posinf=1, neginf=2)
    if name == "linalg.sfqr":
        return [x.T], lambda f, x: _multiplied(f(x))
    singular = draw(st.booleans())
    return [x], lambda f, x: _multiplied(f(x, compute_svd=True) if singular else f(x))


def _multiplied(factors: Any) -> list[Any]:
    """Q R, or U S V^H, and whether Q is orthonormal; S itself."""
    if len(factors) == 2:
        q, r = factors
        return [q @ r, _adjoint(q) @ q]
    u, s, vh = factors
    return [(u * s) @ vh, _adjoint(u) @ u, s]


def of_low_rank(draw: Draw, name: str) -> Call:
    """svd_compressed(x, k), compression_matrix(x, k) of matrices that have no more than `k` singular values."""
    m, n, rank = draw(st.integers(1, 30)), draw(st.integers(1, 30)), draw(st.integers(1, 4))
    rng, dtype = np.random.default_rng(draw(st.integers(0, 20))), draw(st.sampled_from([*"ddDf", ">f8"]))
    x = (rng.normal(size=(m, rank)) @ rng.normal(size=(rank, n))).astype(dtype)
    steps = draw(st.integers(0, 2))  # by QR, as powers round away what is small beside the largest
    options = {"n_power_iter": steps, "iterator": "QR" if steps else "power", "seed": 1}
    if name == "linalg.svd_compressed":
        return [x], lambda f, x: _multiplied(f(x, rank, **options))

    def spanned(f: Any, x: Any) -> Any:
        rows = f(x, rank, **options)
        return _adjoint(rows) @ (rows @ x)

    return [x], spanned


def eigen(draw: Draw, name: str) -> Call:
    """eig, eigvals: complex numbers, whatever they are.  eigh, eigvalsh of either half."""
    if name in ("linalg.eig", "linalg.eigvals"):

        def of_any(f: Any, x: Any) -> Any:
            made = f(x)
            kind = "F" if x.dtype == np.float32 or x.dtype == np.complex64 else "D"
            return [m.astype(kind) for m in made] if isinstance(made, tuple) else made.astype(kind)

        return [matrices(draw)], of_any
    half = draw(st.sampled_from(["L", "U", "l", "X"]))

    def of_half(f: Any, x: Any) -> Any:
        made = f(x, half)
        if not isinstance(made, tuple):
            return made
        values, vectors = made
        return [values, (vectors * values[..., None, :]) @ _adjoint(vectors)]

    return [hermitian(draw)], of_half


def equations(draw: Draw, name: str) -> Call:
    """solve, solve_triangular, lstsq: the right-hand side fits, or nearly."""
    x = matrices(draw, square=name != "linalg.lstsq", kinds=[*"dddDfFiq", ">f8", "e"])
    if name == "linalg.lstsq":
        x = x[(0,) * (x.ndim - 2)] if x.size and x.ndim > 2 else x
    rows = x.shape[-2] if x.ndim > 1 else 2
    tail = draw(st.sampled_from([(rows,), (rows, 2), (rows, 0), (*x.shape[:-2], rows, 3), (rows + 1,), ()]))
    y = calls.numbers(draw, tail, draw(st.sampled_from([*"ddDfi"])))
    y = np.nan_to_num(y, posinf=1, neginf=1)
    if name == "linalg.lstsq":
        full_rank = x.ndim == 2 and x.shape[0] > x.shape[1] and bool(np.isfinite(x).all()) and bool(x.any())

        def lstsq(f: Any, x: Any, y: Any) -> Any:
            made = f(x, y)
            return list(made) if full_rank else [made[0], made[2], made[3]]  # NumPy tells no sums of squares then

        return [x, y], lstsq
    return [x, y], lambda f, x, y: f(x, y)


def normed(draw: Draw, name: str) -> Call:
    """norm, vector_norm, matrix_norm, cond: orders, axes, keepdims."""
    order = draw(st.sampled_from([None, None, 1, 2, -1, -2, 0, 3, 0.5, np.inf, -np.inf, "fro", "nuc", "wrong"]))
    keep = draw(st.booleans())
    if name == "linalg.cond":
        return [matrices(draw)], lambda f, x: f(x, order)
    x = calls.tame(calls.array(draw, kinds=[*"?bBiqefdgFD", ">f8", ">c8"]))
    given = {} if order is None else {"ord": order}
    if name == "linalg.matrix_norm":
        return [x], lambda f, x: f(x, keepdims=keep, **given)
    axis = axes_of(draw, x) if draw(st.integers(0, 3)) else draw(st.sampled_from([(0, 1), (-1, 0), (0, 0), (1,)]))
    return [x], lambda f, x: f(x, axis=axis, keepdims=keep, **given)


def ranked(draw: Draw, name: str) -> Call:
    """matrix_rank, pinv: of full rank, of a lower one that is told by the tolerance, or of zeros."""
    x = matrices(draw, square=False)
    options: list[dict[str, Any]] = [{}, {"rtol": 1e-8}]
    options += [{"tol": 1e-3}] if name == "linalg.matrix_rank" else [{"rcond": 1e-6}]
    if x.ndim > 1 and x.shape[-1] > 1 and x.dtype.kind in "fc" and draw(st.booleans()):
        x[..., 0] = x[..., 1]
        options = options[1:]
    chosen = draw(st.sampled_from(options))
    return [x], lambda f, x: f(x, **chosen)


def powers(draw: Draw, name: str) -> Call:
    """matrix_power."""
    n = draw(st.sampled_from([0, 1, 2, 3, 5, -1, -2, 2.5]))
    x = matrices(draw, kinds=[*"ddDfFiqO", ">f8"])
    return [x], lambda f, x: f(x, n)


def chained(draw: Draw, name: str) -> Call:
    """multi_dot of a few matrices that fit, or nearly; its ends may be vectors."""
    sizes = draw(st.lists(st.integers(0, 4) | st.integers(2, 4), min_size=3, max_size=5))
    arrays = [calls.numbers(draw, tuple(pair), "d") for pair in pairwise(sizes)]
    arrays = [np.nan_to_num(a, posinf=1, neginf=2) for a in arrays]
    if draw(st.integers(0, 3)) == 0:
        arrays[-1] = arrays[-1].reshape(-1)[: sizes[-2]]
    return arrays, lambda f, *a: f(a)


def tensors(draw: Draw, name: str) -> Call:
    """tensorinv, tensorsolve of arrays that are square in some way."""
    a, b = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    x = (np.random.default_rng(1).normal(size=(a * b, a * b)) + 9 * np.eye(a * b)).reshape(a, b, a * b)
    if name == "linalg.tensorinv":
        ind = draw(st.sampled_from([2, 1, 0]))
        return [x], lambda f, x: f(x, ind)
    y = calls.numbers(draw, draw(st.sampled_from([(a, b), (a * b,)])), "i")
    return [x.reshape(a, b, a, b), y.reshape(a, b)], lambda f, x, y: f(x, y)


def fitted(draw: Draw, name: str) -> Call:
    """polyfit(x, y, deg) of different points; roots(p), poly(p) as complex numbers."""
    if name in ("roots", "poly"):
        p = calls.array(draw, least=1, most=2, kinds=[*"?iqfdDF"])
        p = calls.tame(np.nan_to_num(p, posinf=1, neginf=1))
        kind = "F" if p.dtype.char in "fF" else "D"
        if name == "poly":
            assume(p.size)  # of nothing NumPy's is a number of Python's
        return [p], lambda f, p: f(p).astype(kind)
    n, deg = draw(st.integers(0, 9)), draw(st.integers(-1, 3))
    x = np.random.default_rng(draw(st.integers(0, 9))).permutation(n) - 2.0
    y = calls.numbers(draw, (n, *draw(st.sampled_from([(), (2,)]))), draw(st.sampled_from([*"dfi"])))
    assume(n == 0 or n > deg)
    return [x, np.clip(np.nan_to_num(y), -9, 9)], lambda f, x, y: f(x, y, deg)


# ----------------------------------------------------------------------------------------- Fourier transforms


def transformed(draw: Draw, name: str) -> Call:
    """Along one axis, or several: lengths, norms."""
    x = calls.array(draw, kinds=[*"?bBhiqQefdgFDG", ">f8", ">c8", "M8[s]", "U3", "O"])
    x = np.nan_to_num(x, posinf=1, neginf=1) if x.dtype.kind in "fc" and draw(st.integers(0, 3)) else calls.finite(x)
    x = calls.tame(x)
    assume(x.size or name not in ("fft.irfft", "fft.hfft", "fft.irfft2", "fft.irfftn"))  # NumPy reads beyond the array
    norm = draw(st.sampled_from([None, None, "backward", "ortho", "forward", "wrong"]))
    length = st.integers(1, 9) | st.integers(-2, 12)
    if name[-1] in "2n":
        axes = axes_of(draw, x)
        axes = (axes,) if isinstance(axes, int) else axes
        s = None if axes is None or draw(st.booleans()) else [draw(length) for _ in axes]
        return [x], lambda f, x: f(x, s, axes if axes is not None or name[-1] == "n" else (-2, -1), norm)
    n = draw(st.none() | length)
    axis = axis_of(draw, x)
    return [x], lambda f, x: f(x, n, axis, norm)


def frequencies(draw: Draw, name: str) -> Call:
    """fftfreq(n, d), rfftfreq(n, d)."""
    n, d = draw(st.integers(1, 20) | st.sampled_from([0, -1, 2.5])), draw(st.sampled_from([1.0, 0.5, 3]))
    return [], lambda f: f(n, d)


# --------------------------------------------------------------------------------------------- masked arrays


def masked(draw: Draw, kinds: list[str] | None = None, least: int = 1) -> Values:
    """An array with something missing, mostly."""
    x = calls.array(draw, least=least, kinds=kinds or [*"?bBhiqefdFD", ">f8", "M8[s]", "m8[s]", "U3"])
    how = draw(st.integers(0, 5))
    if how == 0:
        return x
    return np.ma.MaskedArray(x, calls.mask(draw, x.shape) if how > 1 else how == 1)


def _shown(made: Any) -> Any:
    """A masked array, and what stands for its gaps."""
    return [made, made.filled()] if getattr(made, "ndim", 0) else made


def masking(draw: Draw, name: str) -> Call:
    """masked_where(condition, x), masked_equal(x, 2), masked_inside(x, 0, 2) and the like."""
    kind = name.removeprefix("ma.")
    if kind == "masked_where":
        x = masked(draw)
        return [calls.mask(draw, x.shape), x], lambda f, c, x: _shown(f(c, x))
    if kind in ("masked_invalid", "fix_invalid"):
        return [masked(draw, kinds=[*"?iqefdFD", ">f8"])], lambda f, x: _shown(f(x))
    x = masked(draw, kinds=[*"bBhiqefd", ">f8"])
    low, high = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    count = 2 if kind in ("masked_inside", "masked_outside") else 1
    return [x], lambda f, x: _shown(f(x, *[low, high][:count]))


def made_masked(draw: Draw, name: str) -> Call:
    """masked_array(x, mask=, dtype=, keep_mask=, fill_value=)."""
    x = masked(draw, kinds=[*"?bBhiqefd", ">f8"])
    keep = draw(st.booleans())
    options: dict[str, Any] = {"keep_mask": keep}
    if draw(st.booleans()):
        options["dtype"] = draw(st.sampled_from(["f4", "f8", "i8", ">f4"]))
    if "dtype" in options or draw(st.booleans()):  # NumPy's own, once somebody has looked at it, is of the old dtype
        options["fill_value"] = draw(st.sampled_from([0, 1, 7]))
    if draw(st.booleans()):
        return [x, calls.mask(draw, x.shape)], lambda f, x, m: _shown(f(x, mask=m, **options))
    return [x], lambda f, x: _shown(f(x, **options))


def of_masked(*args: Any, plain: bool = False, kinds: list[str] | None = None, **options: Any) -> Builder:
    """f(x, ...) with arguments that are strategies, functions of a `draw` and the array, or values."""

    def build(draw: Draw, name: str) -> Call:
        x = masked(draw, kinds)

        def made(a: Any) -> Any:
            return draw(a) if isinstance(a, st.SearchStrategy) else a(draw, x) if callable(a) else a

        drawn, named = [made(a) for a in args], {k: made(a) for k, a in options.items()}
        return [x], lambda f, x: f(x, *drawn, **named) if plain else _shown(f(x, *drawn, **named))

    return build


def chosen(draw: Draw, name: str) -> Call:
    """ma.where(condition, x, y), or with the condition alone."""
    x = masked(draw, kinds=[*"?hiqfdD", "M8[s]"])
    y = masked(draw, kinds=[*"?hiqfdD"]) if draw(st.integers(0, 3)) == 0 else x[::-1]
    wanted = calls.mask(draw, x.shape)
    if draw(st.integers(0, 3)) == 0:
        return [wanted], lambda f, c: list(f(c))
    return [wanted, x, y], lambda f, c, x, y: _shown(f(c, x, y))


def averaged(draw: Draw, name: str) -> Call:
    """ma.average(x, axis, weights, returned=, keepdims=)."""
    x = calls.tame(masked(draw, kinds=[*"?bhiqfdD", ">f8"]))
    axis = axis_of(draw, x) if draw(st.booleans()) else None
    keep = axis in (None, 0) and draw(st.booleans())  # NumPy's doesn't fit its own weights to other axes
    weights = np.random.default_rng(3).integers(1, 5, x.shape).astype(float) if draw(st.booleans()) else None
    returned = draw(st.booleans())
    if weights is None and not isinstance(x, np.ma.MaskedArray):
        x = calls.finite(x)  # an infinite mean is masked by NumPy's where there is no mask, or 1 in half precision
    return [x], lambda f, x: f(x, axis, weights, returned, keepdims=keep)


_SPECTRA = "fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn"
_BY_VALUE = "equal not_equal less less_equal greater greater_equal inside outside values invalid where"

#: Qualified name -> how it is called.
MODULES: dict[str, Builder] = {
    **{f"linalg.{n}": of_matrix() for n in ("det", "inv", "slogdet", "svdvals")},
    **{f"linalg.{n}": factored for n in ("lu", "qr", "svd")},
    **{f"linalg.{n}": long_factored for n in ("sfqr", "tsqr")},
    **{f"linalg.{n}": of_low_rank for n in ("compression_matrix", "svd_compressed")},
    **{f"linalg.{n}": eigen for n in ("eig", "eigh", "eigvals", "eigvalsh")},
    **{f"linalg.{n}": equations for n in ("lstsq", "solve", "solve_triangular")},
    **{f"linalg.{n}": normed for n in ("cond", "matrix_norm", "norm", "vector_norm")},
    **{f"linalg.{n}": ranked for n in ("matrix_rank", "pinv")},
    **{f"linalg.{n}": tensors for n in ("tensorinv", "tensorsolve")},
    **{f"linalg.{n}": calls.multiplied for n in ("cross", "matmul", "outer", "vecdot")},
    "linalg.cholesky": of_matrix({"upper": True}, own=True),
    "linalg.diagonal": of_matrix({"offset": 1}, {"offset": -2}, square=False),
    "linalg.trace": of_matrix({"offset": 1}, {"offset": -2}, {"dtype": "f8"}, square=False),
    "linalg.matrix_power": powers,
    "linalg.matrix_transpose": calls.unary,
    "linalg.multi_dot": chained,
    "linalg.tensordot": lambda draw, name: _named_axes(*calls.contracted(draw, "tensordot")),
    **dict.fromkeys(("poly", "polyfit", "roots"), fitted),
    **{f"fft.{n}": transformed for n in _SPECTRA.split()},
    **{f"fft.{n}": calls.with_args(axes_of, least=1) for n in ("fftshift", "ifftshift")},
    **{f"fft.{n}": frequencies for n in ("fftfreq", "rfftfreq")},
    **{f"ma.masked_{n}": masking for n in _BY_VALUE.split()},
    "ma.fix_invalid": masking,
    **{f"ma.{n}": made_masked for n in ("array", "masked_array")},
    **{f"ma.{n}": of_masked(plain=True) for n in ("compressed", "getdata", "getmaskarray", "nonzero")},
    "ma.count": of_masked(axes_of, keepdims=st.booleans(), plain=True),
    "ma.count_masked": of_masked(lambda draw, x: axis_of(draw, x) if draw(st.booleans()) else None, plain=True),
    "ma.filled": of_masked(st.sampled_from([None, 0, 1]), kinds=[*"?bhiqefdD", ">f8"], plain=True),
    **{f"ma.{n}_like": of_masked() for n in ("ones", "zeros")},
    # where all is masked, NumPy's mean is a float64 whatever it is of, and one that isn't finite masks or doesn't
    **{f"ma.{n}": of_masked(axes_of, kinds=[*"bBhHi", ">i4"], plain=True) for n in ("anom", "anomalies")},
    "ma.average": averaged,
    "ma.where": chosen,
}


def _named_axes(arrays: list[Values], call: Callable[..., Any]) -> Call:
    """`linalg.tensordot` takes its axes by name."""
    return arrays, lambda f, x, y: call(lambda x, y, axes: f(x, y, axes=axes), x, y)


def _foremost(k: int, u: Values, s: Values, vh: Values) -> tuple[Values, ...]:
    """The `k` largest singular values, with their vectors."""
    return u[:, :k], s[:k], vh[:k]


#: What NumPy has under another name, or not at all.
MODULE_TRUTH: dict[str, Callable[..., Any]] = {
    "linalg.lu": lambda x: (np.eye(x.shape[-2], dtype=x.dtype.char.lower()), np.eye(x.shape[-2], dtype=x.dtype), x),
    "linalg.tsqr": lambda x, compute_svd=False: np.linalg.svd(x, False) if compute_svd else np.linalg.qr(x),
    "linalg.sfqr": np.linalg.qr,
    "linalg.svd_compressed": lambda x, k, **options: _foremost(k, *np.linalg.svd(x, False)),
    "linalg.compression_matrix": lambda x, k, **options: np.linalg.svd(x, False)[0][:, :k].conj().T,
    "linalg.solve_triangular": lambda x, y: np.linalg.solve(np.triu(x), y),
}
