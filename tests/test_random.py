"""Random arrays: the same values in any chunks, distributed as NumPy's, refused as NumPy refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import InputError, NotBlocked
from nbarray.ops.random import DISTRIBUTIONS
from tests.compare import check

#: Parameters of a call, and parameters that NumPy refuses (None: there are none).
CALLS: dict[str, tuple[list[Any], list[Any] | None]] = {
    "beta": ([2.0, 3.0], [-1, 1]),
    "binomial": ([10, 0.3], [10, 2]),
    "chisquare": ([3], [-1]),
    "exponential": ([2.0], [-1]),
    "f": ([5, 12], [-1, 1]),
    "gamma": ([2.0, 3.0], [-1]),
    "geometric": ([0.3], [2]),
    "gumbel": ([1.0, 2.0], [0, -1]),
    "hypergeometric": ([10, 20, 5], [1, 1, 5]),
    "integers": ([3, 9], [9, 3]),
    "laplace": ([1.0, 2.0], [0, -1]),
    "logistic": ([1.0, 2.0], [0, -1]),
    "lognormal": ([0.0, 0.5], [0, -1]),
    "logseries": ([0.5], [2]),
    "multinomial": ([10, [0.2, 0.3, 0.5]], [10, [0.9, 0.9, 0.1]]),
    "multivariate_hypergeometric": ([[10, 20, 30], 7], [[1, 2], 7]),
    "negative_binomial": ([5, 0.5], [5, 2]),
    "noncentral_chisquare": ([3, 2], [-1, 2]),
    "noncentral_f": ([5, 12, 1], [-1, 1, 1]),
    "normal": ([1.0, 2.0], [0, -1]),
    "pareto": ([6.0], [-1]),
    "poisson": ([4.0], [-1]),
    "power": ([3.0], [-1]),
    "random": ([], None),
    "rayleigh": ([2.0], [-1]),
    "standard_cauchy": ([], None),
    "standard_exponential": ([], None),
    "standard_gamma": ([2.0], [-1]),
    "standard_normal": ([], None),
    "standard_t": ([6], [-1]),
    "triangular": ([0.0, 1.0, 3.0], [3, 1, 0]),
    "uniform": ([1.0, 4.0], [0, np.inf]),
    "vonmises": ([0.0, 4.0], [0, -1]),
    "wald": ([1.0, 2.0], [-1, 1]),
    "weibull": ([2.0], [-1]),
    "zipf": ([6.0], [0.5]),
}


def made(name: str, size: Any, chunks: Any = None, seed: int = 5) -> nb.Array:
    return getattr(nb.random.default_rng(seed), name)(*CALLS[name][0], size=size, chunks=chunks)


def test_all_distributions_are_tried() -> None:
    """Every row of the table has a call here."""

    assert set(DISTRIBUTIONS) == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_dtype_and_shape_are_numpys(name: str) -> None:
    """Type, shape and dtype are those of NumPy's Generator, without size as well."""
    numpys = getattr(np.random.default_rng(1), name)
    for size in (None, (), 0, 3, (2, 0), (2, 3)):
        wanted = numpys(*CALLS[name][0], size=size)
        values = made(name, size).compute()

        assert type(wanted) is type(values)
        assert (np.shape(wanted), np.asarray(wanted).dtype) == (np.shape(values), np.asarray(values).dtype)


@pytest.mark.parametrize("size", [None, ()])
def test_single_numbers_are_of_numpys_types(size: Any) -> None:
    """What is drawn alone is Python's number or a scalar, as NumPy's is; with a size of no axes it is an array."""
    five, some = np.arange(5.0), np.full(5, 0.2)
    for name in ("default_rng", "RandomState"):
        numpys, ours = (getattr(module.random, name)(1) for module in (np, nb))
        calls: list[Any] = [
            lambda r: r.choice(5, size),
            lambda r: r.choice(five, size),
            lambda r: r.choice(5, size, p=some),
            lambda r: r.choice(five, size, replace=False),
            lambda r: r.choice(5, size, replace=False),
        ]
        if name == "default_rng":
            calls += [lambda r, t=t: r.integers(5, size=size, dtype=t) for t in (int, np.int64, "i4", np.dtype(int))]
            calls += [lambda r: r.random(size, dtype="f4"), lambda r: r.normal(np.array(2.0), size=size)]
        else:
            calls += [lambda r, t=t: r.randint(5, size=size, dtype=t) for t in (int, np.int64, "i4")]
            calls += [lambda r: r.random_sample(size), lambda r: r.tomaxint(size)]
        for call in calls:
            assert type(call(numpys)) is type(call(ours).compute())


