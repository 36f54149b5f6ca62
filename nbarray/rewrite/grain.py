"""How finely work is cut into tasks, steps and tiles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nbarray.expr.node import Expr

__all__ = ["USUAL", "Grain"]

#: How many times less each finer grain takes, and the finest there is.
FINER, FINEST = 4, 4**4
#: Nothing is made smaller than this, in elements: calls would take longer than what they do.
LEAST = 1024


@dataclass
class Bounds:
    """For which other limits of a task's elements all that was decided would have been the same.

    least : for all from here on; fixed : for no other
    """

    least: int = 0
    fixed: bool = False


@dataclass(frozen=True)
class Grain:
    """The cut of one plan; a finer one takes less memory and more time.

    task_elements : the most elements of a task's block, None for what is usual
    divisor : how many times smaller than usual tasks, steps, tiles and products are
    copied : stored arrays that are read once into blocks, because tasks would decode their chunks too often
    compiles : there is memory for a compiler, besides what is computed
    staged : what is written in pieces that don't suit what it is made of is made in others first, and held
    bounds : what so far depended on `task_elements`
    """

    task_elements: int | None = None
    divisor: int = 1
    copied: frozenset[Expr] = frozenset()
    compiles: bool = True
    staged: bool = False
    bounds: Bounds = field(default_factory=Bounds, compare=False)

    def finer(self) -> Grain | None:
        """The next finer grain; None after the finest.

        >>> finer = Grain(8192).finer()
        >>> finer.task_elements, finer.divisor
        (2048, 4)
        """
        if self.divisor >= FINEST:
            return None
        tasks = None if self.task_elements is None else _less(self.task_elements, FINER)
        return replace(self, task_elements=tasks, divisor=self.divisor * FINER)

    def of(self, usual: int) -> int:
        """What becomes of a usual number of elements.

        >>> Grain(divisor=16).of(65536)
        4096
        """
        return _less(usual, self.divisor)

    @property
    def shares_passes(self) -> bool:
        """Whether reductions share their passes: each keeps a state, which takes memory."""
        return self.divisor <= FINER

    def most(self, usual: int) -> int:
        """The most elements of a task's block, where so many are usual.

        >>> Grain(512).most(1024)
        512
        """
        if self.task_elements is None or self.task_elements >= usual:
            self.bounds.least = max(self.bounds.least, usual)
            return usual
        self.bounds.fixed = True
        return self.task_elements


def _less(usual: int, divisor: int) -> int:
    return max(min(usual, LEAST), usual // divisor)


#: Where memory is no question.
USUAL = Grain()
