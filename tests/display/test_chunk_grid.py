"""The chunk grid as SVG."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbarray.display.chunk_grid import grid_svg
from nbarray.grid.chunks import Chunks, regular
from tests.display.fakes import cut

SVG = "{http://www.w3.org/2000/svg}"
Chunking = Sequence[int | Sequence[int]]

CASES: list[tuple[tuple[int | None, ...], Chunking]] = [
    ((), ()),
    ((10,), (3,)),
    ((0,), (1,)),
    ((None,), (1,)),
    ((10**12,), (10**6,)),
    ((721, 1440), (200, 200)),
    ((10**6, 10**6), (1000, 1000)),
    ((10**6, 3), (1000, 3)),
    ((3, 10**6), (3, 1000)),
    ((None, 5), (1, 2)),
    ((0, 0), (1, 1)),
    ((184, 721, 1440), (4, 200, 200)),
    ((1464, 721, 1440), (4, 200, 200)),
    ((1000, 1000, 1000), (1, 1, 1)),
    ((10, 10, 10), ((1, 2, 3, 4), 10, (9, 1))),
    ((7, 0, None), (3, 1, 1)),
    ((2, 5, 31, 330, 360), (1, 5, 1, 330, 360)),
    ((2,) * 32, (1,) * 32),
]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def points(data: str) -> Iterator[tuple[float, float]]:
    """Every point that path data goes through."""
    x = y = 0.0
    for command, arguments in re.findall(r"([Mlhvz])([^Mlhvz]*)", data):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", arguments)]
        if command == "M":
            x, y = numbers
        elif command == "l":
            x, y = x + numbers[0], y + numbers[1]
        elif command == "h":
            x += numbers[0]
        elif command == "v":
            y += numbers[0]
        yield x, y


def spans(root: ElementTree.Element) -> Iterator[tuple[float, float]]:
    """Where each label begins and ends, written in a font whose digits are as wide as DejaVu's: seven pixels."""
    for text in root.iter(f"{SVG}text"):
        x, wide = float(text.attrib["x"]), 7.0 * len(text.text or "")
        left = x - {"end": wide, "middle": wide / 2}.get(text.attrib.get("text-anchor", ""), 0.0)
        yield left, left + wide


def check_picture(svg: str) -> None:
    """A picture is XML, small, and has everything it draws inside its frame."""
    root = ElementTree.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    drawn = [point for path in root.iter(f"{SVG}path") for point in points(path.attrib["d"])]
    drawn += [(float(text.attrib["x"]), float(text.attrib["y"])) for text in root.iter(f"{SVG}text")]

    assert len(svg.encode()) <= 3000
    assert f"0 0 {root.attrib['width']} {root.attrib['height']}" == root.attrib["viewBox"]
    assert max(width, height) <= 420
    assert all(math.isfinite(x) and math.isfinite(y) for x, y in drawn)
    assert all(-0.2 <= x <= width + 0.2 and -0.2 <= y <= height + 0.2 for x, y in drawn)
    assert all(-0.2 <= left and right <= width + 0.2 for left, right in spans(root))


@pytest.mark.parametrize(("shape", "chunks"), CASES)
def test_every_array_has_a_picture(shape: tuple[int | None, ...], chunks: Chunking) -> None:
    """Arrays of any number of axes, sizes and chunks are drawn within the frame and in at most 3 kB."""
    check_picture(grid_svg(cut(shape, chunks), shape))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)), max_size=5))
def test_any_regular_grid_has_a_picture(axes: list[tuple[int, int]]) -> None:
    """Whatever the sizes, the picture keeps its limits."""
    check_picture(grid_svg(Chunks(tuple(regular(size, step) for size, step in axes))))


def test_the_size_does_not_grow_with_the_chunks() -> None:
    """A thousand times as many chunks take no more room."""
    few = len(grid_svg(cut((10**5, 10**5, 10**5), (10**3, 10**3, 10**3))))
    many = len(grid_svg(cut((10**5, 10**5, 10**5), (1, 1, 1))))

    assert abs(few - many) < 20


