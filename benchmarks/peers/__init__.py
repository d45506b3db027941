"""The same work by what a Python team would otherwise write, each in the shape that its documentation shows."""
