"""What runs on this machine, how fast and how well."""
