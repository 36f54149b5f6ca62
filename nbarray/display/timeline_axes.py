"""A run over time drawn by matplotlib, for figures that are put together from several things."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.display.protocols import TimelineLike
from nbarray.units import format_bytes

__all__ = ["draw_timeline"]

#: Operations named in the legend.
MOST_NAMES = 8
_MEMORY, _BUDGET = "#4c8fd0", "#cf5f59"


def draw_timeline(timeline: TimelineLike, colours: dict[str, str], ax: Any = None) -> tuple[Any, Any]:
    """Draw the workers' lanes on `ax`, or on a figure of pyplot's, and the memory beneath; returns both axes."""
    if ax is None:
        import matplotlib.pyplot as plt

        lanes = 0.5 + 0.3 * timeline.workers
        size = 9.0, lanes + 2.6
        _, (ax, below) = plt.subplots(2, 1, figsize=size, height_ratios=(lanes, 1.2), sharex=True, layout="constrained")
    else:
        below = ax.inset_axes((0, -0.55, 1, 0.45), sharex=ax)
    from matplotlib.transforms import ScaledTranslation

    spans = np.stack([timeline.start_s, timeline.stop_s - timeline.start_s], axis=1)
    names, workers = np.array([*timeline.labels, ""], object)[timeline.node], timeline.worker
    for k, (label, words) in enumerate(timeline.legend):
        said = words if k < MOST_NAMES else None
        for worker in range(timeline.workers):
            chosen = spans[(names == label) & (workers == worker)]
            if len(chosen):
                ax.broken_barh(chosen, (worker - 0.4, 0.8), color=colours[label], linewidth=0, label=said)
                said = None  # once in the legend
    ax.set_ylim(max(timeline.workers, 1) - 0.5, -0.5)
    ax.set_yticks(range(timeline.workers), [f"worker {k}" for k in range(timeline.workers)])
    ax.set_xlim(0, max(timeline.wall_s, 1e-9))
    ax.set_title(timeline.title, fontsize="medium", loc="left")
    ax.tick_params(labelbottom=False)
    _draw_memory(timeline, below)
    if timeline.legend:
        # in inches: under the seconds, however high the axes are
        beneath = below.transAxes + ScaledTranslation(0, -0.45, ax.figure.dpi_scale_trans)
        named = ax.get_legend_handles_labels()
        below.legend(
            *named, fontsize="small", ncols=2, loc="upper left", frameon=False, bbox_to_anchor=(0, 0),
            bbox_transform=beneath,
        )  # fmt: skip
    return ax, below


def _draw_memory(timeline: TimelineLike, below: Any) -> None:
    """The bytes held."""
    order = np.argsort(timeline.stop_s)
    x, y = timeline.stop_s[order], timeline.held_bytes[order] / 2**20
    below.fill_between(x, y, step="pre", color=_MEMORY, alpha=0.35, linewidth=0)
    below.step(x, y, where="pre", color=_MEMORY, linewidth=0.8)
    if budget := timeline.drawn_budget:
        below.axhline(budget / 2**20, color=_BUDGET, linestyle="--", linewidth=0.9)
        below.annotate(
            f"budget {format_bytes(budget)}", (0, budget / 2**20),
            xytext=(3, -3), textcoords="offset points", va="top", fontsize="small", color=_BUDGET,
        )  # fmt: skip
    below.set_ylim(bottom=0)
    below.set_ylabel("MiB held")
    below.set_xlabel("seconds")
