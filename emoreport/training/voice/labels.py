"""The labels of the compact voice model."""

from __future__ import annotations

LABELS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""Outputs of the exported model, in order."""

AUXILIARY_LABELS = ("calm",)
"""Outputs that exist in training only.

Acted "calm" is a class of its own in RAVDESS: neither neutral nor anything else in ``LABELS``.
Learning it apart keeps those clips as training material without teaching a wrong name.
"""

TRAINED_LABELS = LABELS + AUXILIARY_LABELS
