"""Frames: the colour palette, pictures of frames, and tokenizers (a frame becomes 64 codes)."""
