"""Questions about several talks, or about one talk under several settings."""
