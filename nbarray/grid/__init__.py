"""Integers: shapes, chunks, indices, boxes.  No data, no nodes."""
