"""Changes made anew for every batch, on mel spectrograms: pitch, tempo, noise, masks, mixup.

What needs the waveform (rooms, codecs, music) is made once, by :mod:`.augment`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from emoreport.training.voice.features import FrontEnd


@dataclass(frozen=True, slots=True)
class Perturbation:
    """Strength of the changes; zeros switch a change off.

    Attributes
    ----------
    frequency_warp
        Largest factor minus 1 by which frequencies are scaled (vocal tract length perturbation
        of Jaitly and Hinton, 2013; pitch moves along).
    tempo
        Largest factor minus 1 by which time is stretched.
    colour_db
        Largest swing of a random smooth frequency response, decibels.
    noise_share
        Share of the examples that get coloured noise, 5 to 35 dB below the speech.
    masked_bands, masked_frames
        Widest frequency and time mask (SpecAugment of Park et al., 2019); two of each.
    mixup
        Parameter of the Beta distribution of mixup (Zhang et al., 2018); 0 = none.
    """

    frequency_warp: float = 0.15
    tempo: float = 0.15
    colour_db: float = 6.0
    noise_share: float = 0.5
    masked_bands: int = 10
    masked_frames: int = 15
    mixup: float = 0.2


def warp(
    spectra: Tensor,
    n_frames: int,
    strength: Perturbation,
    front_end: FrontEnd,
    generator: torch.Generator,
) -> Tensor:
    """Scale frequencies and tempo at random by resampling the spectrogram.

    Parameters
    ----------
    spectra
        (N, bands, frames) decibels, with at least ``n_frames * (1 + tempo)`` frames.
    n_frames
        Frames to return.

    Returns
    -------
    (N, bands, n_frames) float32
    """
    count, bands, length = spectra.shape
    columns = torch.arange(n_frames) * _factors(count, strength.tempo, generator)
    columns = columns / (length - 1) * 2.0 - 1.0
    rows = _warped_bands(_factors(count, strength.frequency_warp, generator), bands, front_end)
    grid = torch.stack(torch.broadcast_tensors(columns[:, None, :], rows[:, :, None]), dim=-1)
    return nn.functional.grid_sample(
        spectra[:, None], grid, padding_mode="border", align_corners=True
    )[:, 0]


def _factors(count: int, largest: float, generator: torch.Generator) -> Tensor:
    """(count, 1) factors, log-uniform in 1/(1 + largest) … 1 + largest."""
    exponent = torch.rand(count, 1, generator=generator) * 2.0 - 1.0
    return torch.exp(exponent * float(np.log1p(largest)))


def _warped_bands(factors: Tensor, bands: int, front_end: FrontEnd) -> Tensor:
    """Where each band's content comes from, (N, bands) in -1 … 1 from the lowest to the highest."""
    low, high = (
        float(2595.0 * np.log10(1.0 + hz / 700.0)) for hz in (front_end.low_hz, front_end.high_hz)
    )
    step = (high - low) / (bands + 1)
    hz = 700.0 * (10.0 ** ((low + step * torch.arange(1, bands + 1)) / 2595.0) - 1.0)
    place = (2595.0 * torch.log10(1.0 + hz * factors / 700.0) - low) / step - 1.0
    return place / (bands - 1) * 2.0 - 1.0


def recolour(spectra: Tensor, strength: Perturbation, generator: torch.Generator) -> Tensor:
    """Add a smooth random frequency response (three cosines) to decibels (N, bands, frames)."""
    count, bands, _ = spectra.shape
    place = torch.linspace(0.0, 1.0, bands)
    response = torch.zeros(count, bands)
    for order in (1, 2, 3):
        size = (torch.rand(count, 1, generator=generator) * 2.0 - 1.0) * strength.colour_db / order
        phase = torch.rand(count, 1, generator=generator)
        response = response + size * torch.cos(np.pi * order * (place + phase))
    return spectra + response[:, :, None]


def add_noise(power: Tensor, strength: Perturbation, generator: torch.Generator) -> Tensor:
    """Add steady coloured noise to mel power (N, bands, frames) of a share of the examples."""
    count, bands, frames = power.shape
    ratio_db = 5.0 + 30.0 * torch.rand(count, 1, 1, generator=generator)
    tilt_db = 60.0 * (torch.rand(count, 1, 1, generator=generator) - 0.75)
    colour = 10.0 ** (tilt_db / 10.0 * torch.linspace(0.0, 1.0, bands)[:, None])
    colour = colour / colour.mean(dim=1, keepdim=True)
    # Power of Gaussian noise in one bin is exponential; a mel band averages at least about two.
    draws = torch.rand(2, count, bands, frames, generator=generator).clamp_min(1e-6)
    flicker = -draws.log().mean(dim=0)
    used = torch.rand(count, 1, 1, generator=generator) < strength.noise_share
    level = power.mean(dim=(1, 2), keepdim=True) * 10.0 ** (-ratio_db / 10.0)
    return power + used * level * colour * flicker


def mask(features: Tensor, strength: Perturbation, generator: torch.Generator) -> Tensor:
    """Set two bands and two time stretches to the clip's mean; (N, views, bands, frames)."""
    count, _, bands, frames = features.shape
    hidden = torch.zeros(count, bands, frames, dtype=torch.bool)
    for _ in range(2):
        hidden |= _stretch(count, bands, strength.masked_bands, generator)[:, :, None]
        hidden |= _stretch(count, frames, strength.masked_frames, generator)[:, None, :]
    return torch.where(hidden[:, None], features.mean(dim=(2, 3), keepdim=True), features)


def _stretch(count: int, size: int, widest: int, generator: torch.Generator) -> Tensor:
    width = torch.rand(count, 1, generator=generator) * widest
    start = torch.rand(count, 1, generator=generator) * (size - width)
    place = torch.arange(size)
    return (place >= start) & (place < start + width)


def mix(
    features: Tensor, targets: Tensor, strength: Perturbation, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Blend each example with another one of the batch, features and targets alike."""
    if strength.mixup <= 0.0:
        return features, targets
    share = torch.from_numpy(rng.beta(strength.mixup, strength.mixup, len(features))).float()
    share = torch.maximum(share, 1.0 - share)
    other = torch.from_numpy(rng.permutation(len(features)))
    keep = share[:, None, None, None]
    mixed = keep * features + (1.0 - keep) * features[other]
    return mixed, share[:, None] * targets + (1.0 - share)[:, None] * targets[other]
