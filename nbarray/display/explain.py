"""What was made of an expression, rule by rule, as text and as a table.

What was written, which rules changed what and why, and what is run in the end: the operations that tasks are made of,
with those listed that were fused into one.  It is the optimiser's own list that is shown, so nothing here knows a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from nbarray.display.facts import clip, members, operations
from nbarray.display.text import expression_text
from nbarray.expr.node import Expr
from nbarray.expr.text import expr_text
from nbarray.rewrite.stages import STAGES
from nbarray.tables import row_html, rows_html
from nbarray.units import format_count, format_many

__all__ = ["AppliedRule", "Explanation"]

#: Rules that are shown at most, and characters of an expression before and after one.
MOST_RULES, MOST_TEXT = 40, 160
_CELL = "text-align:left;padding:3px 14px 3px 0;vertical-align:top;max-width:20em;overflow-wrap:anywhere"
_STAGE = "text-align:left;padding:3px 14px 3px 0;vertical-align:top;white-space:nowrap"
_PRE = '<pre style="font-family:monospace;font-size:12px;line-height:1.3;white-space:pre;overflow-x:auto">'
#: Rule -> the first sentence that it says of itself.
_MEANING = {
    rule.__name__: (rule.__doc__ or "").strip().partition("\n")[0].rstrip(".") for _, rules in STAGES for rule in rules
}


class AppliedRule(NamedTuple):
    """A rule that changed `before` into `after`."""

    stage: str
    rule: str
    before: Expr
    after: Expr


class Explanation:
    """From what was written to what runs.

    exprs : what was written
    rules : what was applied to it, in order
    lowered : what tasks are made of, for each expression
    notes : what was done beside that, to fit into memory or to read less
    """

    def __init__(
        self, exprs: Sequence[Expr], rules: Sequence[AppliedRule], lowered: Sequence[Expr], notes: Sequence[str] = ()
    ) -> None:
        self.exprs, self.rules, self.lowered, self.notes = tuple(exprs), tuple(rules), tuple(lowered), tuple(notes)

    def _steps(self) -> list[tuple[str, str, int, str, str]]:
        """Stage, rule, how many times in a row, and the first before and after."""
        steps = []
        for (stage, rule), run in groupby(self.rules, lambda applied: (applied.stage, applied.rule)):
            first, *others = run
            texts = (clip(expr_text(e, MOST_TEXT), MOST_TEXT) for e in (first.before, first.after))
            steps.append((stage, rule, 1 + len(others), *texts))
        return steps

    def _groups(self) -> list[tuple[str, list[str]]]:
        """The operations that were fused, each with its members; those alike once, and none whose name says it all."""
        found = {(node.label, tuple(members(node))) for node in operations(self.lowered) if members(node)}
        return sorted((label, list(names)) for label, names in found if label != " → ".join(names))

    def __repr__(self) -> str:
        steps = self._steps()
        lines = ["As written", _indented(expression_text(self.exprs)), "", f"Rules: {_count(len(self.rules))}"]
        for stage, rule, times, before, after in steps[:MOST_RULES]:
            often = f", {format_count(times)} times" if times > 1 else ""
            lines += [f"  {stage}: {rule}{often}", f"      {_MEANING.get(rule, '')}".rstrip()]
            lines += [f"      before  {before}", f"      after   {after}"]
        if len(steps) > MOST_RULES:
            lines.append(f"  … {format_count(len(steps) - MOST_RULES)} more")
        lines += ["", "As run", _indented(expression_text(self.lowered))]
        lines += [f"  {label} is {' → '.join(clip(name, 30) for name in names)}" for label, names in self._groups()]
        lines += ["", "Notes", *(f"  {note}" for note in self.notes)] if self.notes else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [row_html(("Stage", "Rule", "Before", "After"), [_STAGE, *[_CELL] * 3], heads=True)]
        for stage, rule, times, before, after in self._steps()[:MOST_RULES]:
            often = f" × {format_count(times)}" if times > 1 else ""
            cells = (
                escape(stage),
                f'<code>{escape(rule)}</code>{often}<div style="opacity:.65">{escape(_MEANING.get(rule, ""))}</div>',
                f"<code>{escape(before)}</code>",
                f"<code>{escape(after)}</code>",
            )
            rows.append(row_html(cells, [_STAGE, *[_CELL] * 3]))
        table = rows_html(rows) if len(rows) > 1 else ""
        groups = "".join(
            f"<div><code>{escape(label)}</code> is {escape(' → '.join(clip(n, 30) for n in names))}</div>"
            for label, names in self._groups()
        )
        return (
            f"<div><b>As written</b></div>{_PRE}{escape(expression_text(self.exprs))}</pre>"
            f"<div><b>Rules:</b> {_count(len(self.rules))}</div>{table}"
            f"<div><b>As run</b></div>{_PRE}{escape(expression_text(self.lowered))}</pre>{groups}"
            + "".join(f"<div>{escape(note)}</div>" for note in self.notes)
        )


def _count(rules: int) -> str:
    return "none applied" if not rules else format_many(rules, "step")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
