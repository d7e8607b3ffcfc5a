"""Names of the clips of RAVDESS: ``03-01-05-01-02-01-12`` says all that there is to know.

Livingstone and Russo: The Ryerson Audio-Visual Database of Emotional Speech and Song. PLOS ONE 13
(2018). Actors with odd numbers are men, those with even numbers women.
"""

from __future__ import annotations

import re
from typing import Final

from emoreport.corpora.clips import LabelledClip

CORPUS: Final = "ravdess"
_NAME: Final = re.compile(r"\d\d(?:-\d\d){6}")
_EMOTIONS: Final = {
    "01": ("neutral", "neutral"),
    "02": ("calm", "calm"),
    "03": ("happy", "happiness"),
    "04": ("sad", "sadness"),
    "05": ("angry", "anger"),
    "06": ("fearful", "fear"),
    "07": ("disgust", "disgust"),
    "08": ("surprised", "surprise"),
}
"""What a number is called there, and the label. Calm is acted apart from neutral and stays calm."""
_FACTS: Final = {
    "modality": {"01": "face and voice", "02": "face", "03": "voice"},
    "channel": {"01": "speech", "02": "song"},
    "intensity": {"01": "normal", "02": "strong"},
    "statement": {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"},
}


def clip_of_name(file: str, stem: str) -> LabelledClip | None:
    """What the name of a clip says; None for other names.

    Parameters
    ----------
    file
        Where the clip is.
    stem
        Its name without the suffix.
    """
    if not _NAME.fullmatch(stem):
        return None
    modality, channel, emotion, intensity, statement, repetition, actor = stem.split("-")
    if emotion not in _EMOTIONS:
        return None
    written, label = _EMOTIONS[emotion]
    codes = zip(_FACTS, (modality, channel, intensity, statement), strict=True)
    return LabelledClip(
        file=file,
        label=label,
        written=written,
        person=f"{CORPUS}/{actor}",
        corpus=CORPUS,
        facts={
            **{name: _FACTS[name].get(code, code) for name, code in codes},
            "repetition": repetition.lstrip("0"),
            "sex": "male" if int(actor) % 2 else "female",
        },
    )
