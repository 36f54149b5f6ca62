"""Random arrays, as `numpy.random` names them; values do not depend on chunks, workers or budget."""

from __future__ import annotations

from nbarray.api.random import Generator, RandomState, default_rng
from nbarray.ops.random import DISTRIBUTIONS as _DISTRIBUTIONS

_OLDER = ("choice", "permutation", "randint", "random_integers", "random_sample", "seed", "shuffle")
_NEWER = ("integers", "multivariate_hypergeometric")

#: The generator of the functions of the module.
_state = RandomState()
_names = [*(n for n in _DISTRIBUTIONS if n not in _NEWER), *_OLDER]
globals().update({name: getattr(_state, name) for name in _names})

__all__ = ["Generator", "RandomState", "default_rng", *_names]
