"""The convolutions over words, their training, and the graph of all parts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from emoreport.models.families.text_compact import WORD_PIECES, batch, word_pieces
from emoreport.records import DoubleArray, FloatArray, IntArray
from emoreport.training.text.data import LABELS, Sentences

WIDTH: Final = 64
CHANNELS: Final = 96


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the convolutions are trained, `nets` of them from different seeds."""

    nets: int = 3
    epochs: int = 4
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 0.02
    words_dropped: float = 0.25
    dropout: float = 0.3
    dropout_last: float = 0.5
    seed: int = 0


class WordNet(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Words as sums of their pieces → convolution of 3 and of 1 → largest and mean → logits.

    Input int64 (N, W, pieces), 0 for none. Each collection has a head of its own; (N, 2, K).
    """

    def __init__(self, recipe: Recipe, collections: int) -> None:
        super().__init__()
        self.recipe = recipe
        self.pieces = nn.Embedding(WORD_PIECES, WIDTH, padding_idx=0)
        nn.init.normal_(self.pieces.weight, 0.0, 0.1)
        with torch.no_grad():
            self.pieces.weight[0] = 0.0
        self.three = nn.Conv1d(WIDTH, CHANNELS, 3, padding=1)
        self.one = nn.Conv1d(WIDTH, CHANNELS, 1)
        self.heads = nn.ModuleList(nn.Linear(4 * CHANNELS, len(LABELS)) for _ in range(collections))

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """See the class."""
        there = words > 0
        count = there.sum(dim=2, keepdim=True).clamp(min=1).float()
        vectors = self.pieces(words).sum(dim=2) / count.sqrt()
        if self.training:
            kept = torch.rand((*vectors.shape[:2], 1)) > self.recipe.words_dropped
            vectors = functional.dropout(vectors * kept, self.recipe.dropout)
        along = vectors.transpose(1, 2)
        maps = torch.cat([functional.relu(self.three(along)), functional.relu(self.one(along))], 1)
        mask = there.any(dim=2)[:, None].float()
        maps = maps * mask
        mean = maps.sum(dim=2) / mask.sum(dim=2).clamp(min=1.0)
        joined = torch.cat([maps.amax(dim=2), mean], dim=1)
        joined = functional.dropout(joined, self.recipe.dropout_last, self.training)
        return torch.stack([head(joined) for head in self.heads], dim=1)


def train(collections: Sequence[Sentences], recipe: Recipe) -> WordNet:
    """Train on all collections at once, each batch with sentences of all."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    net = WordNet(recipe, len(collections))
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
    )
    tables = [[word_pieces(text) for text in each.texts] for each in collections]
    weights = [_weights(each.truth) for each in collections]
    largest = max(map(len, collections))
    sizes = [max(1, round(recipe.batch * len(each) / largest)) for each in collections]
    steps = largest // recipe.batch
    started_s = time.monotonic()
    for epoch in range(recipe.epochs):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * (1.0 - epoch / recipe.epochs)
        orders = [
            np.resize(rng.permutation(len(each)), steps * size)
            for each, size in zip(collections, sizes, strict=True)
        ]
        for step in range(steps):
            loss = torch.zeros(())
            for number, (each, size) in enumerate(zip(collections, sizes, strict=True)):
                rows = orders[number][step * size : (step + 1) * size]
                logits = net(_stacked([tables[number][row] for row in rows]))[:, number]
                loss = loss + _loss(logits, each.truth[rows], weights[number])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        print(f"convolution, epoch {epoch}: {time.monotonic() - started_s:.0f} s", flush=True)
    net.eval()
    return net


def _weights(truth: FloatArray) -> torch.Tensor:
    """Of the positive answers: the root of how much rarer they are, so that none drowns."""
    known = ~np.isnan(truth)
    share = np.nansum(truth, axis=0) / np.maximum(known.sum(axis=0), 1)
    share[~known.any(axis=0)] = 0.5
    return torch.from_numpy(np.sqrt((1.0 - share) / share).astype(np.float32))


def _loss(logits: torch.Tensor, truth: FloatArray, weights: torch.Tensor) -> torch.Tensor:
    known = torch.from_numpy(~np.isnan(truth))
    wanted = torch.from_numpy(np.nan_to_num(truth))
    losses = functional.binary_cross_entropy_with_logits(
        logits, wanted, pos_weight=weights, reduction="none"
    )
    return losses[known].mean()


def _stacked(tables: Sequence[IntArray]) -> torch.Tensor:
    longest = max([1, *(len(table) for table in tables)])
    stacked = np.zeros((len(tables), longest, tables[0].shape[1]), np.int64)
    for row, table in enumerate(tables):
        stacked[row, : len(table)] = table
    return torch.from_numpy(stacked)


class TextNet(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """All parts: ``pieces``, ``weights``, ``words`` → scores (N, K), 0–1.

    Parameters
    ----------
    linear
        float64 (`PIECES` + 1, C · K + 1): weights and, in the last row, constants of every
        collection's emotions; the last column tells the second collection from the first.
    rarity
        float64 (`PIECES`,).
    nets
        The convolutions.
    """

    def __init__(self, linear: DoubleArray, rarity: DoubleArray, nets: Sequence[WordNet]) -> None:
        super().__init__()
        weights, constants = linear[:-1].astype(np.float32), linear[-1].astype(np.float32)
        self.linear = nn.Embedding.from_pretrained(torch.from_numpy(weights))
        self.rarity = nn.Embedding.from_pretrained(
            torch.from_numpy(rarity.astype(np.float32))[:, None]
        )
        self.constants = nn.Parameter(torch.from_numpy(constants))
        self.nets = nn.ModuleList(nets)
        self.slope = nn.Parameter(torch.ones(len(LABELS)))
        self.bias = nn.Parameter(torch.zeros(len(LABELS)))

    def logits(
        self, pieces: torch.Tensor, weights: torch.Tensor, words: torch.Tensor
    ) -> torch.Tensor:
        """Mean of the logits of all parts, each collection by how like it the text is, (N, K)."""
        rare = self.rarity(pieces)[:, :, 0] * weights
        length = rare.square().sum(dim=1, keepdim=True).sqrt().clamp(min=1e-9)
        flat = ((rare / length)[:, :, None] * self.linear(pieces)).sum(dim=1) + self.constants
        second = torch.sigmoid(flat[:, -1:])
        gate = torch.cat([1.0 - second, second], dim=1)[:, :, None]
        linear = flat[:, :-1].reshape(-1, 2, len(LABELS))
        convolved = torch.stack([net(words) for net in self.nets]).mean(dim=0)
        return (gate * 0.5 * (linear + convolved)).sum(dim=1)

    def forward(
        self, pieces: torch.Tensor, weights: torch.Tensor, words: torch.Tensor
    ) -> torch.Tensor:
        """See the class."""
        return torch.sigmoid(self.slope * self.logits(pieces, weights, words) + self.bias)


def logits_of(net: TextNet, texts: Sequence[str]) -> FloatArray:
    """Logits of texts before calibration, float32 (N, K)."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(texts), 256):
            feeds = (torch.from_numpy(each) for each in batch(texts[start : start + 256]))
            parts.append(net.logits(*feeds).numpy())
    return np.concatenate(parts)
