"""How many examples a law is tried on: few that are always the same in `make test`, many in `make fuzz`.

`make fuzz` sets NBARRAY_EXAMPLES and a seed; a mismatch is then told by its smallest example and what makes it again.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["FUZZ", "law"]

#: Examples for each law of a fuzz run; None in a run of the tests.
FUZZ = int(os.environ["NBARRAY_EXAMPLES"]) if "NBARRAY_EXAMPLES" in os.environ else None


def law(examples: int, share: float = 1.0) -> settings:
    """Settings of a law.

    examples : in a run of the tests
    share : of the examples of a fuzz run, for laws that there are hundreds of
    """
    return settings(
        max_examples=examples if FUZZ is None else max(examples, int(FUZZ * share)),
        derandomize=FUZZ is None,
        deadline=None,
        print_blob=FUZZ is not None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
