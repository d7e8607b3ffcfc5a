"""From decoded sound of any layout, format and rate to 16 kHz mono float32."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from numpy.typing import NDArray

from emoreport.records import SAMPLE_RATE_HZ, FloatArray

FILTER_TAPS: Final = 64
"""Length of the resampler's filter, in samples at the lower of the two rates.

FFmpeg's own default of 32 leaves mirror images of telephone sound above 4 kHz (a tone of 3.6 kHz
comes back at 4.4 kHz, 27 dB below it; with 64 it is 102 dB below).
"""

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
        self._graph = _resampling_graph(rate_hz)

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
        self._graph.push(frame)
        return self._ready()

    def flush(self) -> FloatArray:
        """Rest of the run, float32 (m,)."""
        if self.rate_hz == SAMPLE_RATE_HZ or not self._fed:
            return np.zeros(0, dtype=np.float32)
        self._graph.push(None)
        return self._ready()

    def _ready(self) -> FloatArray:
        pieces = []
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            pieces.append(np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1))
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)


def _resampling_graph(rate_hz: int) -> Graph:
    """FFmpeg's resampler with a longer filter than it has by default."""
    graph = Graph()
    nodes = [
        graph.add_abuffer(
            sample_rate=rate_hz, format="flt", layout="mono", time_base=Fraction(1, rate_hz)
        ),
        graph.add("aresample", f"{SAMPLE_RATE_HZ}:filter_size={FILTER_TAPS}"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph
