"""Readers: where stored numbers come from, whatever the file format, and what has to be done to them.

`wrap` takes objects, `opening` takes paths and names; both give `protocols.Source`.  Nothing here knows
of lazy arrays or blocks.
"""
