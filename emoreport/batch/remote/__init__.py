"""Batches whose videos or results are behind a URL."""
