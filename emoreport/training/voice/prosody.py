"""Plain measures of pitch, loudness and timbre over a clip, as a part of the graph.

They are few, and most of them are differences within the clip, which a microphone or a room leaves
nearly as they are. That carries over to corpora never heard where the encoder's statistics do not.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.voice.encoder import HOP_SAMPLES

WINDOW_SAMPLES = 640
TRANSFORM_SAMPLES = 1024
TOP_HZ = 1500.0
"""Pitch is sought below this, so that a telephone's band is enough."""
LOWEST_HZ, HIGHEST_HZ = 70.0, 500.0
ACTIVE_DB = 35.0
"""Frames further below the loudest one are pauses."""
VOICED = 0.55
"""Height of the peak of the autocorrelation from which on a frame counts as voiced."""
OCTAVE_COST = 0.02
"""Taken from the peak per octave that the lag is longer: of equal peaks the shorter lag wins."""
BANDS, CEPSTRA = 80, 13
CONTOURS = 4 + CEPSTRA
MEASURES = 3 * CONTOURS + 6


class Prosody(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Audio (N, T) and log-mel power (N, 80, frames) → measures (N, 57)."""

    basis: Tensor
    correlation: Tensor
    lag_cost: Tensor
    log_pitch: Tensor
    cosines: Tensor

    def __init__(self) -> None:
        super().__init__()
        bins = int(TOP_HZ / SAMPLE_RATE_HZ * TRANSFORM_SAMPLES)
        window = np.hanning(WINDOW_SAMPLES + 1)[:-1]
        phase = 2.0 * np.pi / TRANSFORM_SAMPLES
        turns = phase * np.outer(np.arange(1, bins + 1), np.arange(WINDOW_SAMPLES))
        basis = np.concatenate([np.cos(turns), np.sin(turns)]) * window
        self.register_buffer("basis", _tensor(basis)[:, None, :])
        lags = np.arange(SAMPLE_RATE_HZ // HIGHEST_HZ, SAMPLE_RATE_HZ // LOWEST_HZ + 1)
        # The window makes long lags look weak; its own autocorrelation is divided out (Boersma).
        own = np.array([window[int(lag) :] @ window[: len(window) - int(lag)] for lag in lags])
        own /= window @ window
        cosines = np.cos(phase * np.outer(lags, np.arange(1, bins + 1)))
        self.register_buffer("correlation", _tensor(cosines / own[:, None]))
        self.register_buffer("lag_cost", _tensor(OCTAVE_COST * np.log2(lags / lags[0]))[:, None])
        self.register_buffer("log_pitch", _tensor(np.log2(SAMPLE_RATE_HZ / lags / 100.0))[:, None])
        place = (np.arange(BANDS) + 0.5) / BANDS
        cepstra = np.cos(np.pi * np.outer(np.arange(1, CEPSTRA + 1), place)) * np.sqrt(2.0 / BANDS)
        self.register_buffer("cosines", _tensor(cepstra))

    def forward(self, audio: Tensor, mel: Tensor) -> Tensor:
        """Measures of each clip; `mel` is what `LogMel` makes of the same audio."""
        centred = audio - audio.mean(dim=1, keepdim=True)
        pad = (WINDOW_SAMPLES // 2, WINDOW_SAMPLES // 2)
        padded = nn.functional.pad(centred[:, None, :], pad, mode="reflect")
        spectrum = nn.functional.conv1d(padded, self.basis, stride=HOP_SAMPLES)
        real, imaginary = spectrum.chunk(2, dim=1)
        power = (real * real + imaginary * imaginary)[:, :, : mel.shape[2]]
        total = power.sum(dim=1, keepdim=True) + 1e-10
        peaks = self.correlation @ power / total - self.lag_cost
        strength, lag = peaks.max(dim=1, keepdim=True)
        pitch = self.log_pitch[lag[:, 0, :], 0][:, None, :]
        # Log-mel in steps of 10 dB per 0.25; its mean over bands follows loudness.
        level = torch.log10((10.0 ** (4.0 * mel - 4.0)).sum(dim=1, keepdim=True))
        active = (level > level.amax(dim=2, keepdim=True) - ACTIVE_DB / 10.0).float()
        voiced = active * torch.sigmoid(30.0 * (strength - VOICED))
        low = power[:, : power.shape[1] // 3].sum(dim=1, keepdim=True)
        tilt = torch.log10(total) - torch.log10(1e-10 + low)
        cepstra = self.cosines @ mel
        contours = [(pitch, voiced), (strength, active), (level, active), (tilt, voiced)]
        parts = [_moments(values, weights) for values, weights in contours]
        parts.append(_moments(cepstra, active))
        found = torch.cat(parts, dim=1)
        shares = torch.cat([active.mean(dim=2), _share(voiced, active)], dim=1)
        others = [
            _correlation(pitch, level, voiced),
            _correlation(tilt, level, voiced),
            _correlation(cepstra[:, :1], level, active),
            level.amax(dim=2) - _mean(level, active),
        ]
        return torch.cat([found, shares, *others], dim=1)


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean over time: (N, C, frames) → (N, C)."""
    return (values * weights).sum(dim=2) / (weights.sum(dim=2) + 1e-3)


def _share(part: Tensor, whole: Tensor) -> Tensor:
    return part.sum(dim=2) / (whole.sum(dim=2) + 1e-3)


def _moments(values: Tensor, weights: Tensor) -> Tensor:
    """Mean, spread and mean step from frame to frame: (N, C, frames) → (N, 3 C)."""
    mean = _mean(values, weights)
    spread = torch.sqrt(_mean((values - mean[:, :, None]) ** 2, weights) + 1e-8)
    both = weights[:, :, 2:] * weights[:, :, :-2]
    step = _mean((values[:, :, 2:] - values[:, :, :-2]).abs(), both)
    return torch.cat([mean, spread, step], dim=1)


def _correlation(first: Tensor, second: Tensor, weights: Tensor) -> Tensor:
    one = first - _mean(first, weights)[:, :, None]
    two = second - _mean(second, weights)[:, :, None]
    scale = torch.sqrt(_mean(one * one, weights) * _mean(two * two, weights) + 1e-8)
    return _mean(one * two, weights) / scale
