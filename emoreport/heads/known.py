"""What a head has seen labels of: scores on that would be too good, and nobody would know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from emoreport.heads.metadata import HeadMetadata

HEAD_KNOWS: Final = "head_knows"
"""Warning of a run whose head was trained or tuned on the recording."""
TRAINED_ON: Final = ("train", "validation")
"""Splits that decide what a head says: weights; stopping, smoothing, thresholds, weights of late
fusion."""
_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_SIDE: Final = re.compile(r"_(left|right)$")
"""One of two people in a video of Aff-Wild2: who knows one side of it knows the video."""


class KnownNames:
    """Recordings and people that a head was trained or tuned on.

    Parameters
    ----------
    head
        Its description.
    """

    def __init__(self, head: HeadMetadata) -> None:
        splits = (head.data.get(kind) for kind in ("split", "split_people"))
        told = [names for names in splits if isinstance(names, Mapping)]
        listed = [name for names in told for part in TRAINED_ON for name in names.get(part) or ()]
        self._names = {form for name in listed for form in _forms(str(name))}

    def __bool__(self) -> bool:
        """Whether the head says what it was trained on."""
        return bool(self._names)

    def holds(self, names: Iterable[str]) -> bool:
        """Whether one of these names of a recording, or of the person in it, is among them.

        Folders and suffixes of files play no part, nor which side of a video.
        """
        return any(form in self._names for name in names for form in _forms(name) if form)


def _forms(name: str) -> set[str]:
    """A name as splits and folders may write it."""
    plain = name.rpartition("/")[2]
    stem = _SUFFIX.sub("", plain)
    return {name, plain, stem, _SIDE.sub("", stem)}
