"""Our encoder learns, from nothing, to say what the teacher says (Hinton et al., 2015).

First every block learns alone from what the teacher's block before it says, so that no error of a
lower block hinders a higher one. Then all learn together, each from our own lower
blocks, and also to match the statistics over time, which is all that the head sees: small errors
that point the same way all through a clip do not average out. No label is used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoreport.training.voice.changes import changed_stretch
from emoreport.training.voice.encoder import (
    HOP_SAMPLES,
    POSITIONS,
    WIDTH,
    Encoder,
    statistics,
)

LOG = logging.getLogger(__name__)
TOKEN_SAMPLES = 2 * HOP_SAMPLES
LAST_SHARE = 0.02
"""Learning rate at the end, as a share of the largest."""
LARGEST_GRADIENT = 5.0
FLOOR = 0.1
"""Channels that hardly move count as if they moved by this share of the others' movement."""
SCALE_BATCHES = 12

Clips = Sequence[NDArray[np.int16]]


@dataclass(frozen=True, slots=True)
class DistillRecipe:
    """Everything that decides the imitation except the data.

    Attributes
    ----------
    block_steps, joint_steps
        Steps of both parts.
    tokens
        Tokens (20 ms each) of a batch: stretches of one length, as many as fit.
    shortest_tokens, longest_tokens, longest_joint_tokens
        Lengths of stretches, drawn evenly on a logarithmic scale; the second bound holds for the
        first part, the third for the second one, whose statistics want many stretches a batch.
    matrix_rate, other_rate
        Largest learning rates: of the matrices (Muon, Jordan et al. 2024) and of all else (AdamW).
        Both climb for `warm_up_steps` and then fall along a cosine.
    weight_decay
        Of both.
    statistics_weight
        Weight of the statistics in the second part.
    seed
        Seeds weights and draws.
    low_precision
        Multiply in bfloat16.
    """

    block_steps: int = 4000
    joint_steps: int = 1750
    tokens: int = 2048
    shortest_tokens: int = 40
    longest_tokens: int = POSITIONS
    longest_joint_tokens: int = 200
    matrix_rate: float = 4e-3
    other_rate: float = 2e-3
    warm_up_steps: int = 300
    weight_decay: float = 1e-3
    statistics_weight: float = 0.1
    seed: int = 1
    low_precision: bool = True

    @property
    def steps(self) -> int:
        """Steps of the whole."""
        return self.block_steps + self.joint_steps


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the teacher says of a batch: log-mel, tokens before the layers and after each."""

    mel: Tensor
    tokens: tuple[Tensor, ...]


def distill(
    teacher: Encoder, clips: Clips, recipe: DistillRecipe, store: Path, *, every: int = 500
) -> Encoder:
    """Train an encoder on what `teacher` says of changed stretches of the clips.

    Parameters
    ----------
    teacher
        Frozen.
    clips
        Recordings, int16 at 16 kHz; who speaks and how is not looked at.
    recipe
        Steps, rates, seed.
    store
        Where the state is kept every `every` steps; a run that finds one goes on from there.

    Returns
    -------
    Encoder
        Frozen, ready for use.
    """
    torch.manual_seed(recipe.seed)
    student = Encoder()
    optimisers = _optimisers(student, recipe)
    start = _restored(store, student, optimisers, recipe)
    scales = _scales(teacher, clips, recipe)
    losses: list[float] = []
    for step in range(start, recipe.steps):
        for optimiser, largest in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = largest * _rate(step, recipe)
        loss = _loss(teacher, student, clips, recipe, scales, step)
        for optimiser, _ in optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), LARGEST_GRADIENT)
        for optimiser, _ in optimisers:
            optimiser.step()
        losses.append(loss.item())
        if (step + 1) % every == 0 or step + 1 == recipe.steps:
            LOG.info("step %d: loss %.4f", step + 1, float(np.mean(losses[-every:])))
            _keep(store, student, optimisers, step + 1, recipe)
    student.eval().requires_grad_(requires_grad=False)
    return student


def imitation_error(teacher: Encoder, student: Encoder, clips: Clips) -> float:
    """Mean squared error of the statistics of whole clips, in units of the teacher's variance."""
    said, meant = [], []
    with torch.no_grad():
        for samples in clips:
            audio = torch.from_numpy(samples.astype(np.float32) / 32768.0)[None]
            meant.append(teacher(audio))
            said.append(student(audio))
    truth = torch.cat(meant)
    variance = truth.var(dim=0).clamp_min(1e-6)
    return float((((torch.cat(said) - truth) ** 2).mean(dim=0) / variance).mean())


