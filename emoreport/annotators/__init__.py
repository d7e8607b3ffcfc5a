"""Codings by people against the labels of the machine."""
