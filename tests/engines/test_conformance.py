"""What every engine has to do: the same results from the same plans, and the same errors.

To hold a new engine to it, add it to `ENGINES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import nbarray as nb
from nbarray.engines.run import Run
from nbarray.engines.serial import run_serially
from nbarray.engines.tasks import Results
from nbarray.errors import ShapeError, TaskError
from nbarray.plan.plan import Plan
from nbarray.session import plan
from tests.compare import all_tasks_are_tiny  # noqa: F401 - for every test here
from tests.engines.plans import Graph, graph_plan, graphs, numbers

Engine = Callable[[Plan], Results]


def serial(made: Plan) -> Results:
    """The reference."""
    results = Results(made)
    run_serially(made, results)
    return results


def threaded(workers: int, slack: int = 10**9) -> Engine:
    """Threads, with so many bytes beyond the sequential peak."""

    def run(made: Plan) -> Results:
        results: Results = Run(made, made.run_bytes() + slack, workers).start().result(60)
        return results

    return run


ENGINES: dict[str, Engine] = {
    "serial": serial,
    "in the calling thread": lambda made: Run(made, made.run_bytes(), 1).run_here(),  # type: ignore[no-any-return]
    "1 thread": threaded(1),
    "2 threads": threaded(2),
    "8 threads": threaded(8),
    "4 threads, no slack": threaded(4, slack=0),
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return ENGINES[request.param]


def _halves(block: Any) -> Any:
    return block / 2


A = np.random.default_rng(3).normal(size=(13, 17))
M = np.ma.MaskedArray(A, A > 1)
WORKLOADS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[], Any]]] = {
    "elementwise": (lambda x, m: (x + 1) * x, lambda: (A + 1) * A),
    "one block of many": (lambda x, m: x[5:6, 5:6] + 0, lambda: A[5:6, 5:6]),
    "fold": (lambda x, m: x.mean(axis=0) + 0, lambda: A.mean(axis=0)),
    "fold, then spread": (lambda x, m: abs(x - x.mean(axis=0)), lambda: abs(A - A.mean(axis=0))),
    "transpose": (lambda x, m: x @ x.T, lambda: A @ A.T),
    "masked": (lambda x, m: (m * 2).sum(axis=1) + 1, lambda: (M * 2).sum(axis=1) + 1),
    "users' blocks": (lambda x, m: x.map_blocks(_halves, dtype=float) + x, lambda: A / 2 + A),
    "reshape": (lambda x, m: x.reshape(-1)[::2] + 0, lambda: A.reshape(-1)[::2]),
    "join": (lambda x, m: nb.concatenate([x, x[::-1] * 2]) + 1, lambda: np.concatenate([A, A[::-1] * 2]) + 1),
    "positions": (lambda x, m: x[[5, 2, 2, 12]] + 1, lambda: A[[5, 2, 2, 12]] + 1),
    "no elements": (lambda x, m: x[:0] + 1, lambda: A[:0] + 1),
    "no axes": (lambda x, m: x.sum() + 1, lambda: A.sum() + 1),
}


def expressions(names: Sequence[str]) -> list[Any]:
    """Expressions of the workloads, over one array in blocks."""
    x, m = nb.from_array(A, chunks=(4, 5)), nb.from_array(M, chunks=(4, 5))
    return [WORKLOADS[name][0](x, m).expr for name in names]


def values(made: Plan, results: Results) -> list[Any]:
    """The arrays of results."""
    assert all(placement is None for placement in made.placements)
    sinks = [results.sinks[target] for target in made.targets]
    return [data if mask is None else np.ma.MaskedArray(data, mask) for data, mask in sinks]


def assert_is(expected: Any, actual: Any) -> None:
    """As NumPy has it, but for the order of sums."""
    assert np.shape(expected) == np.shape(actual)
    np.testing.assert_array_equal(np.ma.getmaskarray(actual), np.ma.getmaskarray(expected))
    np.testing.assert_allclose(np.ma.filled(actual, 0), np.ma.filled(expected, 0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", WORKLOADS)
def test_results_are_numpys(engine: Engine, name: str) -> None:
    """Each workload gives what NumPy gives."""
    made = plan(expressions([name]))
    (actual,) = values(made, engine(made))

    assert_is(WORKLOADS[name][1](), actual)


def test_results_are_the_same_bits_as_the_references(engine: Engine) -> None:
    """All workloads in one plan: no engine may change a bit."""
    made = plan(expressions(list(WORKLOADS)))

    for reference, actual in zip(values(made, serial(made)), values(made, engine(made)), strict=True):
        np.testing.assert_array_equal(np.ma.filled(reference, 0), np.ma.filled(actual, 0))


@given(graphs())
@pytest.mark.parametrize("engine_name", ENGINES)
def test_any_graph_runs(engine_name: str, graph: Graph) -> None:
    """Tasks get what the tasks they need have made, in any graph."""
    made = graph_plan(graph)

    assert numbers(graph) == ENGINES[engine_name](made).sinks[0][0].tolist()


def test_a_plan_may_run_twice(engine: Engine) -> None:
    """Running changes nothing in the plan."""
    made = plan(expressions(["fold, then spread"]))
    first, second = values(made, engine(made)), values(made, engine(made))

    np.testing.assert_array_equal(first[0], second[0])


def test_an_error_is_the_original_kind_and_ours(engine: Engine) -> None:
    """A task that fails raises an error that both who expects NumPy's and who expects ours will catch."""

    def broken(block: Any) -> Any:
        raise FloatingPointError("no such number")

    made = plan([nb.from_array(A, chunks=(4, 5)).map_blocks(broken, dtype=float).expr])
    with pytest.raises(TaskError) as caught:
        engine(made)

    assert isinstance(caught.value, FloatingPointError)
    assert isinstance(caught.value.__cause__, FloatingPointError)
    assert "no such number" == str(caught.value.__cause__)


