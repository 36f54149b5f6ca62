"""Tables that are tables wherever a notebook is shown."""

from __future__ import annotations

import re

from nbconvert.filters.strings import clean_html

from nbarray.tables import table_html, titled_html

ROWS = [("tasks", "operation"), ("3", "a < b"), ("12", "mean")]


def test_headings_say_what_they_head():
    """By their role, as headings that are tags of their own don't survive."""
    assert 2 == table_html(ROWS).count('role="columnheader"')
    assert "columnheader" not in table_html([("", ""), *ROWS[1:]])


def test_texts_are_escaped():
    """Also those of titles."""
    assert "a &lt; b" in table_html(ROWS)
    assert "<strong>&lt;b&gt;</strong>" in titled_html("<b>", [])


def test_a_sanitized_page_has_its_rows_and_cells():
    """Of the tags that nbconvert shows as text only the one is left that its parser puts in."""
    shown = clean_html(titled_html("Plan", [table_html(ROWS)]))

    assert "<tr><td>12</td><td>mean</td></tr>" in shown
    assert {"tbody", "/tbody"} == set(re.findall("&lt;(.*?)&gt;", shown.replace("a &lt; b", "")))
