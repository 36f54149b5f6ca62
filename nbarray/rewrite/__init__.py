"""Rules from expressions to better expressions, and the lowering to nodes that tasks are made of."""
