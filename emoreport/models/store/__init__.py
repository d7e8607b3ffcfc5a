"""The model files on this machine: registry, download, checks, bundles."""
