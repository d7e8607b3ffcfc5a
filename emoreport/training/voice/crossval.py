"""Cross-validation over left-out speakers: the folds and the figures.

The heads that leave out some speakers each serve twice: alone, to measure how an unheard voice is
recognised; together, as the mean that is shipped, which has heard every speaker.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from emoreport.training.voice import metrics
from emoreport.training.voice.metrics import LeftOut

N_FOLDS = 7
"""As many as nEMO has actors in the training set: each fold leaves out one of them."""

ENCODER_CORPORA = ("nemo", "ravdess")

ENCODER_FOLDS = (0, 1, 4)
"""Folds whose speakers, of those corpora, the encoder hears, without their labels.

They served to choose how it learns.

The speakers of the other folds are new to encoder and head alike.
"""


def figures_per_corpus(said: LeftOut) -> dict[str, Any]:
    """Macro recall of every corpus: mean over its folds, each fold's, and recall per class.

    A fold of a corpus with one actor per fold is that actor.
    """
    figures: dict[str, Any] = {}
    for corpus in np.unique(said.corpora):
        own = said.select(said.corpora == corpus)
        figures[str(corpus)] = {
            "macro_recall_mean_of_folds": round(metrics.mean_over_groups(own, own.folds), 4),
            "macro_recall_pooled": round(metrics.macro_recall(own.labels, own.logits), 4),
            "macro_recall_per_fold": {
                str(fold): round(
                    metrics.macro_recall(
                        own.labels[own.folds == fold], own.logits[own.folds == fold]
                    ),
                    4,
                )
                for fold in np.unique(own.folds)
            },
            "recall_per_class": {
                name: round(value, 4)
                for name, value in metrics.class_recalls(
                    own.labels, own.logits.argmax(axis=1)
                ).items()
            },
            "clips": len(own.labels),
        }
    return figures
