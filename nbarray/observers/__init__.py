"""What watches a run: progress, a log, a recording.  Events in, nothing else."""
