"""The model store and the runtimes that run its models."""
