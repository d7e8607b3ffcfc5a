"""Many videos: discovery, manifest, resume, workers, what they found together."""
