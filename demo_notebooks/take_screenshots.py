"""What ``make screenshots`` runs: photographs cells of the demo notebooks in a real JupyterLab, for README.

The notebooks run as a person would run them, cell after cell, in a browser, on a copy and on sample files that
are thrown away afterwards.  What is photographed is the table `SHOTS`.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "demo_notebooks")]

from run_demo import say, write_samples  # noqa: E402

from tests.browser.lab import Lab  # noqa: E402

#: Bytes of a picture at most: a page of them should load at once.
MOST_BYTES = 200_000


@dataclass(frozen=True)
class Shot:
    """A picture of a cell: its name in ``docs``, the notebook, the cell's id, the theme.

    part : "cell" with its code, or "output"
    settle_s : how long to wait when the cell has run, for pictures that are still being computed
    while_running : the picture is taken so many seconds after the cell was started, not at its end
    """

    name: str
    notebook: str
    cell: str
    theme: str = "light"
    part: str = "cell"
    settle_s: float = 0.5
    while_running: float | None = None


SHOTS = (
    Shot("array", "05-graphs", "array"),
    Shot("monitor-ready", "03-monitor", "panel", settle_s=1.5),
    Shot("monitor", "03-monitor", "waiting", "dark", while_running=2.2),
    Shot("graph", "05-graphs", "rewritten"),
    Shot("timeline", "04-memory", "timeline"),
    Shot("explore", "06-explore", "maps", settle_s=2.0),
    Shot("explore-dark", "06-explore", "warming-by-day", "dark", settle_s=2.0),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Take the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which pictures to take (default: all)")
    parser.add_argument("--output", type=Path, default=ROOT / "docs", help="where they go (default: docs)")
    parser.add_argument("--days", type=int, default=4, help="days of sample files (default: %(default)s)")
    arguments = parser.parse_args(argv)
    known = [shot.name for shot in SHOTS]
    if wrong := [name for name in arguments.names if name not in known]:
        say(f"there is no picture {wrong[0]!r}; known: {', '.join(known)}")
        return 2
    chosen = [shot for shot in SHOTS if not arguments.names or shot.name in arguments.names]
    with tempfile.TemporaryDirectory(prefix="nbarray-screenshots-") as folder:
        samples = Path(folder) / "samples"
        if write_samples(samples, arguments.days) != 0:
            return 1
        # the notebooks' kernels import the package that this script belongs to
        os.environ |= {"NBARRAY_SAMPLES": str(samples), "PYTHONPATH": str(ROOT)}
        take(chosen, Path(folder), arguments.output)
    return 0


def take(shots: Sequence[Shot], folder: Path, output: Path) -> None:
    """Run the notebooks in `folder` and write the pictures to `output`."""
    for path in {ROOT / "demo_notebooks" / f"{shot.notebook}.ipynb" for shot in shots}:
        shutil.copy(path, folder)
    output.mkdir(parents=True, exist_ok=True)
    with Lab(folder) as lab:
        for name in dict.fromkeys(shot.notebook for shot in shots):
            wanted = {shot.cell: shot for shot in shots if shot.notebook == name}
            notebook = lab.open(f"{name}.ipynb")
            notebook.page.set_viewport_size({"width": 960, "height": 1400})  # the tallest picture fits into it
            for number, cell in enumerate(nbformat.read(folder / f"{name}.ipynb", as_version=4).cells):
                if cell.cell_type != "code" or not wanted:
                    continue
                shot = wanted.pop(cell.id, None)
                png = photograph(notebook, number, shot)
                if shot is not None and png is not None:
                    path = output / f"{shot.name}.png"
                    path.write_bytes(smaller(png))
                    say(f"{path.name}: {path.stat().st_size // 1000} kB")


def photograph(notebook: Any, number: int, shot: Shot | None) -> bytes | None:
    """Run a cell, and take its picture if one is wanted."""
    if shot is None:
        notebook.run(number)
        return None
    notebook.use_theme(shot.theme)
    notebook.run(number, wait=shot.while_running is None)
    pause_s = shot.settle_s if shot.while_running is None else shot.while_running
    notebook.page.wait_for_timeout(1000 * pause_s)
    # what is chosen has a coloured edge, which belongs to the page and not to the cell
    notebook.js("panel.content.activeCellIndex = arg; return true", 0)
    place = notebook.cell(number) if shot.part == "cell" else notebook.output(number)
    place.scroll_into_view_if_needed()
    png: bytes = place.screenshot()
    notebook.wait_idle()
    return png


def smaller(png: bytes) -> bytes:
    """The same picture with as many colours as fit into the bytes it may take."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64, 32, 16):
        out = io.BytesIO()
        picture.quantize(colours).save(out, "png", optimize=True)
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
