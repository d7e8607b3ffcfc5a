"""The labels of the compact voice model, and what the corpora's own labels say of them."""

from __future__ import annotations

LABELS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""Outputs of the exported model, in order."""

AUXILIARY_LABELS = ("calm",)
"""Outputs that exist in training only.

Acted "calm" is a class of its own in RAVDESS: neither neutral nor anything else in ``LABELS``.
Learning it apart keeps those clips as training material without teaching a wrong name.
"""

TRAINED_LABELS = LABELS + AUXILIARY_LABELS

LEVELS = {
    "level0": ("neutral", "sadness"),
    "level1": ("neutral",),
    "level2": ("anger", "fear", "happiness", "surprise"),
}
"""Three levels of arousal, and the labels that a voice of that level may have.

A clip of a level teaches all of its labels alike. It tells nothing about valence.
"""

CLIP_LABELS = (*TRAINED_LABELS, *LEVELS)
"""Everything that a training clip can be labelled with; figures count the first seven only."""

CORPUS_NAMES = {
    "nemo": "nEMO",
    "ravdess": "RAVDESS",
    "ased": "ASED",
    "emospeech": "emospeech",
    "festvox_ru": "festvox-ru",
    "tuxpaint": "tuxpaint",
}
"""How the card calls the corpora whose labels are among those of the network."""

READ_AS = {("emospeech", "calm"): "neutral"}
"""(corpus, label) → label here: this "calm" is how people speak a command when nothing is up."""
