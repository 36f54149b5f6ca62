"""Laws of random arrays: values follow from seed, call, shape and parameters; the rest is NumPy's Generator's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.errors import NBArrayError, NotBlocked
from nbarray.ops.random import DISTRIBUTIONS
from tests.compare import base_of, outcome, quiet, same_dtypes
from tests.examples import law
from tests.laws.test_chains import chunks_of

#: What parameters may be, by name: mostly what has moments that can be compared, at times nonsense.
POSITIVE = st.sampled_from([0.5, 1, 2.0, 3, 7])
CHANCE = st.sampled_from([0.1, 0.5, 0.9])
WHOLE = st.integers(5, 20)
PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("loc", "mean", "mu", "nonc", "low"), st.sampled_from([0, 1.0, 2, 3])),
    **dict.fromkeys(("scale", "a", "b", "shape", "kappa", "lam", "sigma"), POSITIVE),
    **dict.fromkeys(("df", "dfnum", "dfden"), st.sampled_from([9.0, 12, 20])),
    **dict.fromkeys(("n", "ngood", "nbad"), WHOLE),
    **dict.fromkeys(("p",), CHANCE),
    "nsample": st.integers(0, 4),
    "high": st.integers(4, 9),
    "left": st.integers(-3, 0),
    "mode": st.integers(1, 2),
    "right": st.integers(3, 5),
    "pvals": st.sampled_from([[0.2, 0.8], [1 / 3] * 3, [1.0]]),
    "colors": st.lists(st.integers(1, 9), min_size=2, max_size=4).map(lambda c: [5, *c]),
}
#: Those of which moments need more than that.
TAME: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("pareto", "a"): st.sampled_from([7.0, 9]),
    ("zipf", "a"): st.sampled_from([7.0, 9]),
    ("wald", "mean"): POSITIVE,
    ("lognormal", "sigma"): st.sampled_from([0.1, 0.5]),
    ("weibull", "a"): st.sampled_from([1.0, 2, 5]),
    ("logseries", "p"): st.sampled_from([0.1, 0.5]),
}
NONSENSE = st.sampled_from([-1, 0, np.nan, -0.5, 2, "a", None, 1j, [1, -1]])
METHODS = sorted(DISTRIBUTIONS)


def parameter(draw: Any, name: str, what: str) -> Any:
    return draw(TAME.get((name, what), PARAMETERS[what]))


def called(draw: Any, name: str, odd: bool) -> tuple[list[Any], dict[str, Any]]:
    """Parameters, some of them arrays or nonsense if that is asked for, and options."""
    row = DISTRIBUTIONS[name]
    params = [parameter(draw, name, n) for n, _ in row.params]
    options: dict[str, Any] = {}
    if odd:
        for k in range(len(params)):
            kind = draw(st.integers(0, 9))
            if kind == 0:
                params[k] = draw(NONSENSE)
            elif kind < 3 and not row.tail:
                params[k] = np.array([[params[k]], [params[k]]]) if kind == 1 else [params[k]] * 3
        names = [n for n, _ in row.options]
        if "dtype" in names and draw(st.booleans()):
            options["dtype"] = draw(st.sampled_from(["f4", "f8", "i8", "u1", "i4", "?", "D"]))
        if "endpoint" in names:
            options["endpoint"] = draw(st.booleans())
    return params, options


@pytest.mark.parametrize("name", METHODS)
@law(6, share=0.2)
@given(data=st.data())
def test_called_as_numpys(name: str, data: st.DataObject) -> None:
    """Shape, dtype and refusals are those of NumPy's Generator, whatever the parameters, sizes and dtypes."""
    params, options = called(data.draw, name, odd=True)
    size = data.draw(st.sampled_from([None, (), 0, 3, (2, 3), (2, 0), (4, 2, 3), 2.5, -1, "a"]), label="size")

    def drawn(generator: Any) -> Any:
        return getattr(generator, name)(*params, size=size, **options)

    if name == "integers":  # of none NumPy's looks at nothing, and it reads beyond arrays that don't spread to the size
        assume(size not in (0, (2, 0)))
        assume(size in (None, (2, 3), (4, 2, 3)) or all(np.ndim(p) == 0 for p in params))
    with quiet():
        wanted, refusal = outcome(lambda: np.asarray(drawn(np.random.default_rng(1))))
        made, error = outcome(lambda: np.asarray(drawn(nb.random.default_rng(1)).compute()))
    if refusal is not None:
        assert isinstance(error, NBArrayError | TypeError | base_of(type(refusal))), (
            f"NumPy raises {refusal!r}, nbarray {made!r} {error!r}"
        )
        return
    if isinstance(error, NotBlocked):
        return
    assert error is None, f"NumPy makes {wanted!r}, nbarray raises {error!r}"
    assert wanted.shape == made.shape
    if size is not None or wanted.shape:  # of no size at all NumPy's are numbers of Python's
        same_dtypes(made, wanted.dtype)


