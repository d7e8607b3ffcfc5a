"""Emotion names and their order: the one place that defines them.

Every label in a table is one of these lower-case strings. The order of `EMOTIONS` is the
class order of the eight-class face models of this field (alphabetical, as in HSEmotion).
"""

from __future__ import annotations

from typing import Final

EMOTIONS: Final[tuple[str, ...]] = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)
"""The eight face emotions, canonical order."""

VOICE_ONLY_EMOTIONS: Final[tuple[str, ...]] = ("enthusiasm", "positive")
"""Labels that only some voice models give."""

NO_FACE: Final = "no_face"
NO_SPEECH: Final = "no_speech"
UNCERTAIN: Final = "uncertain"

NON_EMOTIONS: Final[tuple[str, ...]] = (NO_FACE, NO_SPEECH, UNCERTAIN)
"""Row labels that say that no emotion is known."""

ALL_LABELS: Final[tuple[str, ...]] = (*EMOTIONS, *VOICE_ONLY_EMOTIONS, *NON_EMOTIONS)

NAMES: Final[dict[str, dict[str, str]]] = {
    "en": {label: label.replace("_", " ") for label in ALL_LABELS},
    "ru": {
        "anger": "гнев",
        "contempt": "презрение",
        "disgust": "отвращение",
        "fear": "страх",
        "happiness": "радость",
        "neutral": "нейтральное",
        "sadness": "грусть",
        "surprise": "удивление",
        "enthusiasm": "воодушевление",
        "positive": "позитив",
        NO_FACE: "нет лица",
        NO_SPEECH: "нет речи",
        UNCERTAIN: "не определено",
    },
}
"""Names of the labels for people, by language."""

COLOURS: Final[dict[str, str]] = {
    "anger": "#D55E00",
    "contempt": "#882255",
    "disgust": "#117733",
    "fear": "#332288",
    "happiness": "#DDAA33",
    "neutral": "#88CCEE",
    "sadness": "#0072B2",
    "surprise": "#CC79A7",
    "enthusiasm": "#F0E442",
    "positive": "#AACC66",
    NO_FACE: "#E4E4E4",
    NO_SPEECH: "#D0D0D0",
    UNCERTAIN: "#9A9A9A",
}
"""Colour of each label, sRGB ``#RRGGBB``: the same in the page, the workbook and the pictures."""


def is_emotion(label: str | None) -> bool:
    """Whether `label` names an emotion (and not a gap, silence or abstention)."""
    return label is not None and label not in NON_EMOTIONS
