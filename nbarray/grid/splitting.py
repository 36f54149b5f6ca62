"""Taking a view's placement apart: a part that only slices, and a part that moves axes.

What only slices can be pushed below operations that care about axes; what moves them stays on top.
"""

from __future__ import annotations

from collections.abc import Sequence

from nbarray.grid.regions import AxisMap, Placement, identity

__all__ = ["operand_placement", "split_placement"]


def split_placement(placement: Placement, shape: Sequence[int]) -> tuple[Placement, Placement]:
    """(inner, outer): inner slices each axis of `shape` in place, outer moves, drops and makes axes.

    >>> inner, outer = split_placement(Placement((AxisMap(1, 2, 2, 3),), ((0, 4),)), (5, 9))
    >>> inner.axes
    (AxisMap(axis=0, start=4, step=1, size=1), AxisMap(axis=1, start=2, step=2, size=3))
    >>> outer
    Placement(axes=(AxisMap(axis=1, start=0, step=1, size=3),), fixed=((0, 0),))
    """
    inner = list(identity(shape).axes)
    for axis, position in placement.fixed:
        inner[axis] = AxisMap(axis, position, 1, 1)
    outer = []
    for m in placement.axes:
        if m.axis < 0:
            outer.append(m)
        elif m.step == 0:
            inner[m.axis] = AxisMap(m.axis, m.start, 1, 1)
            outer.append(AxisMap(m.axis, 0, 0, m.size))
        else:
            inner[m.axis] = AxisMap(m.axis, m.start, m.step, m.size)
            outer.append(AxisMap(m.axis, 0, 1, m.size))
    fixed = tuple((axis, 0) for axis, _ in placement.fixed)
    return Placement(tuple(inner)), Placement(tuple(outer), fixed)


def operand_placement(placement: Placement, whole: Sequence[int], operand: Sequence[int]) -> Placement:
    """The view of an operand that broadcasts to `whole`, such that the views broadcast to the view of the whole.

    Axes along which the operand doesn't vary stay at length 1.
    """
    skip = len(whole) - len(operand)
    axes = []
    for m in placement.axes:
        k = m.axis - skip
        if m.axis < 0 or k < 0:
            axes.append(AxisMap(-1, 0, 0, 1))
        elif operand[k] != whole[m.axis]:
            axes.append(AxisMap(k, 0, 1, 1))
        else:
            axes.append(AxisMap(k, m.start, m.step, m.size))
    fixed = tuple(
        (axis - skip, position if operand[axis - skip] == whole[axis] else 0)
        for axis, position in placement.fixed
        if axis >= skip
    )
    # leading axes of length 1 that the operand doesn't have need not be made
    lead = 0
    while lead < len(axes) and axes[lead].axis < 0:
        lead += 1
    return Placement(tuple(axes[lead:]), fixed)
