"""Teach the letter network frame by frame."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from emoreport.training.letters.data import CLASS_OF, Example
from emoreport.training.letters.network import LetterNet


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the network is trained.

    Attributes
    ----------
    frames
        Longest part of an utterance in a batch, 20 ms each.
    bands_dropped
        Most bands that are wiped out, twice in every example (SpecAugment, Park et al. 2019).
    """

    epochs: int = 8
    batch: int = 24
    rate: float = 3e-3
    least_rate: float = 1e-5
    warm_up: int = 200
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    frames: int = 400
    bands_dropped: int = 8
    quiet_db: float = -60.0
    largest_gradient: float = 5.0
    seed: int = 0


def train(examples: Sequence[Example], recipe: Recipe, checkpoint: Path | None = None) -> LetterNet:
    """Train a new network; with a `checkpoint` that exists, go on from it."""
    torch.manual_seed(recipe.seed)
    net = LetterNet(1 + len(CLASS_OF))
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
    )
    begun = 0
    if checkpoint is not None and checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        begun = state["epoch"]
    steps_each = len(examples) // recipe.batch
    started_s = time.monotonic()
    for epoch in range(begun, recipe.epochs):
        rng = np.random.default_rng((recipe.seed, epoch))
        order = rng.permutation(len(examples))
        losses = []
        for step in range(steps_each):
            done = epoch * steps_each + step
            for group in optimiser.param_groups:
                group["lr"] = _rate(recipe, done, recipe.epochs * steps_each)
            rows = order[step * recipe.batch : (step + 1) * recipe.batch]
            losses.append(_learn(net, optimiser, [examples[row] for row in rows], recipe, rng))
        print(f"epoch {epoch}: loss {np.mean(losses):.3f}, {time.monotonic() - started_s:.0f} s")
        if checkpoint is not None:
            torch.save(
                {
                    "net": net.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "epoch": epoch + 1,
                },
                checkpoint,
            )
    net.eval()
    return net


def _rate(recipe: Recipe, step: int, steps: int) -> float:
    falling = 0.5 + 0.5 * np.cos(np.pi * step / steps)
    rising = min(1.0, (step + 1) / recipe.warm_up)
    return float(recipe.rate * rising * falling + recipe.least_rate)


def _learn(
    net: LetterNet,
    optimiser: torch.optim.Optimizer,
    examples: Sequence[Example],
    recipe: Recipe,
    rng: np.random.Generator,
) -> float:
    spectrograms, classes = _batch(examples, recipe, rng)
    loss = functional.cross_entropy(
        net.logits(spectrograms),
        classes,
        ignore_index=-100,
        label_smoothing=recipe.label_smoothing,
    )
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), recipe.largest_gradient)
    optimiser.step()
    return float(loss.detach())


def _batch(
    examples: Sequence[Example], recipe: Recipe, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    width = 2 * recipe.frames - 1
    spectrograms = np.full((len(examples), 64, width), recipe.quiet_db, np.float32)
    classes = np.full((len(examples), recipe.frames), -100, np.int64)
    for row, each in enumerate(examples):
        first = int(rng.integers(0, max(1, len(each.classes) - recipe.frames + 1)))
        part = each.spectrogram[:, 2 * first : 2 * first + width]
        own = each.classes[first : first + recipe.frames]
        spectrograms[row, :, : part.shape[1]] = part
        classes[row, : len(own)] = own
        for _ in range(2):
            size = int(rng.integers(0, recipe.bands_dropped))
            low = int(rng.integers(0, 64 - size))
            spectrograms[row, low : low + size] = spectrograms[row].mean()
    return torch.from_numpy(spectrograms), torch.from_numpy(classes)
