"""Frames and samples with presentation times; the only room that opens a container."""
