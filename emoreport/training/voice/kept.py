"""The steps of a training run that take long, each kept in its folder and read back from there."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from emoreport.training.voice import augment, leave_out
from emoreport.training.voice.crossval import ENCODER_CORPORA, ENCODER_FOLDS, N_FOLDS
from emoreport.training.voice.data import Clip, speaker_folds
from emoreport.training.voice.distill import DistillRecipe, distill
from emoreport.training.voice.encoder import Encoder
from emoreport.training.voice.head import HeadRecipe, Statistics, embed, train_head
from emoreport.training.voice.labels import LABELS
from emoreport.training.voice.metrics import LeftOut
from emoreport.training.voice.pack import round_weights
from emoreport.training.voice.teacher import read_teacher

LOG = logging.getLogger(__name__)
CHANGE_SEED = 9


def load_encoder(
    clips: Sequence[Clip], teacher: Path, recipe: DistillRecipe, stored: Path
) -> Encoder:
    """The encoder, its weights rounded to 8 bits; kept between runs."""
    if stored.exists():
        encoder = Encoder()
        encoder.load_state_dict(torch.load(stored, weights_only=True))
        encoder.eval().requires_grad_(requires_grad=False)
        return encoder
    folds = speaker_folds([clip.speaker for clip in clips], N_FOLDS)
    heard = frozenset[str]().union(*(folds[fold] for fold in ENCODER_FOLDS))
    own = [
        clip.samples for clip in clips if clip.speaker in heard and clip.corpus in ENCODER_CORPORA
    ]
    LOG.info("%d clips; the encoder learns", len(own))
    encoder = distill(read_teacher(teacher), own, recipe, stored.with_suffix(".steps"))
    round_weights(encoder)
    torch.save(encoder.state_dict(), stored)
    return encoder


def load_statistics(
    clips: Sequence[Clip], encoder: Encoder, recipe: HeadRecipe, stored: Path
) -> Statistics:
    """The encoder's statistics of all clips and their changed copies; kept between runs."""
    if stored.exists():
        return Statistics(**torch.load(stored, weights_only=True))
    changes = [getattr(augment, name) for name in recipe.changes]
    LOG.info("%d clips; running the encoder on %d copies each", len(clips), len(changes) + 1)
    statistics = embed(clips, encoder, changes, CHANGE_SEED)
    names = Statistics.__slots__
    torch.save({name: getattr(statistics, name) for name in names}, stored)
    return statistics


def load_heads(statistics: Statistics, recipe: HeadRecipe, stored: Path) -> dict[int, nn.Linear]:
    """The heads of all folds; kept between runs."""
    if stored.exists():
        heads = {}
        for fold, state in torch.load(stored, weights_only=True).items():
            heads[fold] = nn.Linear(state["weight"].shape[1], state["weight"].shape[0])
            heads[fold].load_state_dict(state)
            heads[fold].requires_grad_(requires_grad=False)
        return heads
    heads = train_heads(statistics, recipe)
    torch.save({fold: head.state_dict() for fold, head in heads.items()}, stored)
    return heads


def load_elsewhere(statistics: Statistics, recipe: HeadRecipe, stored: Path) -> LeftOut:
    """What is said of corpora left out; kept between runs."""
    names = LeftOut.__slots__
    if stored.exists():
        with np.load(stored) as kept:
            return LeftOut(**{name: kept[name] for name in names})
    said = leave_out.leave_corpora_out(statistics, recipe)
    np.savez(stored, **{name: getattr(said, name) for name in names})
    return said


def train_heads(statistics: Statistics, recipe: HeadRecipe) -> dict[int, nn.Linear]:
    """Fold → the head trained without the fold's speakers."""
    return {
        fold: train_head(
            statistics,
            statistics.of_speakers(speakers, left_out=True),
            replace(recipe, seed=recipe.seed + fold),
        )
        for fold, speakers in enumerate(speaker_folds(statistics.speakers, N_FOLDS))
    }


def left_out(
    statistics: Statistics, heads: Mapping[int, nn.Linear], folds: Sequence[frozenset[str]]
) -> LeftOut:
    """What each fold's head says about the fold's own speakers, as recorded.

    The folds are given and not dealt again: from a part of the clips some speakers may be absent,
    and then a speaker could fall to a head that has heard him.
    """
    rows: list[tuple[NDArray[np.float64], int, int]] = []
    for fold, speakers in enumerate(folds):
        clips = statistics.of_speakers(speakers, left_out=False)
        clips = clips[statistics.labels[clips] < len(LABELS)]
        with torch.no_grad():
            logits = heads[fold](statistics.values[0, clips])[:, : len(LABELS)].double().numpy()
        rows += [(row, clip, fold) for row, clip in zip(logits, clips.tolist(), strict=True)]
    clip_numbers = [clip for _, clip, _ in rows]
    return LeftOut(
        logits=np.array([row for row, _, _ in rows]),
        labels=statistics.labels[clip_numbers].numpy(),
        speakers=np.array([statistics.speakers[clip] for clip in clip_numbers]),
        corpora=np.array([statistics.corpora[clip] for clip in clip_numbers]),
        folds=np.array([fold for _, _, fold in rows]),
    )
