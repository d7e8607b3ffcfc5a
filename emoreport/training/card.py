"""Fill the tables of a model card, between ``<!-- figures: NAME -->`` and ``<!-- end -->``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def rounded(value: float | None, decimals: int, missing: str = "") -> str:
    """A number with so many decimals, or what is written where there is none."""
    return missing if value is None else f"{value:.{decimals}f}"


def filled(card: Path, blocks: Mapping[str, str]) -> str:
    """The text of the card with its blocks replaced.

    Raises
    ------
    ValueError
        When the card lacks the place of a block, or has two.
    """
    text = card.read_text(encoding="utf-8")
    for name, made in blocks.items():
        begin = f"<!-- figures: {name} -->\n"
        if text.count(begin) != 1:
            raise ValueError(f"{card}: {text.count(begin)} places for the table {name}")
        before, _, after = text.partition(begin)
        _, end, rest = after.partition("<!-- end -->")
        text = f"{before}{begin}{made}\n{end}{rest}"
    return text
