"""Emotion names and their order, and other codes: the one place that defines them.

Every label in a table is one of these lower-case strings. The order of `EMOTIONS` is the
class order of the eight-class face models of this field (alphabetical, as in HSEmotion).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, get_args

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

OTHER: Final = "other"
"""An expression that is none of the eight: a class of Aff-Wild2, which trained heads may give.

It is an emotion, and is compared with nothing: two that are none of the eight may differ."""

FERPLUS_ORDER: Final[tuple[str, ...]] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "not-a-face",
)
"""Columns of the FERPlus votes (Barsoum et al., 2016)."""

AFFWILD2_ORDER: Final[tuple[str, ...]] = (
    "neutral",
    "anger",
    "disgust",
    "fear",
    "happiness",
    "sadness",
    "surprise",
    OTHER,
)
"""Expressions of Aff-Wild2 and the ABAW competitions, in the order of their numbers."""
ACTION_UNITS: Final[tuple[str, ...]] = tuple(
    f"AU{number}" for number in (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
)
"""Action units that are labelled there, in the order of their columns."""

NO_FACE: Final = "no_face"
NO_SPEECH: Final = "no_speech"
UNCERTAIN: Final = "uncertain"

NON_EMOTIONS: Final[tuple[str, ...]] = (NO_FACE, NO_SPEECH, UNCERTAIN)
"""Row labels that say that no emotion is known."""

ALL_LABELS: Final[tuple[str, ...]] = (*EMOTIONS, *VOICE_ONLY_EMOTIONS, OTHER, *NON_EMOTIONS)

PROBABILITY_PREFIX: Final = "p_"
WITNESS_PREFIX: Final = "witness_p_"
"""What the names of columns with a probability begin with: one column per class."""

AbstentionLevel = Literal["off", "normal", "strict"]
"""How readily a label becomes `UNCERTAIN`."""
ABSTENTION_LEVELS: Final[tuple[AbstentionLevel, ...]] = get_args(AbstentionLevel)

Verdict = Literal["more", "as_much", "less", "not_enough_data"]
"""How often face and voice disagree, beside what chance gives."""
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
Lead = Literal["face", "voice", "together", "no_evidence", "not_enough_data"]
"""Which of face and voice changes first."""
LEADS: Final[tuple[Lead, ...]] = get_args(Lead)
NOT_ENOUGH_DATA: Final = "not_enough_data"

ANOTHER_SPEAKS: Final = "another_speaks"
NOBODY_SEEN_SPEAKS: Final = "off_screen_speaks"
NOT_COMPARED: Final[tuple[str, ...]] = (ANOTHER_SPEAKS, NOBODY_SEEN_SPEAKS)
"""Why a face is not compared with the voice that is heard: it is not that of this face."""

COMPOUNDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("fearfully_surprised", "fear", "surprise"),
    ("happily_surprised", "happiness", "surprise"),
    ("sadly_surprised", "sadness", "surprise"),
    ("disgustedly_surprised", "disgust", "surprise"),
    ("angrily_surprised", "anger", "surprise"),
    ("sadly_fearful", "sadness", "fear"),
    ("sadly_angry", "sadness", "anger"),
)
"""Compound expressions: name and the two emotions of each, in the order of the C-EXPR classes
(Kollias 2023, CVPR)."""
COMPOUND_NAMES: Final = tuple(name for name, _, _ in COMPOUNDS)

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
        OTHER: "другое",
        NO_FACE: "нет лица",
        NO_SPEECH: "нет речи",
        UNCERTAIN: "не определено",
    },
}
"""Names of the labels for people, by language."""

SYNONYMS: Final[dict[str, str]] = {
    "anger": "angry ang furious fury rage злость злой злая ярость сердитый сердитая",
    "contempt": "contemptuous disdain scorn презрительный",
    "disgust": "disgusted dis брезгливость",
    "fear": "fearful fea afraid frightened scared испуг боязнь",
    "happiness": "happy hap joy joyful счастье радостный радостная счастливый счастливая",
    "neutral": "neu neutrality no_emotion нейтрально нейтральный нейтральная без_эмоций",
    "sadness": "sad sorrow печаль печальный печальная грустный грустная",
    "surprise": "surprised sur astonished astonishment pleasant_surprise удивленный удивленная",
    "enthusiasm": "enthusiastic энтузиазм",
}
"""Other words that data and people use for a label: adjectives, abbreviations, plain synonyms.
Words are divided by blanks and written as `plain_name` writes them."""

CALM: Final[tuple[str, ...]] = ("calm", "calmness", "спокойствие", "спокойный", "спокойная")
"""Names that lie near neutral and are no synonym of it: RAVDESS acts calm and neutral apart."""

COLOURS: Final[dict[str, str]] = {
    "anger": "#C8302A",
    "contempt": "#730E29",
    "disgust": "#699474",
    "fear": "#8039FD",
    "happiness": "#D98D27",
    "neutral": "#47B1FA",
    "sadness": "#1B567F",
    "surprise": "#A07AA0",
    "enthusiasm": "#FBE020",
    "positive": "#B0DDA0",
    OTHER: "#481F40",
    NO_FACE: "#DFDFDF",
    NO_SPEECH: "#B7B7B7",
    UNCERTAIN: "#646464",
}
"""Colour of each label, sRGB ``#RRGGBB``: the same in the page, the workbook and the pictures.

