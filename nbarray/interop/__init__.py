"""Entry points for other libraries.  No notebooks."""
