"""The speech encoder under the emotion head.

It has the shape of the lower layers of Whisper tiny (Radford et al., 2022): log-mel, two
convolutions, two transformer layers. What it gives is the mean and the spread over time after
either layer. How it learns: `distill`.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

WIDTH, HEADS, INNER_WIDTH, POSITIONS = 384, 6, 1536, 400
WINDOW_SAMPLES, HOP_SAMPLES, N_MELS = 400, 160, 80
DEPTH = 2
STATISTICS = 2 * DEPTH * WIDTH


class LogMel(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Audio (N, T) → log-mel (N, 80, T // 160) as Whisper computes it, blind to gain and offset."""

    basis: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        n_bins = WINDOW_SAMPLES // 2 + 1
        phase = 2.0 * np.pi * np.outer(np.arange(n_bins), np.arange(WINDOW_SAMPLES))
        phase /= WINDOW_SAMPLES
        window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)
        basis = np.concatenate([np.cos(phase), np.sin(phase)]) * window
        self.register_buffer("basis", torch.from_numpy(basis.astype(np.float32))[:, None, :])
        self.register_buffer("filters", torch.from_numpy(slaney_filters())[:, :, None])

    def forward(self, audio: Tensor) -> Tensor:
        """Log-mel of audio; T must hold at least one window."""
        centred = audio - audio.mean(dim=1, keepdim=True)
        spread = (centred * centred).mean(dim=1, keepdim=True)
        scaled = centred / torch.sqrt(spread + 1e-7)
        half = WINDOW_SAMPLES // 2
        padded = nn.functional.pad(scaled[:, None, :], (half, half), mode="reflect")
        spectrum = nn.functional.conv1d(padded, self.basis, stride=HOP_SAMPLES)
        real, imaginary = spectrum.chunk(2, dim=1)
        power = nn.functional.conv1d(real * real + imaginary * imaginary, self.filters)[:, :, :-1]
        level = torch.log10(power.clamp_min(1e-10))
        level = torch.maximum(level, level.amax(dim=(1, 2), keepdim=True) - 8.0)
        return (level + 4.0) / 4.0


def slaney_filters() -> NDArray[np.float32]:
    """(80, 201) triangles of equal area, linear to 1 kHz and logarithmic above (Slaney, 1998)."""
    step = np.log(6.4) / 27.0

    def to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        above = 1000.0 * np.exp(step * (np.maximum(mel, 15.0) - 15.0))
        return np.where(mel < 15.0, mel * 200.0 / 3.0, above)

    top_mel = 15.0 + np.log(8.0) / step
    edges_hz = to_hz(np.linspace(0.0, top_mel, N_MELS + 2))
    bins_hz = np.linspace(0.0, 8000.0, WINDOW_SAMPLES // 2 + 1)
    lower, centre, upper = (edges_hz[i : i + N_MELS, None] for i in range(3))
    rising = (bins_hz - lower) / (centre - lower)
    falling = (upper - bins_hz) / (upper - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * 2.0 / (upper - lower), np.float32)


class Layer(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Self-attention and two linear layers, each behind a layer norm and beside a bypass."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm, self.linear_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query, self.value = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH, bias=False)
        self.output = nn.Linear(WIDTH, WIDTH)
        self.widen = nn.Linear(WIDTH, INNER_WIDTH)
        self.narrow = nn.Linear(INNER_WIDTH, WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, tokens, 384) → the same shape."""
        normed = self.attention_norm(tokens)
        query, key, value = (
            part(normed).unflatten(2, (HEADS, WIDTH // HEADS)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(2, 3) * (WIDTH // HEADS) ** -0.5
        seen = (torch.softmax(scores, dim=3) @ value).transpose(1, 2).flatten(2)
        tokens = tokens + self.output(seen)
        widened = nn.functional.gelu(self.widen(self.linear_norm(tokens)))
        return tokens + self.narrow(widened)


class Encoder(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Audio (N, T) → statistics (N, 1536): mean and deviation over time after either layer."""

    positions: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.mel = LogMel()
        self.first = nn.Conv1d(N_MELS, WIDTH, 3, padding=1)
        self.second = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids(POSITIONS))
        self.layers = nn.ModuleList(Layer() for _ in range(DEPTH))

    def tokens(self, mel: Tensor) -> Tensor:
        """Log-mel (N, 80, frames) → tokens (N, (frames + 1) // 2, 384), without positions."""
        maps = nn.functional.gelu(self.first(mel))
        return nn.functional.gelu(self.second(maps)).transpose(1, 2)

    def forward(self, audio: Tensor) -> Tensor:
        """Statistics of each clip; T must hold two tokens (640 samples) or more."""
        return self.statistics_of(self.mel(audio))

    def statistics_of(self, mel: Tensor) -> Tensor:
        """Statistics (N, 1536) of a log-mel (N, 80, frames)."""
        tokens = self.tokens(mel)
        clips, count = tokens.shape[0], tokens.shape[1]
        # The teacher knows 8 s and no more (twelve in one piece: half the recall is gone). Longer
        # clips are cut into equal pieces, each seen alone; the statistics run over all of them.
        # The first token is repeated, once per piece at most, to make the pieces equal.
        pieces = (count + POSITIONS - 1) // POSITIONS
        length = (count + pieces - 1) // pieces
        places = torch.arange(pieces * length, device=tokens.device) + count - pieces * length
        tokens = tokens[:, places.clamp_min(0)].reshape(-1, length, WIDTH)
        # The teacher was trained on clips that end where its positions end.
        tokens = tokens + self.positions[POSITIONS - length :]
        pooled = []
        for layer in self.layers:
            tokens = layer(tokens)
            pooled.append(statistics(tokens.reshape(clips, -1, WIDTH)))
        return torch.cat(pooled, dim=1)


def statistics(tokens: Tensor) -> Tensor:
    """Mean and spread over time: (N, tokens, 384) → (N, 768)."""
    mean = tokens.mean(dim=1)
    spread = ((tokens - mean[:, None]) ** 2).mean(dim=1)
    return torch.cat([mean, torch.sqrt(spread + 1e-8)], dim=1)


def sinusoids(length: int) -> Tensor:
    """Positions (length, 384): sines, then cosines, of 192 rates from 1 to 1/10,000 per token."""
    rates = torch.exp(-torch.arange(WIDTH // 2) * (np.log(10_000.0) / (WIDTH // 2 - 1)))
    phase = torch.arange(length)[:, None] * rates[None]
    return torch.cat([phase.sin(), phase.cos()], dim=1)
