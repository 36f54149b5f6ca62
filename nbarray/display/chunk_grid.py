"""The chunk grid of an array as an SVG picture.

Up to three axes are drawn: the last one across, the one before downwards, the one before that into
the depth.  Of arrays with more axes the last three are drawn, with small copies beside them that stand for
the blocks along the others, which are said in words.  The
picture carries its own colours for light and dark pages, as it is shown as an image, where it can't
see the page's style.  Its size is the same for any number of chunks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod

from nbarray.display.facts import Sizes, clip, product_text
from nbarray.display.rulers import MOST_CHUNKS, Ruler, axis_lengths, ruler
from nbarray.grid.chunks import Chunks
from nbarray.units import format_count

__all__ = ["grid_svg", "sized"]

#: Classes: a front, b top, c right, h one block, k cuts, u cuts at unknown places, o outline, d dots.
_STYLE = (
    "<style>.a{fill:#d6e4f5}.b{fill:#edf4fc}.c{fill:#bdd3ec}.h{fill:#f7a531;fill-opacity:.72}.k,.u,.o,.d{fill:none;stroke:#5d87b5}"
    ".k,.u{stroke-width:.8}.u{stroke-dasharray:3 2}.o{stroke:#2d5c91;stroke-width:1.3;stroke-linejoin:round}"
    ".d{stroke:#2d5c91;stroke-width:2.4;stroke-linecap:round}text{font:11px sans-serif;fill:#6a6a6a}"
    "@media(prefers-color-scheme:dark){.a{fill:#24405f}.b{fill:#305478}.c{fill:#1a304a}.h{fill:#e8952c}"
    ".k,.u{stroke:#6b98c6}.o,.d{stroke:#a5c8ec}text{fill:#b4b4b4}}</style>"
)
#: Chunks drawn along each axis of a box, whose faces are small.
_MOST_IN_BOX = 15
#: Width in pixels a character of a label is taken to have: a digit of the widest of the usual fonts.
_CHARACTER = 7.0
#: Direction of the depth, to the right and up.
_DEPTH = (0.8, -0.6)
#: Small copies of a box: how many at most, how large, and pixels between them.
_COPIES, _COPY_SCALE, _COPY_SPACE = 2, 0.3, 12.0
#: Pixels that dots after the copies take, and that the picture is wide at most for the sake of copies.
_COPY_DOTS, _WIDEST = 20.0, 416.0
#: An axis into the depth is drawn shorter, as the eye expects.
_FORESHORTENING = 0.8

#: Where a picture says how large it is.
_SIDES = r'width="([\d.]+)" height="([\d.]+)"'

Vector = tuple[float, float]


def _n(value: float) -> str:
    """A coordinate with a tenth of a pixel and no useless characters."""
    text = f"{value:.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def _point(at: Vector) -> str:
    return f"{_n(at[0])} {_n(at[1])}"


def _side(vector: Vector) -> str:
    """A line as path data, in as few characters as it can be said."""
    dx, dy = _n(vector[0]), _n(vector[1])
    if dx == "0" or dy == "0":
        return f"v{dy}" if dx == "0" else f"h{dx}"
    return f"l{dx}{dy}" if dy.startswith("-") else f"l{dx} {dy}"


def _times(vector: Vector, factor: float) -> Vector:
    return vector[0] * factor, vector[1] * factor


def _plus(*vectors: Vector) -> Vector:
    return sum(v[0] for v in vectors), sum(v[1] for v in vectors)


def _outline(corner: Vector, one: Vector, other: Vector) -> str:
    """Path data of a parallelogram."""
    return f"M{_point(corner)}{_side(one)}{_side(other)}{_side(_times(one, -1.0))}z"


@dataclass(frozen=True, slots=True)
class _Edge:
    """One drawn axis: where its ruler lies and what a cut across it runs along."""

    ruler: Ruler
    unit: Vector
    start: Vector
    across: tuple[Vector, ...]

    @property
    def vector(self) -> Vector:
        return _times(self.unit, self.ruler.length)

    def cuts(self) -> str:
        """Path data of the cuts: each a line over the faces it crosses."""
        sides = "".join(map(_side, self.across))
        return "".join(f"M{_point(_plus(self.start, _times(self.unit, at)))}{sides}" for at in self.ruler.cuts)


def _depth(rulers: Sequence[Ruler]) -> Vector:
    """How far the box reaches to the right and up, in whole pixels; nothing for a rectangle."""
    right, up = _times(_DEPTH, rulers[0].length) if len(rulers) == 3 else (0.0, 0.0)
    return float(round(right)), float(round(up))


def _edges(rulers: Sequence[Ruler], corner: Vector) -> list[_Edge]:
    """The drawn axes of a front face with its top left at `corner`; the first of three goes into the depth."""
    right = rulers[-1]
    across = (right.length, 0.0)
    down = (0.0, rulers[-2].length)
    if len(rulers) == 2:
        return [_Edge(rulers[0], (0.0, 1.0), corner, (across,)), _Edge(right, (1.0, 0.0), corner, (down,))]
    depth = _depth(rulers)
    return [
        _Edge(rulers[0], _times(depth, 1 / rulers[0].length), corner, (across, down)),
        _Edge(rulers[1], (0.0, 1.0), corner, (across, depth)),
        _Edge(right, (1.0, 0.0), _plus(corner, down), (_times(down, -1.0), depth)),
    ]


def _dots(corner: Vector, one: _Edge, other: _Edge) -> str:
    """Path data of three dots where chunks are left out of a face spanned by two axes."""
    centre, step = corner, (0.0, 0.0)
    for edge in (one, other):
        gap = edge.ruler.gap
        middle = (gap[0] + gap[1]) / 2 if gap else edge.ruler.length / 2
        centre = _plus(centre, _times(edge.unit, middle))
        step = _plus(step, _times(edge.unit, 4.5)) if gap else step
    if step == (0.0, 0.0):
        return ""
    return "".join(f"M{_point(_plus(centre, _times(step, k)))}h0" for k in (-1, 0, 1))


def _faces(edges: Sequence[_Edge], corner: Vector) -> list[tuple[str, Vector, _Edge, _Edge]]:
    """Each visible face: its class, its corner of index zero, and the two axes that span it."""
    *depth, down, across = edges
    faces = [("a", corner, down, across)]
    if depth:
        faces += [("b", corner, depth[0], across), ("c", _plus(corner, across.vector), depth[0], down)]
    return faces


def _first_block(edges: Sequence[_Edge], corner: Vector) -> str:
    """The first block on the faces where it shows: on the right only if it reaches there."""
    return "".join(
        f'<path class="h" d="{_outline(at, _times(e.unit, e.ruler.first), _times(f.unit, f.ruler.first))}"/>'
        for style, at, e, f in _faces(edges, corner)
        if style != "c" or not edges[-1].ruler.cuts
    )


def _sheet(edges: Sequence[_Edge], corner: Vector, one_block: bool) -> str:
    """Faces, the first block unless there is but one, cuts, dots and outline of a rectangle or a box."""
    faces = _faces(edges, corner)
    parts = [f'<path class="{style}" d="{_outline(at, e.vector, f.vector)}"/>' for style, at, e, f in faces]
    parts.append("" if one_block else _first_block(edges, corner))
    for style, known in (("k", True), ("u", False)):
        data = "".join(edge.cuts() for edge in edges if edge.ruler.known is known)
        parts.append(f'<path class="{style}" d="{data}"/>' if data else "")
    outline = "".join(_outline(at, e.vector, f.vector) for _, at, e, f in faces)
    parts.append(f'<path class="o" d="{outline}"/>')
    dots = "".join(_dots(at, e, f) for _, at, e, f in faces)
    parts.append(f'<path class="d" d="{dots}"/>' if dots else "")
    return "".join(parts)


def _width(text: str) -> float:
    """About how many pixels wide a label is."""
    return len(text) * _CHARACTER


def _text(at: Vector, anchor: str, text: str) -> str:
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{_n(at[0])}" y="{_n(at[1])}"{where}>{text}</text>'


def _leading_text(chunks: Chunks, shape: Sizes, drawn: int) -> str:
    """What is said of the axes that aren't drawn, or an empty text."""
    left_out = len(chunks.axes) - drawn
    if left_out <= 0:
        return ""
    counts = chunks.numblocks[:left_out]
    axes = "axis 0" if left_out == 1 else f"axes 0–{left_out - 1}"
    if left_out > 3:
        return f"{axes} not drawn: {format_count(prod(counts))} × these blocks"
    pieces = f"in {product_text(counts, ' × ')} blocks" if prod(counts) != 1 else "in one block"
    return clip(f"{axes}: {product_text(shape[:left_out], ' × ')}, {pieces}", 48)


