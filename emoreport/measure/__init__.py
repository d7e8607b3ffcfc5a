"""Measure what runs on this machine, how fast and how well."""
