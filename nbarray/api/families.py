"""Which families of public functions there are; each enters its functions into the tables when it is imported.

To add one, add a line here.  `Array` gets its methods from them, so that the class stays a thin handle.
"""

from __future__ import annotations

from nbarray.api import (  # noqa: F401 - that they are imported is all
    arranging,
    assigning,
    averages,
    blocks,
    changing,
    computing,
    creation,
    differences,
    eager,
    edges,
    fourier,
    functions,
    ghosting,
    gufunc,
    handles,
    histograms,
    leaving,
    linalg_equations,
    linalg_factors,
    linalg_products,
    making,
    monitoring,
    numbers,
    numpy_files,
    ordering,
    picking,
    plain_facts,
    polynomials,
    positions,
    products,
    quantiles,
    records,
    scanning,
    sets,
    shapes,
    standard,
    texts,
    ufuncs,
    windowing,
    writing,
)
from nbarray.api.array import Array
from nbarray.api.dispatch import METHODS
from nbarray.api.no_axes import METHODS as FORMS
from nbarray.api.no_axes import decided
from nbarray.api.pictures import RUN_METHODS
from nbarray.engines.run import Run

__all__: list[str] = []

for _name, _method in METHODS.items():
    setattr(Array, _name, _method)
for _name, _rule in FORMS.items():
    setattr(Array, _name, decided(vars(Array)[_name], _rule))
for _name, _method in RUN_METHODS.items():
    setattr(Run, _name, _method)
