"""Cross-validation over left-out speakers: the runs and their figures.

The networks that leave out some speakers each serve twice: alone, to measure how an unheard voice
is recognised; together, as the ensemble that is shipped, which has heard every speaker.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emoreport.training.voice import evaluate
from emoreport.training.voice.bank import Bank
from emoreport.training.voice.data import speaker_folds
from emoreport.training.voice.evaluate import LeftOut
from emoreport.training.voice.labels import LABELS
from emoreport.training.voice.network import VoiceNet
from emoreport.training.voice.train import Recipe, predict, train_network

LOG = logging.getLogger(__name__)
N_FOLDS = 7
"""As many as nEMO has actors in the training set: each fold leaves out one of them."""
VIEWS = ("band", "clip")
SEED_STEP_PER_CYCLE = 1000


def train_folds(
    bank: Bank, recipe: Recipe, folds: Sequence[int], members: int, store: Path
) -> dict[int, list[VoiceNet]]:
    """Train the networks of each fold without the fold's speakers.

    Parameters
    ----------
    bank
        Features of all clips.
    recipe
        The recipe of the first member; the others differ in their seed.
    folds
        Which folds to run, 0-based.
    members
        Networks per fold.
    store
        Networks are kept here as ``fold<k>_member<m>_cycle<c>.pt``; what is there is not trained
        again.
    """
    networks: dict[int, list[VoiceNet]] = {}
    for fold, left_out in enumerate(speaker_folds(bank.speakers, N_FOLDS)):
        if fold not in folds:
            continue
        heard = bank.of_speakers(left_out, left_out=True)
        networks[fold] = [
            trained_or_stored(
                bank,
                heard,
                member_recipe(recipe, fold, member),
                store / f"fold{fold}_member{member}",
            )
            for member in range(members)
        ]
        LOG.info("fold %d: %s", fold, figures_per_corpus(cross_validate(bank, networks, [fold])))
    return networks


def member_recipe(recipe: Recipe, fold: int, member: int) -> Recipe:
    """The recipe of one network: own seed, and the two views in turn.

    Networks that look at the sound in different ways err differently, so their mean errs less.
    """
    view = VIEWS[(fold + member) % len(VIEWS)]
    architecture = replace(recipe.architecture, views=(view,))
    return replace(recipe, architecture=architecture, seed=recipe.seed + fold + 100 * member)


def cross_validate(
    bank: Bank,
    networks: Mapping[int, Sequence[VoiceNet]],
    folds: Sequence[int] | None = None,
    longest_frames: int | None = None,
    everybody: Sequence[str] | None = None,
) -> LeftOut:
    """What the networks of each fold say about the fold's own, unheard speakers.

    Parameters
    ----------
    bank
        Features; only the recorded variant of each clip is used.
    networks
        Fold → its networks, whose logits are averaged.
    folds
        Folds to use, by default all in ``networks``.
    longest_frames
        Keeps the middle of longer clips only.
    everybody
        The speakers that the networks' folds were dealt from; needed when the bank holds only some
        of them, which would be dealt to other folds and judged by networks that have heard them.
    """
    speakers = speaker_folds(everybody or bank.speakers, N_FOLDS)
    own = {
        fold: bank.of_speakers(speakers[fold], left_out=False)
        for fold in (networks if folds is None else folds)
    }
    parts = [
        _left_out_logits(bank, clips, networks[fold], fold, longest_frames)
        for fold, clips in own.items()
        if len(clips)
    ]
    return LeftOut(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("logits", "labels", "speakers", "corpora", "folds")
        )
    )


def trained_or_stored(bank: Bank, chosen: Tensor, recipe: Recipe, store: Path) -> VoiceNet:
    """The network of the last cycle; every cycle is stored and read back when it is there.

    Parameters
    ----------
    bank, chosen, recipe
        As for :func:`~emoreport.training.voice.train.train_network`.
    store
        Folder and beginning of the file names, to which ``_cycle<n>.pt`` is added.
    """
    network = None
    for cycle in range(recipe.cycles):
        path = store.with_name(f"{store.name}_cycle{cycle}.pt")
        if path.exists():
            network = VoiceNet(recipe.architecture, recipe.front_end.n_mels)
            network.load_state_dict(torch.load(path, weights_only=True))
            network.eval()
            continue
        own = replace(recipe, seed=recipe.seed + SEED_STEP_PER_CYCLE * cycle)
        network = train_network(bank, chosen, own, network)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), path)
    if network is None:
        raise ValueError("a recipe needs at least one cycle")
    return network


def _left_out_logits(
    bank: Bank,
    clips: Tensor,
    networks: Sequence[VoiceNet],
    fold: int,
    longest_frames: int | None,
) -> LeftOut:
    """Mean logits of the networks for the given clips, those of auxiliary classes left away."""
    clips = clips[bank.labels[clips] < len(LABELS)]
    logits = torch.stack(
        [predict(network, bank, clips, longest_frames) for network in networks]
    ).mean(dim=0)
    return LeftOut(
        logits=logits[:, : len(LABELS)].double().numpy(),
        labels=bank.labels[clips].numpy(),
        speakers=np.array([bank.speakers[i] for i in clips.tolist()]),
        corpora=np.array([bank.corpora[i] for i in clips.tolist()]),
        folds=np.full(len(clips), fold),
    )


def figures_per_corpus(said: LeftOut) -> dict[str, Any]:
    """Macro recall of every corpus: mean over its folds, each fold's, and recall per class.

    A fold of a corpus with one actor per fold is that actor.
    """
    figures: dict[str, Any] = {}
    for corpus in np.unique(said.corpora):
        own = said.select(said.corpora == corpus)
        figures[str(corpus)] = {
            "macro_recall_mean_of_folds": round(evaluate.mean_over_groups(own, own.folds), 4),
            "macro_recall_pooled": round(evaluate.macro_recall(own.labels, own.logits), 4),
            "macro_recall_per_fold": {
                str(fold): round(
                    evaluate.macro_recall(
                        own.labels[own.folds == fold], own.logits[own.folds == fold]
                    ),
                    4,
                )
                for fold in np.unique(own.folds)
            },
            "recall_per_class": {
                name: round(value, 4)
                for name, value in evaluate.class_recalls(
                    own.labels, own.logits.argmax(axis=1)
                ).items()
            },
            "clips": len(own.labels),
        }
    return figures
