"""Time, and what is known of a recording before and after it is decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emoreport.records.arrays import FloatArray, RgbImage
from emoreport.records.faces import Box
from emoreport.records.pictures import Picture

SAMPLE_RATE_HZ: Final = 16_000
"""Rate that voice-activity and voice-emotion models work at."""


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open stretch of time [start_s, end_s), seconds of presentation time."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        """Refuse spans that end before they start or are not finite."""
        if not (np.isfinite(self.start_s) and np.isfinite(self.end_s)):
            raise ValueError(f"span bounds must be finite, got {self.start_s}, {self.end_s}")
        if self.end_s < self.start_s:
            raise ValueError(f"span ends before it starts: {self.start_s}, {self.end_s}")

    @property
    def duration_s(self) -> float:
        """Length in seconds, ≥ 0."""
        return self.end_s - self.start_s

    @property
    def centre_s(self) -> float:
        """Middle of the span in seconds."""
        return 0.5 * (self.start_s + self.end_s)

    def overlap_s(self, span: Span) -> float:
        """Seconds that both spans share, ≥ 0."""
        return max(0.0, min(self.end_s, span.end_s) - max(self.start_s, span.start_s))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture is on the canvas of its recording: as large as fits, centred, unstretched.

    Recordings of calls change their size on the way, those of phones are turned; tables and new
    videos have one size.

    Attributes
    ----------
    picture_px, canvas_px
        Width and height of the picture and of the canvas.
    """

    picture_px: tuple[int, int]
    canvas_px: tuple[int, int]

    @property
    def is_whole(self) -> bool:
        """Whether the picture is the canvas."""
        return self.picture_px == self.canvas_px

    @property
    def area_px(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the picture on the canvas."""
        (width, height), (wide, high) = self.picture_px, self.canvas_px
        scale = min(wide / width, high / height)
        width, height = max(1, round(scale * width)), max(1, round(scale * height))
        return (wide - width) // 2, (high - height) // 2, width, height

    def box(self, box: Box) -> Box:
        """Box in pixels of the canvas for one in pixels of the picture."""
        left, top, width, height = self.area_px
        x, y = width / self.picture_px[0], height / self.picture_px[1]
        return Box(left + x * box.x, top + y * box.y, x * box.width, y * box.height)


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame: upright, its pixels square, as players show it.

    Attributes
    ----------
    index
        0-based ordinal in the stream's presentation order, counted over decoded frames
        (skipped ones of a reduced analysis rate included).
    time_s
        Presentation time, seconds from the start of the video.
    picture
        What it shows, converted as far as it is looked at.
    canvas_px
        Width and height of the recording, which may be another one than this picture's; None if
        they are the same.
    change
        Where a cut is right before the frame, how much each part of the picture changed there:
        int16 (rows, columns) over the whole picture, levels of 255. None: no cut.
    is_read
        Whether the emotion models read it; if not, it is there for what has a rate of its own.
    """

    index: int
    time_s: float
    picture: Picture
    canvas_px: tuple[int, int] | None = None
    change: NDArray[np.int16] | None = None
    is_read: bool = True

    @property
    def rgb(self) -> RgbImage:
        """All pixels, RGB uint8, shape (height, width, 3), C-contiguous."""
        return self.picture.rgb

    @property
    def placement(self) -> Placement:
        """Where the picture is on the recording's canvas."""
        size_px = self.picture.size_px
        return Placement(size_px, self.canvas_px or size_px)


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream of a container, as run.json names it."""

    index: int
    kind: str
    codec: str
    used: bool
    start_s: float | None
    duration_s: float | None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What is known of a recording before it is decoded.

    `duration_s` and `frame_rate_hz` are the container's claims (None when it makes none);
    what decoding really found is in `DecodeOutcome`. Width and height are 0 where there is no
    picture.
    """

    path: str
    container: str
    duration_s: float | None
    frame_rate_hz: float | None
    width_px: int
    height_px: int
    rotation_deg: int
    has_audio: bool
    streams: tuple[StreamInfo, ...]

    @property
    def has_picture(self) -> bool:
        """Whether there is a video stream; without one, the sound is all there is."""
        return self.width_px > 0


@dataclass(frozen=True, slots=True)
class DecodeOutcome:
    """What decoding one stream to its end found.

    Attributes
    ----------
    duration_s
        End of the last presented frame or sample, seconds from the start of the video; for the
        picture, the end of the sound where that goes on beyond it.
    frames
        Frames (video) or samples at the output rate (audio) delivered.
    decoded
        Of the picture: frames decoded, those that were not delivered included.
    decode_failures
        Packets or frames that could not be decoded and were passed over.
    time_quality
        ``exact`` (every frame had a presentation time), ``repaired`` (some were missing or ran
        backwards and were interpolated or dropped, or the recording's clock broke off) or
        ``estimated`` (none had one).
    notes
        Plain sentences about anything unusual.
    frame_rate_hz
        Of the picture: what the header says unless the times contradict it; None if unknown.
    warnings
        What a reader of the tables must know: the key of a warning and what it names.
    """

    duration_s: float
    frames: int
    decode_failures: int
    time_quality: str
    notes: tuple[str, ...] = ()
    frame_rate_hz: float | None = None
    warnings: tuple[tuple[str, Mapping[str, str]], ...] = ()
    decoded: int = 0


class AudioTrack(Protocol):
    """16 kHz mono audio on the video's time line, readable in any order, at constant memory."""

    sample_rate_hz: int

    @property
    def outcome(self) -> DecodeOutcome:
        """What decoding the stream found."""
        ...

    @property
    def start_s(self) -> float:
        """Where the sound starts on the video's time line (≥ 0)."""
        ...

    @property
    def end_s(self) -> float:
        """Where the sound ends on the video's time line."""
        ...

    def read(self, span: Span) -> FloatArray:
        """Samples of `span`, float32 (n,), [-1, 1]; zeros where the track has no sound.

        n = round(end · rate) − round(start · rate).
        """
        ...

    def close(self) -> None:
        """Release the temporary storage; reading afterwards is an error."""
        ...
