"""Kernels that tests start: the ipykernel that is installed, and one of version 6 in a folder of its own.

Notebooks of long standing run on ipykernel 6, where a busy kernel looks at no button; `make test` installs it beside
the environment's packages, and a test that needs it is marked ``needs("ipykernel-6")``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Where `make test` puts ipykernel 6.
IPYKERNEL_6 = Path(sys.prefix) / "ipykernel-6"
#: Kernels by the name of their spec; what stands before everything else on their path.
KERNELS: dict[str, tuple[Path, ...]] = {"nbarray-7": (), "nbarray-6": (IPYKERNEL_6,)}


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
