"""emoreport: which emotion did the face show, which did the voice carry, where do they differ.

>>> import emoreport
>>> report = emoreport.analyze("talk.mp4", emoreport.Settings(min_interval=1.0))  # doctest: +SKIP
>>> report = emoreport.read("statistics/talk")                                    # doctest: +SKIP
>>> report.video_intervals.head()                                                 # doctest: +SKIP

Nothing heavy is imported here: names are looked up when they are first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emoreport.errors import EmoreportError as EmoreportError
    from emoreport.pipeline import Analyzer as Analyzer
    from emoreport.pipeline import analyze as analyze
    from emoreport.run.read import read as read
    from emoreport.run.read import read_report as read_report
    from emoreport.run.report import Report as Report
    from emoreport.settings import Settings as Settings

# From 1.29 on, ONNX Runtime for Linux and macOS sends its maker what it runs, under an identifier
# kept in the home folder. Only a variable that is set before its first import prevents all of it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "Analyzer": "emoreport.pipeline",
    "EmoreportError": "emoreport.errors",
    "Report": "emoreport.run.report",
    "Settings": "emoreport.settings",
    "analyze": "emoreport.pipeline",
    "read": "emoreport.run.read",
    "read_report": "emoreport.run.read",
}

__version__: str
__all__ = ["Analyzer", "EmoreportError", "Report", "Settings", "analyze", "read", "read_report"]


def __getattr__(name: str) -> object:
    """Import a public name from its home module on first use."""
    if name == "__version__":
        from importlib.metadata import version

        return version("emoreport")
    if name not in _HOMES:
        raise AttributeError(f"module 'emoreport' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
