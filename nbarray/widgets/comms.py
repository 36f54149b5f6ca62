"""What ipywidgets and ipykernel need to be told so that buttons work while a cell computes.

Three facts about kernels, each met in the one place where it is dealt with.  All of it is guarded: where
a kernel has no such attribute, nothing is changed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

__all__ = [
    "BLOCKED_NOTE",
    "answers_while_blocked",
    "asked_by",
    "available",
    "between_cells",
    "cell_of_output",
    "cell_runs",
    "close_tree",
    "display_below",
    "keep_answering",
    "kernel_of",
    "page_loaded_last",
    "tree_of",
]

BLOCKED_NOTE = (
    "This kernel looks at buttons only between cells, and a cell is running. The notebook's Stop button cancels what "
    "that cell waits for; to pause and steer a run, start it in the background: %%blocked -b, or x.start()."
)


def available() -> bool:
    """Whether ipywidgets can be imported; asking also pays for its import, before any run waits for it."""
    try:
        import ipywidgets  # noqa: F401
    except ImportError:
        return False
    return True


def kernel_of() -> Any:
    """The Jupyter kernel that this process is, or None."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None)


def answers_while_blocked() -> bool:
    """Whether clicks arrive while a cell blocks: the kernel has subshells, and the front end is one that uses them.

    Which front end there is can't be asked; two that send no subshell can be told by what they bring along.
    """
    kernel = kernel_of()
    if kernel is None or not getattr(kernel, "_supports_kernel_subshells", False):
        return False
    return "google.colab" not in sys.modules and not any(name.startswith("VSCODE_") for name in os.environ)


def cell_runs() -> bool:
    """Whether a cell is running now, or waits for what it awaits."""
    shell = getattr(kernel_of(), "shell", None)
    return getattr(getattr(shell, "displayhook", None), "exec_result", None) is not None


def cell_of_output() -> Any:
    """What IPython knows the cell by to which anything displayed now belongs; None where there is no kernel."""
    shell = getattr(kernel_of(), "shell", None)
    return getattr(getattr(shell, "display_pub", None), "parent_header", None)


def asked_by() -> tuple[str, str] | None:
    """The cell that runs, by the name that its notebook has for it, and which execution of it; None if nobody knows."""
    message = getattr(getattr(kernel_of(), "shell", None), "parent_header", None)
    if not isinstance(message, dict):
        return None
    cell = message.get("metadata", {}).get("cellId")
    return (str(cell), str(message.get("header", {}).get("msg_id"))) if cell else None


def between_cells(call: Callable[..., None], *args: Any) -> None:
    """Let the kernel call something when no cell runs, or one that awaits; nothing where there is no kernel."""
    loop = getattr(kernel_of(), "io_loop", None)
    if loop is not None:
        loop.add_callback(call, *args)


def display_below(cell: Any, bundle: dict[str, Any], display_id: str) -> bool:
    """Display below `cell`, from a thread for which anything displayed belongs to another; returns whether that was so.

    Kernels before 7 have one cell for all threads: the one that runs.
    """
    if cell is None or threading.current_thread() is threading.main_thread() or cell == cell_of_output():
        return False
    publisher = kernel_of().shell.display_pub
    content = {"data": bundle, "metadata": {}, "transient": {"display_id": display_id}}
    publisher.session.send(publisher.pub_socket, "display_data", content, parent=cell, ident=publisher.topic)
    return True


def page_loaded_last() -> Any:
    """Something else for each page that has asked for all widgets, as those do that are loaded while a kernel runs."""
    import ipywidgets

    return getattr(getattr(ipywidgets.Widget, "_control_comm", None), "comm_id", "")


def keep_answering(widget: Any) -> None:
    """Let messages to a widget be handled while a cell runs, and without disturbing that cell.

    ipykernel 7.4 sends what the front end says to a widget to the shell that made it, which is busy; asked what
    it is asked for, it uses the subshell.  And handling a message fires IPython's events of a cell, whose
    effect is that the open figures of the cell under way are closed unseen.
    """
    comm = getattr(widget, "comm", None)
    if comm is None:
        return
    with contextlib.suppress(AttributeError):
        if hasattr(comm, "_reply_subshell_for"):
            comm._reply_subshell_for = lambda data, default: default
        if hasattr(comm, "_msg_callback"):

            def handle_msg(msg: Any) -> None:
                if comm._msg_callback is not None:
                    comm._msg_callback(msg)

            comm.handle_msg = handle_msg


def tree_of(widget: Any) -> list[Any]:
    """A widget, its children, layouts and styles, of which several may be shared: what is within comes first."""
    found: dict[int, Any] = {}
    for child in getattr(widget, "children", ()):
        found.update({id(each): each for each in tree_of(child)})
    for part in (getattr(widget, "layout", None), getattr(widget, "style", None), widget):
        if hasattr(part, "close"):
            found[id(part)] = part
    return list(found.values())


def close_tree(widget: Any) -> None:
    """Close a widget and all that belongs to it: `widget.close()` alone leaves that registered."""
    for part in tree_of(widget):
        part.close()
