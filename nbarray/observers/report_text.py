"""How a report of a run reads: as lines of text, as tables in a notebook, and what advice it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nbarray.events import SourceRead
from nbarray.tables import table_html, titled_html
from nbarray.units import format_bytes, format_count, format_many, format_seconds

__all__ = ["ReportFacts", "advice", "report_html", "report_text"]

#: Operations and sources that get a line of their own at most, and pieces of advice.
MOST_LINES, MOST_ADVICE = 6, 3
#: Characters of a place in the user's code.
MOST_PLACE = 80
#: Tasks shorter than this are short, if there are many of them.
SHORT_TASK_S, MANY_TASKS = 500e-6, 1000
#: Operations with a smaller share of the time have no line, unless they are the only ones.
LEAST_SHARE = 0.005


@dataclass(frozen=True)
class ReportFacts:
    """The numbers of a report.

    limits : shares of the workers' time in per cent
    operations : name, place in the user's code, tasks done, tasks in all and seconds of workers, costliest first
    """

    run: int
    state: str
    error: str
    wall_s: float
    paused_s: float
    busy_s: float
    tasks: int
    done: int
    workers: int
    peak_bytes: int
    projected_bytes: int
    budget_bytes: int
    overrun_bytes: int
    spilled_bytes: int
    read_bytes: int
    sources: tuple[SourceRead, ...]
    limits: dict[str, float]
    operations: list[tuple[str, str, int, int, float]]


# ---------------------------------------------------------------------------------------------------- advice


def _overrun(facts: ReportFacts) -> str | None:
    if not facts.overrun_bytes:
        return None
    return (
        f"the process held {format_bytes(facts.overrun_bytes)} more than before, of a budget of "
        f"{format_bytes(facts.budget_bytes)}: unless something else took it, a function takes more memory than its "
        "blocks, which is all that is counted; smaller chunks or fewer workers take less"
    )


def _decoded_again(facts: ReportFacts) -> str | None:
    for source in facts.sources:
        if not source.read_bytes or not source.stored_bytes:
            continue
        needed, decoded = format_bytes(source.read_bytes), format_bytes(source.decoded_bytes)
        if source.decoded_bytes > 1.5 * source.read_bytes:
            times = source.decoded_bytes / source.stored_bytes
            return (
                f"{source.name}: tasks needed {needed}, but {decoded} were decoded ({times:.1f} times all there is), "
                "as stored chunks lie across what is read: chunks that are multiples of the stored ones avoid it"
            )
        if source.read_bytes > 1.9 * source.stored_bytes:
            times = source.read_bytes / source.stored_bytes
            return (
                f"{source.name} was read {times:.1f} times: if it is to be used again, hold its values, or what you "
                "need of them, in memory once"
            )
    return None


def _one_at_a_time(facts: ReportFacts) -> str | None:
    if facts.limits["decoding"] + facts.limits["disk"] < 25:
        return None
    slow = next((s for s in facts.sources if s.route.startswith("through")), None)
    return None if slow is None else f"{slow.name} is read {slow.route}: only one worker can at any time"


def _idle(facts: ReportFacts) -> str | None:
    if facts.limits["idle"] < 30 or facts.done < facts.tasks:
        return None
    most = max((tasks for _, _, _, tasks, _ in facts.operations), default=0)
    if most < 2 * facts.workers:
        each = "there was" if len(facts.operations) == 1 else "each operation had at most"
        workers = format_many(facts.workers, "worker")
        return f"{each} {format_many(most, 'task')} for {workers}: smaller chunks keep all of them busy"
    if facts.projected_bytes > 0.8 * facts.budget_bytes:
        return (
            f"workers waited for memory: more than {format_bytes(facts.budget_bytes)} (--memory or nb.config) "
            "lets more of them work at once"
        )
    return "workers waited for each other's blocks: fewer of them would take about as long"


def _short_tasks(facts: ReportFacts) -> str | None:
    if facts.done < MANY_TASKS or facts.busy_s > SHORT_TASK_S * facts.done:
        return None
    each = facts.busy_s / facts.done * 1e6
    return (
        f"{format_count(facts.done)} tasks took {each:.0f} µs each, of which much is the handing over from one to the "
        "next: larger chunks make fewer and longer ones"
    )


def _between_tasks(facts: ReportFacts) -> str | None:
    if facts.limits["scheduler"] < 20 or facts.wall_s < 0.1 or _short_tasks(facts):
        return None
    return (
        f"{facts.limits['scheduler']:.0f} % of the time workers were neither in a task nor waiting for one: something "
        "else kept the processors or Python's lock, such as another cell or another program"
    )


def _scratch(facts: ReportFacts) -> str | None:
    if not facts.spilled_bytes:
        return None
    return (
        f"{format_bytes(facts.spilled_bytes)} went through a file, as they don't fit into "
        f"{format_bytes(facts.budget_bytes)}: a larger budget keeps them in memory"
    )


def _disk(facts: ReportFacts) -> str | None:
    if facts.limits["disk"] < 50:
        return None
    return (
        "reading files is the limit: more workers hardly help, reading less does (a slice, fewer variables, stored "
        "smaller)"
    )


def _decoding(facts: ReportFacts) -> str | None:
    if facts.limits["decoding"] < 50:
        return None
    routes = {s.route.rpartition("decoded in the workers: ")[2] for s in facts.sources if "decoded in" in s.route}
    how = f" ({', '.join(sorted(routes)[:2])})" if routes else ""
    return (
        f"undoing the compression{how} is the limit: more workers help as far as there are processors; a file stored "
        "with a quicker filter, or a result kept for later, helps more"
    )


def _one_operation(facts: ReportFacts) -> str | None:
    if facts.limits["compute"] < 60 or len(facts.operations) < 2 or facts.wall_s < 1.0 or _short_tasks(facts):
        return None
    name, place, _, _, busy_s = facts.operations[0]
    if busy_s < 0.6 * facts.busy_s:
        return None
    return f"{100 * busy_s / facts.busy_s:.0f} % of the computing is {name}{_at(place)}: look there first"


def _at(place: str) -> str:
    return f" ({place[:MOST_PLACE]}{'…' * (len(place) > MOST_PLACE)})" if place else ""


_ADVICE = (
    _overrun, _decoded_again, _one_at_a_time, _scratch, _idle, _short_tasks, _between_tasks, _disk, _decoding,
    _one_operation,
)  # fmt: skip


def advice(facts: ReportFacts) -> list[str]:
    """What would make the run quicker or smaller, the most useful first."""
    if facts.state == "waiting":
        return []
    found = (rule(facts) for rule in _ADVICE)
    return [text for text in found if text is not None][:MOST_ADVICE]


# ------------------------------------------------------------------------------------------------------ words


def _title(facts: ReportFacts) -> str:
    if facts.state == "waiting":
        return "Report: the run has not begun"
    paused = f", {format_seconds(facts.paused_s)} of it paused" if facts.paused_s >= 0.05 else ""
    how = {"done": "done in", "failed": "failed after", "cancelled": "cancelled after"}.get(
        facts.state, f"{facts.state} for"
    )
    return f"Run {facts.run}: {how} {format_seconds(facts.wall_s)}{paused}"


def _fact_rows(facts: ReportFacts) -> Iterator[tuple[str, str]]:
    tasks = f"{format_count(facts.done)} of {format_count(facts.tasks)}" if facts.done < facts.tasks else ""
    yield "tasks", f"{tasks or format_count(facts.tasks)} on {format_many(facts.workers, 'worker')}"
    yield "busy", f"{format_seconds(facts.busy_s)} of workers' time"
    yield (
        "peak",
        f"{format_bytes(facts.peak_bytes)} ({format_bytes(facts.projected_bytes)} projected, "
        f"budget {format_bytes(facts.budget_bytes)})",
    )
    if facts.overrun_bytes:
        yield "exceeded", f"{format_bytes(facts.overrun_bytes)} more than before were held by the process"
    if facts.read_bytes:
        yield "read", f"{format_bytes(facts.read_bytes)} of stored numbers"
    if facts.spilled_bytes:
        yield "scratch", f"{format_bytes(facts.spilled_bytes)} planned"
    shares = sorted(facts.limits.items(), key=lambda item: -item[1])
    yield "limited by", ", ".join(f"{name} {share:.0f} %" for name, share in shares if round(share))
    if facts.error:
        yield "error", facts.error.splitlines()[0]


def _source_rows(facts: ReportFacts) -> Iterator[tuple[str, str, str]]:
    for source in facts.sources[:MOST_LINES]:
        times = f"{source.read_bytes / source.stored_bytes:.2f} ×" if source.stored_bytes else ""
        much = source.decoded_bytes > 1.05 * source.read_bytes
        decoded = f" ({format_bytes(source.decoded_bytes)} decoded)" if much else ""
        yield format_bytes(source.read_bytes), times, f"{source.name}: {source.route}{decoded}"
    if len(facts.sources) > MOST_LINES:
        yield "…", "", f"{format_count(len(facts.sources) - MOST_LINES)} more sources"


def _operation_rows(facts: ReportFacts) -> Iterator[tuple[str, str, str, str]]:
    busy_s = facts.busy_s or 1.0
    shown = [o for k, o in enumerate(facts.operations[:MOST_LINES]) if k == 0 or o[4] >= LEAST_SHARE * busy_s]
    for name, place, done, tasks, seconds in shown:
        of = f"{format_count(done)}/{format_count(tasks)}" if done < tasks else format_count(tasks)
        yield f"{100 * seconds / busy_s:.0f} %", format_seconds(seconds), of, f"{name}{_at(place)}"
    if left := len(facts.operations) - len(shown):
        yield "…", "", "", f"{format_many(left, 'more operation')}"


def _sections(facts: ReportFacts) -> list[list[tuple[str, ...]]]:
    """Tables with their headings; the last column is words, the others are numbers."""
    if facts.state == "waiting":
        return []
    tables: list[list[tuple[str, ...]]] = [
        [("", ""), *_fact_rows(facts)],
        [("share", "busy", "tasks", "operation"), *_operation_rows(facts)],
        [("read", "", "source"), *_source_rows(facts)],
        [("advice",), *((text,) for text in advice(facts))],
    ]
    return [table for table in tables if len(table) > 1]


def report_text(facts: ReportFacts) -> str:
    """A report as aligned lines."""
    lines = [_title(facts)]
    for rows in _sections(facts):
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]) - 1)]
        lines.append("")
        shown = rows if any(rows[0]) else rows[1:]
        lines.extend("  ".join([*map(str.rjust, row, widths), row[-1]]).rstrip() for row in shown)
    return "\n".join(lines)


def report_html(facts: ReportFacts) -> str:
    """The same as tables that take their colours from the page, with plain inline styles only."""
    return titled_html(_title(facts), map(table_html, _sections(facts)))
