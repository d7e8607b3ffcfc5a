"""The shape of a recording's pixels, which are not square in some old or broadcast formats."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from emoreport.media.container import open_container, used_stream
from emoreport.records import MediaInfo


def pixel_aspect(path: Path, info: MediaInfo) -> Fraction:
    """Width ÷ height of one pixel of the upright picture; 1 where the file does not say.

    Raises
    ------
    InputNotFoundError, MediaError
        When the file cannot be opened any more.
    """
    with open_container(path) as container:
        ratio = used_stream(container, info, "video").sample_aspect_ratio
    if not ratio:
        return Fraction(1)
    found = Fraction(ratio)
    return 1 / found if info.rotation_deg % 180 else found
