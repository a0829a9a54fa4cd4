"""Rows that go beyond the sources; the full report makes them."""
