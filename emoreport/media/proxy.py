"""Make a small copy of a recording for a page: low, few frames, mono, at the same times."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.errors import MediaError, OutputError
from emoreport.media.canvas import on_canvas
from emoreport.media.encoding import VideoWriter
from emoreport.media.mixing import Mixer
from emoreport.media.soundtrack import open_soundtrack
from emoreport.media.video import open_video
from emoreport.records import FloatArray, Frame, MediaInfo, ProgressCallback

STAGE: Final = "page"
HEIGHT_PX: Final = 240
RATE_HZ: Final = 12.5
CRF: Final = 30
PRESET: Final = "veryfast"
SOUND_BITS: Final = 48_000
"""Enough for speech, bits per second of the one channel."""

ENCODERS: Final = ("libx264",)
"""What a browser plays; another codec would leave the page without a picture."""


def small_copy(
    path: Path,
    *,
    height_px: int = HEIGHT_PX,
    rate_hz: float = RATE_HZ,
    progress: ProgressCallback | None = None,
) -> bytes:
    """Encode a small copy of a recording: H.264 and AAC in MP4.

    Parameters
    ----------
    path
        The recording.
    height_px
        Height of the pictures; a lower recording keeps its own. The width follows, with square
        pixels.
    rate_hz
        At most so many frames per second; their presentation times stay.
    progress
        Told ``("page", done, total)`` in seconds of the recording.

    Returns
    -------
    Content of the MP4.

    Raises
    ------
    InputNotFoundError, MediaError
        When the recording cannot be read.
    OutputError
        When there is no room for the copy or this PyAV cannot encode H.264.
    """
    with tempfile.TemporaryDirectory(prefix="emoreport-") as folder:
        target = Path(folder) / "proxy.mp4"
        _write(path, target, height_px, rate_hz, progress or _ignore)
        try:
            return target.read_bytes()
        except OSError as error:
            raise OutputError("media.copy_gone", error=error.strerror, file=target) from error


def _ignore(stage: str, done_s: float, total_s: float | None) -> None:
    """Take progress that nobody wants to see."""


def _write(
    path: Path, target: Path, height_px: int, rate_hz: float, progress: ProgressCallback
) -> None:
    with open_video(path, fps=str(rate_hz)) as source:
        size_px = _size(source.info, height_px)
        track = open_soundtrack(path, source.info)
        mixer = Mixer()
        try:
            sound_hz = 0 if track is None else track.rate_hz
            sound = None if track is None else (sound_hz, 1)
            with VideoWriter(
                target,
                size_px,
                rate_hz=rate_hz,
                sound=sound,
                crf=CRF,
                preset=PRESET,
                encoders=ENCODERS,
                bits_per_channel=SOUND_BITS,
            ) as writer:
                last: Frame | None = None
                for frame in source:
                    for block in () if track is None else track.until(frame.time_s):
                        _write_mono(writer, mixer.feed(block.astype(np.float64), sound_hz))
                    writer.write_frame(on_canvas(frame, size_px), frame.time_s)
                    last = frame
                    progress(STAGE, frame.time_s, source.info.duration_s)
                if last is None:
                    raise MediaError("media.no_picture", file=path)
                for block in () if track is None else track.rest():
                    _write_mono(writer, mixer.feed(block.astype(np.float64), sound_hz))
                _write_mono(writer, mixer.flush())
                end_s = source.outcome.duration_s
                writer.close(end_s)
                progress(STAGE, end_s, end_s)
        finally:
            if track is not None:
                track.close()


def _write_mono(writer: VideoWriter, pieces: list[FloatArray]) -> None:
    for piece in pieces:
        writer.write_audio(piece[np.newaxis])


def _size(info: MediaInfo, height_px: int) -> tuple[int, int]:
    """Even width and height in pixels; never larger than the recording."""
    height = min(height_px, info.height_px)
    width = info.width_px * height / info.height_px
    return max(2, 2 * round(width / 2)), max(2, 2 * round(height / 2))
