"""Expressions: node types, walking, checking, text.  No rules, and none of NumPy's argument customs."""
