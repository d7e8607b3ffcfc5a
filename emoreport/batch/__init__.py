"""Analyse many videos: plan what is to do, run the workers, and write tables of all together."""