def _optimisers(
    student: Encoder, recipe: DistillRecipe
) -> list[tuple[torch.optim.Optimizer, float]]:
    matrices = [weight for weight in student.parameters() if weight.ndim == 2]
    others = [weight for weight in student.parameters() if weight.ndim != 2]
    muon = torch.optim.Muon(
        matrices,
        lr=recipe.matrix_rate,
        weight_decay=recipe.weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )
    adam = torch.optim.AdamW(
        others, lr=recipe.other_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    return [(muon, recipe.matrix_rate), (adam, recipe.other_rate)]


def _rate(step: int, recipe: DistillRecipe) -> float:
    """Share of the largest learning rate."""
    falling = 0.5 * (1.0 + np.cos(np.pi * step / recipe.steps))
    warm = min(1.0, (step + 1) / max(1, recipe.warm_up_steps))
    return float(warm * (falling * (1.0 - LAST_SHARE) + LAST_SHARE))


def _loss(
    teacher: Encoder,
    student: Encoder,
    clips: Clips,
    recipe: DistillRecipe,
    scales: _Scales,
    step: int,
) -> Tensor:
    joint = step >= recipe.block_steps
    rng = np.random.default_rng((recipe.seed, step))
    heard = _hear(teacher, _batch(clips, recipe, rng, joint=joint), recipe)
    with _precision(recipe):
        first = student.tokens(heard.mel).float() + _positions(student, heard.mel)
        total = _error(first, heard.tokens[0], scales.tokens[0])
        own = first
        for number, layer in enumerate(student.layers):
            meant = heard.tokens[number + 1]
            own = layer(own if joint else heard.tokens[number]).float()
            total = total + _error(own, meant, scales.tokens[number + 1])
            if joint:
                wrong = _error(statistics(own), statistics(meant), scales.statistics[number])
                total = total + recipe.statistics_weight * wrong
    return total


def _hear(teacher: Encoder, audio: Tensor, recipe: DistillRecipe) -> _Heard:
    with torch.no_grad():
        mel = teacher.mel(audio)
        with _precision(recipe):
            tokens = [teacher.tokens(mel).float() + _positions(teacher, mel)]
            for layer in teacher.layers:
                tokens.append(layer(tokens[-1]).float())
    return _Heard(mel, tuple(tokens))


def _positions(encoder: Encoder, mel: Tensor) -> Tensor:
    return encoder.positions[POSITIONS - (mel.shape[2] + 1) // 2 :]


def _precision(recipe: DistillRecipe) -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16, enabled=recipe.low_precision)


def _error(said: Tensor, meant: Tensor, scale: Tensor) -> Tensor:
    return (((said - meant) / scale) ** 2).mean()


def _batch(clips: Clips, recipe: DistillRecipe, rng: np.random.Generator, *, joint: bool) -> Tensor:
    """Changed stretches (N, samples)."""
    longest = recipe.longest_joint_tokens if joint else recipe.longest_tokens
    bounds = np.log([recipe.shortest_tokens, longest])
    tokens = int(np.exp(rng.uniform(*bounds)))
    count = max(1, recipe.tokens // tokens)
    stretches = [changed_stretch(clips, tokens * TOKEN_SAMPLES, rng) for _ in range(count)]
    return torch.from_numpy(np.stack(stretches))


@dataclass(frozen=True, slots=True)
class _Scales:
    """How much each channel moves: what each block adds, (384,), and the statistics, (768,)."""

    tokens: tuple[Tensor, ...]
    statistics: tuple[Tensor, ...]


def _scales(teacher: Encoder, clips: Clips, recipe: DistillRecipe) -> _Scales:
    added: list[list[Tensor]] = []
    over_time: list[list[Tensor]] = []
    for number in range(SCALE_BATCHES):
        rng = np.random.default_rng((recipe.seed, number, 0))
        heard = _hear(teacher, _batch(clips, recipe, rng, joint=True), recipe)
        first = heard.tokens[0] - _positions(teacher, heard.mel)
        steps = [first, *(b - a for a, b in zip(heard.tokens, heard.tokens[1:], strict=False))]
        added.append([part.reshape(-1, WIDTH) for part in steps])
        over_time.append([statistics(part) for part in heard.tokens[1:]])
    return _Scales(
        tuple(_movement(torch.cat(parts)) for parts in zip(*added, strict=True)),
        tuple(_movement(torch.cat(parts)) for parts in zip(*over_time, strict=True)),
    )


def _movement(values: Tensor) -> Tensor:
    spread = values.std(dim=0)
    return torch.sqrt(spread**2 + (FLOOR * spread.pow(2).mean().sqrt()) ** 2)


def _keep(
    store: Path,
    student: Encoder,
    optimisers: Sequence[tuple[torch.optim.Optimizer, float]],
    step: int,
    recipe: DistillRecipe,
) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    unfinished = store.with_suffix(".part")
    state = {
        "recipe": asdict(recipe),
        "step": step,
        "student": student.state_dict(),
        "optimisers": [optimiser.state_dict() for optimiser, _ in optimisers],
    }
    torch.save(state, unfinished)
    unfinished.replace(store)


def _restored(
    store: Path,
    student: Encoder,
    optimisers: Sequence[tuple[torch.optim.Optimizer, float]],
    recipe: DistillRecipe,
) -> int:
    """Read a kept state; returns the steps done, 0 where there is none of this recipe."""
    if not store.exists():
        return 0
    state = torch.load(store, weights_only=True)
    if state["recipe"] != asdict(recipe):
        raise ValueError(f"{store} was made with another recipe; take another --work folder")
    student.load_state_dict(state["student"])
    for (optimiser, _), kept in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(kept)
    return int(state["step"])
