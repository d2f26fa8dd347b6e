"""The cells of a frame: a grid of 8x8, row by row, each of 8x8 pixels. Needs no torch."""

CELLS = 64
"""Number of cells, and of a frame's codes."""
GRID = 8
"""Cells to a side."""
