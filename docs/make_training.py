"""Fill the tables of docs/training.md from docs/training.measured.json.

python docs/make_training.py

The figures come from ``python -m emoreport.training.acted``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from emoreport.training.card import filled, table

PAGE: Final = Path(__file__).with_name("training.md")
FIGURES: Final = Path(__file__).with_name("training.measured.json")
KINDS: Final = {
    "face": "face alone",
    "voice": "voice alone",
    "early": "early fusion",
    "late, mean": "late fusion, mean of probabilities",
    "late, logarithms": "late fusion, mean of their logarithms",
    "prosody": "voice alone, 57 measures of prosody",
    "late, mean, prosody": "late fusion with these, mean",
    "late, logarithms, prosody": "late fusion with these, mean of logarithms",
}
SWAPPED: Final = {
    "0": "0 %",
    "0.25": "25 %",
    "0.5": "50 %",
    "1": "100 %",
    "shuffled": "all voices shuffled",
}
PERSONAL: Final = {
    "face": "RAVDESS, face",
    "voice": "RAVDESS, voice",
    "both": "RAVDESS, both",
}


def two(figure: Mapping[str, float] | None) -> str:
    """A value and its interval, two decimals."""
    if figure is None:
        return "–"
    value, low, high = (round(figure[name], 2) + 0.0 for name in ("value", "low", "high"))
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def points(figure: Mapping[str, float] | None) -> str:
    """A gain in percentage points, with its interval."""
    if figure is None:
        return "–"
    value, low, high = (100 * figure[name] for name in ("value", "low", "high"))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def fusion(figures: Mapping[str, Any]) -> str:
    """Face, voice and both, actors left out."""
    rows = []
    for name, words in KINDS.items():
        plain, own = figures["fusion"][name], figures["fusion_by_speaker"][name]
        halves = f"{plain['uar_heard']:.2f} / {plain['uar_unheard']:.2f}"
        gain, own_gain = (points(each.get("gain")) for each in (plain, own))
        rows.append([words, two(plain["uar"]), gain, halves, two(own["uar"]), own_gain])
    head = ["", "UAR", "over the better single one, points", "encoder heard / never heard"]
    return table([*head, "UAR, by speaker", "gain, by speaker"], rows)


def swaps(figures: Mapping[str, Any]) -> str:
    """What is found of swapped voices."""
    rows = []
    for name, words in SWAPPED.items():
        own = figures["swaps"][name]
        clip = (two(own[each]) for each in ("marked_swapped", "marked_others", "roc_auc"))
        share = f"{two(own['mismatch_share'])}, chance {own['expected_share']['value']:.2f}"
        verdicts = (_verdicts(own[each]) for each in ("verdicts", "verdicts_in_a_row"))
        rows.append([words, *clip, share, two(own["kappa"]), *verdicts])
    head = ["voices swapped", "swapped clips marked", "other clips marked", "ROC AUC"]
    head += ["share of mismatches", "kappa", "180 talks of one actor", "60 of three in a row"]
    return table(head, rows)


def bounds(figures: Mapping[str, Any]) -> str:
    """How often the shift test errs where there is nothing to find."""
    words = {"common": "at the same moments, as in clips", "own": "at moments of their own"}
    shares = figures["false_alarms"]
    rows = [[words[name], f"{100 * shares[name]:.0f} %"] for name in words]
    return table(["face and voice change", "found at a level of 5 %"], rows)


def personal(figures: Mapping[str, Any]) -> str:
    """Universal against personal heads."""
    rows = []
    for name, words in PERSONAL.items():
        rows += _personal(words, figures["personal_ravdess"][name])
    rows += _personal("nEMO, voice", figures["personal_nemo"]["voice"])
    return table(["", "own clips", "UAR", "accuracy", "UAR gained, points"], rows)


def _personal(words: str, by_number: Mapping[str, Any]) -> list[Sequence[str]]:
    return [
        [
            words,
            "none: universal" if number == "0" else number,
            two(own["uar"]),
            two(own["accuracy"]),
            points(own.get("gain")),
        ]
        for number, own in by_number.items()
    ]


def _verdicts(counts: Mapping[str, int]) -> str:
    """Verdicts that occur, the most frequent first."""
    often = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])
    return ", ".join(f"{name} {counts[name]}" for name in often)


TABLES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "fusion": fusion,
    "swaps": swaps,
    "bounds": bounds,
    "personal": personal,
}


def page() -> str:
    """The page with its tables as the figures have them.

    Raises
    ------
    ValueError
        When the page lacks the place of a table.
    """
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    return filled(PAGE, {name: made(figures) for name, made in TABLES.items()})


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
