"""What happens when in the sample: one row per stretch, its face, its voice, its words."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from talk_rig import Expression

FRAME_RATE_HZ: Final = 25


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a sentence is read: the settings of espeak-ng.

    Attributes
    ----------
    words_per_minute
        ``-s``.
    pitch
        ``-p``, 0-99.
    amplitude
        ``-a``, 0-200.
    pitch_range
        Percent of the usual melody (``<prosody range>``).
    """

    words_per_minute: int
    pitch: int
    amplitude: int
    pitch_range: int


@dataclass(frozen=True, slots=True)
class Scene:
    """One stretch of the sample.

    Attributes
    ----------
    duration_s
        A whole number of frames.
    face, voice
        Intended emotion, or ``no_face`` and ``no_speech``.
    note
        What a reader of the script should know.
    words
        The sentence that is read, Russian; empty for silence.
    """

    duration_s: float
    face: str
    voice: str
    note: str
    words: str = ""


CALM: Final = Expression()
EXPRESSIONS: Final = {
    "neutral": CALM,
    "happiness": Expression(smile=1.0, lid_tighten=0.35, brow_outer=0.15),
    "surprise": Expression(jaw=1.0, brow_inner=1.1, brow_outer=1.1, lid_raise=1.0, pucker=0.6),
    "sadness": Expression(
        frown=1.3,
        brow_inner=1.45,
        brow_outer=-0.5,
        brow_knit=0.55,
        lid_droop=0.85,
        lid_tighten=0.7,
        press=0.3,
    ),
    "anger": Expression(
        brow_knit=1.4, lid_tighten=0.9, lid_raise=0.1, frown=0.75, press=0.8, sneer=0.2
    ),
}

DELIVERIES: Final = {
    "neutral": Delivery(150, 50, 100, 80),
    "happiness": Delivery(175, 75, 130, 160),
    "surprise": Delivery(160, 88, 130, 200),
    "sadness": Delivery(110, 28, 60, 40),
    "anger": Delivery(195, 60, 190, 140),
}

SCENES: Final = (
    Scene(
        4.6,
        "neutral",
        "neutral",
        "greeting",
        "Здравствуйте. Сегодня я расскажу, как прошла неделя.",
    ),
    Scene(
        4.2,
        "happiness",
        "happiness",
        "good news; face and voice agree",
        "У нас отличные новости! Всё получилось, и мы очень рады!",
    ),
    Scene(
        4.2,
        "surprise",
        "surprise",
        "face and voice agree",
        "Неужели? Вот это да! Такого никто не ожидал!",
    ),
    Scene(
        3.6,
        "no_face",
        "neutral",
        "a slide; the voice goes on",
        "На этом слайде показано, как менялись результаты.",
    ),
    Scene(2.4, "neutral", "no_speech", "a pause in the speech"),
    Scene(
        5.0,
        "sadness",
        "sadness",
        "face and voice agree",
        "К сожалению, пришли не все. Мне очень жаль.",
    ),
    Scene(
        4.0,
        "anger",
        "anger",
        "face and voice agree",
        "Сколько можно ждать? Так работать нельзя! Это возмутительно!",
    ),
    Scene(
        4.8,
        "happiness",
        "sadness",
        "a smile over a low, slow voice: they disagree on purpose",
        "Ничего страшного. Наверное, так и надо.",
    ),
    Scene(3.4, "neutral", "neutral", "farewell", "Спасибо за внимание. До свидания."),
)


def starts_s() -> list[float]:
    """Return when each scene starts, and at last when the sample ends; seconds."""
    starts = [0.0]
    for scene in SCENES:
        starts.append(round(starts[-1] + scene.duration_s, 3))
    return starts


def write_script(path: Path) -> None:
    """Write the script as a table: start, end, face, voice, note."""
    starts = starts_s()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("start", "end", "face", "voice", "note"))
        for scene, start, end in zip(SCENES, starts, starts[1:], strict=False):
            writer.writerow((f"{start:.3f}", f"{end:.3f}", scene.face, scene.voice, scene.note))
