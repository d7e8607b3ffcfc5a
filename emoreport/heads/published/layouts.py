"""The layouts in which heads are published; what reads them is imported when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:
    from emoreport.heads.published.head import PublishedHead

LAYOUTS: Final[Mapping[str, tuple[str, str]]] = {
    "bichuyen99": ("thesis", "read_thesis_head"),
    "emotiefflib-engagement": ("engagement", "read_engagement_head"),
}
"""Module beside this one and `Reader` of each layout, by its name for ``--layout``."""


class Reader(Protocol):
    """Reads a file of one layout; `features` says which features it takes, "" where it is clear."""

    def __call__(self, file: Path, features: str = "") -> PublishedHead:
        """Return the head."""


def reader_of(layout: str) -> Reader:
    """What reads the files of a layout."""
    module, function = LAYOUTS[layout]
    return cast("Reader", getattr(import_module(f"{__package__}.{module}"), function))
