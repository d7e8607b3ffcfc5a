"""Run a training in a process of its own: torch's threads and memory end with it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

from emoreport.errors import SettingsError


def run_training(kind: str, *options: object) -> int:
    """Run ``python -m emoreport.training.<kind>`` with options; return its exit code.

    Raises
    ------
    SettingsError
        When torch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise SettingsError("train.no_torch")
    command = [sys.executable, "-m", f"emoreport.training.{kind}", *map(str, options)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module