@pytest.mark.parametrize("name", METHODS)
@law(4, share=0.1)
@given(data=st.data())
def test_same_stream(name: str, data: st.DataObject) -> None:
    """The same bits in any chunks, for any number of workers, of the whole or of a part."""
    params, _ = called(data.draw, name, odd=False)
    shape = data.draw(st.sampled_from([(9,), (7, 5), (2, 3, 4), (40, 30)]))
    seed, calls = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 3))

    def drawn(chunks: Any) -> nb.Array:
        generator = nb.random.default_rng(seed)
        for _ in range(calls):
            generator.random(1)
        made: nb.Array = getattr(generator, name)(*params, size=shape, chunks=chunks)
        return made

    tail = drawn(None).shape[len(shape) :]
    whole = drawn(None).compute(workers=1)
    cut = drawn((*data.draw(chunks_of(shape)), *tail))
    part = tuple(slice(data.draw(st.integers(0, n - 1)), None, data.draw(st.integers(1, 3))) for n in shape)

    assert whole.tobytes() == cut.compute(workers=data.draw(st.integers(1, 4))).tobytes()
    assert whole[part].tobytes() == cut[part].compute().tobytes()


@pytest.mark.parametrize("name", [n for n in METHODS if n != "standard_cauchy"])
@law(1, share=0.01)
@given(data=st.data())
def test_moments(name: str, data: st.DataObject) -> None:
    """Means and variances of 20,000 values are those of NumPy's, within seven standard errors."""
    params, _ = called(data.draw, name, odd=False)
    seed, n = data.draw(st.integers(0, 2**32)), 20_000
    ours = np.asarray(getattr(nb.random.default_rng(seed), name)(*params, size=n, chunks=3000).compute(), float)
    numpys = np.asarray(getattr(np.random.default_rng(seed), name)(*params, size=n), float)
    for a, b in ((ours, numpys), ((ours - ours.mean(0)) ** 2, (numpys - numpys.mean(0)) ** 2)):
        error = np.sqrt((a.var(0) + b.var(0)) / n)

        assert np.all(np.abs(a.mean(0) - b.mean(0)) <= 7 * error + 1e-12)


@law(30)
@given(data=st.data())
def test_choices(data: st.DataObject) -> None:
    """`choice` and `permutation` give elements of what there is, as many as asked for, or refuse as NumPy does."""
    draw = data.draw
    count = draw(st.integers(0, 9))
    values: Any = count if draw(st.booleans()) else np.arange(count * 2).reshape(count, 2) * 3
    axis = draw(st.sampled_from([0, 0, -1, 1]))
    size = draw(st.sampled_from([None, 0, 3, (2, 2), 9]))
    replace = draw(st.booleans())
    length = count if np.ndim(values) == 0 or axis == 0 else 2
    p = draw(st.sampled_from([None, "uneven", "short"]))
    if p is not None:
        weights = np.arange(length + (p == "short")) * 1.0 + 1
        p = weights / max(1.0, weights.sum())

    def drawn(generator: Any, blocked: bool) -> Any:
        given = nb.from_array(values, chunks=2) if blocked and np.ndim(values) else values
        return generator.choice(given, size, replace, p, axis)

    with quiet():
        wanted, refusal = outcome(lambda: drawn(np.random.default_rng(1), False))
        made, error = outcome(lambda: drawn(nb.random.default_rng(draw(st.integers(0, 9))), True).compute())
    if refusal is not None:
        assert isinstance(error, NBArrayError), f"NumPy raises {refusal!r}, nbarray {made!r} {error!r}"
        return
    assert error is None, f"NumPy makes {wanted!r}, nbarray raises {error!r}"
    assert np.shape(wanted) == np.shape(made)
    assert np.isin(made, np.arange(count) if np.ndim(values) == 0 else values).all()
    if not replace and np.ndim(values) == 0:
        assert np.unique(made).size == np.size(made)

    order = nb.random.default_rng(1).permutation(nb.from_array(values, chunks=2) if np.ndim(values) else values)
    everything = np.arange(count) if np.ndim(values) == 0 else values
    assert sorted(everything.tolist()) == sorted(order.compute().tolist())


def test_names() -> None:
    """Every method of NumPy's Generator that makes arrays is one of ours, and is drawn above."""
    theirs = {n for n in dir(np.random.Generator) if n[0] != "_"} - {"bit_generator", "spawn", "bytes"}
    others = {"choice", "permutation", "permuted", "shuffle"}

    assert theirs - {"dirichlet", "multivariate_normal"} == set(METHODS) | others
    assert set(METHODS) <= set(dir(nb.random.Generator))
