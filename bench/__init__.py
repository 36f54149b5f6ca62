"""Measurements beside peers, in one run: ``python -m bench``.  Not shipped with the package."""
