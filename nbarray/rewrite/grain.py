"""How finely work is cut into tasks, steps and tiles."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["USUAL", "Grain"]

#: How many times less each finer grain takes, and the finest there is.
FINER, FINEST = 4, 4**4


@dataclass(frozen=True)
class Grain:
    """The cut of one plan; a finer one takes less memory and more time.

    task_elements : the most elements of a task's block, None for what is usual
    divisor : how many times smaller than usual tasks, steps, tiles and products are
    """

    task_elements: int | None = None
    divisor: int = 1

    def finer(self) -> Grain | None:
        """The next finer grain; None after the finest.

        >>> Grain(4096).finer()
        Grain(task_elements=1024, divisor=4)
        """
        if self.divisor >= FINEST:
            return None
        tasks = None if self.task_elements is None else max(1, self.task_elements // FINER)
        return replace(self, task_elements=tasks, divisor=self.divisor * FINER)

    def of(self, usual: int, least: int = 1) -> int:
        """What becomes of a usual size, in elements or bytes.

        >>> Grain(divisor=16).of(4096)
        256
        """
        return usual if self.divisor == 1 else max(min(usual, least), usual // self.divisor)

    def most(self, usual: int) -> int:
        """The most elements of a task's block, where so many are usual.

        >>> Grain(512).most(1024)
        512
        """
        return usual if self.task_elements is None else min(usual, self.task_elements)


#: Where memory is no question.
USUAL = Grain()
