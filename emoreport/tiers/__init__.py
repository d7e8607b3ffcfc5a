"""Tiers of annotation programs as the file holds them: ELAN and Praat, one parser a format.

`raw` has the types, `files` reads bytes within limits. Codings and transcripts are made of these
tiers, each by its own rules. Whatever a file holds, nothing in it is executed, fetched or expanded.
"""
