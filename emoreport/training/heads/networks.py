"""The networks: over steps (MLP, Transformer, convolutions in time) and over whole windows.

All see windows of T steps, (N, T, D) for each modality, and masks (N, T) of the steps in which
something is seen or heard. Features are standardised inside the network, by the mean and deviation
of the training data, and are 0 where there are none. No layer looks at the batch: a recording gets
the same answer alone and among others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from emoreport.records import FloatArray, Modality
from emoreport.training.heads.recipe import Recipe

NEVER: Final = -1e4
"""Added to the attention that a step without features would get."""
KERNEL: Final = 2
TCN_SHARES: Final = (1.0, 0.4, 0.2, 0.1)
"""Channels of the levels, as shares of the first: 1280, 512, 256, 128 for 1280 features."""


def tcn_channels(width: int, most: int) -> list[int]:
    """Channels of the levels for `width` features, at most `most` in the first."""
    first = min(width, most)
    return [max(8, 8 * round(first * share / 8)) for share in TCN_SHARES]


Scales = Mapping[Modality, tuple[FloatArray, FloatArray]]
"""Mean and deviation of each modality's features, float32 (D,) each."""


class Standardised(nn.Module):  # type: ignore[misc]
    """Features of one modality, (x − mean) / deviation, 0 where there are none; then the mask.

    Parameters
    ----------
    mean, deviation
        float32 (D,).
    """

    def __init__(self, mean: FloatArray, deviation: FloatArray) -> None:
        super().__init__()
        self.width = len(mean) + 1
        self.register_buffer("mean", torch.from_numpy(mean.copy()))
        self.register_buffer("deviation", torch.from_numpy(deviation.copy()))

    def forward(self, values: Tensor, there: Tensor) -> Tensor:
        """(N, T, D) and (N, T) → (N, T, D + 1)."""
        mask = there.unsqueeze(-1)
        return torch.cat([(values - self.mean) / self.deviation * mask, mask], dim=-1)


class Mlp(nn.Module):  # type: ignore[misc]
    """One hidden layer over the features of a step, or of a window."""

    def __init__(self, width: int, outputs: int, recipe: Recipe) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, recipe.width)
        self.drop = nn.Dropout(recipe.dropout)
        self.out = nn.Linear(recipe.width, outputs)

    def forward(self, values: Tensor, there: Tensor) -> Tensor:
        """(…, D) → (…, K); the mask is among the values."""
        del there
        return self.out(self.drop(functional.relu(self.hidden(values))))


