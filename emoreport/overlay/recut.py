"""Make new videos of a recording: pictures drawn on, sound kept, presentation times kept.

One pass over the recording serves all cuts that are asked for; what lies outside of them is
decoded and dropped. Frames and times are those that the analysis saw (`media.open_video`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from emoreport.errors import MediaError, OutputError, SettingsError
from emoreport.records import (
    DecodeOutcome,
    FloatArray,
    Frame,
    MediaInfo,
    ProgressCallback,
    RgbImage,
    Span,
)
from emoreport.run.folder import content_sha256
from emoreport.run.report import Report

if TYPE_CHECKING:
    from emoreport.media.encoding import VideoWriter
    from emoreport.media.soundtrack import Soundtrack

SUFFIX: Final = ".mp4"
STAGE: Final = "render"

SAME_TIME_S: Final = 0.0006
"""Bounds are often rounded to 1 ms: a frame this much before a bound is the frame at it."""

WHOLE: Final = Span(0.0, 1e9)
"""No recording is longer."""

Draw = Callable[[RgbImage, float], RgbImage]
"""Picture and time in, picture of the same size out; the first one is not changed."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One new video.

    Attributes
    ----------
    target
        Where to write; an MP4 that is whole only when `recut` is done with it.
    draw
        What is drawn over each picture; times are those of the recording.
    spans
        Which parts, seconds of the recording, one after the other in order of time and disjoint:
        they are joined. None takes all of it, with sound that goes on after the last picture.
    finished
        Called once the file is whole.
    """

    target: Path
    draw: Draw
    spans: tuple[Span, ...] | None = None
    finished: Callable[[], object] | None = None


def check_video(report: Report, video: Path, *, force: bool) -> bool:
    """Whether a video is the one that was analysed, by its SHA-256.

    Raises
    ------
    InputNotFoundError, MediaError
        When it is not there or cannot be read.
    SettingsError
        When it is another one and `force` is not set.
    """
    if content_sha256(video) == report.run.input.sha256:
        return True
    if not force:
        name = report.run.input.name
        raise SettingsError("video.not_analysed", name=name, file=video)
    return False


def require_picture(report: Report, video: Path) -> None:
    """Refuse a recording of sound alone.

    Raises
    ------
    MediaError
        When the run read no picture.
    """
    if not report.run.media.has_picture:
        raise MediaError("video.only_sound", file=video)


def check_target(target: Path, video: Path, *, overwrite: bool, suffix: str = SUFFIX) -> None:
    """Refuse to write over the recording, over a folder, or unasked over another file.

    Raises
    ------
    SettingsError
        When the name does not end in `suffix` or is that of the recording or of a folder.
    OutputError
        When the file exists and `overwrite` is not set.
    """
    if target.suffix.lower() != suffix:
        raise SettingsError("video.suffix", suffix=suffix, file=target)
    if target.is_dir():
        raise SettingsError("video.is_folder", file=target)
    if target.exists():
        if target.samefile(video):
            raise SettingsError("video.recording_itself", file=target)
        if not overwrite:
            raise OutputError("video.exists", file=target)


def recut(
    video: Path,
    cuts: Sequence[Cut],
    *,
    prepare: Draw | None = None,
    progress: ProgressCallback | None = None,
) -> DecodeOutcome:
    """Write cuts of a recording.

    Frame times are those of the recording less the start of the cut, and less what lies between its
    parts. A part begins with the picture that is on screen at its start and ends with the one on
    screen before its end.

    Parameters
    ----------
    video
        The recording.
    cuts
        What to write; as many encoders run at once as cuts overlap.
    prepare
        Done once to every picture that is needed, before the cuts draw on it.
    progress
        Told how far the recording is read.

    Returns
    -------
    What decoding found up to where the last cut ends.

    Raises
    ------
    InputNotFoundError, MediaError
        When the recording cannot be read.
    OutputError
        When a file cannot be written. Files that were not finished are deleted.
    """
    from emoreport.media import open_video
    from emoreport.media.soundtrack import open_soundtrack

    with ExitStack() as stack:
        source = stack.enter_context(open_video(video))
        track = open_soundtrack(video, source.info)
        if track is not None:
            stack.enter_context(track)
        takes = [_Take(cut, source.info, track) for cut in cuts]
        for take in takes:
            stack.push(take.abandon)
        last: Frame | None = None
        frames: Iterator[Frame] = iter(source)
        for frame in frames:
            if all(take.is_done for take in takes):
                break
            wanted = [take for take in takes if take.wants(frame.time_s)]
            pictures = _Pictures(frame, last, prepare)
            for take in wanted:
                take.open()
            _share_sound(track, frame.time_s, wanted)
            for take in wanted:
                take.show(pictures)
            last = frame
            if progress is not None:
                progress(STAGE, frame.time_s, source.info.duration_s)
        if last is not None:
            end_s = source.outcome.duration_s
            end = replace(last, index=last.index + 1, time_s=end_s)
            _finish(takes, track, _Pictures(end, last, prepare), end_s)
        if progress is not None:
            total_s = source.info.duration_s or source.outcome.duration_s
            progress(STAGE, total_s, total_s)
        return source.outcome


def _share_sound(track: Soundtrack | None, until_s: float, takes: Sequence[_Take]) -> None:
    if track is not None:
        for block in track.until(until_s):
            for take in takes:
                take.hear(block)


def _finish(
    takes: Sequence[_Take], track: Soundtrack | None, pictures: _Pictures, end_s: float
) -> None:
    """Close what is open at the end of the recording, with the sound up to there or further."""
    waiting = [take for take in takes if not take.is_done]
    for take in waiting:
        take.open()
    _share_sound(track, end_s, waiting)
    if track is not None and any(take.is_whole for take in waiting):
        for block in track.rest():
            for take in waiting:
                if take.is_whole:
                    take.hear(block)
    for take in waiting:
        take.finish(pictures)


class _Pictures:
    """The present picture and the one before, each prepared once and only if needed."""

    def __init__(self, frame: Frame, last: Frame | None, prepare: Draw | None) -> None:
        self.time_s = frame.time_s
        self._frame, self._last, self._prepare = frame, last, prepare
        self._ready: RgbImage | None = None

    def present(self) -> RgbImage:
        if self._ready is None:
            self._ready = self._prepared(self._frame)
        return self._ready

    def before(self) -> RgbImage | None:
        return None if self._last is None else self._prepared(self._last)

    def _prepared(self, frame: Frame) -> RgbImage:
        from emoreport.media.canvas import on_canvas

        rgb = on_canvas(frame)
        return rgb if self._prepare is None else self._prepare(rgb, frame.time_s)


class _Take:
    """One cut while it is being written."""

    def __init__(self, cut: Cut, info: MediaInfo, track: Soundtrack | None) -> None:
        self._cut, self._info, self._track = cut, info, track
        self._spans = (WHOLE,) if cut.spans is None else cut.spans
        self._present = 0
        self._offset_s = 0.0
        self._has_begun = False
        self.is_whole = cut.spans is None
        self._writer: VideoWriter | None = None
        self._heard = 0
        self.is_done = False

    def wants(self, time_s: float) -> bool:
        """Whether what is at this time is to be shown to the cut, or heard by it."""
        return not self.is_done and time_s >= self._spans[0].start_s - SAME_TIME_S

    def open(self) -> None:
        """Start writing; sound counts from here on."""
        if self._writer is not None:
            return
        from emoreport.media.encoding import VideoWriter

        track = self._track
        self._writer = VideoWriter(
            self._cut.target,
            (self._info.width_px, self._info.height_px),
            rate_hz=self._info.frame_rate_hz,
            sound=None if track is None else (track.rate_hz, track.channels),
        )
        if track is not None:
            self._heard = track.position

    def hear(self, block: FloatArray) -> None:
        """Take sound that follows what was heard before."""
        assert self._track is not None
        assert self._writer is not None
        first, self._heard = self._heard, self._heard + block.shape[1]
        for span in self._spans:
            low = max(0, round(span.start_s * self._track.rate_hz) - first)
            high = min(block.shape[1], round(span.end_s * self._track.rate_hz) - first)
            if high > low:
                self._writer.write_audio(np.ascontiguousarray(block[:, low:high]))

    def show(self, pictures: _Pictures) -> None:
        """Add the present picture if it is in a part, or finish if it comes after the last."""
        assert self._writer is not None
        if self._is_over(pictures):
            return
        time_s, span = pictures.time_s, self._spans[self._present]
        if time_s < span.start_s - SAME_TIME_S:
            return
        self._begin(pictures)
        drawn = self._cut.draw(pictures.present(), time_s)
        self._writer.write_frame(drawn, self._offset_s + max(0.0, time_s - span.start_s))

    def _is_over(self, pictures: _Pictures) -> bool:
        """Go on to the part that the present picture is in or before; close after the last."""
        while pictures.time_s >= self._spans[self._present].end_s - SAME_TIME_S:
            self._begin(pictures)
            if self._present + 1 == len(self._spans):
                self._close(self._spans[-1].end_s)
                return True
            self._offset_s += self._spans[self._present].duration_s
            self._present, self._has_begun = self._present + 1, False
        return False

    def _begin(self, pictures: _Pictures) -> None:
        """Where no picture begins with a part, show the one that is on screen then."""
        assert self._writer is not None
        start_s = self._spans[self._present].start_s
        if not self._has_begun and pictures.time_s > start_s + SAME_TIME_S:
            before = pictures.before()
            if before is not None:
                self._writer.write_frame(self._cut.draw(before, start_s), self._offset_s)
        self._has_begun = True

    def finish(self, pictures: _Pictures) -> None:
        """Make the file whole where the recording ends: at the time of `pictures`."""
        if not self._is_over(pictures):
            self._begin(pictures)
            self._close(pictures.time_s)

    def _close(self, end_s: float) -> None:
        """Make the file whole; the last picture is shown until `end_s` of the recording."""
        assert self._writer is not None
        span = self._spans[self._present]
        shown_s = max(0.0, min(end_s, span.end_s) - span.start_s)
        self._writer.close(self._offset_s + shown_s)
        self.is_done = True
        if self._cut.finished is not None:
            self._cut.finished()

    def abandon(self, *_: object) -> None:
        """Delete a file that was not finished."""
        if self._writer is not None and not self.is_done:
            self._writer.abort()
