"""The log-mel front end, written as a network layer so that training and inference cannot drift.

The same module makes the cached features of the training set and is exported inside the graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Geometry of the log-mel spectrogram.

    Attributes
    ----------
    window_samples, hop_samples
        Length of the Hann window and the step between windows, samples at 16 kHz.
    n_mels
        Number of mel bands.
    low_hz, high_hz
        Edges of the outermost bands.
    """

    window_samples: int = 640
    hop_samples: int = 320
    n_mels: int = 64
    low_hz: float = 50.0
    high_hz: float = 7600.0

    @property
    def frames_per_s(self) -> float:
        """Feature frames per second."""
        return SAMPLE_RATE_HZ / self.hop_samples


def mel_filters(front_end: FrontEnd) -> NDArray[np.float32]:
    """Triangular filters, evenly spaced on the mel scale 2595·log10(1 + f/700) of O'Shaughnessy.

    Returns
    -------
    (n_mels, window_samples // 2 + 1) float32
        Weights on the bins of a power spectrum; each filter peaks at 1.
    """

    def to_mel(hz: float) -> float:
        return float(2595.0 * np.log10(1.0 + hz / 700.0))

    mels = np.linspace(to_mel(front_end.low_hz), to_mel(front_end.high_hz), front_end.n_mels + 2)
    edges_hz = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    bins_hz = np.fft.rfftfreq(front_end.window_samples, 1.0 / SAMPLE_RATE_HZ)
    lower, centre, upper = (edges_hz[i : i + front_end.n_mels, None] for i in range(3))
    rising = (bins_hz - lower) / (centre - lower)
    falling = (upper - bins_hz) / (upper - centre)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


class MelPower(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Audio (N, T) in [-1, 1] → mel-band power (N, n_mels, frames).

    The Fourier transform is a strided convolution with a windowed cosine and sine basis, which
    every inference runtime has and runs as one matrix product.
    """

    basis: Tensor
    filters: Tensor

    def __init__(self, front_end: FrontEnd) -> None:
        super().__init__()
        self.front_end = front_end
        size = front_end.window_samples
        filters = mel_filters(front_end)
        used = np.flatnonzero(filters.any(axis=0))  # bins outside every band need not be computed
        phase = 2.0 * np.pi * np.outer(used, np.arange(size)) / size
        window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
        # Scaled so that a full-scale sine has power 1 whatever the window length.
        scale = 2.0 / window.sum()
        basis = np.concatenate([np.cos(phase), np.sin(phase)]) * window * scale
        self.register_buffer("basis", torch.from_numpy(basis.astype(np.float32))[:, None, :])
        self.register_buffer("filters", torch.from_numpy(filters[:, used])[:, :, None])

    def forward(self, audio: Tensor) -> Tensor:
        """Mel power of audio (N, T); T must hold at least one window."""
        spectrum = nn.functional.conv1d(
            audio[:, None, :], self.basis, stride=self.front_end.hop_samples
        )
        real, imaginary = spectrum.chunk(2, dim=1)
        return nn.functional.conv1d(real * real + imaginary * imaginary, self.filters)


# Silence is lifted to this power, far below the quantisation noise of 16-bit samples.
SILENCE_POWER = 1e-12


class Normalise(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Mel power → decibels about the clip's own level: blind to gain.

    The reference is the mean *power*, not the mean of the decibels: pauses in the clip leave it
    almost where it was, so that the same words with more silence around them look the same.

    Parameters
    ----------
    per_band
        Measure every band against its own mean (blind to the recording's frequency response as
        well) rather than all bands against one mean.
    floor_db
        Everything further below the reference is cut off there, so that noise floors look alike.
    """

    def __init__(self, *, per_band: bool, floor_db: float) -> None:
        super().__init__()
        self.axes = (2,) if per_band else (1, 2)
        self.floor = 10.0 ** (-floor_db / 10.0)

    def forward(self, power: Tensor) -> Tensor:
        """Power (N, bands, frames) → the same shape, about -3 … 1 in units of 20 dB."""
        power = power + SILENCE_POWER
        reference = power.mean(dim=self.axes, keepdim=True)
        return torch.log10(power / reference + self.floor) * 0.5
