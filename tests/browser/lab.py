"""A real JupyterLab, or Notebook, in a real Chromium, for tests and screenshots.

    with Lab(folder) as lab:
        notebook = lab.open("demo.ipynb")  # or app="notebook"
        notebook.run(0)
        notebook.use_theme("dark")
        notebook.text(0), notebook.saved(), notebook.screenshot("demo.png")

Everything the server and the browser keep (settings, profiles, sockets) lies in one temporary folder; the
server listens on the loopback interface alone, and only processes started here are ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page, sync_playwright

from tests.jupyter_kernels import KERNELS, write_kernelspecs

TOKEN = "test"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--hide-scrollbars",
]
_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    # every cell stays in the page, so that it can be found and photographed
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
    "docmanager-extension/plugin": {"autosave": False},
    "application-extension/shell": {"startMode": "single"},
}
_PANEL = """
async (arg) => {
  const app = window.jupyterapp;
  if (!app) return null;
  let panel = null;
  for (const w of app.shell.widgets('main')) {
    if (w.isVisible && w.content && w.content.widgets && w.sessionContext) { panel = w; break; }
  }
  if (!panel) return null;
  const session = panel.sessionContext;
  BODY
}
"""


def chromium() -> str | None:
    """Where Chromium is: what NBARRAY_CHROMIUM says, else the usual places; None where there is none."""
    return os.environ.get("NBARRAY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def write_notebook(path: Path, *cells: str, kernel: str = "nbarray-7") -> Path:
    """A notebook of code cells, at `path`."""
    path.parent.mkdir(exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    nbformat.write(notebook, path)
    return path


class Lab:
    """A server on the notebooks in `folder`, and a browser.

    kernels : by the names of their specs, as `tests.jupyter_kernels.KERNELS`
    """

    def __init__(
        self, folder: Path, *, timeout_s: float = 60.0, kernels: dict[str, tuple[Path, ...]] = KERNELS
    ) -> None:
        self.folder, self._kernels = folder, kernels
        self._timeout_s = timeout_s
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Lab:
        try:
            self._home = Path(tempfile.mkdtemp(prefix="nbarray-lab-"))
            self._stack.callback(shutil.rmtree, self._home, ignore_errors=True)
            self._port = self._stack.enter_context(self._server())
            playwright = self._stack.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(executable_path=chromium(), args=_FLAGS)
            self._stack.callback(self._browser.close)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def _server(self) -> Iterator[int]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        for name, values in _SETTINGS.items():
            path = self._home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        write_kernelspecs(self._home / "specs", self._kernels)
        (self._home / "config").mkdir(exist_ok=True)
        app = {"JupyterNotebookApp": {"expose_app_in_browser": True}}
        (self._home / "config" / "jupyter_server_config.json").write_text(json.dumps(app))
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={self.folder}", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
        ]  # fmt: skip
        with (self._home / "server.log").open("wb") as log:
            server = subprocess.Popen(
                command, env=self._environment(), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            self._port = port
            wait_until(lambda: self._answers(server), self._timeout_s, "the server answers")
            yield port
        finally:
            self._stop(server)

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON", "JPY_"))
        }
        folders = {
            "HOME": "home", "IPYTHONDIR": "ipython", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }  # fmt: skip
        for folder in folders.values():
            (self._home / folder).mkdir(exist_ok=True)
        specs = {"JUPYTER_PATH": str(self._home / "specs")}
        return kept | specs | {name: str(self._home / folder) for name, folder in folders.items()}

    def _answers(self, server: subprocess.Popen[bytes]) -> bool:
        if server.poll() is not None:
            raise RuntimeError("the server ended:\n" + (self._home / "server.log").read_text()[-3000:])
        with contextlib.suppress(OSError):
            self._api("/api/status")
            return True
        return False

    def _api(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}", method=method, headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            body = reply.read()
        return json.loads(body) if body else None

    def _stop(self, server: subprocess.Popen[bytes]) -> None:
        if server.poll() is None:
            with contextlib.suppress(OSError):  # kernels run in process groups of their own
                for kernel in self._api("/api/kernels"):
                    self._api(f"/api/kernels/{kernel['id']}", "DELETE")
        for stop in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, stop)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(8)
                return

    def page(self, address: str) -> Page:
        """A page of its own for an address."""
        page = self._browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto(address)
        return page

    def open(self, name: str, app: str = "lab") -> Notebook:
        """Open a notebook of the folder in a page of its own, with its kernel ready.

        app : "lab" or "notebook"
        """
        place = f"lab/workspaces/{Path(name).stem}/tree/{name}?reset&" if app == "lab" else f"notebooks/{name}?"
        page = self.page(f"http://127.0.0.1:{self._port}/{place}token={TOKEN}")
        notebook = Notebook(page, self.folder / name, self._timeout_s)
        notebook.wait_ready()
        return notebook


class Notebook:
    """A notebook open in a page; cells are counted from 0."""

    def __init__(self, page: Page, path: Path, timeout_s: float) -> None:
        self.page, self.path, self._timeout_s = page, path, timeout_s

    def js(self, body: str, arg: Any = None) -> Any:
        """Run JavaScript with `app`, `panel`, `session` and `arg` in scope."""
        return self.page.evaluate(_PANEL.replace("BODY", body), arg)

    def _wait(self, condition: str, what: str) -> None:
        wait_until(lambda: self.js(f"return !!({condition})"), self._timeout_s, what, self.page.wait_for_timeout)

    def wait_ready(self) -> None:
        """The kernel has started."""
        self._wait("session.isReady && session.session?.kernel?.status === 'idle'", "the kernel is ready")
        self.js("app.shell.collapseLeft?.(); return true")

    def use_theme(self, theme: str) -> None:
        """Switch the page to the "light" or the "dark" theme."""
        self.js(
            "await app.commands.execute('apputils:change-theme', {theme: arg}); return 1", f"JupyterLab {theme.title()}"
        )
        shown = self.page.locator(f"body[data-jp-theme-light='{'false' if theme == 'dark' else 'true'}']")
        shown.wait_for(state="attached", timeout=10_000)
        self.page.wait_for_timeout(300)

    def run(self, cell: int, *, wait: bool = True) -> None:
        """Run one cell."""
        self.js("panel.content.activeCellIndex = arg; app.commands.execute('notebook:run-cell'); return true", cell)
        self.page.wait_for_timeout(200)
        if wait:
            self.wait_idle()

    def wait_idle(self) -> None:
        """No cell is queued or running."""
        waiting = (
            "panel.content.widgets.some(w => w.node.querySelector('.jp-InputPrompt')?.textContent.includes('[*]'))"
        )
        self._wait(f"session.session?.kernel?.status === 'idle' && !{waiting}", "the cells have run")

    def ask(self, code: str) -> str:
        """What `code` prints in the kernel, beside the cells."""
        return self.js(
            "let said = ''; const asked = session.session.kernel.requestExecute({code: arg, store_history: false});"
            "asked.onIOPub = message => { said += message.content.text ?? message.content.evalue ?? ''; };"
            "await asked.done; return said;",
            code,
        )

    def interrupt(self) -> None:
        """What the Stop button does."""
        self.js("await session.session.kernel.interrupt(); return true")

    def restart(self) -> None:
        """Restart the kernel, as the menu does when it has asked."""
        self.js("await session.restartKernel(); return true")
        self.wait_ready()

    def close(self) -> None:
        """Shut the kernel down and close the page."""
        with contextlib.suppress(Exception):
            self.js("await session.shutdown(); return true")
        self.page.close()

    def cell(self, cell: int) -> Locator:
        """A cell, as Playwright sees it."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(cell)

    def output(self, cell: int) -> Locator:
        """What is below a cell."""
        return self.cell(cell).locator(".jp-Cell-outputWrapper").first

    def text(self, cell: int) -> str:
        """The text below a cell, as it can be read."""
        return self.output(cell).inner_text()

    def saved(self) -> Any:
        """Save the notebook; what the file then holds."""
        self.js("await panel.context.save(); return true")
        return nbformat.read(self.path, as_version=4)

    def screenshot(self, path: Path, cell: int | None = None) -> Path:
        """A picture of one cell, or of the page."""
        (self.page if cell is None else self.cell(cell)).screenshot(path=path)
        return path


def wait_until(
    condition: Callable[[], Any], timeout_s: float, what: str, pause: Callable[[float], object] | None = None
) -> None:
    """Ask until `condition` holds; `pause` takes milliseconds."""
    stop_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > stop_s:
            raise TimeoutError(f"waited {timeout_s:.0f} s in vain until {what}")
        if pause is not None:
            pause(100)
        else:
            time.sleep(0.1)
