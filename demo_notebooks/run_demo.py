"""What ``make demo`` runs: writes sample files, executes notebooks on them, leaves pages and pictures.

The notebooks are executed as a person would, in a kernel of their own, cell after cell; this script only
watches and says how far they are.  It knows nothing of nbarray but its command line.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# the kernel has to be the one beside this Python, not one that somebody has installed for themselves
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

HERE = Path(__file__).resolve().parent
#: Seconds after which a cell is taken to hang.
CELL_TIMEOUT_S = 600
#: Pictures go into the notebook, whatever the environment says of windows.
INLINE = "module://matplotlib_inline.backend_inline"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, default=[HERE / "01-temperature.ipynb"])
    parser.add_argument("--days", type=int, default=8, help="days of sample files (default: %(default)s)")
    parser.add_argument("--samples", type=Path, default=HERE.parent / "sample-data" / "met", help="where they are")
    parser.add_argument("--output", type=Path, default=HERE.parent / "demo-output", help="where the results go")
    arguments = parser.parse_args(argv)

    started = time.perf_counter()
    say(f"1. Sample files, {arguments.days} days of quarter-degree temperature maps")
    if write_samples(arguments.samples, arguments.days) != 0:
        return 1
    arguments.output.mkdir(parents=True, exist_ok=True)
    good = True
    for number, path in enumerate(arguments.notebooks, start=2):
        say(f"\n{number}. {path.name}")
        good = demonstrate(path, arguments.samples, arguments.output) and good
    say(f"\n{'Done' if good else 'FAILED'} after {time.perf_counter() - started:.0f} s.")
    return 0 if good else 1


def say(text: str) -> None:
    """Print now: whoever watches a pipe wants to see it too."""
    print(text, flush=True)


def write_samples(folder: Path, days: int) -> int:
    """Write the sample files that are not there yet; returns the writer's exit code."""
    command = [sys.executable, "-m", "nbarray", "sample", "met", str(folder), "--days", str(days)]
    return subprocess.run(command, check=False).returncode


def demonstrate(path: Path, samples: Path, output: Path) -> bool:
    """Execute one notebook, save its page and pictures, and say where; False if a cell failed."""
    notebook = nbformat.read(path, as_version=4)
    failure = execute(notebook, path.parent, samples)
    page = output / path.with_suffix(".html").name
    page.write_text(to_html(notebook, path.stem), encoding="utf-8")
    pictures = save_pictures(notebook, output)
    if failure:
        say(f"\n{failure}\n")
    say(f"   page:  {shown(page)}")
    for picture in pictures:
        say(f"   image: {shown(picture)}")
    return not failure


def execute(notebook: Any, folder: Path, samples: Path) -> str:
    """Execute the cells in place, with a line for each; returns the text of the error that stopped them, if any."""
    number = {cell.id: k for k, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1)}
    clock = {"started": time.perf_counter()}

    def on_start(cell: Any, cell_index: int) -> None:
        if cell.id in number:
            clock["started"] = time.perf_counter()
            print(f"   cell {number[cell.id]:2}/{len(number)}  {headline(cell.source):72}", end="", flush=True)

    def on_done(cell: Any, cell_index: int, execute_reply: Any) -> None:
        say(f"{time.perf_counter() - clock['started']:6.1f} s")

    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # its warnings about sockets are not for who watches a demo
        store_widget_state=False,  # with it, pages would wait for scripts from the network instead of showing pictures
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=on_start,
        on_cell_executed=on_done,
    )
    try:
        client.execute(env=os.environ | {"NBARRAY_SAMPLES": str(samples.resolve()), "MPLBACKEND": INLINE})
    except CellExecutionError as error:
        return re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return ""


def headline(source: str) -> str:
    """The line of a cell that tells most: its last one."""
    lines = [line for line in source.strip().splitlines() if line.strip()]
    text = lines[0] if lines[0].startswith("%%") else lines[-1]
    return text if len(text) <= 70 else text[:69] + "…"


def to_html(notebook: Any, title: str) -> str:
    """The notebook as one page that needs no network: pictures are inside, scripts from elsewhere taken out."""
    exporter = HTMLExporter(embed_images=True)
    body, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    return re.sub(r'<script[^>]*\ssrc="(?:https?:)?//[^>]*>\s*</script>', "", str(body))


def save_pictures(notebook: Any, output: Path) -> list[Path]:
    """Write each picture that a cell shows to a file named after the cell's id."""
    saved = []
    for cell in notebook.cells:
        for k, (suffix, image) in enumerate(pictures_of(cell)):
            saved.append(output / f"{cell.id}{f'-{k + 1}' if k else ''}.{suffix}")
            saved[-1].write_bytes(base64.b64decode(image))
    return saved


def pictures_of(cell: Any) -> list[tuple[str, str]]:
    """The suffix and the base64 text of each picture below a cell, alone or within HTML."""
    found = []
    for data in (output.get("data", {}) for output in cell.get("outputs", [])):
        if "image/png" in data:
            found.append(("png", data["image/png"]))
        found += [
            (kind.removesuffix("+xml"), image)
            for kind, image in re.findall(r'src="data:image/(png|svg\+xml);base64,([^"]+)"', data.get("text/html", ""))
        ]
    return found


def shown(path: Path) -> str:
    """A path as short as it can be written from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
