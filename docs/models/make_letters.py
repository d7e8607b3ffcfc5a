"""Fill the table of docs/models/letters-ru.md from the figures of the weights.

python docs/models/make_letters.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import emoreport
from emoreport.training.card import filled, table

CARD: Final = Path(__file__).with_name("letters-ru.md")
METADATA: Final = Path(emoreport.__file__).parent / "weights" / "letters_ru.json"
ROWS: Final = {
    "festvox_held_out": "ships; sentences held out",
    "without_festvox.festvox_held_out": "never heard a human; the same sentences",
    "without_festvox.festvox_all": "never heard a human; all sentences",
}


def boundaries(figures: dict[str, Any]) -> str:
    """Errors of word boundaries."""
    rows = []
    for path, name in ROWS.items():
        found = figures
        for key in path.split("."):
            found = found[key]
        rows.append(
            [
                name,
                f"{found['sentences']}",
                f"{found['boundaries']:,}",
                f"{found['median_ms']:.0f} ms",
                f"{found['p90_ms']:.0f} ms",
                f"{100 * found['beyond_200_ms']:.1f} %",
            ]
        )
    head = ["network", "sentences", "boundaries", "median", "90 %", "beyond 200 ms"]
    return table(head, rows)


def page() -> str:
    """The card as it must read."""
    figures = json.loads(METADATA.read_text(encoding="utf-8"))["figures"]
    return filled(CARD, {"boundaries": boundaries(figures)})


if __name__ == "__main__":
    CARD.write_text(page(), encoding="utf-8")
