"""Decode the frames of a recording one by one: upright RGB as players show it, with their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Final, NoReturn, Self

import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame

from emoreport.errors import EmoreportError, MediaError
from emoreport.media.container import (
    CODEC_OPTIONS,
    NO_TIMESTAMPS,
    NOT_A_VIDEO,
    Failures,
    decoded,
    format_flags,
    may_jump,
    open_container,
    reason,
    seconds,
    used_stream,
)
from emoreport.media.joins import Remark, remarks
from emoreport.media.pictures import picture_of
from emoreport.media.pixels import HIGH_RANGES, PixelAspect, RgbConverter, Thumbnail
from emoreport.media.probing import probe
from emoreport.media.scan import announced_end_s, clock_of, is_steady, joins_of
from emoreport.media.selection import selector
from emoreport.media.shots import SIZE_PX, CutFinder
from emoreport.media.timeline import LONGEST_S, FrameTimes, Moment
from emoreport.records import DecodeOutcome, Frame, MediaInfo

CUT_OFF_S: Final = 0.25
"""A video that ends this much before the end that its stream announces is cut off."""

SOUND_BEYOND_S: Final = 0.5
"""Sound that goes on for longer than this after the last picture makes the recording longer: the
last frame of compressed sound may end a little later."""

STILL_STEP_S: Final = 1.0
"""A single picture, shown as long as there is sound, is looked at this often."""

NEW_STAMPS: Final = "new_stamps"


def open_video(
    path: Path,
    *,
    fps: str = "every",
    also: str | None = None,
    threads: int = 0,
    shots: bool = False,
) -> VideoSource:
    """Open the default video stream of a recording.

    Parameters
    ----------
    path
        A file; see `emoreport.media.probe`.
    fps
        Frames to give: ``every``; a rate in Hz (one frame per tick of presentation time, every
        frame if the source is slower); or ``adaptive``, which gives every frame for others to
        choose from. Frames are converted as far as they are looked at.
    also
        Frames to give besides, likewise: `Frame.is_read` of those that `fps` leaves out is False.
    threads
        Decoder threads; 0 lets FFmpeg choose.
    shots
        Whether to look for cuts, in all decoded frames. The first frame after a cut is given,
        whatever `fps` says.

    Raises
    ------
    InputNotFoundError
        When the path does not exist.
    MediaError
        When the file cannot be opened as a video.
    SettingsError
        When `fps` is not understood.
    """
    return VideoSource(Path(path), fps=fps, also=also, threads=threads, shots=shots)


@dataclass(frozen=True, slots=True)
class _Picture:
    """A decoded picture, the shape of its pixels, and its place in the stream."""

    frame: VideoFrame
    aspect: Fraction
    moment: Moment
    index: int


class VideoSource:
    """Frames of one video stream, given once, in order of presentation time.

    A context manager; leaving it closes the file. Memory does not depend on the length: a frame
    is forgotten as soon as the next one is asked for.

    Parameters
    ----------
    path, fps, also, threads, shots
        As for `open_video`.
    """

    def __init__(
        self,
        path: Path,
        *,
        fps: str = "every",
        also: str | None = None,
        threads: int = 0,
        shots: bool = False,
    ) -> None:
        self._path = path
        self._shots = shots
        self._selector = selector(fps)
        self._also = None if also is None else selector(also)
        self.info: MediaInfo = probe(path)
        if not self.info.has_picture:
            raise MediaError("media.only_sound", file=path)
        self._container: InputContainer | None = open_container(path)
        self._stream = used_stream(self._container, self.info, "video")
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = threads
        self._stream.codec_context.options = CODEC_OPTIONS
        self._time_base = self._stream.time_base
        self._aspect = PixelAspect(self._stream)
        self._high_range: str | None = None
        self._canvas_px = (self.info.width_px, self.info.height_px)
        self._failures = Failures()
        self._joins = joins_of(path)
        clock = clock_of(self._container, self._stream, self._joins)
        self._times = FrameTimes(
            clock,
            nominal_step_s=1.0 / self.info.frame_rate_hz if self.info.frame_rate_hz else None,
            stamped=not format_flags(self._container) & NO_TIMESTAMPS,
            steady=may_jump(self._container),
        )
        self._claimed_end_s = announced_end_s(self._container, self._stream, self._joins)
        self._clock_remarks: list[Remark] = []
        self._sound_end_s = 0.0
        if self._joins is not None:
            audio = next((s.index for s in self.info.streams if s.used and s.kind == "audio"), -1)
            steady = is_steady(self._container)
            self._clock_remarks = remarks(self._joins, self._stream.index, audio, steady=steady)
            self._sound_end_s = min(self._joins.ends_s.get(audio, 0.0), LONGEST_S)
        self._delivered = 0
        self._damaged = 0
        self._started = False
        self._finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames.

        Raises
        ------
        MediaError
            When the file yields none, was read before, or its time stamps cannot be true (more
            than a day, or more than ten thousand frames a second).
        """
        if self._started or self._container is None:
            raise MediaError("media.frames_read", file=self._path)
        self._started = True
        return self._frames(self._container)

    def _frames(self, container: InputContainer) -> Iterator[Frame]:
        converter = RgbConverter()
        try:
            for picture, change in self._with_cuts(self._placed(container), converter):
                is_read = self._selector.wants(picture.moment) or change is not None
                besides = self._also is not None and self._also.wants(picture.moment)
                if not (is_read or besides):
                    continue
                shown = picture_of(picture.frame, converter, picture.aspect)
                self._delivered += is_read
                yield Frame(
                    picture.index,
                    picture.moment.time_s,
                    shown,
                    self._canvas_px,
                    None if change is None else converter.upright(change),
                    is_read,
                )
        except EmoreportError as error:
            raise error.with_file(self._path) from error.__cause__
        except (av.error.FFmpegError, MemoryError) as error:
            raise MediaError(
                "media.decoding_stopped", error=reason(error), remedy=NOT_A_VIDEO, file=self._path
            ) from error
        self._finished = True
        if not self._delivered:
            cause = self._failures.first or "–"
            raise MediaError("media.no_frame", error=cause, remedy=NOT_A_VIDEO, file=self._path)
        if self._times.impossible:
            self._refuse_times()
        if self._is_cut_off():
            self._failures.add("cut off")

    def _placed(self, container: InputContainer) -> Iterator[_Picture]:
        """Pictures that are whole, with their place in the stream."""
        for frame, moment in self._shown(container):
            if frame.is_corrupt:
                self._failures.add("damaged frame")
                self._damaged += 1
                continue
            yield _Picture(frame, self._aspect.of(frame), moment, self._times.placed - 1)

    def _with_cuts(
        self, pictures: Iterator[_Picture], converter: RgbConverter
    ) -> Iterator[tuple[_Picture, Thumbnail | None]]:
        """The pictures; with the first one of a shot, how the picture changed there."""
        if not self._shots:
            yield from zip(pictures, repeat(None))
            return
        finder: CutFinder[_Picture] = CutFinder()
        for picture in pictures:
            grey = converter.thumbnail(picture.frame, SIZE_PX)
            yield from finder.feed(picture, picture.moment.time_s, grey)
        yield from finder.close()

    def _shown(self, container: InputContainer) -> Iterator[tuple[VideoFrame, Moment]]:
        """Pictures with their moments; a single one as long as there is sound, as players do."""
        shift_s = None if self._joins is None else self._joins.shift_of(self._stream.index)
        picture = None
        for picture in decoded(container, self._stream, self._failures, shift_s):
            moment = self._moment_of(picture)
            if moment is not None:
                self._high_range = self._high_range or HIGH_RANGES.get(int(picture.color_trc))
                yield picture, moment
        if picture is None or self._times.placed != 1 or not self._sound_goes_on():
            return
        while self._times.end_s < self._sound_end_s and self._times.end_s < LONGEST_S:
            yield picture, self._times.hold(STILL_STEP_S, self._sound_end_s)

    def _sound_goes_on(self) -> bool:
        return self._sound_end_s > self._times.end_s + SOUND_BEYOND_S

    def _moment_of(self, picture: VideoFrame) -> Moment | None:
        unit = self._time_base
        moment = self._times.place(
            seconds(picture.pts, unit),
            seconds(picture.duration, unit) or 0.0,
            seconds(picture.dts, unit),
        )
        if self._times.end_s > LONGEST_S:
            self._refuse_times()
        return moment

    def _refuse_times(self) -> NoReturn:
        key, values = self._times.impossible or ("", {})
        raise MediaError(key, remedy=NEW_STAMPS, file=self._path, **values)

    def _is_cut_off(self) -> bool:
        claimed_s = self._claimed_end_s
        return claimed_s is not None and self._times.end_s < claimed_s - CUT_OFF_S

    @property
    def outcome(self) -> DecodeOutcome:
        """What decoding found so far; complete once all frames were read."""
        quality = self._times.quality
        warnings = list(self._clock_remarks)
        if quality != "exact":
            warnings.append((f"time_{quality}", {}))
        if self._high_range is not None:
            warnings.append(("high_dynamic_range", {"transfer": self._high_range}))
        duration_s = picture_s = self._times.end_s
        if self._finished and self._sound_goes_on():
            duration_s = self._sound_end_s
            beyond = {"seconds": f"{duration_s - picture_s:.1f}", "at": f"{picture_s:.1f}"}
            warnings.append(("sound_beyond_picture", beyond))
        return DecodeOutcome(
            duration_s=duration_s,
            frames=self._delivered,
            decode_failures=self._failures.count + self._times.holes,
            time_quality="repaired" if self._clock_remarks and quality == "exact" else quality,
            notes=self._notes(),
            frame_rate_hz=self._times.contradicting_rate_hz or self.info.frame_rate_hz,
            warnings=tuple(warnings),
            decoded=self._times.placed,
        )

    def _notes(self) -> tuple[str, ...]:
        notes = list(self._times.notes())
        if self._damaged:
            notes.append(f"{self._damaged} frames are damaged and were passed over")
        if self._failures.gave_up:
            notes.append("the rest of the file cannot be read")
        if self._finished and self._is_cut_off():
            notes.append(
                f"the video ends at {self._times.end_s:.3f} s, before the "
                f"{self._claimed_end_s:.3f} s that its header announces"
            )
        return tuple(notes)