@pytest.mark.parametrize("name", [n for n, (_, bad) in CALLS.items() if bad is not None])
def test_bad_parameters_are_refused_at_the_call(name: str) -> None:
    """What NumPy's Generator refuses raises an error of its type."""
    bad = CALLS[name][1] or []
    check(
        lambda: getattr(nb.random.default_rng(1), name)(*bad, size=3),
        lambda: getattr(np.random.default_rng(1), name)(*bad, size=3),
    )


@pytest.mark.parametrize("name", [n for n in CALLS if n != "standard_cauchy"])
def test_moments_are_numpys(name: str) -> None:
    """Mean and variance of 40,000 values agree with those of NumPy's Generator within 5 standard errors."""
    ours = np.asarray(made(name, 40_000).compute(), float)
    numpys = np.asarray(getattr(np.random.default_rng(2), name)(*CALLS[name][0], size=40_000), float)
    for a, b in ((ours, numpys), ((ours - ours.mean(0)) ** 2, (numpys - numpys.mean(0)) ** 2)):
        error = np.sqrt((a.var(0) + b.var(0)) / 40_000)

        assert np.all(np.abs(a.mean(0) - b.mean(0)) <= 5 * error)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("chunks", [(300, 280), (97, 131), ((1, 299), (150, 130)), None])
def test_values_do_not_depend_on_chunks_or_workers(chunks: Any, workers: int) -> None:
    """The same seed gives the same bits in any chunks, with any number of workers, within a small budget."""
    wanted = nb.random.default_rng(5).normal(size=(300, 280), chunks=(64, 64)).compute()
    x = nb.random.default_rng(5).normal(size=(300, 280), chunks=chunks)

    assert np.array_equal(wanted, x.compute(workers=workers))
    assert np.array_equal(wanted * 2 + 1, (x * 2 + 1).compute(workers=workers, memory="24MiB"))


@pytest.mark.parametrize("shape", [(40_000,), (300, 280), (3, 9000), (40, 50, 60)])
def test_parts_are_parts_of_the_whole(shape: tuple[int, ...]) -> None:
    """A slice of a random array, even backwards, shows what the whole shows there."""
    x = nb.random.default_rng(9).random(shape)
    whole = x.compute()
    for part in (np.s_[1:-1], np.s_[::-3], np.s_[..., 7], np.s_[..., 5:9000:17], np.s_[2:3, ...]):
        assert np.array_equal(whole[part], x[part].compute())


def test_calls_differ_and_seeds_repeat() -> None:
    """Two calls of one generator differ; a generator of the same seed repeats both; others differ."""
    a, b, c = (nb.random.default_rng(s) for s in (1, 1, 2))
    first, second = a.random(100).compute(), a.random(100).compute()

    assert not np.array_equal(first, second)
    assert np.array_equal(first, b.random(100).compute())
    assert np.array_equal(second, b.random(100).compute())
    assert not np.array_equal(first, c.random(100).compute())
    assert len(np.unique(nb.random.default_rng(1).random(100_000).compute())) == 100_000  # tiles differ


def test_array_parameters_spread() -> None:
    """Parameters in memory belong to their places; a size that they don't spread to is refused."""
    loc = np.arange(300.0)[:, None] * 100
    x = nb.random.default_rng(1).normal(loc, 1.0, size=(300, 200), chunks=(70, 70)).compute()

    assert np.all(np.abs(x - loc) < 8)
    check(
        lambda: nb.random.normal(np.arange(3.0), size=4),
        lambda: np.random.default_rng(1).normal(np.arange(3.0), size=4),
    )


