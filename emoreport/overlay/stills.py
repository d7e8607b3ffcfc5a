"""Take single pictures out of a recording: those that the analysis saw at their very times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from emoreport.overlay.areas import Area
from emoreport.overlay.covering import head_region
from emoreport.overlay.recut import SAME_TIME_S, Draw
from emoreport.records import Box, DecodeOutcome, ProgressCallback, RgbImage

STAGE: Final = "stills"


def take_stills(
    video: Path,
    times_s: Sequence[float],
    cut: Callable[[int, RgbImage], RgbImage],
    *,
    prepare: Draw | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[list[RgbImage | None], DecodeOutcome]:
    """Cut what is wanted out of the pictures at some times, in one pass over a recording.

    Frames and times are those of the analysis (`media.open_video`), so they fit recordings with a
    variable frame rate, with edit lists and with repaired times, where a jump would not.

    Parameters
    ----------
    video
        The recording.
    times_s
        Presentation times of frames, in any order.
    cut
        Gets the place of a time in `times_s` and the whole picture at it, upright RGB uint8
        (height, width, 3); gives what is kept.
    prepare
        Done to every picture that is wanted, before it is cut.
    progress
        Told how far the recording is read.

    Returns
    -------
    What was kept, in the order of `times_s`, None where the recording ends before the time; and
    what decoding found up to the last of them.

    Raises
    ------
    InputNotFoundError, MediaError
        When the recording cannot be read.
    """
    from emoreport.media import open_video
    from emoreport.media.canvas import on_canvas

    stills: list[RgbImage | None] = [None] * len(times_s)
    waiting = sorted(range(len(times_s)), key=times_s.__getitem__, reverse=True)
    with open_video(video) as source:
        for frame in source:
            due = []
            while waiting and times_s[waiting[-1]] <= frame.time_s + SAME_TIME_S:
                due.append(waiting.pop())
            if due:
                rgb = on_canvas(frame)
                rgb = rgb if prepare is None else prepare(rgb, frame.time_s)
                for number in due:
                    stills[number] = cut(number, rgb)
            if progress is not None:
                progress(STAGE, frame.time_s, source.info.duration_s)
            if not waiting:
                break
        return stills, source.outcome


def head_area(box: Box, size_px: tuple[int, int]) -> Area:
    """A square about a head, moved into the picture, and smaller where the picture is.

    Parameters
    ----------
    box
        The face, pixels.
    size_px
        Width and height of the picture.
    """
    head = head_region(box)
    side = min(max(1, round(max(head.width, head.height))), *size_px)
    left, top = (
        min(max(0, round(centre - 0.5 * side)), room - side)
        for centre, room in zip(head.centre, size_px, strict=True)
    )
    return Area(left, top, left + side, top + side)
