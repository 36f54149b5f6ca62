"""Whether a magic's value is to be shown: a ``;`` at the end silences it, as in any cell.

IPython can silence magics by itself, but takes the value away from an assignment, too: ``q = %blocked expr;``.
"""

from __future__ import annotations

import dis
import sys
import tokenize
from types import FrameType

from IPython.core.displayhook import DisplayHook

__all__ = ["ends_in_semicolon", "is_displayed"]


def ends_in_semicolon(code: str) -> bool:
    """Whether the last token is one; comments don't count.

    >>> ends_in_semicolon("x.sum();  # of all"), ends_in_semicolon("';'")
    (True, False)
    """
    try:
        return bool(DisplayHook.semicolon_at_end_of_expression(code))
    except (tokenize.TokenError, SyntaxError):  # what IPython alone can read
        return False


def is_displayed() -> bool:
    """Whether the line magic that asks stands alone, so that its value goes nowhere but to the display.

    That is what the calling code does next, and not every source is known: ``%%time`` keeps none.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "run_line_magic":
        frame = frame.f_back
    frame = frame.f_back if frame is not None else None
    if frame is None:
        return True
    after = (each for each in dis.get_instructions(frame.f_code) if each.offset > frame.f_lasti)
    does = next(after)
    evaluated = does.opname == "RETURN_VALUE" and frame.f_code.co_name == "<module>"  # as %%time does
    return evaluated or does.opname in ("POP_TOP", "PRINT_EXPR", "CALL_INTRINSIC_1")
