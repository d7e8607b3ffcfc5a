"""Model files, the runtimes that run them, and one file for each family of models."""
