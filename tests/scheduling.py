"""Which tests one process runs, one after the other, where tests run in several.

The names of tests tell it, not marks on them: xdist 3.8 adds the marked groups to the names of tests, which those of
pytest 9.2 and later don't take on; groups would be torn apart, and nobody told.
"""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling

__all__ = ["Groups", "group"]

#: Folders and files whose tests look at the clock, or at all of the process; so do those of the browser, which all
#: use one.
TIMED = {
    "browser", "engines", "house", "magics", "observers", "plan", "widgets", "test_runs.py", "test_session.py",
}  # fmt: skip


def group(test: str) -> str:
    """The name of the group that a test belongs to: its own where it is a group by itself.

    test : as pytest names it, ``tests/folder/test_file.py::test_name[parameters]``
    """
    folder, _, rest = test.partition("/")
    if folder != "tests":
        return test
    if re.split("/|::", rest)[0] in TIMED:
        return "timed"
    if demo := re.fullmatch(r"demo/test_notebooks\.py::.*\[(.*)\]", rest):
        return demo[1]  # a notebook runs once for all that is looked for in what it leaves
    return test


class Groups(LoadScopeScheduling):
    """A group goes to one process as a whole, large ones first; other tests follow, each to the first that is free."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
