"""Tournaments: agents play games over several seeds in worker processes, and are compared."""
