"""Relate a player's clock to the video's time line."""

from __future__ import annotations

from pathlib import Path

from emoreport.media.container import open_container, zero_s


def player_start_s(path: Path) -> float:
    """What a browser's player shows at time zero of the recording, seconds.

    The time line of this program begins where the first stream begins. Browsers show the clock of
    the container instead, which may begin later than zero (Chromium 150: an MP4 and a Matroska
    whose first frame is stamped 5 s are 7 s long and begin at 5 s).

    Raises
    ------
    InputNotFoundError, MediaError
        When the file cannot be opened.
    """
    with open_container(path) as container:
        return zero_s(container)
