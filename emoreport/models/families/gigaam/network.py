"""The network of GigaAM-Emo in torch: a Conformer, the mean over time, one linear layer.

Conformer: Gulati et al. (2020), arXiv:2005.08100. Attention by distance: Dai et al. (2019),
Transformer-XL, arXiv:1901.02860. The names of the parts are those of the published tensors, so
that a checkpoint fills them. This is the only module of the room that imports torch; import it
lazily.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from emoreport.models.families.gigaam.sound import BANDS
from emoreport.models.families.gigaam.weights import SUBSAMPLING, Size, read_weights
from emoreport.models.families.tensor_fit import check_fit, shapes

LONGEST_PERIOD: Final = 10_000.0
"""Of the sines that describe a distance, in units of 2π frames (Vaswani et al., 2017)."""


class Subsampling(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Two convolutions of step 2 in time and bands: (N, T, 64) → (N, ⌈T / 4⌉, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        steps = [
            nn.Conv2d(inside, width, 3, stride=2, padding=1)
            for inside in (1, *[width] * (int(math.log2(SUBSAMPLING)) - 1))
        ]
        self.conv = nn.Sequential(*[layer for step in steps for layer in (step, nn.ReLU())])
        self.out = nn.Linear(width * BANDS // SUBSAMPLING, width)

    def forward(self, bands: Tensor) -> Tensor:
        """Frames of the encoder from those of the spectrogram."""
        maps = self.conv(bands.unsqueeze(1))
        return self.out(maps.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Two layers with SiLU between them."""

    def __init__(self, width: int, expansion: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, width * expansion)
        self.linear2 = nn.Linear(width * expansion, width)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, T, width) → the same."""
        return self.linear2(functional.silu(self.linear1(frames)))


class Convolution(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Gate, convolution in time of each channel by itself, normalisation, mixture."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.pointwise_conv1 = nn.Conv1d(width, 2 * width, 1)
        self.depthwise_conv = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.batch_norm = nn.BatchNorm1d(width)
        self.pointwise_conv2 = nn.Conv1d(width, width, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, T, width) → the same."""
        gated = functional.glu(self.pointwise_conv1(frames.transpose(1, 2)), dim=1)
        filtered = functional.silu(self.batch_norm(self.depthwise_conv(gated)))
        return self.pointwise_conv2(filtered).transpose(1, 2)


