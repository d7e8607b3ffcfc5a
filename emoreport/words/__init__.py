"""Transcripts: read from files of any usual format, and their words laid on the time axis."""
