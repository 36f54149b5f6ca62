"""NumPy's functions that have no blocked form on purpose, and its arrays' attributes, each with the reason.

The message of a refusal gives the reason, and so does the table in `docs/coverage.md`.  What is neither here nor
blocked is refused as well; it just has no better reason than that nobody has written it.
"""

from __future__ import annotations

__all__ = ["ATTRIBUTES", "REASONS"]

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

_MEMORY = "the values lie nowhere in memory; x.compute() gives an array that has it"
_RECORD = "records of values and masks are put together in memory: x.compute() gives an array that has it"
_PICKLE = "x.compute() gives an array that has it; nb.save(file, x) and nb.to_npy(x, path) write block by block"

#: attribute of NumPy's arrays, or of `numpy.ma`'s -> why blocked arrays have none, and what to do
ATTRIBUTES: dict[str, str] = {
    **dict.fromkeys(("base", "ctypes", "data", "flags", "strides", "ids", "iscontiguous"), _MEMORY),
    **dict.fromkeys(("toflex", "torecords"), _RECORD),
    **dict.fromkeys(("dump", "dumps"), _PICKLE),
    "getfield": "x.view(dtype) has the same bytes as another dtype, x[name] a field of records",
    "setfield": "x[name] = values changes a field of records",
    "setflags": "there are no flags to set: what is made of an array doesn't change with it",
    "baseclass": "what is behind the mask are plain arrays; x.data of the computed array has them",
    "get_real": "use x.real",
    "get_imag": "use x.imag",
    "harden_mask": "assigning to a masked element always unmasks it; assign with nb.where(mask, x, values)",
    "recordmask": "use x.mask",
}
