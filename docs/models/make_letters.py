"""Fill the tables of docs/models/letters-ru.md from the figures of the weights.

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


TALKS: Final = {"texts": "ships", "without_festvox.texts": "never heard a human"}
KINDS: Final = {
    "talk.own": "talk, its own text",
    "talk.part": "talk, a text that fits in part",
    "talk.other": "talk, another text",
    "cues.own": "cues, their own text",
    "cues.other": "cues, other sentences",
    "sentence.own": "one sentence, its own text",
    "sentence.other": "one sentence, another one",
}


def boundaries(figures: dict[str, Any]) -> str:
    """Errors of word boundaries."""
    rows = []
    for path, name in ROWS.items():
        found = _at(figures, path)
        rows.append(
            [
                name,
                f"{found['sentences']}",
                f"{found['boundaries']:,}",
                f"{found['median_ms']:.0f} ms",
                f"{found['p90_ms']:.0f} ms",
                _percent(found["beyond_200_ms"]),
            ]
        )
    head = ["network", "sentences", "boundaries", "median", "90 %", "beyond 200 ms"]
    return table(head, rows)


def texts(figures: dict[str, Any]) -> str:
    """Which words are placed, by network and kind of text."""
    rows = []
    for path, network in TALKS.items():
        for kind, name in KINDS.items():
            found = _at(figures, f"{path}.{kind}")
            said = ["", "", "", ""]
            if "said" in found:
                said = [
                    f"{found['said']:,}",
                    _percent(found["placed"]),
                    _percent(found["at_place"]),
                    f"{found['median_ms']:.0f} ms",
                ]
            unsaid = ["", ""]
            if "foreign" in found:
                unsaid = [f"{found['foreign']:,}", _percent(found["foreign_placed"])]
            rows.append([network, name, *said, *unsaid])
    said_head = ["words said", "placed", "of these within 0.3 s", "boundaries, median"]
    return table(["network", "text", *said_head, "words not said", "placed"], rows)


def _at(figures: dict[str, Any], path: str) -> dict[str, Any]:
    for key in path.split("."):
        figures = figures[key]
    return figures


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def page() -> str:
    """The card as it must read."""
    figures = json.loads(METADATA.read_text(encoding="utf-8"))["figures"]
    return filled(CARD, {"boundaries": boundaries(figures), "texts": texts(figures)})


if __name__ == "__main__":
    CARD.write_text(page(), encoding="utf-8")