class AttentionLayer(nn.Module):  # type: ignore[misc]
    """Self-attention over time and a feed-forward layer, each after a norm and beside a bypass."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        width, self.heads = recipe.width, recipe.attention_heads
        self.norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(recipe.dropout), nn.Linear(width, width)
        )
        self.drop = nn.Dropout(recipe.dropout)

    def forward(self, values: Tensor, bias: Tensor) -> Tensor:
        """(N, T, W) and what is added to the attention, (N, 1, 1, T) → (N, T, W)."""
        count, steps, width = values.shape
        split = self.query_key_value(self.norm(values))
        split = split.reshape(count, steps, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        scores = query @ key.transpose(-1, -2) / math.sqrt(width // self.heads) + bias
        seen = (torch.softmax(scores, dim=-1) @ value).transpose(1, 2).reshape(count, steps, width)
        values = values + self.drop(self.join(seen))
        return values + self.drop(self.feed(self.second_norm(values)))


class Transformer(nn.Module):  # type: ignore[misc]
    """Attention over the steps of a window, which know their positions.

    The thesis that this follows handed its layers (batch, features): its attention ran over the
    frames that chance had put into a batch, not over time.
    """

    def __init__(self, width: int, outputs: int, recipe: Recipe) -> None:
        super().__init__()
        self.enter = nn.Linear(width, recipe.width)
        self.layers = nn.ModuleList(AttentionLayer(recipe) for _ in range(recipe.layers))
        self.norm = nn.LayerNorm(recipe.width)
        self.out = nn.Linear(recipe.width, outputs)
        waves = torch.arange(recipe.width // 2, dtype=torch.float32)
        self.register_buffer("pace", 10_000.0 ** (-2 * waves / recipe.width), persistent=False)

    def forward(self, values: Tensor, there: Tensor) -> Tensor:
        """(N, T, D) and (N, T) → (N, T, K)."""
        # The cumulative sum counts steps in a way that the exported graph leaves open.
        at = torch.cumsum(torch.ones_like(there), dim=1).unsqueeze(-1) * self.pace
        values = self.enter(values) + torch.cat([torch.sin(at), torch.cos(at)], dim=-1)
        bias = ((1 - there) * NEVER)[:, None, None, :]
        for layer in self.layers:
            values = layer(values, bias)
        return self.out(self.norm(values))


class NormedConvolution(nn.Module):  # type: ignore[misc]
    """A convolution whose weights are a direction times a length (weight normalisation).

    References
    ----------
    Salimans and Kingma: Weight Normalization. NeurIPS 2016.
    """

    def __init__(self, inner: int, outer: int, gap: int) -> None:
        super().__init__()
        plain = nn.Conv1d(inner, outer, KERNEL)
        self.gap = gap
        self.direction, self.bias = plain.weight, plain.bias
        self.length = nn.Parameter(plain.weight.detach().norm(dim=(1, 2), keepdim=True))

    def forward(self, values: Tensor) -> Tensor:
        """(N, C, T) → (N, C', T): each step sees itself and the one `gap` steps before."""
        padded = functional.pad(values, ((KERNEL - 1) * self.gap, 0))
        return functional.conv1d(padded, self.weight(), self.bias, dilation=self.gap)

    def weight(self) -> Tensor:
        """Length times direction, (C', C, 2)."""
        return self.length * self.direction / self.direction.norm(dim=(1, 2), keepdim=True)


class CausalBlock(nn.Module):  # type: ignore[misc]
    """Two convolutions that look back in time, and a bypass."""

    def __init__(self, inner: int, outer: int, gap: int, dropout: float) -> None:
        super().__init__()
        self.first = NormedConvolution(inner, outer, gap)
        self.second = NormedConvolution(outer, outer, gap)
        self.bends = nn.ModuleList(nn.PReLU() for _ in range(3))
        self.drop = nn.Dropout(dropout)
        self.bypass = nn.Conv1d(inner, outer, 1) if inner != outer else nn.Identity()

    def forward(self, values: Tensor) -> Tensor:
        """(N, C, T) → (N, C', T)."""
        inside = values
        for convolution, bend in ((self.first, self.bends[0]), (self.second, self.bends[1])):
            inside = self.drop(bend(convolution(inside)))
        return self.bends[2](inside + self.bypass(values))


class CausalConvolutions(nn.Module):  # type: ignore[misc]
    """Levels whose convolutions look back 1, 2, 4, 8 steps: 31 steps in all."""

    def __init__(self, width: int, recipe: Recipe) -> None:
        super().__init__()
        channels = tcn_channels(width, recipe.tcn_width)
        self.width = channels[-1]
        self.levels = nn.ModuleList(
            CausalBlock(inner, outer, 2**level, recipe.dropout)
            for level, (inner, outer) in enumerate(
                zip([width, *channels[:-1]], channels, strict=True)
            )
        )

    def forward(self, values: Tensor) -> Tensor:
        """(N, T, D) → (N, T, W)."""
        values = values.transpose(1, 2)
        for level in self.levels:
            values = level(values)
        return values.transpose(1, 2)


def mean_over_time(values: Tensor, there: Tensor) -> Tensor:
    """Mean of the steps that are there, (N, T, D) and (N, T) → (N, D); 0 where none is."""
    weights = there / there.sum(dim=1, keepdim=True).clamp(min=1.0)
    return (values * weights.unsqueeze(-1)).sum(dim=1)


class Stat(nn.Module):  # type: ignore[misc]
    """STAT: mean and deviation over time, and the logarithm of the number of steps; 2 D + 1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = 2 * width + 1

    def forward(self, values: Tensor, there: Tensor) -> Tensor:
        """(N, T, D) and (N, T) → (N, 2 D + 1)."""
        mean = mean_over_time(values, there)
        variance = mean_over_time((values - mean.unsqueeze(1)) ** 2, there)
        steps = torch.log1p(there.sum(dim=1, keepdim=True))
        return torch.cat([mean, torch.sqrt(variance + 1e-8), steps], dim=-1)


class FrameAttention(nn.Module):  # type: ignore[misc]
    """FAN: the mean over time, weighted by a = softmax(x · q).

    Parameters
    ----------
    width
        D.
    with_mean
        Look at [x; mean of x] instead of x, and sum that up: STAT + attention.
    """

    def __init__(self, width: int, *, with_mean: bool) -> None:
        super().__init__()
        self.with_mean = with_mean
        self.width = width * (1 + with_mean)
        self.query = nn.Linear(self.width, 1, bias=False)

    def forward(self, values: Tensor, there: Tensor) -> Tensor:
        """(N, T, D) and (N, T) → (N, D) or (N, 2 D)."""
        if self.with_mean:
            mean = mean_over_time(values, there).unsqueeze(1).expand_as(values)
            values = torch.cat([values, mean], dim=-1)
        scores = self.query(values).squeeze(-1) + (1 - there) * NEVER
        return (values * torch.softmax(scores, dim=1).unsqueeze(-1)).sum(dim=1)


class HeadNetwork(nn.Module):  # type: ignore[misc]
    """A network over the features of one modality or, side by side, of both.

    Parameters
    ----------
    recipe
        How it is built; `recipe.modalities` are its inputs, in this order.
    scales
        Of the features of each modality.
    outputs
        K.
    """

    def __init__(
        self,
        recipe: Recipe,
        scales: Scales,
        outputs: int,
    ) -> None:
        super().__init__()
        self.modalities, kind = recipe.modalities, recipe.architecture
        self.scaled = nn.ModuleList(Standardised(*scales[name]) for name in self.modalities)
        widths = [own.width for own in self.scaled]
        self.past = self.pools = None
        if kind.startswith("tcn"):
            self.past = nn.ModuleList(CausalConvolutions(width, recipe) for width in widths)
        elif kind == "stat":
            self.pools = nn.ModuleList(Stat(width) for width in widths)
        elif kind in {"fan", "stat-attention"}:
            with_mean = kind == "stat-attention"
            self.pools = nn.ModuleList(
                FrameAttention(width, with_mean=with_mean) for width in widths
            )
        inner = sum(part.width for part in self.past or self.pools or self.scaled)
        body = Transformer if kind.endswith("transformer") else Mlp
        self.body = body(inner, outputs, recipe)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Features and mask of each modality in turn → logits (N, T, K), or (N, K) of windows."""
        masks = inputs[1::2]
        parts = [
            scaled(values, there)
            for scaled, values, there in zip(self.scaled, inputs[::2], masks, strict=True)
        ]
        if self.past is not None:
            parts = [past(part) for past, part in zip(self.past, parts, strict=True)]
        if self.pools is not None:
            pooled = zip(self.pools, parts, masks, strict=True)
            parts = [pool(part, there) for pool, part, there in pooled]
        return self.body(torch.cat(parts, dim=-1), any_of(masks))


def any_of(masks: Sequence[Tensor]) -> Tensor:
    """Steps in which at least one of the masks is 1."""
    return torch.stack(list(masks)).amax(dim=0)


def answer_of(task: str, logits: Tensor) -> Tensor:
    """Probabilities of classes or of units, or values from −1 to 1."""
    if task == "au":
        return torch.sigmoid(logits)
    return torch.tanh(logits) if task == "va" else torch.softmax(logits, dim=-1)


class AnsweringHead(nn.Module):  # type: ignore[misc]
    """What is exported: one network, or one for each modality whose answers are averaged.

    Where only one of two networks has something to go by, its answer counts alone.

    Parameters
    ----------
    networks
        One, or that of the face and that of the voice.
    task
        What they were trained for.
    face_weight
        Share of the face where both answer, 0 to 1.
    whole_windows
        Whether they answer once for a window.
    """

    def __init__(
        self,
        networks: Sequence[HeadNetwork],
        task: str,
        *,
        face_weight: float = 1.0,
        whole_windows: bool = False,
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.task, self.face_weight, self.whole_windows = task, face_weight, whole_windows

    def forward(self, *inputs: Tensor) -> Tensor:
        """Features and mask of each modality in turn → answers."""
        if len(self.networks) == 1:
            return answer_of(self.task, self.networks[0](*inputs))
        face = answer_of(self.task, self.networks[0](*inputs[:2]))
        voice = answer_of(self.task, self.networks[1](*inputs[2:]))
        seen, heard = inputs[1], inputs[3]
        if self.whole_windows:
            seen, heard = seen.amax(dim=1), heard.amax(dim=1)
        own = seen * (self.face_weight + (1 - heard) * (1 - self.face_weight))
        other = heard * ((1 - self.face_weight) + (1 - seen) * self.face_weight)
        share = (own / (own + other).clamp(min=1e-6)).unsqueeze(-1)
        return share * face + (1 - share) * voice
