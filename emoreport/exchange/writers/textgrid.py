"""Write Praat TextGrid files, long text format, UTF-8.

Every tier is an interval tier that fills the whole time, as Praat demands: where nothing is
annotated, the text is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoreport.exchange.writers import Files, Media
from emoreport.exchange.writers.tiers import (
    Cell,
    Tier,
    duration_ms,
    shown_label,
    tiers_with_words,
)
from emoreport.results import Findings


def textgrid_files(findings: Findings, _media: Media, lang: str) -> Files:
    """One TextGrid with all the tiers of `tiers_with_words`.

    Parameters
    ----------
    findings
        One talk.
    lang
        ``en``: intervals hold the labels of the tables; else their names in this language.
    """
    content = textgrid(tiers_with_words(findings), duration_ms(findings), lang)
    return {".TextGrid": content.encode("utf-8", "backslashreplace")}


def textgrid(tiers: Sequence[Tier], end_ms: int, lang: str) -> str:
    """A TextGrid of some tiers that lasts from 0 to `end_ms`; `lang` as for `textgrid_files`."""
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {_seconds(end_ms)}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, tier in enumerate(tiers, start=1):
        lines.append(f"    item [{number}]:")
        lines.extend(f"        {line}" for line in _tier_lines(tier, end_ms, lang))
    return "\n".join(lines) + "\n"


def filled(cells: Sequence[Cell], end_ms: int) -> Iterator[tuple[int, int, Cell | None]]:
    """Cells and the gaps between them: (start, end, cell or None) that tile [0, `end_ms`]."""
    at_ms = 0
    for cell in cells:
        if cell.start_ms > at_ms:
            yield at_ms, cell.start_ms, None
        yield cell.start_ms, cell.end_ms, cell
        at_ms = cell.end_ms
    if at_ms < end_ms:
        yield at_ms, end_ms, None


def _tier_lines(tier: Tier, end_ms: int, lang: str) -> Iterator[str]:
    pieces = list(filled(tier.cells, end_ms))
    yield 'class = "IntervalTier"'
    yield f"name = {_quoted(tier.name)}"
    yield "xmin = 0"
    yield f"xmax = {_seconds(end_ms)}"
    yield f"intervals: size = {len(pieces)}"
    for number, (start_ms, stop_ms, cell) in enumerate(pieces, start=1):
        yield f"intervals [{number}]:"
        yield f"    xmin = {_seconds(start_ms)}"
        yield f"    xmax = {_seconds(stop_ms)}"
        yield f"    text = {_quoted('' if cell is None else _text(cell, lang))}"


def _text(cell: Cell, lang: str) -> str:
    def name(label: str) -> str:
        return label if cell.is_spoken else shown_label(label, lang)

    if cell.voice_label is None:
        return name(cell.label)
    severity = "" if cell.value is None else f" ({cell.value:.2f})"
    return f"{name(cell.label)} / {name(cell.voice_label)}{severity}"


def _seconds(time_ms: int) -> str:
    """Seconds without needless zeros: 0, 4.56, 36.2."""
    whole, rest = divmod(time_ms, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    """A Praat string: quotes doubled, on one line."""
    return '"' + " ".join(text.split()).replace('"', '""') + '"'
