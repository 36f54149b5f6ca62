"""The public array and functions.  No notebooks."""
