"""What a run tells while it happens: a stream of frozen records.

Engines emit them, observers read them, and nothing else passes between the two.  Times are seconds
of `time.perf_counter`; bytes are what the ledger holds.  An observer is any callable that takes one
event; it runs in the engine's coordinator thread, so it must be quick and must not raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = [
    "BlockReleased",
    "BudgetExceeded",
    "Event",
    "NodeCount",
    "Observer",
    "PlanDetails",
    "PlanReady",
    "PlanningStarted",
    "RuleApplied",
    "RunCancelled",
    "RunFailed",
    "RunFinished",
    "RunPaused",
    "RunResumed",
    "SourceRead",
    "TaskFinished",
    "TaskStarted",
]


@dataclass(frozen=True, slots=True)
class PlanningStarted:
    """Planning takes a while, and goes on in the background; told of such runs alone, before anything else."""

    run: int
    time_s: float


@dataclass(frozen=True, slots=True)
class RuleApplied:
    """A rewrite rule changed `before` into `after` (both in text form)."""

    run: int
    stage: str
    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NodeCount:
    """How many tasks a node of the plan has; `name` is what people call it."""

    name: str
    tasks: int


@dataclass(frozen=True, slots=True)
class PlanReady:
    """A plan was made: the run is about to start."""

    run: int
    nodes: tuple[NodeCount, ...]
    tasks: int
    read_bytes: int
    result_bytes: int
    peak_bytes: int
    budget_bytes: int
    workers: int
    time_s: float


@dataclass(frozen=True, slots=True)
class SourceRead:
    """What all tasks together take from a variable.

    name : of the variable and its file or files; route : how it is read
    stored_bytes : what there is; read_bytes : what is taken; decoded_bytes : of the stored chunks that hold it, as
        often as they are decoded
    """

    name: str
    route: str
    stored_bytes: int
    read_bytes: int
    decoded_bytes: int


@dataclass(frozen=True, slots=True)
class PlanDetails:
    """What people want to know of a plan; told before `PlanReady`, and only to observers.

    places : for each node, where in the user's code it was made; empty where nobody knows
    projected_bytes : about the most bytes that will be held, with so many workers; spilled_bytes : written to scratch
    """

    run: int
    places: tuple[str, ...]
    sources: tuple[SourceRead, ...]
    projected_bytes: int
    spilled_bytes: int


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A worker began a task."""

    run: int
    task: int
    node: int
    time_s: float


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """A task ended: busy from `start_s` to `stop_s` on `worker`; the ledger then held `held_bytes`.

    read_bytes : stored numbers that it took; read_s, decode_s : how long it read from files, and undid their filters
    waited_s : how long its worker had waited for a task that could start
    """

    run: int
    task: int
    node: int
    worker: int
    start_s: float
    stop_s: float
    nbytes: int
    held_bytes: int
    read_bytes: int = 0
    read_s: float = 0.0
    decode_s: float = 0.0
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BlockReleased:
    """The last user of a task's block is done, and its bytes are free again."""

    run: int
    task: int
    nbytes: int
    held_bytes: int


@dataclass(frozen=True, slots=True)
class RunPaused:
    """No more tasks start until the run is resumed."""

    run: int
    time_s: float


@dataclass(frozen=True, slots=True)
class RunResumed:
    """Tasks start again after a pause."""

    run: int
    time_s: float


@dataclass(frozen=True, slots=True)
class BudgetExceeded:
    """The process holds so many bytes more than when the run began, measured while callers' functions run."""

    run: int
    held_bytes: int
    budget_bytes: int
    time_s: float


@dataclass(frozen=True, slots=True)
class RunFinished:
    """All tasks are done: so long it took, so long workers were busy, so many bytes were held at most."""

    run: int
    wall_s: float
    busy_s: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class RunFailed:
    """A task failed and ended the run."""

    run: int
    wall_s: float
    error: str


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """The run was stopped before its end."""

    run: int
    wall_s: float
    tasks_done: int


Event = (
    PlanningStarted
    | RuleApplied
    | PlanDetails
    | PlanReady
    | TaskStarted
    | TaskFinished
    | BlockReleased
    | RunPaused
    | RunResumed
    | BudgetExceeded
    | RunFinished
    | RunFailed
    | RunCancelled
)
Observer = Callable[[Event], None]
