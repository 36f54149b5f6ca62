"""``%blocked_runs`` and ``%blocked_report``: the runs of this kernel, and what one of them took."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from IPython.core.error import UsageError
from IPython.core.magic import Magics, magics_class

from nbarray import runs
from nbarray.magics.declared import declared
from nbarray.magics.options import parse
from nbarray.observers.report import RunReport
from nbarray.runs import RunRecord
from nbarray.tables import table_html
from nbarray.units import format_bytes, format_count, format_seconds

__all__ = ["RunTable", "RunningMagics"]

#: Runs that have ended and are listed.
MOST_ENDED = 20
_HEADS = ("run", "state", "tasks", "began", "took", "peak", "what")


class RunTable:
    """Runs as they are when looked at: a table in a notebook, aligned lines elsewhere."""

    def __init__(self, records: list[RunRecord]) -> None:
        self._records = records

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                str(record.number),
                record.state,
                f"{format_count(record.done)}/{format_count(record.tasks)}",
                datetime.fromtimestamp(record.began).strftime("%H:%M:%S"),
                format_seconds(record.wall_s),
                format_bytes(record.peak_bytes),
                f"{record.label}{f' ({record.place})' if record.place else ''}"
                + (f": {record.error}" if record.error else ""),
            )
            for record in self._records
        ]

    def __len__(self) -> int:
        return len(self._records)

    def _steerable(self) -> bool:
        return any(record.state in ("ready", "running", "paused") for record in self._records)

    def __repr__(self) -> str:
        if not self._records:
            return "No runs yet."
        rows = [_HEADS, *self._rows()]
        widths = [max(len(row[k]) for row in rows) for k in range(len(_HEADS) - 1)]
        lines = ["  ".join([*map(str.rjust, row, widths), row[-1]]).rstrip() for row in rows]
        if self._steerable():
            lines.append("%blocked_runs --cancel RUN stops one; --pause, --resume")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        if not self._records:
            return "<div>No runs yet.</div>"
        hint = ""
        if self._steerable():
            hint = "<div><code>%blocked_runs --cancel RUN</code> stops one; --pause, --resume</div>"
        return f"{table_html([_HEADS, *self._rows()])}{hint}"


@magics_class
class RunningMagics(Magics):
    """The magics about runs under way and runs that have ended."""

    @declared("blocked_runs", "cancel", "pause", "resume", line_only=True)
    def blocked_runs(self, line: str) -> RunTable:
        """The runs of this kernel: number, state, tasks, time, peak memory, where they were written.

        %blocked_runs
        %blocked_runs --cancel 3
        """
        name = "%blocked_runs"
        options, rest = parse(name, cast(Any, self.blocked_runs).parser, line)
        if rest:
            raise UsageError(f"{name}: can't use {rest!r}; {name} --cancel 3 stops run 3 ({name}? shows all options)")
        for action in ("cancel", "pause", "resume"):
            number = getattr(options, action)
            if number is not None:
                self._steer(name, action, number)
        records = runs.recent()
        ended = [record for record in records if record.ended]
        left_out = {record.number for record in ended[: max(0, len(ended) - MOST_ENDED)]}
        return RunTable([record for record in records if record.number not in left_out])

    def _steer(self, name: str, action: str, number: int) -> None:
        record = _found(name, number)
        run = record.run
        if run is None or record.ended:
            raise UsageError(f"{name}: run {number} has ended already ({record.state})")
        getattr(run, action)()

    @declared("blocked_report", line_only=True)
    def blocked_report(self, line: str) -> RunReport:
        """What a run took, the last one without a number: time, memory, bytes read, and what held it up.

        %blocked_report
        %blocked_report 3
        """
        name = "%blocked_report"
        _, rest = parse(name, cast(Any, self.blocked_report).parser, line)
        if rest and not rest.isdigit():
            raise UsageError(f"{name}: expected the number of a run, such as 3, not {rest!r}; %blocked_runs lists them")
        if rest:
            report = _found(name, int(rest)).report
            if report is None:
                raise UsageError(f"{name}: the report of run {rest} is not kept any more; the last ones are")
            return report
        reports = [record.report for record in runs.recent() if record.report is not None]
        if not reports:
            raise UsageError(f"{name}: nothing has been computed yet")
        return reports[-1]


def _found(name: str, number: int) -> RunRecord:
    record = runs.find(number)
    if record is None:
        told = "%blocked_runs lists them" if runs.recent() else "there are none yet"
        raise UsageError(f"{name}: there is no run {number}; {told}")
    return record
