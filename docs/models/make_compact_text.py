"""Fill the tables of docs/models/compact-text.md from the figures of the weights.

python docs/models/make_compact_text.py

The limits of doubt and the second table of F1 come from compact-text.measured.json, which
``python -m emoreport.training.text.limits --data ../shared/data --out docs/models`` makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import emoreport
from emoreport.training.card import filled, rounded, table

CARD: Final = Path(__file__).with_name("compact-text.md")
METADATA: Final = Path(emoreport.__file__).parent / "weights" / "text_compact.json"
MEASURED: Final = CARD.with_name("compact-text.measured.json")
EVIDENCE: Final = ("entropy", "margin")
NAMES: Final = {"ru_izard_val": "ru_izard_val", "cedr": "CEDR, held out"}

PUBLISHED: Final[dict[str, dict[str, float]]] = {
    "rubert-tiny2 on ru-izard-emotions, by its card": {
        "shared": 0.666,
        "neutral": 0.6021,
        "happiness": 0.7237,
        "sadness": 0.6548,
        "anger": 0.6274,
        "enthusiasm": 0.7291,
        "surprise": 0.5712,
        "disgust": 0.4780,
        "fear": 0.8158,
    },
    "rubert-tiny2-cedr on CEDR, by its card": {
        "shared": 0.835,
        "neutral": 0.8562,
        "happiness": 0.8962,
        "sadness": 0.9017,
        "surprise": 0.8366,
        "fear": 0.8359,
        "anger": 0.6820,
    },
}
"""Figures of huggingface.co/Djacon/rubert-tiny2-russian-emotion-detection and of
huggingface.co/cointegrated/rubert-tiny2-cedr-emotion-detection; "shared" is their mean."""


def f1(figures: dict[str, Any], labels: list[str]) -> str:
    """F1 by collection and emotion."""
    rows = [
        [
            name,
            f"{figures[key]['sentences']:,}",
            f"**{rounded(figures[key]['macro_f1_shared'], 3)}**",
            *(rounded(figures[key]["f1"].get(label), 2, missing="–") for label in labels),
        ]
        for key, name in NAMES.items()
    ]
    return table(["", "sentences", "macro F1, shared", *labels], rows)


def both_ways(measured: dict[str, Any], labels: list[str]) -> str:
    """F1 as other models' cards give it, with what these say of themselves."""
    found = {NAMES[key]: row for key, row in measured["f1_both_ways"].items()}
    rows = [
        [
            name,
            f"**{rounded(row['shared'], 3)}**",
            *(rounded(row.get(label), 2, missing="–") for label in labels),
        ]
        for name, row in (found | PUBLISHED).items()
    ]
    return table(["", "mean, shared", *labels], rows)


def calibration(figures: dict[str, Any], labels: list[str]) -> str:
    """Calibration error by collection and emotion."""
    rows = [
        [
            name,
            *(
                rounded(figures[key]["calibration_error"].get(label), 3, missing="–")
                for label in labels
            ),
        ]
        for key, name in NAMES.items()
    ]
    return table(["", *labels], rows)


def coverage(stated: dict[str, Any]) -> str:
    """Accuracy of the labels of least doubt, by collection and what tells doubt."""
    shares = list(stated["cedr"]["entropy"]["accuracy"])
    rows = [
        [
            name,
            f"{stated[key]['sentences']:,}",
            evidence,
            *(rounded(stated[key][evidence]["accuracy"][share], 2) for share in shares),
        ]
        for key, name in NAMES.items()
        for evidence in EVIDENCE
    ]
    head = ["", "sentences", "by", *(f"surest {float(share):.0%}" for share in shares)]
    return table(head, rows)


def limits(measured: dict[str, Any]) -> str:
    """What lies beyond each limit."""
    rows = [
        [
            evidence,
            level,
            rounded(limit, 2, missing="none"),
            name,
            *(
                rounded(measured["stated"][key][evidence]["levels"][level][part], 2, missing="–")
                for part in ("beyond", "right_beyond", "right_within")
            ),
        ]
        for evidence in EVIDENCE
        for level, limit in measured["limits"][evidence].items()
        for key, name in NAMES.items()
    ]
    return table(["", "level", "limit", "", "beyond", "right beyond", "right within"], rows)


def fragments(measured: dict[str, Any]) -> str:
    """Accuracy by number of words."""
    parts = measured["fragments"]
    numbers = list(parts["cedr"]["right"])
    rows = [
        [
            name,
            f"{parts[key]['sentences']:,}",
            *(rounded(parts[key]["right"][number], 2) for number in numbers),
            rounded(parts[key]["whole"], 2),
        ]
        for key, name in NAMES.items()
    ]
    return table(["", "sentences", *(f"{number} words" for number in numbers), "whole"], rows)


def page() -> str:
    """The card as it must read.

    Raises
    ------
    ValueError
        When the card lacks a place for a table, or the limits are those of other weights.
    """
    metadata = json.loads(METADATA.read_text(encoding="utf-8"))
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    if measured["files"] != {metadata["file"]: metadata["sha256"]}:
        raise ValueError(f"{MEASURED} is of other weights: measure them ({__doc__})")
    figures, labels = metadata["figures"], metadata["labels"]
    blocks = {
        "f1": f1(figures, labels),
        "both_ways": both_ways(measured, labels),
        "calibration": calibration(figures, labels),
        "coverage": coverage(measured["stated"]),
        "limits": limits(measured),
        "fragments": fragments(measured),
    }
    return filled(CARD, blocks)


if __name__ == "__main__":
    CARD.write_text(page(), encoding="utf-8")
