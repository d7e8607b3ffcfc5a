"""Training one network on a feature bank."""

from __future__ import annotations

import copy
import logging
import math
import time
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from emoreport.training.voice import perturb
from emoreport.training.voice.bank import Bank, cut_out, sampling_weights
from emoreport.training.voice.features import FrontEnd
from emoreport.training.voice.labels import TRAINED_LABELS
from emoreport.training.voice.network import Architecture, Views, VoiceNet

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a training run except the data.

    Attributes
    ----------
    front_end, architecture, perturbation
        The parts' own settings.
    epochs, steps_per_epoch, batch
        An epoch is a fixed number of batches drawn with replacement.
    cycles
        Runs of so many epochs, each going on from the averaged weights of the one before with the
        learning rate at full height again (warm restarts of Loshchilov and Hutter, 2017).
    shortest_s, longest_s
        Range of the stretch cut out of the clips; one length per batch.
    learning_rate, weight_decay
        AdamW; the rate climbs for a tenth of the run and then falls along a cosine to 0.
    label_smoothing
        Share of the target spread evenly over all labels.
    average_decay
        Decay per step of the running mean of the weights that is kept in the end.
    variants
        Degraded copies per clip in the bank.
    clean_share
        Share of the draws that take the clip as recorded; the rest fall on any variant.
    seed
        Seeds weights, draws and changes.
    """

    front_end: FrontEnd = field(default_factory=FrontEnd)
    architecture: Architecture = field(default_factory=Architecture)
    perturbation: perturb.Perturbation = field(default_factory=perturb.Perturbation)
    epochs: int = 10
    cycles: int = 2
    steps_per_epoch: int = 120
    batch: int = 32
    shortest_s: float = 1.4
    longest_s: float = 2.8
    learning_rate: float = 3e-3
    weight_decay: float = 0.03
    label_smoothing: float = 0.1
    average_decay: float = 0.99
    variants: int = 4
    clean_share: float = 0.7
    seed: int = 1


class BatchMaker:
    """Draws batches of normalised, perturbed views from a bank."""

    def __init__(self, bank: Bank, chosen: Tensor, recipe: Recipe) -> None:
        self.bank, self.chosen, self.recipe = bank, chosen, recipe
        self.weights = sampling_weights(bank, chosen)
        self.views = Views(recipe.architecture.views)
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.rng = np.random.default_rng(recipe.seed)

    def draw(self) -> tuple[Tensor, Tensor]:
        """One batch: views (batch, views, bands, frames), soft targets (batch, labels)."""
        recipe, strength = self.recipe, self.recipe.perturbation
        seconds = self.rng.uniform(recipe.shortest_s, recipe.longest_s)
        # A multiple of 4 leaves no frame unused by the network's pooling.
        n_frames = int(seconds * recipe.front_end.frames_per_s) // 4 * 4
        places = torch.multinomial(
            self.weights, recipe.batch, replacement=True, generator=self.generator
        )
        reach = math.ceil(n_frames * (1.0 + strength.tempo)) + 1
        spectra, labels = cut_out(
            self.bank, self.chosen[places], reach, recipe.clean_share, self.generator
        )
        spectra = perturb.warp(spectra, n_frames, strength, recipe.front_end, self.generator)
        spectra = perturb.recolour(spectra, strength, self.generator)
        power = perturb.add_noise(10.0 ** (spectra / 10.0), strength, self.generator)
        views = perturb.mask(self.views(power), strength, self.generator)
        targets = nn.functional.one_hot(labels, len(TRAINED_LABELS)).float()
        targets = targets * (1.0 - recipe.label_smoothing)
        targets = targets + recipe.label_smoothing / len(TRAINED_LABELS)
        return perturb.mix(views, targets, strength, self.rng)


def train_network(
    bank: Bank, chosen: Tensor, recipe: Recipe, start: VoiceNet | None = None
) -> VoiceNet:
    """Train one cycle on the chosen clips of the bank.

    Parameters
    ----------
    bank, chosen
        Features, and the clips to learn from.
    recipe
        The settings; ``recipe.cycles`` is the caller's affair.
    start
        The network to go on from, or None for random weights. It is not changed.

    Returns
    -------
    VoiceNet
        The averaged network in evaluation mode.
    """
    torch.manual_seed(recipe.seed)
    network = VoiceNet(recipe.architecture, recipe.front_end.n_mels)
    if start is not None:
        network.load_state_dict(start.state_dict())
    network = network.to(memory_format=torch.channels_last)
    average: VoiceNet = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    steps = recipe.epochs * recipe.steps_per_epoch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        # The schedule needs a few steps for its climb even if the run stops before.
        optimiser,
        recipe.learning_rate,
        total_steps=max(steps, 40),
        pct_start=0.1,
    )
    maker = BatchMaker(bank, chosen, recipe)
    started_s, losses = time.monotonic(), []
    for step in range(steps):
        losses.append(_step(network, optimiser, *maker.draw()))
        schedule.step()
        _average_into(average, network, min(recipe.average_decay, step / (step + 10.0)))
        if (step + 1) % (5 * recipe.steps_per_epoch) == 0:
            recent = float(np.mean(losses[-recipe.steps_per_epoch :]))
            spent_s = time.monotonic() - started_s
            LOG.info("step %d of %d, loss %.3f, %.0f s", step + 1, steps, recent, spent_s)
    return average


def _step(
    network: VoiceNet, optimiser: torch.optim.Optimizer, views: Tensor, targets: Tensor
) -> float:
    network.train()
    views = views.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(views)
    loss = nn.functional.cross_entropy(logits.float(), targets)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())


def _average_into(average: nn.Module, network: nn.Module, decay: float) -> None:
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1.0 - decay)
        else:
            kept.copy_(new)


def predict(
    network: VoiceNet, bank: Bank, chosen: Tensor, longest_frames: int | None = None
) -> Tensor:
    """Logits (clips, trained labels) of the recorded variant of the chosen clips, one by one.

    ``longest_frames`` keeps the middle of longer clips only.
    """
    network.eval()
    views = Views(network.view_names)
    rows = []
    for clip in chosen.tolist():
        spectrum = bank.spectrogram_db(clip)
        if longest_frames is not None and spectrum.shape[1] > longest_frames:
            start = (spectrum.shape[1] - longest_frames) // 2
            spectrum = spectrum[:, start : start + longest_frames]
        with torch.no_grad():
            rows.append(network(views(10.0 ** (spectrum / 10.0)[None]))[0])
    return torch.stack(rows)
