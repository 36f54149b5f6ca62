"""The DOT language."""

from __future__ import annotations

import re

import pytest

from nbarray.display.dot import COLOURS, DARK_STYLE, RAMP, node, quote


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("mean", '"mean"'),
        ('say "x"', '"say \\"x\\""'),
        ("\\N and \\l", '"\\\\N and \\\\l"'),
        ("a\nb", '"a\\nb"'),
        ("&lt;b&gt;", '"&amp;lt;b&amp;gt;"'),
        ("<b>", '"<b>"'),
    ],
)
def test_labels_show_what_was_given(text: str, quoted: str) -> None:
    """Quotes, backslashes and entities in a label are shown, not obeyed."""
    assert quoted == quote(text)


def _brightness(colour: str) -> float:
    """Relative luminance as the Web Content Accessibility Guidelines define it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_brightness(one), _brightness(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("kind", COLOURS)
def test_writing_can_be_read_on_every_fill(kind: str) -> None:
    """Dark writing on light fills, and light writing on dark ones, have a contrast of at least 7."""
    fill, _, dark_fill, _ = COLOURS[kind]

    assert _contrast("#1c2733", fill) >= 7
    assert _contrast("#eceff4", dark_fill) >= 7


def test_every_kind_has_a_dark_rule() -> None:
    """Each class that boxes have is coloured for dark pages."""
    assert set(COLOURS) | set(RAMP) == set(re.findall(r"\.(\w+) path", DARK_STYLE))


def test_the_second_frame_of_a_group_is_seen_on_dark_pages_too() -> None:
    """What isn't filled stays so: the frame is drawn over the box inside it, or around it."""
    rules = re.findall(r"(\.\w+ path[^{]*)\{([^}]*)\}", DARK_STYLE)
    filled = [selector for selector, style in rules if "fill:" in style]

    assert len(COLOURS) + len(RAMP) == len(filled)
    assert [] == [selector for selector in filled if not selector.endswith(":not([fill=none])")]


def test_kinds_of_plans_and_unknown_kinds_have_colours() -> None:
    """A kind that only plans have, or that nobody thought of, still has a class with a colour."""
    assert 'class="reduce"' in node("a", ["x"], "merge")
    assert 'class="view"' in node("a", ["x"], "whatever")
