"""NumPy's own functions: each goes to a blocked form or refuses, and none converts quietly."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib import recfunctions
from numpy.testing.overrides import get_overridable_numpy_array_functions, get_overridable_numpy_ufuncs

import nbarray as nb
from nbarray.api.dispatch import IMPLEMENTATIONS, enter_all
from nbarray.api.refused import REASONS
from nbarray.errors import DTypeError, NBArrayError, NotBlocked

enter_all()
#: By name; of twins (some have one for their `like=` form) the one with a blocked form, in whatever order they come.
FUNCTIONS = {
    f"{f.__module__}.{f.__name__}": f
    for f in sorted(get_overridable_numpy_array_functions(), key=IMPLEMENTATIONS.__contains__)
}
WITH = sorted(name for name, f in FUNCTIONS.items() if f in IMPLEMENTATIONS)
WITHOUT = sorted(set(FUNCTIONS) - set(WITH))
#: Whose results have a size or a dtype that depends on values, or on what a function returns: that is found out.
COUNTING = {"numpy.apply_along_axis", "numpy.real_if_close", "numpy.trim_zeros"}
UFUNCS = sorted(u.__name__ for u in get_overridable_numpy_ufuncs())


class Unreadable:
    """Data that nobody may read."""

    shape, dtype = (4, 4), np.dtype(float)

    def __getitem__(self, index: Any) -> Any:
        if all(s == slice(0, 1, 1) for s in index):
            return np.zeros((1, 1))  # the one element that tells whether values are masked
        raise AssertionError(f"read {index}")


@pytest.mark.parametrize("name", WITHOUT)
def test_functions_without_blocked_form(name: str) -> None:
    """What has no blocked form is refused by name, with the way out, and nothing is read."""
    function = FUNCTIONS[name]
    x = nb.from_array(Unreadable())

    with pytest.raises(NotBlocked) as caught:
        x.__array_function__(function, (nb.Array,), (x,), {})

    assert f"{function.__name__} has no blocked form" in str(caught.value)
    assert f"{function.__name__})(x)" in str(caught.value)


#: Functions without a blocked form as they are called.
REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "find_duplicates": lambda f, x: f(x),
    "join_by": lambda f, x: f("a", x, x),
    "merge_arrays": lambda f, x: f([x, x]),
    "recursive_fill_fields": lambda f, x: f(x, x),
    "stack_arrays": lambda f, x: f([x, x]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_numpy_refuses_by_itself(name: str) -> None:
    """Called as users call them, such functions refuse as well, and say why."""
    x = nb.from_array(Unreadable())
    reason = re.escape(REASONS[f"numpy.lib.recfunctions.{name}"])

    with pytest.raises(NotBlocked, match=rf"np\.lib\.recfunctions\.{name} has no blocked form in nbarray \({reason}\)"):
        REFUSED[name](getattr(recfunctions, name), x)


@pytest.mark.parametrize("name", sorted(set(WITH) - COUNTING))
def test_functions_with_blocked_form_are_lazy(name: str) -> None:
    """What has a blocked form reads nothing until it is computed, whatever it is called with."""
    function = FUNCTIONS[name]
    x = nb.from_array(Unreadable(), chunks=2)

    for args in ((x,), (x, x), ([x, x],), (x, 0), (x, 0, 1), (x, (4, 4)), (x > 0, x, x), (x, 0, 0)):
        try:
            made = function(*args)
        except (TypeError, ValueError, AttributeError, DeprecationWarning, NBArrayError):
            continue  # not what it is called with
        for part in flat(made):
            kinds = nb.Array | int | bool | str | np.dtype | type
            positions = isinstance(part, np.ndarray) and part.dtype == np.intp
            made_or_changed = part is None or positions or isinstance(part, kinds)
            assert made_or_changed, f"{part!r}"


def flat(made: Any) -> list[Any]:
    """What lists and tuples hold, however deep."""
    return [p for part in made for p in flat(part)] if isinstance(made, tuple | list) else [made]


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_are_lazy(name: str) -> None:
    """Every ufunc makes blocked arrays, or refuses; it reads nothing."""
    ufunc = next(u for u in get_overridable_numpy_ufuncs() if u.__name__ == name)
    x = nb.from_array(Unreadable(), chunks=2)

    try:
        made = ufunc(*[x] * ufunc.nin)
    except NBArrayError:
        return
    assert all(isinstance(m, nb.Array) for m in (made if isinstance(made, tuple) else (made,)))


def test_every_implementation_is_public() -> None:
    """What NumPy's functions dispatch to is there under nbarray's own name, for NumPy's main names."""
    hidden = {"shape", "ndim", "size", "result_type", "iscomplexobj", "isrealobj", "around", "amin", "amax", "require"}
    main = {f.__name__ for f in IMPLEMENTATIONS if f.__module__ == "numpy"} - hidden

    assert set() == {name for name in main if not hasattr(nb, name)}


