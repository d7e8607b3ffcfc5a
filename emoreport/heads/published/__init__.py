"""Heads that other people published, turned into head folders."""
