"""The DOT language: nodes, edges, colours, as text.

Labels are plain, not HTML-like, as not every build of Graphviz reads those.  Fills are light with dark
writing, on a transparent ground with mid-grey lines, so that a picture made by any program can be read
on a light and on a dark page; where the picture is an SVG of ours, `DARK_STYLE` adapts it further.
This file knows neither expressions nor plans.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["COLOURS", "DARK_STYLE", "RAMP", "caption", "edge", "graph", "left_out", "node"]

#: Kind of an operation: fill and line on a light page, fill and line on a dark one.
COLOURS = {
    "source": ("#cfe2f5", "#3f78b0", "#1d3b5a", "#6aa5dc"),
    "create": ("#d5ecd8", "#4f9a5b", "#1f4227", "#72bd7e"),
    "elementwise": ("#fdf1cb", "#b08d2c", "#4a3d14", "#d6b355"),
    "reduce": ("#fad8c6", "#c0673c", "#55301c", "#e28f66"),
    "view": ("#e6e8ee", "#7b8090", "#343841", "#a3a9b8"),
    "join": ("#ded7f0", "#7a66b3", "#352b57", "#a896dd"),
    "blocks": ("#f4d3e2", "#b3567f", "#4f2539", "#d982a8"),
    "contract": ("#f8cdc9", "#b8524a", "#552522", "#e0857d"),
    "select": ("#cdeeec", "#3a918b", "#184542", "#63bfb8"),
    "rechunk": ("#eae0cc", "#95804f", "#433a22", "#bfa873"),
}
#: Kinds that only a plan has, and what they look like.
_LIKE = {"fused": "elementwise", "merge": "reduce", "sort": "rechunk"}
#: Steps from little to much, drawn like kinds; writing can be read on all of them.
RAMP = {
    f"step{k}": colours
    for k, colours in enumerate(
        (
            ("#eef4fb", "#8aa8c8", "#17293d", "#4f7396"),
            ("#d3e5f5", "#7198c4", "#1b3f5e", "#5a86b0"),
            ("#b0d3ec", "#5b8cbc", "#1d5a74", "#5f9cc0"),
            ("#9fd6d2", "#4a9690", "#1c6f6c", "#5fb5ae"),
            ("#bfe0a0", "#76a04a", "#3f7a3c", "#8fc274"),
            ("#f3e08a", "#b59a35", "#7d7421", "#cdbd5a"),
            ("#f8bd7c", "#c07c34", "#99551d", "#e09a5c"),
            ("#f39a8e", "#b9533f", "#a3332a", "#ea7d6d"),
        )
    )
}
_DRAWN = COLOURS | RAMP

_HEAD = """digraph nbarray {
graph [bgcolor="transparent", rankdir="TB", nodesep="0.3", ranksep="0.4", fontname="Helvetica", fontsize="10"]
node [shape="box", style="rounded,filled", fontname="Helvetica", fontsize="10", fontcolor="#1c2733", margin="0.2,0.09"]
edge [color="#808080", arrowsize="0.7"]
"""


def _dark_style() -> str:
    """Style of an SVG: first lines of boxes bold, and other colours on dark pages."""
    # the second frame of a group is not filled
    rules = "".join(
        f".{kind} path{{stroke:{line}}}.{kind} path:not([fill=none]){{fill:{dark}}}"
        for kind, (_, _, dark, line) in _DRAWN.items()
    )
    return (
        "<style>.node:not(.more) text:first-of-type{font-weight:bold}"
        f"@media(prefers-color-scheme:dark){{{rules}.node text{{fill:#eceff4}}.more text{{fill:#a8a8a8}}}}</style>"
    )


DARK_STYLE = _dark_style()


def quote(text: str) -> str:
    """A DOT string that shows `text` as it is, with new lines kept.

    >>> quote('a "b" \\\\N')
    '"a \\\\"b\\\\" \\\\\\\\N"'
    """
    for plain, quoted in (("&", "&amp;"), ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, quoted)
    return f'"{text}"'


def node(name: str, lines: Sequence[str], kind: str, group: bool = False) -> str:
    """A box: its title, then what there is to say of it.

    kind : of an operation, or a step of the ramp; gives the colour and the SVG class
    group : several operations in one, which a double frame shows
    """
    known = _LIKE.get(kind, kind)
    known = known if known in _DRAWN else "view"
    fill, border, _, _ = _DRAWN[known]
    label = quote("\n".join(line for line in lines if line))
    frames = ", peripheries=2" if group else ""
    return f'{name} [label={label}, class="{known}", fillcolor="{fill}", color="{border}"{frames}]\n'


def left_out(name: str, text: str) -> str:
    """A frame without ground that stands for what isn't drawn."""
    return f'{name} [label={quote(text)}, class="more", style="rounded,dashed", color="#808080", fontcolor="#808080"]\n'


def edge(before: str, after: str, faint: bool = False) -> str:
    """An arrow along the way of the data."""
    style = ' [style="dashed"]' if faint else ""
    return f"{before} -> {after}{style}\n"


def caption(text: str) -> str:
    """A line under the graph."""
    return f'label={quote(text)}\nlabelloc="b"\nfontcolor="#808080"\n' if text else ""


def graph(parts: Sequence[str]) -> str:
    """The whole text of a graph of these parts."""
    return f"{_HEAD}{''.join(parts)}}}\n"
