"""From decoded sound of any layout, format and rate to 16 kHz mono float32."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from emoreport.records import FloatArray

SAMPLE_RATE_HZ: Final = 16_000
"""Rate that voice-activity and voice-emotion models work at."""

BASS_CHANNELS: Final = frozenset({"LFE", "LFE2"})


def mix(frame: AudioFrame) -> FloatArray:
    """Mean of all channels but those for bass effects, float32 (samples,), [-1, 1].

    Each channel counts the same, wherever its loudspeaker stands: a voice on one channel only
    (one microphone of two, the centre of 5.1) is kept, at 1 ÷ channels of its level. The mean
    cannot clip, and it needs no known layout.
    """
    names = [channel.name for channel in frame.layout.channels]
    data: NDArray[Any] = np.asarray(frame.to_ndarray())
    if not frame.format.is_planar:
        data = data.reshape(-1, len(names)).T
    voices = [row for row, name in enumerate(names) if name not in BASS_CHANNELS]
    chosen = data[voices] if 0 < len(voices) < len(names) else data
    mean = chosen.mean(axis=0, dtype=np.float64)
    if data.dtype == np.uint8:
        mean = (mean - 128.0) / 128.0
    elif np.issubdtype(data.dtype, np.integer):
        mean /= -float(np.iinfo(data.dtype).min)
    return np.asarray(mean, dtype=np.float32)


class RunResampler:
    """Resamples one uninterrupted run of mono sound; output sample 0 is at input sample 0.

    Parameters
    ----------
    rate_hz
        Rate of the samples fed.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._fed = 0
        self._resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)

    @property
    def fed_s(self) -> float:
        """Seconds of sound fed so far."""
        return self._fed / self.rate_hz

    def feed(self, samples: FloatArray) -> FloatArray:
        """Give float32 (n,) samples, get what is ready at 16 kHz, float32 (m,)."""
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self.rate_hz
        frame.pts = self._fed
        frame.time_base = Fraction(1, self.rate_hz)
        self._fed += len(samples)
        return _joined(self._resampler.resample(frame))

    def flush(self) -> FloatArray:
        """Rest of the run, float32 (m,)."""
        if self.rate_hz == SAMPLE_RATE_HZ or not self._fed:
            return np.zeros(0, dtype=np.float32)
        return _joined(self._resampler.resample(None))


def _joined(frames: list[av.AudioFrame]) -> FloatArray:
    if not frames:
        return np.zeros(0, dtype=np.float32)
    pieces = [np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1) for frame in frames]
    return np.concatenate(pieces)