def test_blocked_parameters_move_and_scale() -> None:
    """Blocked loc and scale work; other blocked parameters are refused."""
    loc = np.arange(5000.0) * 100
    x = nb.random.default_rng(1).normal(nb.from_array(loc, chunks=999), 2.0).compute()

    assert np.all(np.abs(x - loc) < 16)
    with pytest.raises(NotBlocked):
        nb.random.default_rng(1).poisson(nb.ones(5))
    for size, *params in ((3, np.ones((2, 3)), np.ones(3)), (None, np.ones(3), np.ones(4)), (-1, np.ones(1), 1.0)):
        check(
            lambda s=size, p=params: nb.random.normal(nb.from_array(p[0]), p[1], size=s),
            lambda s=size, p=params: np.random.default_rng(1).normal(*p, size=s),
        )


def test_permutations_and_choices() -> None:
    """A permutation has every element once; choices come from what there is, by their probabilities."""
    rng = nb.random.default_rng(4)
    values = np.arange(1000) * 3
    shuffled = rng.permutation(nb.from_array(values, chunks=90)).compute()
    without = rng.choice(1000, size=(20, 30), replace=False).compute()
    weighted = rng.choice([10, 20, 30], size=20_000, p=[0.2, 0.0, 0.8]).compute()

    assert np.array_equal(values, np.sort(shuffled))
    assert not np.array_equal(values, shuffled)
    assert len(np.unique(without)) == 600
    assert set(np.unique(weighted)) == {10, 30}
    assert abs((weighted == 10).mean() - 0.2) < 5 * np.sqrt(0.16 / 20_000)
    assert set(rng.choice(values, size=50).compute().tolist()) <= set(values.tolist())
    for bad in ({"size": 2, "p": [0, 0, 1]}, {"size": 4, "p": [0.2, 0.3, 0.5]}, {"p": [0.5, 0.6, -0.1]}, {"p": [1]}):
        options = {"replace": False, **bad}
        check(lambda o=options: rng.choice(3, **o), lambda o=options: np.random.default_rng(1).choice(3, **o))
    check(
        lambda: rng.choice(3, size=5, replace=False), lambda: np.random.default_rng(1).choice(3, size=5, replace=False)
    )


def test_older_names() -> None:
    """The functions of the module start again from a seed, as a RandomState does."""
    nb.random.seed(3)
    first = nb.random.normal(size=4).compute()
    nb.random.seed(3)

    assert np.array_equal(first, nb.random.normal(size=4).compute())
    assert np.array_equal(first, nb.random.RandomState(3).normal(size=4).compute())
    with pytest.warns(DeprecationWarning, match="random_integers is deprecated"):
        assert set(nb.random.random_integers(2, size=200).compute().tolist()) == {1, 2}
    assert set(nb.random.randint(2, size=200).compute().tolist()) == {0, 1}


def test_options_of_numpys_methods() -> None:
    """dtype, endpoint and method mean what they mean to NumPy."""
    rng = nb.random.default_rng(6)
    for name in ("random", "standard_normal", "standard_exponential"):
        assert getattr(rng, name)(size=5, dtype=np.float32).compute().dtype == np.float32
        check(
            lambda name=name: getattr(rng, name)(size=5, dtype=np.int8),
            lambda name=name: getattr(np.random.default_rng(1), name)(size=5, dtype=np.int8),
        )
    ends = rng.integers(0, 255, size=9000, dtype=np.uint8, endpoint=True).compute()

    assert (np.uint8, 0, 255) == (ends.dtype, ends.min(), ends.max())
    check(
        lambda: rng.integers(0, 256, size=3, dtype=np.int8),
        lambda: np.random.default_rng(1).integers(0, 256, 3, np.int8),
    )
    check(lambda: rng.random(-1), lambda: np.random.default_rng(1).random(-1))
    check(lambda: rng.choice(2.5), lambda: np.random.default_rng(1).choice(2.5))
    check(lambda: rng.choice(0, 2), lambda: np.random.default_rng(1).choice(0, 2))
    check(lambda: rng.choice(0, (2, 0)), lambda: np.random.default_rng(1).choice(0, (2, 0)))


def test_names() -> None:
    """All distributions are functions of the module, but for those that only generators have."""
    names = {*DISTRIBUTIONS, "choice", "permutation"}
    older = {"randint", "random_integers", "random_sample", "seed"}

    assert names <= set(dir(nb.random.Generator))
    assert names | older | {"tomaxint"} <= set(dir(nb.random.RandomState))
    assert {*names - {"integers", "multivariate_hypergeometric"}, *older} <= set(nb.random.__all__)
    assert all(callable(getattr(nb.random, name)) for name in nb.random.__all__)


