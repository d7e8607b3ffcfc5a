"""Several talks, or one talk under several settings."""