Found by a search for the largest smallest distance: any two differ by at least 15 in CIEDE2000,
seen with and without protanopia, deuteranopia and tritanopia (simulated after Machado, Oliveira
and Fernandes 2009), save `OTHER`, which came later and differs from each by at least 14, and the
two gaps, which tell the same thing and differ by at least 9. A test holds them to that.
"""

ICONS: Final[dict[str, str]] = {
    "anger": "▲",
    "contempt": "◄",
    "disgust": "▼",
    "fear": "◊",
    "happiness": "●",
    "neutral": "○",
    "sadness": "■",
    "surprise": "☼",
    "enthusiasm": "►",
    "positive": "□",
    OTHER: "◘",
    NO_FACE: "×",
    NO_SPEECH: "–",
    UNCERTAIN: "?",
}
"""A mark for each label where colour alone must not tell: one character that common fonts hold
(those of the Windows Glyph List 4) and that no program draws as a coloured picture."""

BLACK: Final = "#000000"
WHITE: Final = "#FFFFFF"


def contrast(foreground: str, background: str) -> float:
    """Contrast ratio of two colours ``#RRGGBB``, 1–21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(foreground), _luminance(background)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(label: str) -> str:
    """Colour of text on the colour of `label`: black or white, whichever is easier to read."""
    return max((BLACK, WHITE), key=lambda colour: contrast(colour, COLOURS[label]))


def _luminance(colour: str) -> float:
    """Relative luminance of a colour ``#RRGGBB``, 0–1 (WCAG 2.2)."""
    channels = [int(colour[offset : offset + 2], 16) / 255 for offset in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def like(label: str, bridge: Mapping[str, str] | None) -> str:
    """The label in whose colour a label is shown: the one that the bridge equates it with.

    Examples
    --------
    >>> like("positive", {"positive": "happiness"}), like("positive", None)
    ('happiness', 'positive')
    """
    partner = (bridge or {}).get(label, label)
    return partner if partner in COLOURS else label


def is_emotion(label: str | None) -> bool:
    """Whether `label` names an emotion (and not a gap, silence or abstention)."""
    return label is not None and label not in NON_EMOTIONS


def plain_name(text: str) -> str:
    """A name as it is compared: lower case, underscores for blanks and hyphens, no ё."""
    return "_".join(text.replace("-", " ").split()).casefold().replace("ё", "е")


def label_named(text: str) -> str | None:
    """The label that a name means in English or Russian, synonyms included; None for others."""
    return _labels_by_name().get(plain_name(text))


def is_calm(text: str) -> bool:
    """Whether a name is one of `CALM`."""
    return plain_name(text) in map(plain_name, CALM)


@cache
def _labels_by_name() -> Mapping[str, str]:
    names = [(name, label) for table in NAMES.values() for label, name in table.items()]
    names += [(word, label) for label, words in SYNONYMS.items() for word in words.split()]
    return {plain_name(name): label for name, label in names}
