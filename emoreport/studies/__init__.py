"""Several talks compared, or one talk under many settings."""
