"""The experts: each proposes claims about the next frame, and learns from the true one."""
