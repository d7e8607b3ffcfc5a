"""Mix the channels of a recording to one, also where they cancel each other."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from emoreport.records import DoubleArray, FloatArray

BASS_CHANNELS: Final = frozenset({"LFE", "LFE2"})
WITHOUT_BASS: Final = frozenset({"mono", "stereo"})
"""Layouts whose channels need not be asked for their names: nearly all recordings."""

BLOCK_S: Final = 2.0
"""Channels are compared over this long: two voices on two channels may seem opposed for moments."""

OPPOSED: Final = 0.25
"""Channels are opposed where their mean keeps less than this of the power that channels without
anything in common would leave (1 ÷ channels); for two equally loud ones, a correlation of −0.75."""

ALIKE: Final = 0.5
"""… and no longer so from this on, a correlation of −0.5."""

SILENCE_POWER: Final = 1e-8
"""Below −80 dB of full scale nothing is said about channels."""

LEAST_CORRELATION: Final = 0.5
"""A channel this much opposed to the loudest one is turned over."""


def channels_of(frame: AudioFrame) -> DoubleArray:
    """All channels of a piece of sound but those for bass effects.

    Returns
    -------
    float64 (channels, samples), [-1, 1].
    """
    layout = frame.layout
    data: NDArray[Any] = np.asarray(frame.to_ndarray())
    if not frame.format.is_planar:
        data = data.reshape(-1, layout.nb_channels).T
    if layout.name not in WITHOUT_BASS:
        voices = [row for row, each in enumerate(layout.channels) if each.name not in BASS_CHANNELS]
        data = data[voices] if 0 < len(voices) < len(data) else data
    values = data.astype(np.float64)
    if data.dtype == np.uint8:
        return (values - 128.0) / 128.0
    if data.dtype.kind == "i":
        return values / -float(np.iinfo(data.dtype).min)
    return values


class Mixer:
    """Mean of the channels; where they cancel each other, of the channels turned to agree.

    Each channel counts the same, wherever its loudspeaker stands: a voice on one channel only (one
    microphone of two, the centre of 5.1) is kept, at 1 ÷ channels of its level. The mean cannot
    clip, and it needs no known layout. Of a microphone wired the wrong way round it would leave
    nothing, though players let both channels be heard: such channels are turned over first.

    Sound is held back until `BLOCK_S` of it can be judged.

    Attributes
    ----------
    opposed_s
        Seconds over which channels were opposed.
    """

    def __init__(self) -> None:
        self.opposed_s = 0.0
        self._waiting: list[DoubleArray] = []
        self._waiting_s = 0.0
        self._signs: DoubleArray | None = None

    def feed(self, channels: DoubleArray, rate_hz: int) -> list[FloatArray]:
        """Give a piece, float64 (channels, n); get what is ready, float32 (m,) each."""
        if len(channels) == 1:
            return [*self.flush(), channels[0].astype(np.float32)]
        ready = []
        if self._waiting and len(self._waiting[0]) != len(channels):
            ready = self.flush()
            self._signs = None
        self._waiting.append(channels)
        self._waiting_s += channels.shape[1] / rate_hz
        if self._waiting_s >= BLOCK_S:
            ready += self.flush()
        return ready

    def flush(self) -> list[FloatArray]:
        """What is held back, float32 (m,) each."""
        pieces, seconds = self._waiting, self._waiting_s
        self._waiting, self._waiting_s = [], 0.0
        if not pieces:
            return []
        self._judge(np.concatenate(pieces, axis=1))
        if self._signs is None:
            return [piece.mean(axis=0).astype(np.float32) for piece in pieces]
        self.opposed_s += seconds
        signs = self._signs[:, np.newaxis]
        return [(signs * piece).mean(axis=0).astype(np.float32) for piece in pieces]

    def _judge(self, block: DoubleArray) -> None:
        """Decide which channels of a block, float64 (channels, n), are turned over."""
        centred = block - block.mean(axis=1, keepdims=True)
        shared = centred @ centred.T / block.shape[1]
        power = float(np.trace(shared)) / len(block)
        if not power > SILENCE_POWER:
            return
        kept = shared.mean() / power * len(block)
        if self._signs is None and kept < OPPOSED:
            loudest = int(np.argmax(np.diag(shared)))
            level = np.sqrt(np.diag(shared) * shared[loudest, loudest])
            opposed = shared[loudest] < -LEAST_CORRELATION * level
            self._signs = np.where(opposed, -1.0, 1.0) if opposed.any() else None
        elif self._signs is not None and kept >= ALIKE:
            self._signs = None
