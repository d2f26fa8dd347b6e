"""Decoding: predict frames token by token, with fewer passes and the same result."""
