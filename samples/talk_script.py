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
    """How a sentence is read.

    Attributes
    ----------
    pitch_hz
        Median pitch.
    melody
        How far the pitch moves, in units of the neutral voice's own movement.
    ending_semitones
        How far the pitch rises, or falls, towards the end.
    pace
        Tempo, in units of the neutral voice's own.
    loudness
        Root mean square of the samples, against full scale.
    brightness
        From soft and dark (-1) to tense and bright (1).
    formants
        Up for smiling lips, down for drooping ones; 1 is neutral.
    tremor_semitones
        How far the pitch shakes.
    """

    pitch_hz: float
    melody: float
    ending_semitones: float
    pace: float
    loudness: float
    brightness: float
    formants: float = 1.0
    tremor_semitones: float = 0.0


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
        frown=1.0,
        brow_inner=1.35,
        brow_outer=-0.7,
        brow_knit=0.3,
        lid_droop=0.82,
        lid_tighten=0.5,
        press=0.3,
        stretch=0.6,
    ),
    # With bared teeth: lowered brows above closed lips are neutral to the model.
    "anger": Expression(
        brow_knit=1.2,
        brow_outer=0.1,
        lid_tighten=0.8,
        lid_raise=0.45,
        frown=0.9,
        sneer=0.6,
        jaw=0.4,
        stretch=0.9,
    ),
}

DELIVERIES: Final = {
    "neutral": Delivery(170.0, 0.7, -1.5, 1.24, 0.07, -0.2),
    "happiness": Delivery(320.0, 1.6, 4.0, 1.31, 0.1, -0.2, 1.04, 0.2),
    "surprise": Delivery(262.0, 2.4, 3.0, 1.18, 0.1, 0.1),
    "sadness": Delivery(160.0, 0.45, -2.0, 0.95, 0.035, -0.5, 0.96),
    "anger": Delivery(216.0, 1.1, -3.0, 1.42, 0.16, 0.9, 1.08),
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
        4.4,
        "anger",
        "anger",
        "face and voice agree",
        "Сколько можно ждать? Так работать нельзя! Это возмутительно!",
    ),
    Scene(
        4.4,
        "happiness",
        "anger",
        "a smile over a voice that is still angry: they disagree on purpose",
        "Да всё просто прекрасно! Лучше не бывает! Вот спасибо!",
    ),
    Scene(3.4, "neutral", "neutral", "farewell", "На этом я закончу. Спасибо за внимание."),
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
