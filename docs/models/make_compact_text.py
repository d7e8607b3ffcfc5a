"""Fill the tables of docs/models/compact-text.md from the figures of the weights.

python docs/models/make_compact_text.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import emoreport
from emoreport.training.card import filled, rounded, table

CARD: Final = Path(__file__).with_name("compact-text.md")
METADATA: Final = Path(emoreport.__file__).parent / "weights" / "text_compact.json"
NAMES: Final = {"ru_izard_val": "ru_izard_val", "cedr": "CEDR, held out"}


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


def page() -> str:
    """The card as it must read."""
    metadata = json.loads(METADATA.read_text(encoding="utf-8"))
    figures, labels = metadata["figures"], metadata["labels"]
    blocks = {"f1": f1(figures, labels), "calibration": calibration(figures, labels)}
    return filled(CARD, blocks)


if __name__ == "__main__":
    CARD.write_text(page(), encoding="utf-8")
