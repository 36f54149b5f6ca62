"""Which way each public function is called by the law of every function, and what stands for it in NumPy.

A new public name needs a row here: in a family of signatures, or among those that no drawn array can say much of.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
from hypothesis import strategies as st

import nbarray as nb
from nbarray.api.dispatch import PUBLIC
from tests.laws import calls
from tests.laws.calls import Builder, Values, axis_of, larger, new_shape, order_of, with_args
from tests.laws.module_calls import MODULE_TRUTH, MODULES, WITHIN
from tests.laws.statistics_calls import STATISTICS, STATISTICS_TRUTH

__all__ = ["ELSEWHERE", "FAMILIES", "OURS", "PUBLIC_NAMES", "THEIRS", "within"]

SMALL = st.integers(-3, 3)
UFUNCS = {name: f for name in PUBLIC if isinstance(f := getattr(np, name, None), np.ufunc) and f.signature is None}

#: Name -> how it is called.
FAMILIES: dict[str, Builder] = {
    **{name: calls.unary if f.nin == 1 else calls.binary for name, f in UFUNCS.items()},
    **dict.fromkeys(("around", "round"), calls.rounded),
    "clip": calls.clipped,
    "average": calls.averaged,
    **dict.fromkeys(("median", "nanmedian"), calls.medians),
    **dict.fromkeys(("quantile", "percentile", "nanquantile", "nanpercentile"), calls.quantiled),
    **dict.fromkeys(("sort", "argsort"), calls.ordered),
    **dict.fromkeys(("partition", "argpartition"), calls.partitioned),
    **dict.fromkeys(("searchsorted", "digitize"), calls.searched),
    **dict.fromkeys(("take", "take_along_axis"), calls.picked),
    **dict.fromkeys(("delete", "insert", "append"), calls.altered),
    **dict.fromkeys(("tensordot", "einsum"), calls.contracted),
    **dict.fromkeys(("histogram", "histogram2d", "histogramdd", "histogram_bin_edges", "bincount"), calls.counted),
    "lexsort": calls.lexsorted,
    "unique": calls.uniques,
    "interp": calls.interpolated,
    "pad": calls.padded,
    "reshape": with_args(new_shape),
    "resize": with_args(st.sampled_from([(2, 3), (7,), (0,), (), (3, 1, 2)])),
    "transpose": with_args(order_of),
    "permute_dims": with_args(order_of),
    "swapaxes": with_args(axis_of, axis_of),
    "moveaxis": with_args(axis_of, axis_of),
    "rollaxis": with_args(axis_of, axis_of),
    "expand_dims": with_args(axis_of),
    "squeeze": with_args(st.none() | st.just(0)),
    "flip": with_args(calls.axes_of),
    "rot90": with_args(SMALL, least=1),
    "roll": with_args(st.integers(-9, 9), calls.axes_of),
    "broadcast_to": with_args(larger),
    "repeat": with_args(st.integers(0, 3), axis_of),
    "tile": with_args(st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=3)),
    "diag": with_args(SMALL),
    "diagflat": with_args(SMALL, most=1),
    "diagonal": with_args(SMALL),
    "trace": with_args(SMALL),
    "tril": with_args(SMALL),
    "triu": with_args(SMALL),
    "diff": with_args(st.integers(0, 3), axis_of),
    "gradient": with_args(st.sampled_from([0.5, 2])),
    "trapezoid": with_args(axis=axis_of),
    "astype": with_args(st.sampled_from(["f4", "f8", "i8", "?", "D", "u1", ">f8", "U5", "O"])),
    "full_like": with_args(st.sampled_from([0, 1, True, 3])),
    "array_split": calls.parts,
    "unstack": with_args(axis=axis_of),
    "size": with_args(axis_of),
    "can_cast": with_args(st.sampled_from(["f4", "i8", "?", "U5"])),
    "packbits": with_args(axis_of),
    "unpackbits": with_args(axis_of),
    "nan_to_num": with_args(nan=st.sampled_from([0.0, 1.5])),
    "real_if_close": calls.unary,
    "unravel_index": with_args(st.just((3, 4))),
    "count_nonzero": calls.reduced,
    "ptp": calls.medians,
}
for _builder, _names in {
    calls.unary: "angle argwhere array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray atleast_1d"
    " atleast_2d atleast_3d copy diag_indices_from ediff1d fix flatnonzero fliplr flipud i0 imag iscomplex"
    " iscomplexobj isneginf isnull isposinf isreal isrealobj matrix_transpose ndim nonzero notnull"
    " ones_like ravel real shape sinc sort_complex tril_indices_from triu_indices_from trim_zeros unique_all"
    " unique_counts unique_inverse unique_values unwrap zeros_like datetime_as_string",
    calls.covaried: "corrcoef cov",
    calls.binary: "isclose allclose array_equal array_equiv result_type",
    calls.reduced: "all amax amin any argmax argmin max mean min nanargmax nanargmin nanmax nanmean nanmin nanprod"
    " nanstd nansum nanvar prod std sum var",
    calls.scanned: "cumprod cumsum cumulative_prod cumulative_sum nancumprod nancumsum",
    calls.sets: "in1d intersect1d isin setdiff1d setxor1d union1d",
    calls.chosen: "choose compress extract piecewise select where",
    calls.changed: "copyto fill_diagonal place put put_along_axis putmask",
    calls.joined: "block column_stack concat concatenate dstack hstack row_stack stack vstack",
    calls.several: "broadcast_arrays meshgrid kron outer",
    calls.parts: "dsplit hsplit split vsplit",
    calls.multiplied: "dot inner matmul matvec vdot vecdot vecmat cross",
    calls.lines: "convolve correlate",
    calls.polynomial: "polyadd polyder polydiv polyint polymul polysub polyval vander",
}.items():
    FAMILIES.update(dict.fromkeys(_names.split(), _builder))


def _topk(x: Any, k: int, axis: int = -1) -> Any:
    """The largest, in descending order; of negative `k` the smallest, in ascending order."""
    ordered = np.sort(x, axis)
    ordered = np.flip(ordered, axis) if k > 0 else ordered
    return np.take(ordered, range(min(abs(k), ordered.shape[axis])), axis)


def _windows(name: str) -> Callable[..., Any]:
    """Reductions over windows that end at each place."""

    def rolled(x: Any, window: int) -> Any:
        if not x.shape[-1]:
            return getattr(nb, f"rolling_{name}")(nb.from_array(x), window).compute()  # nothing to be seen
        if window > x.shape[-1]:
            raise ValueError("no window fits")
        start = np.full((*x.shape[:-1], window - 1), np.nan, x.dtype if x.dtype.kind in "fc" else float)
        seen = np.lib.stride_tricks.sliding_window_view(np.concatenate([start, x], -1), window, -1)
        return getattr(np, name)(seen, axis=-1)

    return rolled


def _missing(x: Any) -> Any:
    """Where there is no value: texts and objects are there, save None."""
    if x.dtype.kind in "SU":
        return np.zeros(x.shape, bool)
    if x.dtype == object:
        return np.asarray(np.equal(x, None), bool)
    return np.asarray(np.isnat(x) if x.dtype.kind in "mM" else np.isnan(x))


#: What NumPy has under another name, or not at all.
TRUTH: dict[str, Callable[..., Any]] = {
    "in1d": lambda x, y: np.isin(np.ravel(x), y),
    "isnull": lambda x: _missing(x),
    "notnull": lambda x: np.asarray(~_missing(x)),
    # NumPy's come in the order of a hash table; and its order of several NaN is stable only with an index
    "unique_values": lambda x: np.unique_counts(x).values,
    "unique_inverse": lambda x: np.unique(x, return_index=True, return_inverse=True, equal_nan=False)[::2],
    # NumPy's drops leading zeros: a shape that depends on values
    "polymul": lambda p, q: np.convolve(*(a if len(a) else np.zeros(1, a.dtype) for a in (p, q))),
    "row_stack": np.vstack,
    "trapz": np.trapezoid,
    "topk": _topk,
    "rechunk": lambda x, chunks: x,
    "sliding_window_view": np.lib.stride_tricks.sliding_window_view,
    **{f"rolling_{name}": _windows(name) for name in ("sum", "mean", "min", "max")},
}
FAMILIES |= {
    "trapz": with_args(axis=axis_of),
    "topk": with_args(st.sampled_from([1, 2, -2, 5]), least=1),
    "rechunk": with_args(st.sampled_from([1, 2, 3, -1, "auto"])),
    "sliding_window_view": with_args(st.integers(1, 3), axis_of, least=1),
    **{name: with_args(st.integers(1, 4), least=1) for name in TRUTH if name.startswith("rolling")},
}

#: Why a name isn't drawn -> the names; they have tests of their own.
ELSEWHERE: dict[str, str] = {
    "it makes arrays of numbers alone": "arange diag_indices empty empty_like eye frombuffer fromfunction full"
    " geomspace identity indices ix_ linspace logspace mask_indices ones tri tril_indices triu_indices zeros",
    "it takes functions": "apply_along_axis apply_gufunc apply_over_axes as_gufunc atop blockwise coarsen eager"
    " frompyfunc gufunc map_blocks map_overlap reduction vectorize",
    "it reads or writes files, or runs": "compute from_array from_npy_stack from_zarr fromfile monitor open persist"
    " save savetxt savez savez_compressed store to_hdf5 to_netcdf to_npy to_npy_stack to_zarr",
    "it says something of blocks": "optimize overlap reshape_blockwise shuffle trim_overlap unify_chunks",
    "it makes texts": "array2string array_repr array_str",
    "it takes dates, or positions, of few dtypes": "busday_count busday_offset is_busday ravel_multi_index",
    "NumPy has nothing like it in one line": "argtopk moment push rolling_count rolling_prod rolling_std rolling_var",
    "it is a dtype, which for an array of no axes depends on the value in NumPy": "common_type min_scalar_type",
    "it is a plan, a module or a fact of memory": "einsum_path lib may_share_memory shares_memory",
    "it takes numbers alone": "linalg.compression_level",
    "it takes functions, or changes an array": "fft.fft_wrap ma.set_fill_value ma.normalize_masked_array ma.empty_like",
}
FAMILIES |= MODULES | STATISTICS
TRUTH |= MODULE_TRUTH | STATISTICS_TRUTH

#: All that the laws have to know, those of modules by their qualified names; random numbers have laws of their own.
PUBLIC_NAMES = {
    *PUBLIC,
    *(
        f"{module}.{name}"
        for module in ("linalg", "fft", "ma", "stats")
        for name in getattr(nb, module).__all__
        if name[0].islower()
    ),
}
OURS = {name: attrgetter(name)(nb) for name in FAMILIES}
THEIRS = {name: TRUTH[name] if name in TRUTH else attrgetter(name)(np) for name in FAMILIES}


def within(name: str, arrays: list[Values]) -> float:
    """The relative error that results may have: sums in another order, or a whole algorithm."""
    if name.startswith("ma.") or not (name in MODULES or name in STATISTICS):
        return 0.0
    usual = 1e-8 if name in STATISTICS else 1e-10  # far tails are known less exactly, to us and to the law
    return max((WITHIN.get(a.dtype.char, usual) for a in arrays), default=0.0)
