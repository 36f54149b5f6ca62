"""Drawing expressions and plans as text, HTML, SVG and DOT.

Nothing here computes, opens a file or changes anything: it reads what nodes and plans say of
themselves.  It knows no front end, only what all of them can show.
"""
