"""Face, voice and both together, measured on acted clips of speakers who were left out."""
