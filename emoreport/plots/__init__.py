"""Pictures of a talk for a paper."""
