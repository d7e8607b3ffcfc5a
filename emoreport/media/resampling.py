"""Resample decoded sound of any number of channels and any rate to 16 kHz mono float32."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph

from emoreport.media.mixing import Mixer
from emoreport.records import SAMPLE_RATE_HZ, DoubleArray, FloatArray

FILTER_TAPS: Final = 64
"""Length of the resampler's filter, in samples at the lower of the two rates.

FFmpeg's own default of 32 leaves mirror images of telephone sound above 4 kHz (a tone of 3.6 kHz
comes back at 4.4 kHz, 27 dB below it; with 64 it is 102 dB below).
"""

BLOCK_S: Final = 1.0
"""Sound that is resampled at a time: a call for each of a decoder's frames takes twice as long."""


class RunResampler:
    """Resamples one uninterrupted run of sound to mono; output sample 0 is at input sample 0.

    Parameters
    ----------
    rate_hz
        Rate of the samples fed.
    mixer
        Makes one channel of several; what it learnt about them serves the next run too.
    """

    def __init__(self, rate_hz: int, mixer: Mixer | None = None) -> None:
        self.rate_hz = rate_hz
        self._mixer = mixer or Mixer()
        self._fed = self._mixed = self._pushed = 0
        self._waiting: list[FloatArray] = []
        self._graph = _resampling_graph(rate_hz)

    @property
    def fed_s(self) -> float:
        """Seconds of sound fed so far."""
        return self._fed / self.rate_hz

    def feed(self, channels: DoubleArray) -> FloatArray:
        """Give float64 (channels, n) samples, get what is ready at 16 kHz, float32 (m,)."""
        self._fed += channels.shape[1]
        self._wait(self._mixer.feed(channels, self.rate_hz))
        if self._mixed - self._pushed < BLOCK_S * self.rate_hz:
            return np.zeros(0, dtype=np.float32)
        self._push()
        return self._ready()

    def flush(self) -> FloatArray:
        """Rest of the run, float32 (m,)."""
        self._wait(self._mixer.flush())
        self._push()
        if self.rate_hz != SAMPLE_RATE_HZ and self._mixed:
            self._graph.push(None)
        return self._ready()

    def _wait(self, pieces: list[FloatArray]) -> None:
        self._waiting += pieces
        self._mixed += sum(map(len, pieces))

    def _push(self) -> None:
        if self._mixed == self._pushed:
            return
        samples = np.concatenate(self._waiting)
        self._waiting.clear()
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self.rate_hz
        frame.pts = self._pushed
        frame.time_base = Fraction(1, self.rate_hz)
        self._pushed += len(samples)
        self._graph.push(frame)

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
