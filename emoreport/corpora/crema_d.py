"""Names of the clips of CREMA-D: ``1001_DFA_ANG_XX`` is actor, sentence, emotion and level.

Cao et al.: CREMA-D: Crowd-Sourced Emotional Multimodal Actors Dataset. IEEE Transactions on
Affective Computing 5 (2014). The label is what was acted, not what the crowd heard.
"""

from __future__ import annotations

import re
from typing import Final

from emoreport.corpora.clips import LabelledClip

CORPUS: Final = "crema-d"
_NAME: Final = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{1,2})")
_EMOTIONS: Final = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
_LEVELS: Final = {"LO": "low", "MD": "medium", "HI": "high"}


def clip_of_name(file: str, stem: str) -> LabelledClip | None:
    """What the name of a clip says; None for other names.

    Parameters
    ----------
    file
        Where the clip is.
    stem
        Its name without the suffix.
    """
    match = _NAME.fullmatch(stem)
    if match is None or match[3] not in _EMOTIONS:
        return None
    actor, sentence, emotion, level = match.groups()
    return LabelledClip(
        file=file,
        label=_EMOTIONS[emotion],
        written=emotion,
        person=f"{CORPUS}/{actor}",
        corpus=CORPUS,
        facts={"sentence": sentence, "intensity": _LEVELS.get(level, "unspecified")},
    )
