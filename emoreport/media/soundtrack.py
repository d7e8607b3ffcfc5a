"""Decode the sound of a recording for listeners: its own quality, on the video's time line.

The analysis hears 16 kHz mono (`emoreport.media.audio`); what is written into a new video comes
from here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import av.error
import numpy as np
from av.audio.resampler import AudioResampler

from emoreport.errors import MediaError
from emoreport.media.audio import MAX_DRIFT_S, RATES_HZ
from emoreport.media.container import (
    NOT_A_VIDEO,
    Failures,
    decoded,
    open_container,
    reason,
    seconds,
    used_stream,
)
from emoreport.media.encoding import SOUND_LAYOUTS, SOUND_RATES_HZ
from emoreport.media.scan import clock_of, joins_of
from emoreport.records import FloatArray, MediaInfo

USUAL_RATE_HZ: Final = 48_000
LONGEST_HOLE_S: Final = 10.0
"""Silence is given out in pieces of this length at most, so that a hole takes no memory."""


def open_soundtrack(path: Path, info: MediaInfo) -> Soundtrack | None:
    """Open the default audio stream of a recording; None if it has none that can be decoded.

    Raises
    ------
    MediaError
        When the file cannot be opened any more.
    """
    if not info.has_audio:
        return None
    track = Soundtrack(path, info)
    if track.is_mute:
        track.close()
        return None
    return track


class Soundtrack:
    """Samples of one audio stream from time zero on, read once and in order.

    A late start and gaps are silence; what lies before time zero or overlaps is left out. Mono
    stays mono, all else becomes stereo; 44.1 kHz stays, all else becomes 48 kHz. Memory does not
    depend on the length.

    Parameters
    ----------
    path, info
        A recording with an audio stream, and what `emoreport.media.probe` said of it.

    Attributes
    ----------
    rate_hz, channels
        Of the samples that it gives.
    position
        Samples given out so far.
    is_mute
        Whether nothing of the stream can be decoded.
    """

    def __init__(self, path: Path, info: MediaInfo) -> None:
        self._path = path
        self._container = open_container(path)
        self._stream = used_stream(self._container, info, "audio")
        self._joins = joins_of(path)
        self._clock = clock_of(self._container, self._stream, self._joins)
        context = self._stream.codec_context
        rate_hz = context.sample_rate if context is not None else 0
        self.rate_hz = rate_hz if rate_hz in SOUND_RATES_HZ else USUAL_RATE_HZ
        mono = context is not None and context.layout.nb_channels == 1
        self.channels = 1 if mono else 2
        self._waiting: deque[tuple[int, FloatArray]] = deque()
        self.position = 0
        self._pieces = iter(()) if context is None else self._decode()
        self._done = False
        self._pull()
        self.is_mute = self._done and not self._waiting

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._container.close()

    def until(self, time_s: float) -> Iterator[FloatArray]:
        """Samples from where the last call ended up to `time_s`, float32 (channels, n) each.

        Raises
        ------
        MediaError
            When the sound cannot be read any further.
        """
        end = round(time_s * self.rate_hz)
        longest = round(LONGEST_HOLE_S * self.rate_hz)
        while self.position < end:
            stop = min(end, self.position + longest)
            while not self._done and self._decoded_end < stop:
                self._pull()
            yield self._take(stop)

    def rest(self) -> Iterator[FloatArray]:
        """Samples from where the last call ended to the end of the sound.

        Raises
        ------
        MediaError
            When the sound cannot be read any further.
        """
        while not self._done or self._waiting:
            if not self._waiting:
                self._pull()
            else:
                yield from self.until(self._decoded_end / self.rate_hz)
                self._drop_past()

    def _drop_past(self) -> None:
        """Forget pieces that lie before what was given out."""
        while self._waiting and self._waiting[0][0] + self._waiting[0][1].shape[1] <= self.position:
            self._waiting.popleft()

    @property
    def _decoded_end(self) -> int:
        """Sample up to which everything is decoded: nothing that comes later begins before it."""
        if not self._waiting:
            return self.position
        start, piece = self._waiting[-1]
        return start + piece.shape[1]

    def _take(self, stop: int) -> FloatArray:
        block = np.zeros((self.channels, stop - self.position), dtype=np.float32)
        while self._waiting and self._waiting[0][0] < stop:
            start, piece = self._waiting.popleft()
            if start + piece.shape[1] > stop:
                self._waiting.appendleft((stop, piece[:, stop - start :]))
                piece = piece[:, : stop - start]
            skipped = max(0, self.position - start)
            room = start + skipped - self.position
            part = piece[:, skipped:]
            block[:, room : room + part.shape[1]] = part
        self.position = stop
        return block

    def _pull(self) -> None:
        try:
            self._waiting.append(next(self._pieces))
        except StopIteration:
            self._done = True
        except (av.error.FFmpegError, ValueError) as error:
            raise MediaError(
                "media.sound_unreadable", error=reason(error), remedy=NOT_A_VIDEO, file=self._path
            ) from error

    def _decode(self) -> Iterator[tuple[int, FloatArray]]:
        """Pieces of sound with the position of their first sample, which may lie before zero."""
        run: AudioResampler | None = None
        shape: tuple[int, str, str] | None = None
        start_s = fed_s = 0.0
        position = 0
        shift_s = None if self._joins is None else self._joins.shift_of(self._stream.index)
        for frame in decoded(self._container, self._stream, Failures(), shift_s):
            low, high = RATES_HZ
            if frame.is_corrupt or not frame.samples or not low <= frame.sample_rate <= high:
                continue
            expected_s = None if run is None else start_s + fed_s
            stamp_s = seconds(frame.pts, self._stream.time_base)
            time_s = expected_s or 0.0
            if stamp_s is not None:
                time_s = self._clock.settle(stamp_s, expected_s)
            displaced = expected_s is None or abs(time_s - expected_s) > MAX_DRIFT_S
            frame_shape = (frame.sample_rate, frame.layout.name, frame.format.name)
            if run is None or displaced or shape != frame_shape:
                if run is not None:
                    for piece in _converted(run, None):
                        yield position, piece
                        position += piece.shape[1]
                run = self._resampler()
                shape = frame_shape
                start_s, fed_s = time_s if displaced or expected_s is None else expected_s, 0.0
                position = round(start_s * self.rate_hz)
            fed_s += frame.samples / frame.sample_rate
            frame.pts = None
            for piece in _converted(run, frame):
                yield position, piece
                position += piece.shape[1]
        for piece in [] if run is None else _converted(run, None):
            yield position, piece
            position += piece.shape[1]

    def _resampler(self) -> AudioResampler:
        return AudioResampler(format="fltp", layout=SOUND_LAYOUTS[self.channels], rate=self.rate_hz)


def _converted(run: AudioResampler, frame: Any) -> list[FloatArray]:  # noqa: ANN401 - av's frame or None
    return [np.asarray(part.to_ndarray(), dtype=np.float32) for part in run.resample(frame)]
