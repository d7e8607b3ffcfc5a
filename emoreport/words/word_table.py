"""Read a transcript as a table: one row per word or line, columns by name.

``start`` and ``end`` in seconds or as hours, minutes and seconds; ``word`` or ``text``. Optional:
``confidence``, ``after`` (punctuation) and ``line`` (rows of one value are one line), so that
words.csv is read as it is. Further columns are ignored. Also the labels that Audacity exports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from emoreport.tables.spreadsheet import Sheet, read_sheet
from emoreport.tiers.raw import FormatError
from emoreport.words.line_store import text_lines
from emoreport.words.lines import Line, Part, clock_s, line_at, sensible

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "start": ("start", "start_s", "begin", "from", "начало"),
    "end": ("end", "end_s", "stop", "to", "конец"),
    "word": ("word", "слово"),
    "text": ("text", "transcript", "utterance", "subtitle", "текст", "реплика"),
    "confidence": ("confidence", "score", "probability"),
    "after": ("after",),
    "line": ("line",),
}
"""Names of a column, the first of which is ours."""

_LABEL: Final = re.compile(r"(?P<start>-?\d+[.,]\d+)\t(?P<end>-?\d+[.,]\d+)\t(?P<text>.*)")


def read_table(text: str) -> Iterator[Line]:
    """Lines of a table in its order.

    Raises
    ------
    FormatError
        When it has no column of text or only one of the times.
    UnreadableTextError
        When it is no CSV.
    """
    sheet = read_sheet(text)
    places = {name: _place(sheet, names) for name, names in COLUMNS.items()}
    if places["word"] is None and places["text"] is None:
        raise FormatError("transcript.columns")
    if places["start"] is None or places["end"] is None:
        raise FormatError("transcript.columns")
    waiting: list[Part] = []
    group = ""
    for _, cells in sheet.rows:
        fields = {name: "" if at is None else cells[at] for name, at in places.items()}
        part = _part(fields)
        if waiting and (not fields["line"] or fields["line"] != group):
            yield _line(waiting)
            waiting = []
        group = fields["line"]
        if places["word"] is None:
            yield line_at(part.text, part.start_s, part.end_s)
        else:
            waiting.append(part)
    if waiting:
        yield _line(waiting)


def _place(sheet: Sheet, names: tuple[str, ...]) -> int | None:
    return next((at for name in names if (at := sheet.column(name)) is not None), None)


def _part(fields: Mapping[str, str]) -> Part:
    start_s, end_s = sensible(clock_s(fields["start"]), clock_s(fields["end"]))
    share = clock_s(fields["confidence"])
    confidence = None if share is None else min(max(share, 0.0), 1.0)
    written = (fields["word"] or fields["text"]) + fields["after"]
    return Part(written, start_s, end_s, confidence)


def _line(parts: list[Part]) -> Line:
    starts = [part.start_s for part in parts if part.start_s is not None]
    ends = [part.end_s for part in parts if part.end_s is not None]
    text = " ".join(part.text for part in parts)
    return line_at(text, min(starts, default=None), max(ends, default=None), tuple(parts))


def are_labels(text: str) -> bool:
    """Whether a text is what Audacity exports: start, end and text behind tabs in every line."""
    return all(row is not None for row in _labels(text))


def read_audacity(text: str) -> Iterator[Line]:
    """Labels that Audacity exports; other lines are left out."""
    for row in _labels(text):
        if row is not None:
            yield line_at(row["text"], clock_s(row["start"]), clock_s(row["end"]))


def _labels(text: str) -> Iterator[re.Match[str] | None]:
    for piece in text_lines(text):
        yield from (_LABEL.fullmatch(line) for line in piece.splitlines() if line.strip())
