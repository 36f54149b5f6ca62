"""The command line: ``python -m nbarray``, one module a command."""

from nbarray.cli.program import main

__all__ = ["main"]
