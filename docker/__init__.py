"""What the container image needs beside the Dockerfile, and the check of its recipe."""
