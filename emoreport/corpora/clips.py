"""Labelled clips: one record for all layouts, and the layout that a folder is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Self


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A recording of one person with one label.

    Attributes
    ----------
    file
        Path below the folder of the data, divided by slashes, or a mere name.
    label
        Label of the vocabulary; the name as it is written where it means none.
    written
        What the data call it.
    person
        Who is seen or heard, unique over the corpora; empty if the data do not say.
    corpus
        Name of the corpus; empty if the data do not say.
    facts
        What else the data tell, by its name: take, statement, intensity, language.
    """

    file: str
    label: str
    written: str
    person: str = ""
    corpus: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """Name of the file without folder and suffix."""
        return PurePosixPath(self.file).stem

    def of_person(self, people: Mapping[str, str]) -> Self:
        """The clip with the person that its file or mere name has among `people`, if any."""
        return replace(self, person=people.get(self.file, people.get(self.stem, self.person)))
