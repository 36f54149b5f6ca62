"""The ratios as a picture: how many times as long as nbarray each library takes, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["draw"]

_COLOURS = {"dask": "C1", "dask-array": "C2", "dask-array on frisky": "C3", "cubed": "C4", "numpy": "C7"}


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """Write the chart; its kind follows the name's ending."""
    from matplotlib.figure import Figure

    shown = [r for r in results if len(r["libraries"]) > 1]
    figure = Figure(figsize=(8, 0.28 * len(shown) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    for k, r in enumerate(shown):
        for name, m in r["libraries"].items():
            if name != "nbarray":
                axes.plot(m["best_s_ratio"], k, "o", color=_COLOURS.get(name, "0.75"), label=name, alpha=0.8)
    axes.axvline(1, color="C0", label="nbarray")
    axes.set(xscale="log", yticks=range(len(shown)), yticklabels=[r["row"] for r in shown])
    axes.set_xlabel("time over nbarray's, best of 3")
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    named = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    kept = {name: handle for name, handle in named.items() if name in _COLOURS or name == "nbarray"}
    axes.legend(kept.values(), kept.keys(), loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    figure.savefig(path)
