"""Decode the sound of a recording on the video's time line: 16 kHz, mono, read by seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

import av.error
from av.container import InputContainer

from emoreport.errors import MediaError
from emoreport.media.container import (
    NOT_A_VIDEO,
    Failures,
    decoded,
    open_container,
    reason,
    seconds,
    used_stream,
)
from emoreport.media.joins import Joins
from emoreport.media.mixing import Mixer, channels_of
from emoreport.media.resampling import RunResampler
from emoreport.media.scan import clock_of, joins_of
from emoreport.media.spool import SampleSpool
from emoreport.media.timeline import LONGEST_S, Clock
from emoreport.records import (
    SAMPLE_RATE_HZ,
    DecodeOutcome,
    DoubleArray,
    FloatArray,
    MediaInfo,
    Span,
)

MAX_DRIFT_S: Final = 0.04
"""Stamps may leave the count of samples by this much (stamps rounded to 1 ms, jitter of
recorders); past it there is a gap or an overlap, and the sound is placed again by its stamp."""

RATES_HZ: Final = (1_000, 768_000)


def _always() -> bool:
    """Nobody ends the decoding early."""
    return True


def open_audio(
    path: Path,
    info: MediaInfo,
    *,
    duration_s: float | None,
    keep_on: Callable[[], bool] = _always,
) -> SpooledAudio | None:
    """Decode the default audio stream of a recording into a temporary file.

    Parameters
    ----------
    path
        The recording that `info` describes.
    info
        What `emoreport.media.probe` said of it.
    duration_s
        Length of the video in seconds; sound after it is not kept. None while it is unknown.
    keep_on
        Asked before each piece of sound; once it says no, the rest is left out. A few bytes can
        hold a day of silence.

    Returns
    -------
    The sound on the video's time line: zeros where it starts late or has gaps, nothing from
    before time zero. None if there is no audio stream. A stream of which nothing can be decoded
    gives a track without sound whose outcome says so.

    Raises
    ------
    MediaError
        When the file cannot be opened any more.
    OutputError
        When the temporary folder is full.
    """
    if not info.has_audio:
        return None
    limit_s = LONGEST_S if duration_s is None else min(duration_s, LONGEST_S)
    joins = joins_of(Path(path))
    with open_container(Path(path)) as container:
        stream = used_stream(container, info, "audio")
        clock = clock_of(container, stream, joins)
        track = SpooledAudio(_Recorder(clock, limit_s), joins)
        try:
            track.record(container, stream, keep_on)
        except (av.error.FFmpegError, ValueError) as error:
            track.close()
            raise MediaError(
                "media.sound_unreadable", error=reason(error), remedy=NOT_A_VIDEO, file=path
            ) from error
        except BaseException:
            track.close()
            raise
    return track


class _Recorder:
    """Places decoded sound on the time line, run by run."""

    def __init__(self, clock: Clock, limit_s: float) -> None:
        self.spool = SampleSpool()
        self.mixer = Mixer()
        self.clock = clock
        self.missing = 0
        self.runs = 0
        self._limit_s = limit_s
        self._limit = round(limit_s * SAMPLE_RATE_HZ)
        self._run: RunResampler | None = None
        self._run_start_s = 0.0
        self._position = 0

    def take(self, stamp_s: float | None, rate_hz: int, channels: DoubleArray) -> bool:
        """Store one piece of sound; False once nothing more is wanted."""
        expected_s = None if self._run is None else self._run_start_s + self._run.fed_s
        if stamp_s is None:
            self.missing += 1
            time_s = expected_s or 0.0
        else:
            time_s = self.clock.settle(stamp_s, expected_s)
        if time_s >= self._limit_s:
            return False
        displaced = expected_s is None or abs(time_s - expected_s) > MAX_DRIFT_S
        if self._run is None or displaced or self._run.rate_hz != rate_hz:
            self._start_run(time_s if displaced or expected_s is None else expected_s, rate_hz)
        if self._run is not None:
            self._write(self._run.feed(channels))
        return True

    def _start_run(self, time_s: float, rate_hz: int) -> None:
        self.finish()
        self._run = RunResampler(rate_hz, self.mixer)
        self._run_start_s = time_s
        self._position = round(time_s * SAMPLE_RATE_HZ)
        self.runs += 1

    def finish(self) -> None:
        """Store what the resampler still holds."""
        if self._run is not None:
            self._write(self._run.flush())
            self._run = None

    def _write(self, samples: FloatArray) -> None:
        self.spool.write(self._position, samples, limit=self._limit)
        self._position += len(samples)


class SpooledAudio:
    """Sound of one recording, readable in any order at constant memory.

    A context manager; leaving it deletes the temporary file. Reading is safe from several
    threads.
    """

    sample_rate_hz: int = SAMPLE_RATE_HZ

    def __init__(self, recorder: _Recorder, joins: Joins | None = None) -> None:
        self._recorder, self._joins = recorder, joins
        self._spool = recorder.spool
        self._failures = Failures()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(
        self,
        container: InputContainer,
        stream: Any,  # noqa: ANN401 - av's stream
        keep_on: Callable[[], bool] = _always,
    ) -> None:
        """Decode the stream to its end, to the end of the video, or until nobody wants more."""
        if stream.codec_context is None:
            self._failures.add("no decoder for the audio stream")
            return
        shift_s = None if self._joins is None else self._joins.shift_of(stream.index)
        unit = stream.time_base
        for frame in decoded(container, stream, self._failures, shift_s):
            if not keep_on():
                break
            low, high = RATES_HZ
            if frame.is_corrupt or not low <= frame.sample_rate <= high:
                self._failures.add("damaged sound")
                continue
            if not frame.samples:
                continue
            stamp_s = seconds(frame.pts, unit)
            if not self._recorder.take(stamp_s, frame.sample_rate, channels_of(frame)):
                break
        self._recorder.finish()

    @property
    def start_s(self) -> float:
        """Where the sound starts, seconds from the start of the video."""
        return (self._spool.first or 0) / SAMPLE_RATE_HZ

    @property
    def end_s(self) -> float:
        """Where the sound ends, seconds from the start of the video."""
        return self._spool.end / SAMPLE_RATE_HZ

    @property
    def outcome(self) -> DecodeOutcome:
        """What decoding found; `frames` counts samples at 16 kHz."""
        recorder = self._recorder
        jumps = recorder.clock.jumps
        notes = []
        broke_off = self._joins is not None and bool(self._joins.breaks)
        if not self._spool.written:
            cause = f" ({self._failures.first})" if self._failures.first else ""
            notes.append(f"the audio stream gives no sound{cause}")
        if recorder.runs > 1:
            notes.append(f"the sound has {recorder.runs - 1} gaps or overlaps")
        if jumps:
            notes.append(f"the clock of the sound jumped {jumps} times")
        if self._failures.gave_up:
            notes.append("the rest of the sound cannot be read")
        warnings = []
        opposed_s = recorder.mixer.opposed_s
        if opposed_s > 0:
            warnings.append(("channels_opposed", {"seconds": f"{opposed_s:.1f}"}))
        return DecodeOutcome(
            duration_s=self.end_s,
            frames=self._spool.written,
            decode_failures=self._failures.count,
            time_quality="repaired" if jumps or recorder.missing or broke_off else "exact",
            notes=tuple(notes),
            warnings=tuple(warnings),
        )

    def read(self, span: Span) -> FloatArray:
        """Samples of `span`, float32 (n,), [-1, 1]; zeros where there is no sound.

        n = round(end · 16000) − round(start · 16000).

        Raises
        ------
        MediaError
            After `close`.
        """
        if self._closed:
            raise MediaError("media.sound_closed")
        start = round(span.start_s * SAMPLE_RATE_HZ)
        return self._spool.read(start, round(span.end_s * SAMPLE_RATE_HZ))

    def close(self) -> None:
        """Delete the temporary file; safe to call twice."""
        self._closed = True
        self._spool.close()
