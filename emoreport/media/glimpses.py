"""A few pictures from all over a recording: what it looks like, without decoding all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import av.error

from emoreport.errors import EmoreportError
from emoreport.media.container import open_container, used_stream, zero_s
from emoreport.media.pictures import picture_of
from emoreport.media.pixels import PixelAspect, RgbConverter
from emoreport.records import MediaInfo, RgbImage

GLIMPSES: Final = 12


def glimpses(path: Path, info: MediaInfo, count: int = GLIMPSES) -> Iterator[RgbImage]:
    """Yield pictures near evenly spaced times; none where the file cannot be read like that.

    They are key frames, so their times are not exact: for what a recording looks like, not for
    what it shows when.

    Parameters
    ----------
    path, info
        The recording, and what `probe` says of it.
    count
        How many, at most.

    Yields
    ------
    RGB uint8 (height, width, 3), upright.
    """
    if info.duration_s is None:
        return
    try:
        with open_container(path) as container:
            stream = used_stream(container, info, "video")
            aspect, converter, start_s = PixelAspect(stream), RgbConverter(), zero_s(container)
            for number in range(count):
                at_s = start_s + (number + 0.5) / count * info.duration_s
                container.seek(int(at_s * av.time_base))
                picture = next(container.decode(stream), None)
                if picture is not None:
                    yield picture_of(picture, converter, aspect.of(picture)).rgb
    except (EmoreportError, av.error.FFmpegError, IndexError, ValueError, MemoryError):
        # PyAV's ways to say that a file is damaged; what it gave before it did is worth having.
        return
