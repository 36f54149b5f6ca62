"""What NumPy's functions mean, from expressions to expressions.  No rules, no plans."""
