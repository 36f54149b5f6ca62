"""NumPy's functions that have no blocked form on purpose, each with the reason.

The message of a refusal gives the reason, and so does the table in `docs/coverage.md`.  What is neither here nor
blocked is refused as well; it just has no better reason than that nobody has written it.
"""

from __future__ import annotations

__all__ = ["REASONS"]

_TEXT_FILE = "a text file has no places to begin reading at; read it with NumPy and hand the array to nb.from_array"
_RECORDS = "records are put together in memory"
_IN_PLACE = "it changes its argument in place"

#: NumPy's function -> why it isn't blocked
REASONS: dict[str, str] = {
    "numpy.fromiter": "an iterator can be read once, from its beginning; make a NumPy array of it",
    "numpy.fromstring": _TEXT_FILE,
    "numpy.genfromtxt": _TEXT_FILE,
    "numpy.loadtxt": _TEXT_FILE,
    "numpy.lib.recfunctions.assign_fields_by_name": _IN_PLACE,
    "numpy.lib.recfunctions.find_duplicates": _RECORDS,
    "numpy.lib.recfunctions.join_by": _RECORDS,
    "numpy.lib.recfunctions.merge_arrays": _RECORDS,
    "numpy.lib.recfunctions.rec_append_fields": "it makes a recarray; lib.recfunctions.append_fields is blocked",
    "numpy.lib.recfunctions.rec_drop_fields": "it makes a recarray; lib.recfunctions.drop_fields is blocked",
    "numpy.lib.recfunctions.rec_join": _RECORDS,
    "numpy.lib.recfunctions.recursive_fill_fields": _IN_PLACE,
    "numpy.lib.recfunctions.stack_arrays": _RECORDS + "; np.concatenate joins records of one dtype",
}
