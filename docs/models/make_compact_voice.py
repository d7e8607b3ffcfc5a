"""Fill the tables and draw the curves of docs/models/compact-voice.md from the weights' figures.

python docs/models/make_compact_voice.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import emoreport
from emoreport.training import selective
from emoreport.training.answers import precision_markdown
from emoreport.training.card import filled, rounded, table
from emoreport.training.voice import talks
from emoreport.training.voice.intensity import PAIRS
from emoreport.training.voice.labels import CORPUS_NAMES as NAMES
from emoreport.training.voice.labels import LABELS

CARD: Final = Path(__file__).with_name("compact-voice.md")
PICTURE: Final = CARD.parents[1] / "pictures" / "voice-coverage.svg"
METADATA: Final = Path(emoreport.__file__).parent / "weights" / "voice_compact.json"
BEFORE: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "speakers": {
        "nemo": ("0.59", "0.48", "0.59", "0.74"),
        "ravdess": ("0.74", "0.75", "0.71", "0.88"),
        "ased": ("0.32", "0.11", "0.86", "0.88"),
        "emospeech": ("0.10", "0.01", "0.47", "0.57"),
        "festvox_ru": ("0.01", "0.01", "0.65", "0.65"),
        "tuxpaint": ("0.33", "0.33", "0.91", "0.91"),
    },
    "corpora": {
        "nemo": ("0.19", "0.01", "0.45", "0.18", "1.00", "0.62"),
        "ravdess": ("0.29", "0.28", "0.27", "0.34", "0.83", "0.07"),
        "ased": ("0.32", "0.11", "0.31", "0.39", "0.57", "0.06"),
        "emospeech": ("0.10", "0.01", "0.58", "0.26", "0.55", "0.11"),
        "festvox_ru": ("0.01", "0.01", "0.43", "0.85", "0.85", "0.56"),
        "tuxpaint": ("0.33", "0.33", "0.20", "0.83", "0.83", "0.44"),
    },
    "conditions": {
        "as recorded": ("0.61", "0.60", "0.72", "0.73"),
        "noise, 10 dB": ("0.53", "0.43", "0.61", "0.46"),
        "white noise, 10 dB": ("0.55", "0.45", "0.65", "0.47"),
        "telephone band": ("0.52", "0.48", "0.66", "0.65"),
        "room, 0.5 s, direct 0 dB": ("0.48", "0.50", "0.62", "0.56"),
    },
}
"""What versions 2 and 3.0 scored by the same commands: macro recall, neutral (and ECE) of either;
under degraded sound the macro recall of either, nEMO then RAVDESS."""


def two(value: float | None) -> str:
    """Two decimals, or a dash."""
    return rounded(value, 2, missing="–")


def speakers(figures: Mapping[str, Any]) -> str:
    """Unheard speakers of heard corpora, beside earlier versions."""
    rows = []
    for corpus, found in figures["left_out_speakers"].items():
        recalls = dict(found["recall_per_class"])
        neutral = recalls.pop("neutral", None)
        others = sum(recalls.values()) / len(recalls) if recalls else None
        macro = f"**{two(found['macro_recall_mean_of_folds'])}**"
        told = (macro, two(neutral), two(others))
        rows.append([NAMES[corpus], f"{found['clips']:,}", *BEFORE["speakers"][corpus], *told])
    head = ["corpus", "clips", "version 2: macro", "neutral", "3.0: macro", "neutral"]
    return table([*head, "now: macro", "neutral", "mean of the others"], rows)


def classes(figures: Mapping[str, Any]) -> str:
    """Recall of every class, unheard speakers."""
    rows = [
        [NAMES[corpus], *(two(found["recall_per_class"].get(label)) for label in LABELS)]
        for corpus, found in figures["left_out_speakers"].items()
    ]
    return table(["recall", *LABELS], rows)


def corpora(figures: Mapping[str, Any]) -> str:
    """Corpora never heard, beside earlier versions."""
    rows = []
    for corpus in NAMES:
        found = figures["left_out_corpora"][corpus]
        surest = found["accuracy_of_surest"].values()
        told = (
            f"**{two(found['macro_recall'])}**",
            two(found["recall_per_class"].get("neutral")),
            two(found["calibration_error"]),
        )
        rows.append([NAMES[corpus], *BEFORE["corpora"][corpus], *told, *map(two, surest)])
    head = ["corpus"]
    for version in ("version 2", "3.0", "now"):
        head += [f"{version}: macro", "neutral", "ECE"]
    return table([*head, "surest 25 %", "50 %", "75 %", "all"], rows)


def telephone(figures: Mapping[str, Any]) -> str:
    """Corpora never heard, as they come through a telephone."""
    rows = []
    for corpus in NAMES:
        plain = figures["left_out_corpora"][corpus]
        line = figures["left_out_corpora_by_telephone"][corpus]
        cells = [NAMES[corpus]]
        for found in (plain, line):
            neutral = found["recall_per_class"].get("neutral")
            cells += [two(found["macro_recall"]), two(neutral)]
        rows.append([*cells, two(line["calibration_error"])])
    head = ["corpus", "as recorded: macro", "neutral", "by telephone: macro", "neutral", "ECE"]
    return table(head, rows)


def conditions(figures: Mapping[str, Any]) -> str:
    """Unheard speakers under degraded sound, on a share of the clips."""
    rows = []
    for name, found in figures["macro_recall_by_condition"].items():
        old = BEFORE["conditions"].get(name, ("",) * 4)
        first, second = (two(found[corpus]) for corpus in ("nemo", "ravdess"))
        others = [two(found[corpus]) for corpus in ("ased", "emospeech")]
        rows.append([name, *old[:2], f"**{first}**", *old[2:], f"**{second}**", *others])
    for length, found in figures["macro_recall_by_window"].items():
        told = [two(found[corpus]) for corpus in ("nemo", "ravdess", "ased", "emospeech")]
        if length != "all":
            blank = ["", ""]
            rows.append([f"middle {length} alone", *blank, told[0], *blank, *told[1:]])
    head = ["condition"]
    for corpus in ("nEMO", "RAVDESS"):
        head += [f"{corpus}: version 2", "3.0", "now"]
    return table([*head, "ASED: now", "emospeech: now"], rows)


def intensity(figures: Mapping[str, Any]) -> str:
    """How well intensity orders the clips of corpora never heard."""
    rows = []
    for corpus, found in figures["intensity_of_left_out_corpora"].items():
        pairs = (found.get(f"{high} above {low}") for high, low in PAIRS)
        usual = found.get("neutral", found.get("level1"))
        rows.append([NAMES.get(corpus, "BAVED"), two(usual), *map(two, pairs)])
    head = ["corpus", "mean of neutral (level 1)"]
    return table([*head, *(f"{high} above {low}" for high, low in PAIRS)], rows)


TABLES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "speakers": speakers,
    "classes": classes,
    "corpora": corpora,
    "telephone": telephone,
    "precision": lambda found: precision_markdown(found["precision"]["classes"]),
    "conditions": conditions,
    "intensity": intensity,
    "talks-corpora": lambda found: talks.markdown(found["talks_of_left_out_corpora"]),
    "talks-speakers": lambda found: talks.markdown(found["talks_of_left_out_speakers"]),
    "selective-corpora": lambda found: selective.markdown(
        found["selective_on_left_out_corpora"], "clips"
    ),
    "selective-speakers": lambda found: selective.markdown(
        found["selective_on_left_out_speakers"], "clips"
    ),
}


def page() -> str:
    """The card with its tables as the figures have them.

    Raises
    ------
    ValueError
        When the card lacks a place for a table.
    """
    figures = json.loads(METADATA.read_text(encoding="utf-8"))["figures"]
    return filled(CARD, {name: made(figures) for name, made in TABLES.items()})


COLOURS: Final = ("#1b567f", "#d98d27", "#c8302a", "#699474", "#8039fd", "#a07aa0")
WIDTH, HEIGHT, EDGE = 640, 300, 46


def curves() -> str:
    """Accuracy against coverage of corpora and speakers left out, as an SVG picture."""
    figures = json.loads(METADATA.read_text(encoding="utf-8"))["figures"]
    frame = f'viewBox="0 0 {2 * WIDTH} {HEIGHT + 70}" font-family="sans-serif" font-size="15"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img">',
        "<title>Accuracy of the surest clips against the share of clips kept</title>",
        f'<rect width="{2 * WIDTH}" height="{HEIGHT + 70}" fill="white"/>',
    ]
    titles = ("corpora left out whole", "speakers left out")
    keys = ("selective_on_left_out_corpora", "selective_on_left_out_speakers")
    for panel, (key, title) in enumerate(zip(keys, titles, strict=True)):
        left, high = panel * WIDTH + EDGE, HEIGHT - 2 * EDGE
        wide = WIDTH - 2 * EDGE - 90
        parts.append(f'<text x="{left}" y="24" font-weight="bold">{title}</text>')
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            y = EDGE + high * (1 - share)
            parts.append(
                f'<path d="M{left} {y:.1f}h{wide}" stroke="#ddd"/>'
                f'<text x="{left - 8}" y="{y + 5:.1f}" text-anchor="end">{share:g}</text>'
            )
        for number, corpus in enumerate(NAMES):
            accuracy = figures[key][corpus]["confidence"]["accuracy"]
            points = [
                (left + wide * float(kept), EDGE + high * (1 - value))
                for kept, value in accuracy.items()
            ]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            colour, y = COLOURS[number], EDGE + 12 + 22 * number
            parts.append(
                f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="3"/>'
                f'<text x="{left + wide + 12}" y="{y}" fill="{colour}">{NAMES[corpus]}</text>'
            )
        for kept in accuracy:
            x = left + wide * float(kept)
            parts.append(
                f'<text x="{x:.1f}" y="{EDGE + high + 24}" text-anchor="middle">'
                f"{float(kept):.0%}</text>"
            )
        parts.append(f'<text x="{left}" y="{EDGE + high + 50}">surest clips kept</text>')
    return "\n".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    CARD.write_text(page(), encoding="utf-8")
    PICTURE.write_text(curves(), encoding="utf-8")
