"""``python -m emoreport`` is the command ``emoreport``."""

from emoreport.cli.app import main

main()
