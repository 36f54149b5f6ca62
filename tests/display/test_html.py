"""Arrays in a notebook."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from nbconvert.filters.strings import clean_html

from nbarray.display.html import array_html, array_text, grid_alt
from nbarray.expr.node import Expr
from tests.display.fakes import node, number, source

PROGRAM = ((1464, 721, 1440), (4, 200, 200))
EVIL = '<script>"alert(1)"</script>&lt;'


class Reader(HTMLParser):
    """Elements, attributes and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts += [data.strip()] if data.strip() else []

    def all(self, tag: str, name: str) -> list[str]:
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


def texts(expr: Expr, name: str | None = None) -> list[str]:
    return Reader(array_html(expr, name)).texts


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (
            node(*PROGRAM),
            "nbarray.Array(shape=(1464, 721, 1440), dtype=float64, chunks=(4, 200, 200), 366×4×8 blocks, 11.3 GiB)",
        ),
        (node((), ()), "nbarray.Array(shape=(), dtype=float64, chunks=(), 1 block, 8 B)"),
        (
            node((None,), (1,), dtype="int16", masked=True),
            "nbarray.Array(shape=(?,), dtype=int16, masked, chunks=(?,), ? blocks, size unknown)",
        ),
        (node((5,), ((1, 3, 1),)), "nbarray.Array(shape=(5,), dtype=float64, chunks=(≤3,), 3 blocks, 40 B)"),
    ],
)
def test_one_line_says_shape_dtype_chunks_blocks_and_bytes(expr: Expr, text: str) -> None:
    """The text form is one line with all that is known without computing."""
    assert text == array_text(expr)


def test_the_table_says_what_an_array_is() -> None:
    """The table has shape, chunks, blocks, bytes, dtype, sources and the number of operations."""
    files = [source(f"/data/{day:03}.nc") for day in range(365)]
    x = node((1460, 721, 1440), (4, 200, 200), "concatenate", *files, kind="join")
    said = texts(node((721, 1440), (200, 200), "mean", x, number(1), kind="reduce"))

    pairs = dict(pairwise(said))
    assert ["nbarray.Array", "mean(·, 1)"] == said[:2]
    assert "(721, 1440)" == pairs["Shape"]
    assert "(200, 200), 312 KiB each" == pairs["Chunks"]
    assert "32 = 4 × 8" == pairs["Blocks"]
    assert "7.92 MiB" == pairs["Bytes"]
    assert "float64" == pairs["Data type"]
    assert "NetCDF-4 000.nc … 364.nc" == pairs["Source"]
    assert "t2m in 365 files, stored chunks (1, 721, 1440)" in said
    assert "2" == pairs["Operations"]


def test_a_name_can_be_given() -> None:
    """The title is the given name instead of the last operation."""
    assert "temps" in texts(node(*PROGRAM), "temps")


@pytest.mark.parametrize(
    "expr",
    [
        node((), ()),
        node((10**6,), (1,)),
        node((10**4, 10**4), (10, 10)),
        node((10**3, 10**3, 10**3), (10, 10, 10)),
        node((7, 10**3, 10**3, 10**3), (1, 10, 10, 10)),
        node((7, 9, 10**6, 10**6, 10**6), (1, 1, 1, 1, 1)),
        node((10**15,) * 9, (1,) * 9, "a" * 1000, dtype=[("name" * 9, "f8")] * 1),
    ],
)
def test_it_takes_at_most_five_kilobytes(expr: Expr) -> None:
    """The HTML stays within 5 kB, whatever the number of axes and chunks."""
    assert len(array_html(expr).encode()) <= 5000


def test_the_most_unfortunate_names_fit_too() -> None:
    """Names of files and variables made of characters that need escaping don't break the limit."""
    files = [source("/x/" + '"' * 200 + f"{i}", "'" * 200 + f"{i}", kind="&" * 99) for i in range(9)]
    expr = node((10**4, 10**4, 10**4), (10, 10, 10), "&" * 99, *files, dtype=[('"' * 99, "f8")])

    assert len(array_html(expr).encode()) <= 5000


def test_names_are_escaped() -> None:
    """What comes from files or users is text, never markup."""
    x = source(f"/data/{EVIL[:10]}.nc", EVIL)
    page = Reader(array_html(node((4, 721, 1440), (4, 200, 200), EVIL, x), EVIL))

    assert {"div", "ul", "li", "b", "i", "code", "img"} == set(page.tags)
    assert EVIL in page.texts


def test_untrusted_notebooks_show_it() -> None:
    """It keeps to what front ends leave of a stranger's notebook: no style sheet, script, inline SVG or variable."""
    html = array_html(node(*PROGRAM))
    page = Reader(html)

    assert not {"style", "script", "svg", "link"} & set(page.tags)
    assert not any(word in html for word in ("var(", "currentColor", "gradient", "id="))
    assert not any("color" in style for _, name, style in page.attributes if name == "style")


def test_the_picture_is_an_image_with_words() -> None:
    """The grid is an image whose alternative text says shape, blocks and block shape."""
    page = Reader(array_html(node(*PROGRAM)))
    (image,) = page.all("img", "src")
    svg = base64.b64decode(image.removeprefix("data:image/svg+xml;base64,"))

    assert [
        "Chunk grid of an array of shape (1464, 721, 1440): 11 712 = 366 × 4 × 8 blocks of shape (4, 200, 200)"
    ] == page.all("img", "alt")
    assert ElementTree.fromstring(svg).tag.endswith("svg")


@pytest.mark.parametrize(
    ("expr", "alt"),
    [
        (node((), ()), "Chunk grid of an array without axes: 1 value in 1 block"),
        (node((3,), (3,)), "Chunk grid of an array of shape (3,): 1 block of shape (3,)"),
        (node((None, 4), (1, 2)), "Chunk grid of an array of shape (?, 4): ? × 2 blocks of shape (?, 2)"),
    ],
)
def test_words_for_special_grids(expr: Expr, alt: str) -> None:
    """Scalars, single blocks and unknown sizes have words of their own."""
    assert alt == grid_alt(expr)


def test_a_page_without_styles_and_images_can_be_read() -> None:
    """What nbconvert leaves where it sanitizes: all facts, none of their tags as text, and the picture in words."""
    facts, _, picture = clean_html(array_html(node(*PROGRAM))).partition('<div class="jp-FileSize-hidden">')
    image, _, words = picture.partition("</div>")

    assert "&lt;" not in facts + words
    assert "<li><b>Blocks</b> 11 712 = 366 × 4 × 8</li>" in facts
    assert "<div>" not in image  # all of it is in what is hidden
    assert words.startswith("<i>Chunk grid of an array of shape (1464, 721, 1440)")
