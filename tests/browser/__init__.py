"""Tests in a real browser; a package, so that its one JupyterLab goes when its last test has run."""
