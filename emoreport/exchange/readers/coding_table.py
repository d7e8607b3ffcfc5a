"""Read codings as CSV: one row per labelled stretch of time, columns by name.

``start`` and ``end`` in seconds, ``emotion``; optional ``modality`` (face or voice) and ``coder``.
Further columns are ignored, so that video_intervals.csv and audio_intervals.csv are read as they
are. Behind a semicolon or a tab, numbers may have a decimal comma.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from emoreport.messages import Phrase
from emoreport.tables.spreadsheet import Sheet, read_sheet
from emoreport.tiers.raw import (
    MAX_ANNOTATIONS,
    FormatError,
    RawSpan,
    RawTier,
    checked_span,
    raw_tier,
    seconds_to_ms,
)

REQUIRED: Final = ("start", "end", "emotion")
OPTIONAL: Final = ("modality", "coder")
MODALITIES: Final[Mapping[str, str]] = {
    "face": "face",
    "video": "face",
    "voice": "voice",
    "audio": "voice",
}
MAX_FIELD: Final = 10_000

_Row = tuple[Phrase, str, str, str]
"""Place in the file, start, end and emotion, as they are written."""


def read_table(text: str, default_modality: str | None) -> tuple[list[RawTier], bool]:
    """Tiers by coder and modality, named ``face`` and ``voice``.

    Parameters
    ----------
    text
        Content of the file.
    default_modality
        What rows are about where there is no column `modality`; None: the face.

    Returns
    -------
    tiers
        One per coder and modality, in the order of the file.
    assumed
        Whether the face was assumed.

    Raises
    ------
    FormatError
        When a column is missing or a row cannot be read.
    UnreadableTextError
        When it is no CSV.
    """
    sheet = read_sheet(text)
    places = {name: sheet.column(name) for name in (*REQUIRED, *OPTIONAL)}
    missing = [name for name in REQUIRED if places[name] is None]
    if missing:
        raise FormatError("coding.columns", names=", ".join(missing))
    assumed = places["modality"] is None and default_modality is None
    tiers: dict[tuple[str | None, str], list[_Row]] = {}
    for owner, row in _rows(sheet, places, default_modality or "face"):
        tiers.setdefault(owner, []).append(row)
    if not tiers:
        raise FormatError("coding.no_row")
    decimal_comma = sheet.delimiter != ","
    return [
        raw_tier(modality, _spans(rows, decimal_comma=decimal_comma), coder)
        for (coder, modality), rows in tiers.items()
    ], assumed


def _rows(
    sheet: Sheet, places: Mapping[str, int | None], default: str
) -> Iterator[tuple[tuple[str | None, str], _Row]]:
    """Coder and modality of every row, and the row."""
    for count, (line, cells) in enumerate(sheet.rows):
        location = Phrase("errors.coding.place.line", {"line": line})
        if count >= MAX_ANNOTATIONS:
            raise FormatError("coding.too_many_rows", limit=MAX_ANNOTATIONS)
        if any(len(cell) > MAX_FIELD for cell in cells):
            raise FormatError("coding.long_field", location=location, limit=MAX_FIELD)
        fields = {name: "" if at is None else cells[at] for name, at in places.items()}
        if not any(fields.values()):
            continue
        written = default if places["modality"] is None else fields["modality"]
        modality = MODALITIES.get(written.casefold())
        if modality is None:
            raise FormatError("coding.other_modality", location=location, written=written[:40])
        yield (
            (fields["coder"] or None, modality),
            (location, fields["start"], fields["end"], fields["emotion"]),
        )


def _spans(rows: Iterable[_Row], *, decimal_comma: bool) -> Iterator[RawSpan]:
    for location, start, end, emotion in rows:
        start_ms, end_ms = (
            seconds_to_ms(text.replace(",", ".") if decimal_comma else text, location)
            for text in (start, end)
        )
        yield checked_span(start_ms, end_ms, emotion, location)
