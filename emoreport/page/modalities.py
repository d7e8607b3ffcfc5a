"""Figures of face, voice and words against each other, for pages with words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from emoreport.page.figures import Figure, in_order
from emoreport.results import ModalityStatistic

FIGURES: Final = {
    "face_voice": ("agreement", "face_voice"),
    "face_text": ("agreement", "face_text"),
    "voice_text": ("agreement", "voice_text"),
    "all": ("agreement", "all"),
    "fleiss": ("fleiss_kappa", "all"),
    "alpha": ("krippendorff_alpha", "all"),
    "departs_face": ("departs", "face"),
    "departs_voice": ("departs", "voice"),
    "departs_text": ("departs", "text"),
    "after_face": ("words_after", "face_text"),
    "after_voice": ("words_after", "voice_text"),
}
"""Statistic and modalities of each figure, in the order of the page."""
TALKING: Final = ("in_speech", "at_open_vowels", "explained_by_speech")
"""What is known of the talking mouth, for each emotion."""


def three_block(rows: Sequence[ModalityStatistic]) -> dict[str, Figure]:
    """Agreement of two and of all three, who departs, what follows; those that were worked out."""
    by_name = {(row.statistic, row.modalities): row for row in rows if row.emotion is None}
    return {key: _figure(by_name[name]) for key, name in FIGURES.items() if name in by_name}


def talking_rows(rows: Sequence[ModalityStatistic]) -> list[dict[str, Any]]:
    """How much of each emotion of the face goes with speaking: a label and the `TALKING`."""
    told = {(row.emotion, row.statistic): row for row in rows if row.statistic in TALKING}
    labels = in_order(label for label, _ in told if label is not None)
    return [
        {"label": label, **{key: _figure(told[label, key]) for key in TALKING}} for label in labels
    ]


def _figure(row: ModalityStatistic) -> Figure:
    fields = ("value", "low", "high", "expected", "p_value", "note")
    values = {name: getattr(row, name) for name in fields}
    return {
        "unit": row.unit,
        **{name: value for name, value in values.items() if value is not None},
    }
