"""Codings by several people of one talk."""
