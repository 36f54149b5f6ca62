"""What is run here runs by itself, `make dask-tests`: it needs dask, which the other tests do not."""

collect_ignore = ["dask_suite.py"]
