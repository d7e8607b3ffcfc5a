"""The fastest form of a model on this machine: made, measured on the user's recordings, kept."""