def _canvas(width: float, height: float, body: str) -> str:
    w, h = _n(width), _n(height)
    size = f'width="{w}" height="{h}" viewBox="0 0 {w} {h}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{_STYLE}{body}</svg>'


def _line_svg(chunks: Chunks, shape: Sizes) -> str:
    """The picture of an array of no axis or one."""
    if chunks.axes:
        across = ruler(chunks.axes[0], shape[0], 230.0)
        label = across.text
    else:
        across = Ruler(34.0, (), None, "", True)
        label = "scalar"
    down = Ruler(34.0, (), None, "", True)
    margin = max(2.0, (_width(label) - across.length) / 2)
    corner = (margin, 2.0)
    edges = _edges([down, across], corner)
    body = _sheet(edges, corner, one_block=not across.cuts)
    body += _text((margin + across.length / 2, 52.0), "middle", label)
    return _canvas(across.length + 2 * margin, 58.0, body)


def _rulers(chunks: Chunks, shape: Sizes) -> list[Ruler]:
    """The drawn axes, in order: the last two or three."""
    if len(shape) == 2:
        lengths, most = axis_lengths(shape, 170.0, 32.0), MOST_CHUNKS
    else:
        lengths, most = axis_lengths(shape[-3:], 130.0, 36.0), _MOST_IN_BOX
        lengths[0] *= _FORESHORTENING
    drawn = zip(chunks.axes[-3:], shape[-3:], lengths, strict=True)
    return [ruler(axis, size, float(round(length)), most) for axis, size, length in drawn]


