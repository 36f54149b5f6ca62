"""Tasks, their order and their bytes, as flat arrays.  No threads."""
