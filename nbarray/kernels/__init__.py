"""Work on NumPy blocks: fused programs, reductions, unpacking.  No files, no laziness."""