def _copies(at: Vector, corner: Vector, width: float, others: int) -> tuple[str, float]:
    """Small copies of a drawn box, with dots for those that there is no room for, and where they end.

    at : top left of the first copy; corner, width : of the frame of what is copied
    """
    step = width * _COPY_SCALE + _COPY_SPACE
    drawn = min(others, _COPIES, max(0, int((_WIDEST - _COPY_DOTS - at[0]) / step)))
    parts = []
    for k in range(drawn):
        x, y = at[0] + k * step - corner[0] * _COPY_SCALE, at[1] - corner[1] * _COPY_SCALE
        parts.append(f'<use href="#b" transform="translate({_n(x)} {_n(y)})scale({_COPY_SCALE})"/>')
    end = at[0] + drawn * step - _COPY_SPACE + 4.0
    if others > drawn:
        parts.append(
            f'<path class="d" d="{"".join(f"M{_n(end + 6.0 + 6.0 * k)} {_n(at[1] + 12.0)}h0" for k in range(3))}"/>'
        )
        end += _COPY_DOTS
    return "".join(parts), end


def grid_svg(chunks: Chunks, shape: Sizes | None = None, copies: bool = True) -> str:
    """Draw how an array is cut into blocks, as an SVG of at most 3 kB.

    chunks : of an array of any number of axes
    shape : the array's shape where it isn't the chunks' own, as sizes are unknown (None)
    copies : whether blocks along axes before the last three are hinted at by small copies

    >>> from nbarray.grid.chunks import Chunks, regular
    >>> len(grid_svg(Chunks((regular(10**12, 1),)))) < 1200
    True
    """
    sizes = chunks.shape if shape is None else shape
    if len(chunks.axes) < 2:
        return _line_svg(chunks, sizes)
    rulers = _rulers(chunks, sizes)
    note = _leading_text(chunks, sizes, len(rulers))
    right, up = _depth(rulers)
    down, across = rulers[-2:]
    # whole pixels keep the numbers of the picture short
    corner = (ceil(_width(down.text)) + 7.0, (22.0 if note else 2.0) - up)
    below, beside = corner[1] + down.length, corner[0] + across.length
    edges, others, copies_end = _edges(rulers, corner), prod(chunks.numblocks[: -len(rulers)]) - 1, 0.0
    body = _sheet(edges, corner, one_block=others > 0 or chunks.nblocks == 1)
    at = (beside + right / 2 + 5.0, below + up / 2 + 9.0)
    deep = at[0] + _width(rulers[0].text) + 1.0 if len(rulers) == 3 else 0.0
    if others and copies:
        first = (max(beside + right, deep - 6.0) + _COPY_SPACE, below - _COPY_SCALE * (down.length - up))
        small, copies_end = _copies(first, _plus(corner, (0.0, up)), across.length + right, others)
        body = f'<g id="b">{body}</g>{small}'
    body += _first_block(edges, corner) if others else ""
    body += _text((corner[0] - 5.0, corner[1] + down.length / 2 + 4.0), "end", down.text)
    body += _text((corner[0] + across.length / 2, below + 15.0), "middle", across.text)
    widths = [beside + right + 2.0, corner[0] + (across.length + _width(across.text)) / 2, _width(note), copies_end]
    body += _text(at, "start", rulers[0].text) if deep else ""
    body += _text((0.0, 11.0), "start", note) if note else ""
    return _canvas(max(*widths, deep), below + 20.0, body)


def sized(svg: str, size: float | None) -> str:
    """A picture with a longer side of `size` pixels; None leaves it as it is."""
    drawn = re.search(_SIDES, svg)
    if size is None or drawn is None:
        return svg
    width, height = map(float, drawn.groups())
    scale = size / max(width, height)
    return svg.replace(drawn[0], f'width="{_n(width * scale)}" height="{_n(height * scale)}"', 1)
