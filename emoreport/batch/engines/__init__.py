"""Analyse the videos of a batch on this machine or on a Ray cluster."""
