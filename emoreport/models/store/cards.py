"""The model cards: what a person should know before using a model."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from emoreport.models.store.registry import ModelEntry


def card_text(model: ModelEntry) -> str:
    """Card of a model, Markdown; "" where this installation has none.

    An installed package carries the cards in its folder ``cards``; in a checkout they are in
    ``docs/models``.
    """
    package = Path(str(resources.files("emoreport")))
    for folder in (package / "cards", package.parent / "docs" / "models"):
        path = folder / model.card
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return ""
