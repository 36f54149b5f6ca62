"""The monitor, as arrays and runs have it.  What draws it lies on a floor above, and is asked for by name."""

from __future__ import annotations

from typing import Any

from nbarray.api.array import Array
from nbarray.api.dispatch import ABOVE, is_method, public
from nbarray.api.pictures import RUN_METHODS
from nbarray.engines.run import Run
from nbarray.errors import InputError

__all__ = ["monitor"]


@is_method("monitor")
@public()
def monitor(*what: Array | Run, memory: int | str | None = None, workers: int | None = None) -> Any:
    """A panel to start, pause, resume, cancel and resize the computation of arrays, or a run that goes on.

    what : arrays, computed together, or one run
    memory, workers : budget in bytes ("2GiB") and threads of the run to be made; by default the settings'

    As a cell's last value it shows itself, with the plan's numbers: nothing is computed before Start is pressed, and
    changing chunks, workers or memory plans anew.  `start()` does what the button does and returns the run, `result()`
    waits for the values; `close()` takes the panel away, and the run goes on.  Blocks can be looked at one by one: a
    click computes just that one.  What stays of a run that has ended is a summary; a new panel of the arrays shows
    their blocks again.  The last lines that tasks print are in it; where a cell waits for its run they stand below
    the cell, too.  Needs ipywidgets; without a notebook it is one line of text.  Raises InputError for other things
    than arrays or one run, and for settings of a run that there is.  It costs nothing but planning.

    >>> import nbarray as nb
    >>> panel = nb.ones((1000, 1000), chunks=100).sum().monitor(memory="1GiB")
    >>> panel.state, panel.result(), panel.state
    ('ready', np.float64(1000000.0), 'done')
    """
    panel = ABOVE["monitor"]()
    if len(what) == 1 and isinstance(what[0], Run):
        if memory is not None or workers is not None:
            raise InputError(
                "monitor: this run has a budget and workers already; change them by sliders, or by run.set_budget() "
                "and run.set_workers()"
            )
        return panel(what[0])
    arrays = [each for each in what if isinstance(each, Array)]
    if len(arrays) < len(what) or not what:
        given = ", ".join(type(each).__name__ for each in what) or "nothing"
        raise InputError(f"monitor: expected arrays, or one run, not {given}")
    forms = [array.form for array in arrays]
    return panel([array.expr for array in arrays], memory=memory, workers=workers, forms=forms)


RUN_METHODS["monitor"] = monitor
