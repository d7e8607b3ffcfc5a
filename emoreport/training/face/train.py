"""The optimisation loop: one cycle, growing pictures, averaged weights."""

from __future__ import annotations

import copy
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from emoreport.training.face.augment import Augmenter, Strength
from emoreport.training.face.data import FerSet, joined, sampling_weights
from emoreport.training.face.metrics import FloatArray, figures
from emoreport.training.face.network import CompactFaceNet
from emoreport.training.face.optimise import NetOptimizer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

_SHOWN: Final = 2048
"""Pictures that give a released net the statistics of its norms."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides how the weights come out, beside the data.

    Attributes
    ----------
    epochs
        Passes over as many pictures as the fitting part holds.
    sides_px
        Picture side in equal parts of the cycle ("progressive resizing", Howard 2018;
        Tan & Le 2021): small pictures first cost less and lose nothing in the end.
    kernel_rate, other_rate, kernel_decay, other_decay
        See :class:`emoreport.training.face.optimise.NetOptimizer`.
    warmup
        Share of the cycle in which the rates rise; after it they fall linearly to zero.
    rare_power
        See :func:`emoreport.training.face.data.sampling_weights`.
    posed_often, posed_rare_power
        How often a posed face is drawn, an everyday one on average once an epoch; and how much more
        often those of rare emotions.
    average_decay
        Per step, of the moving average of the weights that is kept as the result.
    mix_probability, mix_alpha
        Share of batches that are blended with themselves (Zhang et al. 2018, "mixup").
    """

    epochs: int = 40
    batch: int = 128
    seed: int = 20
    sides_px: tuple[int, ...] = (32, 32, 32, 40, 40, 40, 48, 48, 48, 48)
    kernel_rate: float = 0.02
    other_rate: float = 2e-3
    kernel_decay: float = 0.05
    other_decay: float = 0.02
    warmup: float = 0.05
    rare_power: float = 0.25
    posed_often: float = 2.0
    posed_rare_power: float = 0.5
    average_decay: float = 0.998
    mix_probability: float = 0.0
    mix_alpha: float = 0.3
    dropout: float = 0.1
    strength: Strength = field(default_factory=Strength)


def rate_factor(progress: float, recipe: Recipe) -> float:
    """Return the share of the peak rates at ``progress`` in 0-1: a rise, then a fall to zero."""
    if progress < recipe.warmup:
        return 0.05 + 0.95 * progress / recipe.warmup
    return (1.0 - progress) / (1.0 - recipe.warmup)


def side_at(progress: float, recipe: Recipe) -> int:
    """Return the picture side in pixels at ``progress`` in 0-1."""
    return recipe.sides_px[min(int(progress * len(recipe.sides_px)), len(recipe.sides_px) - 1)]


def _average(average: nn.Module, net: nn.Module, decay: float) -> None:
    """Move the averaged weights and statistics towards the present ones."""
    mine, theirs = average.state_dict(), net.state_dict()
    floats = [key for key, value in mine.items() if value.is_floating_point()]
    with torch.no_grad():
        torch._foreach_lerp_([mine[k] for k in floats], [theirs[k] for k in floats], 1.0 - decay)


def predict(net: nn.Module, images: npt.NDArray[np.uint8], batch: int = 256) -> FloatArray:
    """Return float32 logits (N, 8) for uint8 pictures (N, 48, 48)."""
    net.eval()
    with torch.inference_mode():
        parts = [
            net(torch.from_numpy(images[start : start + batch]).unsqueeze(1).float()).float()
            for start in range(0, len(images), batch)
        ]
    return np.asarray(torch.cat(parts))


