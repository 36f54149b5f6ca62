"""What IPython gains by ``%load_ext nbarray``: magics, their completions, settings."""