class Attention(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Attention by content and by distance.

    The weight of frame j for frame i is the softmax over j of
    ((qᵢ + u) · kⱼ + (qᵢ + v) · r(i − j)) / √d, with r a projection of sines of the distance.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        for name in ("linear_q", "linear_k", "linear_v", "linear_out"):
            self.add_module(name, nn.Linear(width, width))
        self.linear_pos = nn.Linear(width, width, bias=False)
        self.pos_bias_u = nn.Parameter(torch.zeros(heads, width // heads))
        self.pos_bias_v = nn.Parameter(torch.zeros(heads, width // heads))

    def forward(self, frames: Tensor, distances: Tensor) -> Tensor:
        """Frames (N, T, width), sines of the distances T − 1 … 1 − T → (N, T, width)."""
        length = frames.shape[1]
        query = self._by_head(self.linear_q(frames))
        key, value = self._by_head(self.linear_k(frames)), self._by_head(self.linear_v(frames))
        relative = self._by_head(self.linear_pos(distances).unsqueeze(0))
        content = (query + self.pos_bias_u.unsqueeze(1)) @ key.transpose(2, 3)
        by_distance = (query + self.pos_bias_v.unsqueeze(1)) @ relative.transpose(2, 3)
        places = torch.arange(length, device=frames.device)
        columns = places.unsqueeze(0) - places.unsqueeze(1) + length - 1
        by_place = by_distance.gather(3, columns.expand(*content.shape[:2], -1, -1))
        weights = ((content + by_place) / math.sqrt(query.shape[3])).softmax(dim=3)
        return self.linear_out((weights @ value).transpose(1, 2).flatten(2))

    def _by_head(self, frames: Tensor) -> Tensor:
        """(N, T, width) → (N, heads, T, width / heads)."""
        return frames.unflatten(2, (self._heads, -1)).transpose(1, 2)


class Block(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Half a feed-forward layer, attention, convolution, half a feed-forward layer."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norm_feed_forward1 = nn.LayerNorm(size.width)
        self.feed_forward1 = FeedForward(size.width, size.expansion)
        self.norm_self_att = nn.LayerNorm(size.width)
        self.self_attn = Attention(size.width, size.heads)
        self.norm_conv = nn.LayerNorm(size.width)
        self.conv = Convolution(size.width, size.kernel)
        self.norm_feed_forward2 = nn.LayerNorm(size.width)
        self.feed_forward2 = FeedForward(size.width, size.expansion)
        self.norm_out = nn.LayerNorm(size.width)

    def forward(self, frames: Tensor, distances: Tensor) -> Tensor:
        """(N, T, width) → the same."""
        frames = frames + self.feed_forward1(self.norm_feed_forward1(frames)) / 2
        frames = frames + self.self_attn(self.norm_self_att(frames), distances)
        frames = frames + self.conv(self.norm_conv(frames))
        frames = frames + self.feed_forward2(self.norm_feed_forward2(frames)) / 2
        return self.norm_out(frames)


class Encoder(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Log power in mel bands (N, T, 64) → (N, ⌈T / 4⌉, width)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.pre_encode = Subsampling(size.width)
        self.layers = nn.ModuleList([Block(size) for _ in range(size.layers)])

    def forward(self, bands: Tensor) -> Tensor:
        """Run all blocks."""
        frames = self.pre_encode(bands)
        distances = sines(frames.shape[1], frames.shape[2], frames)
        for block in self.layers:
            frames = block(frames, distances)
        return frames


def sines(length: int, width: int, like: Tensor) -> Tensor:
    """Sines and cosines, by turns, of the distances length − 1 … 1 − length."""
    distances = length - 1 - torch.arange(2 * length - 1, device=like.device)
    octaves = torch.arange(0, width, 2, device=like.device) / width
    phases = distances.unsqueeze(1) * torch.exp(octaves * -math.log(LONGEST_PERIOD))
    return torch.stack([phases.sin(), phases.cos()], dim=2).flatten(1).to(like.dtype)


class EmotionNetwork(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Log power in mel bands float (N, 64, T) → logits (N, K)."""

    def __init__(self, size: Size, classes: int) -> None:
        super().__init__()
        self.encoder = Encoder(size)
        self.head = nn.Linear(size.width, classes)

    def forward(self, bands: Tensor) -> Tensor:
        """Encode, take the mean over time, classify."""
        return self.head(self.encoder(bands.transpose(1, 2)).mean(dim=1))

    @property
    def layers(self) -> int:
        """Blocks of the encoder."""
        return len(self.encoder.layers)

    def feature_width(self, layer: int | None) -> int:
        """Numbers per clip that `embed` gives, of every layer."""
        del layer
        return int(self.head.in_features)

    def embed(self, bands: Tensor, *, layer: int | None = None) -> tuple[Tensor, Tensor]:
        """Logits (N, K), and the mean over time of what the encoder or one of its blocks gives.

        Layer 0 is what the first block gets.
        """
        seen: dict[str, Tensor] = {}
        last = self.layers if layer is None else layer
        part = self.encoder.layers[last - 1] if last else self.encoder.pre_encode
        hook = part.register_forward_hook(lambda _, __, frames: seen.update(frames=frames))
        try:
            logits = self(bands)
        finally:
            hook.remove()
        return logits, seen["frames"].mean(dim=1)


def load_network(path: Path, classes: tuple[str, ...]) -> EmotionNetwork:
    """Build the network that a checkpoint describes and fill it, float32, on the processor.

    Raises
    ------
    ModelError
        When the file describes another network or its tensors do not fit in every name and shape.
    """
    size, tensors = read_weights(path, classes)
    # Without memory or random numbers for weights that are replaced at once.
    with torch.device("meta"):
        network = EmotionNetwork(size, len(classes))
    check_fit(shapes(tensors), shapes(network.state_dict()), path)
    filled = {}
    for name in [*tensors]:
        stored = tensors.pop(name)
        kind = np.int64 if stored.dtype.kind == "i" else np.float32
        filled[name] = torch.from_numpy(np.array(stored, dtype=kind))
    network.load_state_dict(filled, strict=True, assign=True)
    filled_network: EmotionNetwork = network.eval().requires_grad_(False)
    return filled_network
