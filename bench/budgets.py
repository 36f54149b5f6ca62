"""nbarray inside budgets: each row at budgets from the least that its plan takes, results and memory compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.measure import agrees, measure_memory
from bench.row import Row

__all__ = ["SHARES", "budget_table", "sweep"]

#: Budgets, as multiples of what the plan takes when tasks run one after the other.
SHARES = (1.0, 1.1, 1.5, 2.0, 4.0)
#: With less than this there is nothing that a budget would be about.
LEAST_BYTES = 2**16
#: What a process takes besides: threads and their stacks, Python's own objects.
BESIDES = 4 * 2**20


def sweep(row: Row, folder: Path, quick: bool) -> list[dict[str, Any]]:
    """A result for each budget, the first without one; none for rows that run nothing, or next to nothing."""
    free = _measured(row, folder, quick, None)
    if free.get("least_bytes", 0) < LEAST_BYTES:
        return []
    results = [_judged(row, "as it is", 0, free, free)]
    for share in SHARES:
        memory = int(share * free["least_bytes"])
        results.append(_judged(row, f"{share:g}", memory, _measured(row, folder, quick, memory), free))
    return results


def _measured(row: Row, folder: Path, quick: bool, memory: int | None) -> dict[str, Any]:
    measured = measure_memory(row.name, folder, quick, memory)
    if "failed" in measured:
        raise RuntimeError(f"{row.name} in {memory} bytes: {measured['failed']}")
    return measured


def _judged(row: Row, share: str, memory: int, m: dict[str, Any], free: dict[str, Any]) -> dict[str, Any]:
    same = m["summary"] is None or agrees(m["summary"], free["summary"])
    broken = bool(memory) and m["peak_bytes"] > 1.1 * memory + BESIDES
    return {"row": row.name, "share": share, "memory": memory, "agree": same, "broken": broken, **m}


def budget_table(results: list[dict[str, Any]]) -> str:
    """One line for each row and budget; what was broken is in bold."""
    lines = ["| row | budget | | projected | measured | | scratch | first run | agree |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|---:|---|")
    for r in results:
        measured = f"{r['peak_bytes'] / 10**6:.1f} MB"
        figures = [
            r["share"],
            f"{r['memory'] / 10**6:.1f} MB" if r["memory"] else "",
            f"{r['projected_bytes'] / 10**6:.1f} MB",
            f"**{measured}**" if r["broken"] else measured,
            f"{r['peak_bytes'] / max(1, r['projected_bytes']):.2f}",
            f"{r['spilled_bytes'] / 10**6:.1f} MB" if r["spilled_bytes"] else "",
            f"{1000 * r['first_s']:.0f} ms",
            "yes" if r["agree"] else "**NO**",
        ]
        lines.append("| " + " | ".join([r["row"], *figures]) + " |")
    return "\n".join(lines)
