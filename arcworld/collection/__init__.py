"""Agents play games and record: data for training where there are no recordings yet."""
