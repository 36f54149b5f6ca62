"""Running a plan within a budget.  No pictures."""