def test_names() -> None:
    """Everything that the package says is public is there, documented, and dtypes and constants are NumPy's."""
    for name in nb.__all__:
        assert getattr(nb, name).__doc__, name
    for name in ("pi", "e", "inf", "newaxis", "float32", "int8", "complex64", "bool"):
        assert getattr(np, name) is getattr(nb, name)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        nb.nonsense


X = nb.from_array(np.arange(6.0), chunks=3)
#: calls as they stand in code written for dask, and without what tells dask how to do it
CALLS = [
    (lambda: X.sum(split_every=2), lambda: X.sum()),
    (lambda: nb.nanmax(X, 0, split_every={0: 2}), lambda: nb.nanmax(X, 0)),
    (lambda: nb.moment(X, 2, split_every=2), lambda: nb.moment(X, 2)),
    (lambda: nb.bincount(X.astype(int), split_every=2), lambda: nb.bincount(X.astype(int))),
    (lambda: nb.ma.count(X, split_every=2), lambda: nb.ma.count(X)),
    (lambda: X.cumsum(0, method="blelloch"), lambda: X.cumsum(0)),
    (lambda: nb.percentile(X, 50, internal_method="tdigest"), lambda: nb.percentile(X, 50)),
    (lambda: nb.concatenate([X, X], allow_unknown_chunksizes=True), lambda: nb.concatenate([X, X])),
    (lambda: nb.block([X, X], allow_unknown_chunksizes=True), lambda: nb.block([X, X])),
    (lambda: X.reshape(2, 3, merge_chunks=False, limit="1MB"), lambda: X.reshape(2, 3)),
    (lambda: X.rechunk(2, threshold=4, method="tasks"), lambda: X.rechunk(2)),
    (lambda: nb.broadcast_to(X, (2, 6), meta=np.empty(0)), lambda: nb.broadcast_to(X, (2, 6))),
    (lambda: nb.linalg.svd(X.reshape(6, 1), coerce_signs=False)[1], lambda: nb.linalg.svd(X.reshape(6, 1))[1]),
    (lambda: nb.asarray(X, order="C"), lambda: X),
    (lambda: nb.compute(X, scheduler="threads")[0], lambda: X),
    (lambda: X.compute(scheduler="sync", optimize_graph=False), lambda: X),
    (lambda: X.persist(scheduler="sync"), lambda: X),
]


@pytest.mark.parametrize("calls", CALLS, ids=map(str, range(len(CALLS))))
def test_keywords_of_dask(calls: Any) -> None:
    """What tells dask how to make and run its graphs is taken, and changes nothing."""
    theirs, ours = (nb.compute(call())[0] for call in calls)

    np.testing.assert_array_equal(ours, theirs)


def test_keywords_of_dask_are_shown() -> None:
    """Help shows which are taken; others are refused."""
    assert "split_every" in inspect.signature(nb.sum).parameters
    assert "merge_chunks, limit : taken for dask's sake; nothing changes." in (nb.reshape.__doc__ or "")
    with pytest.raises(TypeError, match="schedulr"):
        X.compute(schedulr="sync")


@pytest.mark.parametrize("name", ["sum", "mean", "max", "any", "argmax", "nanstd"])
def test_a_misspelt_keyword_of_a_reduction_is_told_by_its_name(name):
    """As NumPy refuses it: of functions, ours and NumPy's, and of methods."""
    x = nb.ones((2, 3))
    calls = [lambda: getattr(nb, name)(x, kepdims=True)]
    if hasattr(x, name):
        calls.append(lambda: getattr(x, name)(kepdims=True))

    for call in calls:
        with pytest.raises(DTypeError, match=rf"{name}\(\) got an unexpected keyword argument 'kepdims'.*'keepdims'"):
            call()
    with pytest.raises(TypeError, match="unexpected keyword argument 'kepdims'"):
        getattr(np, name)(x, kepdims=True)
