"""Graphs that show themselves."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nbarray.display import picture
from nbarray.display.picture import Picture, expression_picture, tasks_picture
from nbarray.errors import InputError, MissingFile, MissingProgram
from tests.display.fakes import node, plan

X = node((4,), (2,), "x <&>", kind="create")
TOTAL = node((), (), "sum", X, kind="reduce")


def drawn_by(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Replace drawing by a note of what was to be drawn."""
    asked: list[tuple[str, str]] = []

    def fake(dot: str, form: str = "svg") -> bytes:
        asked.append((dot, form))
        return f'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><text>{len(dot)}</text></svg>'.encode()

    monkeypatch.setattr(picture, "render", fake)
    return asked


def refuse(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(dot: str, form: str = "svg") -> bytes:
        raise error

    monkeypatch.setattr(picture, "render", fail)


def svg_in(html: str) -> str:
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return base64.b64decode(data).decode()


def test_a_notebook_gets_an_image_and_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundle has an image with words and the indented text, and no bare SVG, which untrusted notebooks drop."""
    drawn_by(monkeypatch)
    shown = expression_picture([TOTAL])
    bundle = shown._repr_mimebundle_()

    assert {"text/html", "text/plain"} == set(bundle)
    assert 'alt="Graph of the operations that give sum"' in bundle["text/html"]
    assert "<svg" not in bundle["text/html"]
    assert bundle["text/plain"].startswith("sum")
    assert repr(shown) == bundle["text/plain"]


def test_the_image_adapts_to_dark_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SVG carries its colours for dark pages, and is still XML."""
    drawn_by(monkeypatch)
    svg = svg_in(expression_picture([TOTAL])._repr_mimebundle_()["text/html"])

    assert "prefers-color-scheme:dark" in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_it_is_drawn_when_looked_at_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the object draws nothing; showing it twice draws once."""
    asked = drawn_by(monkeypatch)
    shown = expression_picture([TOTAL])

    assert [] == asked
    shown._repr_mimebundle_()
    shown._repr_mimebundle_()
    assert 1 == len(asked)


def test_showing_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can draw, the notebook gets the reason and the DOT text, escaped."""
    refuse(monkeypatch, MissingProgram("install <Graphviz>"))
    html = expression_picture([TOTAL])._repr_mimebundle_()["text/html"]

    assert "<div>install &lt;Graphviz&gt;</div><pre>digraph nbarray {" in html
    assert "x &lt;&amp;amp;&gt;" in html


def test_showing_survives_errors_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an error that nobody foresaw is shown, not raised."""
    refuse(monkeypatch, ZeroDivisionError("oh"))

    assert "<div>ZeroDivisionError: oh</div>" in expression_picture([TOTAL])._repr_mimebundle_()["text/html"]


def test_a_picture_too_large_for_a_notebook_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a size, a notebook gets the smaller graph and a note."""
    asked = drawn_by(monkeypatch)
    monkeypatch.setattr(picture, "MOST_SVG_BYTES", 10)
    html = Picture("large", "text", "alt", lambda: "small")._repr_mimebundle_()["text/html"]

    assert ["large", "small"] == [dot for dot, _ in asked]
    assert "A smaller graph is shown" in html


@pytest.mark.parametrize("suffix", [".svg", ".SVG", ".png", ".pdf"])
def test_pictures_are_saved_by_suffix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str) -> None:
    """The suffix of the file says what is written."""
    asked = drawn_by(monkeypatch)
    path = expression_picture([TOTAL]).save(tmp_path / f"graph{suffix}")

    assert tmp_path / f"graph{suffix}" == path
    assert b"<svg" in path.read_bytes()
    assert [suffix[1:].lower()] == [form for _, form in asked]


@pytest.mark.parametrize("suffix", [".dot", ".gv"])
def test_dot_text_is_saved_without_drawing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str) -> None:
    """The DOT text can be saved where nothing can draw it."""
    refuse(monkeypatch, MissingProgram("nothing there"))
    shown = expression_picture([TOTAL])

    assert shown.dot == shown.save(str(tmp_path / f"graph{suffix}")).read_text(encoding="utf-8")


def test_saving_without_a_program_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A picture that can't be drawn leaves no file behind."""
    refuse(monkeypatch, MissingProgram("nothing there"))

    with pytest.raises(MissingProgram):
        expression_picture([TOTAL]).save(tmp_path / "graph.png")
    assert [] == list(tmp_path.iterdir())


def test_unknown_suffixes_are_refused(tmp_path: Path) -> None:
    """A suffix that says nothing is an error that names those that do."""
    with pytest.raises(InputError, match=r"'graph.jpeg'.*\.svg, \.png, \.pdf, \.dot"):
        expression_picture([TOTAL]).save(tmp_path / "graph.jpeg")


def test_missing_directories_are_said(tmp_path: Path) -> None:
    """A directory that isn't there is an error that names it."""
    with pytest.raises(MissingFile, match=r"there is no directory .*nowhere"):
        expression_picture([TOTAL]).save(tmp_path / "nowhere" / "graph.dot")


def test_tasks_have_a_picture_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is shown as a graph of tasks, with the number of tasks of each operation as text."""
    drawn_by(monkeypatch)
    shown = tasks_picture(plan([("read", "source"), ("sum", "merge")], [(0, []), (0, []), (1, [0, 1])]))

    assert "3  tasks\n        2  read\n        1  sum" == shown.text.lstrip()
    assert 'alt="Graph of 3 tasks of 2 operations"' in shown._repr_mimebundle_()["text/html"]
