"""Runs that are under way at the same time share the workers and the budget of the process.

Of so many runs of the same priority each may use its part of the workers (of the most that any of them
asks for) and run ahead into its part of its budget.  A run of higher priority leaves the others one worker
each.  Every run always keeps one worker and may always start its head, so that a task may wait for a run
that it started, and nothing can deadlock.  Two runs together stay inside a budget as long as what
each takes at the least is less than its part.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

__all__ = ["Member", "join", "leave", "others_active", "part_of_budget", "part_of_workers"]


@dataclass(eq=False)
class Member:
    """A run as the others see it.

    workers : how many it asks for; priority : higher goes first; active : it is neither paused nor ended
    alone : whether no other run has been there at any time since it began
    """

    workers: int
    priority: int = 0
    active: bool = True
    alone: bool = True


_members: tuple[Member, ...] = ()
_lock = threading.Lock()


def join(member: Member) -> None:
    """From now on it takes its share."""
    global _members
    with _lock:
        _members = (*_members, member)
        if len(_members) > 1:
            for each in _members:
                each.alone = False


def leave(member: Member) -> None:
    """It takes nothing any more."""
    global _members
    with _lock:
        _members = tuple(m for m in _members if m is not member)


def others_active(member: Member) -> bool:
    """Whether any other run is under way."""
    return any(m is not member and m.active for m in _members)


def part_of_workers(member: Member) -> int:
    """How many workers a run may use now.

    >>> alone = Member(4)
    >>> part_of_workers(alone)
    4
    """
    rivals = [m for m in _members if m.active and m is not member]
    if not rivals:
        return member.workers
    if any(m.priority > member.priority for m in rivals):
        return 1
    equals = [m for m in rivals if m.priority == member.priority]
    most = max(m.workers for m in (member, *rivals))
    # those of lower priority keep one each
    free = most - (len(rivals) - len(equals))
    return max(1, min(member.workers, -(-free // (1 + len(equals)))))


def part_of_budget(member: Member) -> int:
    """Into how many parts its budget is divided now."""
    return 1 + sum(m.active and m is not member and m.priority >= member.priority for m in _members)
