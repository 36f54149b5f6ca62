"""Kernels that tests start: the ipykernel that is installed, and others in folders of their own.

Notebooks of long standing run on ipykernel 6, where a busy kernel looks at no button; `make test` installs it beside
the environment's packages, and a test that needs it is marked ``needs("ipykernel-6")``.  Versions between that one and
the one that is installed are tried by `make kernels`, which names them in NBARRAY_KERNELS.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Where `make test` puts ipykernel 6.
IPYKERNEL_6 = Path(sys.prefix) / "ipykernel-6"
#: Versions to be tried in place of these two, such as "7.1 7.2".
OTHERS = os.environ.get("NBARRAY_KERNELS", "").split()
#: Kernels by the name of their spec; what stands before everything else on their path.
KERNELS: dict[str, tuple[Path, ...]] = {
    "nbarray-7": (),
    "nbarray-6": (IPYKERNEL_6,),
    **{f"nbarray-{version}": (Path(sys.prefix) / f"ipykernel-{version}",) for version in OTHERS},
}
#: Those that tests are to be run on.
TRIED = [f"nbarray-{version}" for version in OTHERS] or ["nbarray-7", "nbarray-6"]

#: A first cell: the extension, an array of 64 MB, and a function that takes a tenth of a second for each block.
SETUP = """
import time, numpy as np, nbarray as nb
%load_ext nbarray
def slow(block):
    time.sleep(0.1)
    return block
a = np.arange(2.0**23).reshape(-1, 2**16)
"""


def on_kernels(*arguments: Any, kernels: list[str] = TRIED) -> list[Any]:
    """Parameters for tests on each of some kernels: its name, after other arguments if there are any."""
    return [
        pytest.param(
            (*arguments, name) if arguments else name,
            id="-".join([*map(str, arguments), name.removeprefix("nbarray-")]),
            marks=pytest.mark.needs("ipykernel-6") if name == "nbarray-6" else (),
        )
        for name in kernels
    ]


def write_kernelspecs(folder: Path, kernels: dict[str, tuple[Path, ...]] = KERNELS) -> Path:
    """Specs of all kernels, in a folder for JUPYTER_PATH; they import the package that the tests belong to."""
    for name, before in kernels.items():
        spec = folder / "kernels" / name
        spec.mkdir(parents=True, exist_ok=True)
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        made = {
            "argv": [*launch, "--HistoryManager.enabled=False"],
            "display_name": name,
            "language": "python",
            "metadata": {"debugger": False},
            "env": {"PYTHONPATH": ":".join(map(str, [*before, ROOT]))},
        }
        (spec / "kernel.json").write_text(json.dumps(made))
    return folder