def test_array_in_uneven_stored_chunks_meets_random() -> None:
    """Random numbers beside blocks of other shapes, and rearranged, are the same numbers."""
    x = nb.random.default_rng(2).random((500, 700), chunks=(500, 3))
    whole = x.compute()
    rows = np.arange(350_000.0).reshape(500, 700)

    assert np.array_equal(whole + rows, (x + nb.from_array(rows, chunks=(7, 700))).compute(memory="24MiB"))
    assert np.array_equal(whole.T[::-2] * 2, (x.T[::-2] * 2).compute())
    assert np.array_equal(whole[[400, 3, 3]], x[[400, 3, 3]].compute())
    assert np.isclose(whole.sum(), x.sum().compute(), rtol=1e-12)


def test_seeds_of_numpys_generators() -> None:
    """A bit generator of NumPy's, or a generator, gives a seed: the same for the same state."""
    made = [nb.random.default_rng(g(5)).normal(size=9).compute() for g in (np.random.PCG64, np.random.default_rng)]
    anywhere = [nb.random.Generator(np.random.PCG64).normal(size=9).compute() for _ in range(2)]

    assert np.array_equal(*made)
    assert not np.array_equal(*anywhere)


def test_choices_of_the_likely_without_replacement() -> None:
    """Which comes first, second and third is as likely as in NumPy: each time one of those that are left."""
    p, n = np.array([0.1, 0.2, 0.0, 0.3, 0.4]), 3000
    ours, numpys = nb.random.default_rng(3), np.random.default_rng(3)
    made = np.array(nb.compute(*(ours.choice(5, size=3, replace=False, p=p) for _ in range(n))))
    wanted = np.array([numpys.choice(5, size=3, replace=False, p=p) for _ in range(n)])

    assert (np.sort(made, axis=1)[:, 1:] > np.sort(made, axis=1)[:, :-1]).all()
    for k in range(3):
        shares = [np.bincount(x[:, k], minlength=5) / n for x in (made, wanted)]
        np.testing.assert_allclose(*shares, atol=5 * np.sqrt(2 * 0.25 / n))


def test_complex_parameters_are_refused() -> None:
    """NumPy takes no complex numbers for real ones, alone or in arrays."""
    for scale in (1j, np.array([1j])):
        check(lambda s=scale: nb.random.exponential(s), lambda s=scale: np.random.default_rng(1).exponential(s))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_shuffled_in_place(axis: int) -> None:
    """The handle is the array in another order, lines kept whole; what was made of it before stays."""
    values = np.arange(60).reshape(6, 10)
    x = nb.from_array(values, chunks=(4, 3))
    before = x + 0
    assert nb.random.default_rng(2).shuffle(x, axis=axis) is None
    found = x.compute()

    assert not np.array_equal(values, found)
    lines = [tuple(line) for line in np.moveaxis(found, axis, 0).tolist()]
    assert sorted(lines) == sorted(tuple(line) for line in np.moveaxis(values, axis, 0).tolist())
    np.testing.assert_array_equal(before.compute(), values)
    with pytest.raises(InputError, match="expected a blocked array, to be changed itself, not ndarray"):
        nb.random.default_rng(2).shuffle(values)


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_each_line_permuted_by_itself(axis: int | None) -> None:
    """Lines along an axis keep their elements, in orders that differ; chunks change nothing."""
    values = np.arange(400).reshape(20, 20)
    found = nb.random.default_rng(3).permuted(nb.from_array(values, chunks=(7, 6)), axis=axis).compute()

    assert not np.array_equal(values, found)
    np.testing.assert_array_equal(np.sort(found, axis=axis), np.sort(values, axis=axis))
    if axis is not None:
        orders = np.argsort(found, axis=axis) if axis == -1 else np.argsort(found, axis=axis).T
        assert len({tuple(order) for order in orders.tolist()}) > 15
    else:
        assert sorted(found.ravel().tolist()) == list(range(400))
    again = nb.random.default_rng(3).permuted(nb.from_array(values, chunks=20), axis=axis).compute()
    np.testing.assert_array_equal(found, again)
