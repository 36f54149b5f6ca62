"""The results as a table in Markdown."""

from __future__ import annotations

from typing import Any

__all__ = ["table"]


def table(results: list[dict[str, Any]]) -> str:
    """One line for each library; what nbarray had to reach and didn't is in bold."""
    lines = ["| row | library | best of 3 | | first run | | peak over base | must | agree |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|---|---|")
    for r in results:
        for name, m in r["libraries"].items():
            figures = [f"{1000 * m['best_s']:.1f} ms", "", f"{1000 * m['first_s']:.1f} ms", ""]
            if name != "nbarray":
                figures[1::2] = [f"{m[k]:.2f} ×" for k in ("best_s_ratio", "first_s_ratio")]
            figures.append(f"{m['peak_bytes'] / 10**6:.0f} MB")
            own = ["", "", f"no: {r['differs'][name]}" if name in r["differs"] else ""]
            if name == "nbarray":
                own = [r["row"], _must(r), "yes" if r["agree"] else "**NO**"]
            lines.append("| " + " | ".join([own[0], name, *figures, *own[1:]]) + " |")
        lines.extend(f"| | {name} | {why} | | | | | | |" for name, why in r["missing"].items())
    return "\n".join(lines)


def _must(result: dict[str, Any]) -> str:
    return f"{result['must']}: **{', '.join(result['short'])}**" if result["short"] else str(result["must"])
