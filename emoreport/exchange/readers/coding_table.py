"""Codings as CSV: one row per stretch, columns by name.

``start`` and ``end`` in seconds, ``emotion``; optional ``modality`` (face or voice) and ``coder``.
Further columns are ignored, so that video_intervals.csv and audio_intervals.csv are read as they
are. Comma, semicolon or tab; behind a semicolon or a tab, numbers may have a decimal comma.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

from emoreport.exchange.readers.raw import (
    MAX_ANNOTATIONS,
    FormatError,
    RawSpan,
    RawTier,
    checked_span,
    seconds_to_ms,
)

REQUIRED: Final = ("start", "end", "emotion")
DELIMITERS: Final = (",", ";", "\t")
MODALITIES: Final[Mapping[str, str]] = {
    "face": "face",
    "video": "face",
    "voice": "voice",
    "audio": "voice",
}
MAX_FIELD: Final = 10_000


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
    """
    head = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    tiers: dict[tuple[str | None, str], list[RawSpan]] = {}
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        names = {name.strip().casefold(): name for name in rows.fieldnames or () if name}
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise FormatError(
                f"lacks the column {', '.join(missing)}; it needs start, end and emotion"
            )
        assumed = "modality" not in names and default_modality is None
        for coder, modality, span in _spans(rows, names, delimiter, default_modality or "face"):
            tiers.setdefault((coder, modality), []).append(span)
    except csv.Error as error:
        raise FormatError(f"is no CSV that can be read ({error})") from error
    if not tiers:
        raise FormatError("holds no row")
    return [RawTier(name, tuple(spans), coder) for (coder, name), spans in tiers.items()], assumed


def _spans(
    rows: csv.DictReader[str], names: Mapping[str, str], delimiter: str, default: str
) -> Iterator[tuple[str | None, str, RawSpan]]:
    for count, row in enumerate(rows):
        place = f"line {rows.line_num}"
        if count >= MAX_ANNOTATIONS:
            raise FormatError(f"holds more than {MAX_ANNOTATIONS} rows")
        fields = {key: (row.get(name) or "").strip() for key, name in names.items()}
        if any(len(field) > MAX_FIELD for field in fields.values()):
            raise FormatError(f"{place} holds a field of more than {MAX_FIELD} characters")
        if not any(fields.values()):
            continue
        modality = MODALITIES.get(fields.get("modality", default).casefold())
        if modality is None:
            raise FormatError(
                f"{place} has the modality {fields['modality'][:40]!r}; it can be face or voice"
            )
        start, end = fields["start"], fields["end"]
        if delimiter != ",":
            start, end = start.replace(",", "."), end.replace(",", ".")
        span = checked_span(
            seconds_to_ms(start, place), seconds_to_ms(end, place), fields["emotion"], place
        )
        yield fields.get("coder") or None, modality, span