class Trainer:
    """Holds the state of one training, so that it can be stored and resumed."""

    def __init__(
        self,
        recipe: Recipe,
        fit: FerSet,
        posed: FerSet | None = None,
        *,
        start: Path | None = None,
        half: bool = True,
    ) -> None:
        torch.manual_seed(recipe.seed)
        expected = sampling_weights(fit, recipe.rare_power) * len(fit)
        if posed is not None:
            drawn = sampling_weights(posed, recipe.posed_rare_power) * len(posed)
            expected = np.concatenate([expected, drawn * recipe.posed_often])
            fit = joined(fit, posed)
        self.recipe, self.half = recipe, half
        self.images = torch.from_numpy(fit.images).unsqueeze(1)
        self.targets = torch.from_numpy(fit.targets)
        self.labels = torch.from_numpy(fit.labels)
        self.weights = torch.from_numpy(fit.weights)
        self.expected = torch.from_numpy(expected)
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.augment = Augmenter(recipe.strength, self.generator)
        self.net = self._net(start).to(memory_format=torch.channels_last)
        self.average: CompactFaceNet = copy.deepcopy(self.net).eval()
        self.optimizer = NetOptimizer(
            self.net,
            kernel_rate=recipe.kernel_rate,
            other_rate=recipe.other_rate,
            kernel_decay=recipe.kernel_decay,
            other_decay=recipe.other_decay,
        )
        self.epoch = 0
        self.step = 0

    def _net(self, start: Path | None) -> CompactFaceNet:
        if start is None:
            return CompactFaceNet(dropout=self.recipe.dropout)
        from emoreport.training.face.released import read_net

        shown = slice(0, _SHOWN)
        side_px = self.recipe.sides_px[-1]
        faces = self.augment(self.images[shown].float(), self.labels[shown], side_px)
        return read_net(start, faces, self.recipe.dropout)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch."""
        return max(1, round(float(self.expected.sum())) // self.recipe.batch)

    def _batches(self) -> Iterator[Tensor]:
        """Yield positions of one epoch's batches, rare classes more often than they occur."""
        # Systematic sampling: every picture gets the rounded share of its odds, so common
        # ones are not missed by chance for several epochs.
        noise = torch.rand(len(self.expected), generator=self.generator)
        whole = torch.floor(self.expected + noise)
        order = torch.repeat_interleave(torch.arange(len(self.expected)), whole.long())
        order = order[torch.randperm(len(order), generator=self.generator)]
        size = self.recipe.batch
        if len(order) < size:
            yield order
        for start in range(0, len(order) - size + 1, size):
            yield order[start : start + size]

    def _mix(self, faces: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if float(torch.rand(1, generator=self.generator)) >= self.recipe.mix_probability:
            return faces, targets
        rng = np.random.default_rng(self.step)
        share = float(rng.beta(self.recipe.mix_alpha, self.recipe.mix_alpha))
        partner = torch.randperm(len(faces), generator=self.generator)
        blend = share * faces + (1 - share) * faces[partner]
        return blend, share * targets + (1 - share) * targets[partner]

    def _loss(self, index: Tensor, side_px: int) -> Tensor:
        faces = self.augment(self.images[index].float(), self.labels[index], side_px)
        faces, targets = self._mix(faces, self.targets[index])
        faces = faces.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            logits = self.net(faces)
        losses = functional.cross_entropy(logits.float(), targets, reduction="none")
        weights = self.weights[index]
        return (losses * weights).sum() / weights.sum().clamp(min=1e-6)

    def run_epoch(self) -> float:
        """Train one epoch; return its mean loss in nats."""
        self.net.train()
        total, count = 0.0, 0
        planned = self.recipe.epochs * self.steps_per_epoch
        for index in self._batches():
            progress = min(self.step / planned, 1.0)
            loss = self._loss(index, side_at(progress, self.recipe))
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
            self.optimizer.step(rate_factor(progress, self.recipe))
            self.step += 1
            # The average trusts early weights less: they are far from where it ends.
            decay = min(self.recipe.average_decay, self.step / (self.step + 10.0))
            _average(self.average, self.net, decay)
            total, count = total + float(loss.detach()), count + 1
        self.epoch += 1
        return total / max(1, count)

    def save(self, path: Path) -> None:
        """Store the whole state."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "epoch": self.epoch,
            "step": self.step,
        }
        torch.save(state, path)

    def load(self, path: Path) -> None:
        """Take up a stored state."""
        state = torch.load(path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.epoch, self.step = int(state["epoch"]), int(state["step"])


def fit(
    trainer: Trainer, dev: FerSet, checkpoint: Path | None = None, look_every: int = 5
) -> CompactFaceNet:
    """Run all epochs that are left and return the averaged net, in evaluation mode.

    Parameters
    ----------
    dev
        Inner development part; its figures are logged, nothing is chosen by them.
    checkpoint
        File to store the state in after every epoch; taken up where it exists.
    """
    if checkpoint is not None and checkpoint.exists():
        trainer.load(checkpoint)
        log.info("resumed after epoch %d", trainer.epoch)
    while trainer.epoch < trainer.recipe.epochs:
        begun = time.perf_counter()
        loss = trainer.run_epoch()
        took_s = time.perf_counter() - begun
        line = f"epoch {trainer.epoch}/{trainer.recipe.epochs} loss {loss:.4f} {took_s:.0f} s"
        last = trainer.epoch == trainer.recipe.epochs
        if last or trainer.epoch % look_every == 0:
            now = figures(predict(trainer.average, dev.images), dev.labels)
            line += f" dev accuracy {now.accuracy:.4f} macro recall {now.macro_recall:.4f}"
        log.info("%s", line)
        if checkpoint is not None:
            trainer.save(checkpoint)
    trainer.average.eval()
    return trainer.average
