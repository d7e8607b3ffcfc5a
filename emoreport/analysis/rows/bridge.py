"""The label bridge: which label of one model means the same as which label of another.

Face and voice models name their classes differently. Labels are compared only after an explicit
mapping into one space, and only where both models can give the label that is compared; see
docs/decisions/0004-label-bridge.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np

from emoreport.errors import SettingsError
from emoreport.records import DoubleArray
from emoreport.vocabulary import EMOTIONS, VOICE_ONLY_EMOTIONS, is_emotion

KNOWN_LABELS: Final[tuple[str, ...]] = (*EMOTIONS, *VOICE_ONLY_EMOTIONS)
DEFAULT_MAPPING: Final[Mapping[str, str]] = {"enthusiasm": "happiness", "positive": "happiness"}


@dataclass(frozen=True, slots=True)
class Bridge:
    """A mapping of labels into one shared space.

    Attributes
    ----------
    mapping
        Shared label by label; a label that it does not name keeps its name.

    Raises
    ------
    SettingsError
        On construction, for a name that is not an emotion.

    Examples
    --------
    >>> Bridge().shared("enthusiasm")
    'happiness'
    >>> Bridge().shared_space(("anger", "contempt"), ("anger", "positive"))
    ('anger',)
    """

    mapping: Mapping[str, str] = field(default_factory=lambda: DEFAULT_MAPPING, hash=False)

    def __post_init__(self) -> None:
        """Check the names and keep a copy of the mapping."""
        for name in (*self.mapping.keys(), *self.mapping.values()):
            if name not in KNOWN_LABELS:
                raise SettingsError("bridge.no_emotion", name=name, labels=", ".join(KNOWN_LABELS))
        object.__setattr__(self, "mapping", dict(self.mapping))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, str]) -> Self:
        """Build a bridge from a mapping; labels left out keep their names.

        Raises
        ------
        SettingsError
            For a name that is not an emotion.
        """
        return cls(mapping)

    def shared(self, label: str) -> str:
        """Return what `label` is called in the shared space."""
        return self.mapping.get(label, label)

    def shared_space(self, first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
        """Shared labels that both label sets can give, in canonical order."""
        common = {self.shared(name) for name in first} & {self.shared(name) for name in second}
        return tuple(name for name in KNOWN_LABELS if name in common)

    def compare(
        self,
        video_label: str,
        video_distribution: Sequence[float] | None,
        face_labels: Sequence[str],
        audio_label: str,
        audio_distribution: Sequence[float] | None,
        voice_labels: Sequence[str],
    ) -> tuple[bool | None, float | None]:
        """Whether two labels agree and how far apart the two distributions are.

        Parameters
        ----------
        video_label, audio_label
            Labels of one interval; non-emotions are allowed.
        video_distribution, audio_distribution
            Probabilities in the order of `face_labels` and `voice_labels`, or None.
        face_labels, voice_labels
            What the two models can give.

        Returns
        -------
        match
            None unless both labels are emotions whose shared label both models can give.
        severity
            Total variation distance ½ Σ abs(p − q) over the shared labels, 0–1, each
            distribution bridged by summing and renormalised over them; None where a
            distribution is missing or has no mass there.
        """
        space = self.shared_space(face_labels, voice_labels)
        match: bool | None = None
        if is_emotion(video_label) and is_emotion(audio_label):
            seen, heard = self.shared(video_label), self.shared(audio_label)
            if seen in space and heard in space:
                match = seen == heard
        face = self._project(video_distribution, face_labels, space)
        voice = self._project(audio_distribution, voice_labels, space)
        if face is None or voice is None:
            return match, None
        return match, float(min(1.0, 0.5 * np.abs(face - voice).sum()))

    def _project(
        self, distribution: Sequence[float] | None, labels: Sequence[str], space: Sequence[str]
    ) -> DoubleArray | None:
        if distribution is None:
            return None
        mass = dict.fromkeys(space, 0.0)
        for label, probability in zip(labels, distribution, strict=True):
            shared = self.shared(label)
            if shared in mass:
                mass[shared] += float(probability)
        total = sum(mass.values())
        if not total > 0:
            return None
        return np.asarray(list(mass.values())) / total


DEFAULT_BRIDGE: Final = Bridge()
"""Identity for the eight emotions; enthusiasm and positive count as happiness."""