def test_axes_are_labelled_with_their_sizes() -> None:
    """Each drawn axis says its size."""
    assert {"1464", "721", "1440"} == set(texts(grid_svg(cut((1464, 721, 1440), (4, 200, 200)))))


def test_a_scalar_says_so() -> None:
    """An array without axes is one labelled cell."""
    assert ["scalar"] == texts(grid_svg(cut((), ())))


def test_unknown_sizes_are_question_marks_and_dashed() -> None:
    """The cuts along an axis of unknown size are dashed, as nobody knows where they lie."""
    chunks = cut((100, 100), (10, 50))
    svg = grid_svg(chunks, (None, 100))

    assert {"?", "100"} == set(texts(svg))
    assert 'class="u"' in svg
    assert 'class="u"' not in grid_svg(chunks)


@pytest.mark.parametrize(
    ("shape", "chunks", "said"),
    [
        ((5, 10, 10, 10), (5, 5, 5, 5), "axis 0: 5, in one block"),
        ((2, 5, 10, 10, 10), (1, 5, 5, 5, 5), "axes 0–1: 2 × 5, in 2 × 1 blocks"),
        ((3, 3, 3, 3, 10, 10, 10), (1, 1, 1, 1, 5, 5, 5), "axes 0–3 not drawn: 81 × these blocks"),
    ],
)
def test_axes_that_are_not_drawn_are_said(shape: tuple[int, ...], chunks: tuple[int, ...], said: str) -> None:
    """Of more than three axes the last three are drawn and the others said in words."""
    labels = texts(grid_svg(cut(shape, chunks)))

    assert said in labels
    assert 4 == len(labels)


def test_left_out_chunks_leave_dots() -> None:
    """Three dots stand for chunks that are left out, only where there are such."""
    assert 'class="d"' in grid_svg(cut((1000, 10), (1, 5)))
    assert 'class="d"' not in grid_svg(cut((10, 10), (1, 5)))


def test_one_block_is_marked_among_several() -> None:
    """The first block is marked, unless it is the only one."""
    assert 'class="h"' in grid_svg(cut((10, 10), (5, 10)))
    assert 'class="h"' not in grid_svg(cut((10, 10), (10, 10)))


def test_colours_for_light_and_dark_pages_are_inside() -> None:
    """The picture brings its colours for both, and needs nothing of the page."""
    svg = grid_svg(cut((10, 10), (5, 5)))

    assert "@media(prefers-color-scheme:dark)" in svg
    assert "var(" not in svg
    assert "href" not in svg


def test_blocks_along_other_axes_are_small_copies() -> None:
    """Of four axes and more, one or two small copies stand for the other blocks, and dots for those beyond."""
    none, one, two, many = (grid_svg(cut((n, 3, 10, 10), (1, 3, 5, 5))) for n in (1, 2, 3, 9))

    assert [0, 1, 2, 2] == [svg.count("<use ") for svg in (none, one, two, many)]
    assert [0, 0, 0, 1] == [svg.count('class="d"') for svg in (none, one, two, many)]
    assert 2 == many.count('class="h"')
    assert "<use " not in grid_svg(cut((9, 10, 10, 10), (1, 5, 5, 5)), copies=False)


def test_no_copy_lies_on_a_label() -> None:
    """They begin where the size of the axis into the depth has been said."""
    svg = grid_svg(cut((3, 5, 184, 721, 1440), (1, 1, 4, 200, 200)))
    root = ElementTree.fromstring(svg)
    (label,) = (span for span, text in zip(spans(root), texts(svg), strict=True) if text == "184")
    box = min(x for path in root.iter(f"{SVG}path") for x, _ in points(path.attrib["d"]))
    shift, scale = map(float, re.findall(r"translate\(([\d.]+) [\d.-]+\)scale\(([\d.]+)\)", svg)[0])

    assert label[1] <= shift + scale * box
