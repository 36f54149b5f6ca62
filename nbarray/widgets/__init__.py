"""What a notebook shows by ipywidgets."""
