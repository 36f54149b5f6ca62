"""How long this thread has read: from files, and in readers altogether.

What readers take beyond reading is decoding.  Two additions for each read, so nothing to switch off; what is
mapped into memory can't be told from computing and isn't counted.
"""

from __future__ import annotations

import threading

__all__ = ["meter"]


class _Meter(threading.local):
    """Seconds of this thread, ever growing: whoever wants to know of a while takes the difference."""

    reader_s = 0.0
    file_s = 0.0


#: Of the thread that asks.
meter = _Meter()