def test_an_error_names_region_and_place(engine: Engine) -> None:
    """The message says which operation failed on which part of which array, and on which line that was written."""

    def broken(block: Any) -> Any:
        if block.shape == (1, 5):
            raise ValueError("the last row")
        return block

    x = nb.from_array(A, chunks=(4, 5)).map_blocks(broken, dtype=float)  # this line
    with pytest.raises(ValueError) as caught:
        engine(plan([x.expr]))
    message = str(caught.value)

    assert "map_blocks(broken) failed on [12:13, " in message
    assert "test_conformance.py, line" in message
    assert "# this line" in message
    assert message.endswith("ValueError: the last row")


def test_a_block_of_another_shape_is_an_error(engine: Engine) -> None:
    """What a user's function gives is held to what was promised."""
    made = plan([nb.from_array(A, chunks=(4, 5)).map_blocks(lambda b: b[:1], dtype=float).expr])
    # of several at once, any may be the first to fail
    promised = r"returned a block of shape \(1, [25]\), but \(4, [25]\) was promised"
    with pytest.raises(TaskError, match=promised) as caught:
        engine(made)

    assert isinstance(caught.value, ShapeError)


class Odd(Exception):
    """An error that can't be made from a message."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)


class Picky(ValueError):
    """An error that refuses messages it doesn't know."""

    def __init__(self, code: int) -> None:
        super().__init__(100 // int(code))


class Mute(Exception):
    """An error that can't be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Odd(3, "x"), TaskError),
        (Picky(7), ValueError),
        (Mute(), TaskError),
        (KeyError("k"), KeyError),
        (StopIteration(), TaskError),
        (OSError(28, "full"), OSError),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "why"), ValueError),
        (MemoryError(), MemoryError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_any_error_ends_a_run(engine: Engine, error: Exception, kind: type[Exception]) -> None:
    """Whatever a user's function raises, the run ends with an error of ours, of the nearest kind that can be made."""

    def broken(block: Any) -> Any:
        raise error

    with pytest.raises(TaskError) as caught:
        engine(plan([nb.from_array(A, chunks=(4, 5)).map_blocks(broken, dtype=float).expr]))

    assert isinstance(caught.value, kind)


@pytest.mark.parametrize("name", [name for name in ENGINES if "thread" in name])
def test_a_task_that_exits_ends_the_run(name: str) -> None:
    """`sys.exit` in a user's function ends the run, not the thread that runs it unseen."""

    def leaving(block: Any) -> Any:
        raise SystemExit(3)

    with pytest.raises(TaskError, match="SystemExit: 3"):
        ENGINES[name](plan([nb.from_array(A, chunks=(4, 5)).map_blocks(leaving, dtype=float).expr]))


def test_numpys_own_type_errors_stay_type_errors(engine: Engine) -> None:
    """A ufunc that has no loop for a dtype raises a TypeError inside a block, too."""

    def broken(block: Any) -> Any:
        return np.bitwise_and(block, 1.5)

    with pytest.raises(TypeError) as caught:
        engine(plan([nb.from_array(A, chunks=(4, 5)).map_blocks(broken, dtype=float).expr]))

    assert isinstance(caught.value, TaskError)
