"""Labelled stretches of time, and those of them that a person made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emoreport.records.media import Span


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A label over a half-open span, by a person or by the machine.

    Attributes
    ----------
    span
        Where it holds.
    emotion
        An emotion, or `no_face`, `no_speech`, `uncertain`.
    """

    span: Span
    emotion: str


@dataclass(frozen=True, slots=True)
class CodedLabels:
    """What a person coded of one recording.

    Attributes
    ----------
    face, voice
        Sorted, disjoint spans; neighbours that touch differ in their label. Time between them
        was not coded. None where the modality was not coded at all.
    """

    face: tuple[LabelledSpan, ...] | None = None
    voice: tuple[LabelledSpan, ...] | None = None


UNCODED: Final = CodedLabels()
"""Nobody coded anything: the labels are the machine's."""


@dataclass(frozen=True, slots=True)
class LabelSource:
    """Labels of a person, and the file they came from.

    Attributes
    ----------
    labels
        By modality.
    file, sha256
        Name and digest of the file; empty for the machine's own labels.
    coder
        Who made them.
    damage
        Why what run.json holds of them cannot be used; empty where it can.
    """

    labels: CodedLabels = UNCODED
    file: str = ""
    sha256: str = ""
    coder: str = ""
    damage: str = ""

    def source(self, modality: str, model: str) -> str:
        """What summary.csv names as the source of the labels of one modality."""
        if getattr(self.labels, modality) is None:
            return model
        return f"{model}; labels: {self.file}"


MACHINE: Final = LabelSource()
"""The machine's own labels."""
