"""The error of all readers of labelled data."""

from __future__ import annotations

from emoreport.errors import EmoreportError


class CorpusError(EmoreportError):
    """Labelled data that cannot be read, or do not fit what is asked of them."""

    stage = "evaluate"
    exit_code = 2
