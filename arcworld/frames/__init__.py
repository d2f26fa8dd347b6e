"""Frames: the palette, pictures of frames, and tokenizers that turn a frame into 64 codes."""
