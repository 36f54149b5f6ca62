"""Statistics of samples: what `scipy.stats` calls so, for blocked arrays."""
