"""The lines of the summary sheet: what was found, by which models, with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from emoreport import words
from emoreport.records import ModelRecord
from emoreport.settings import OPTIONS
from emoreport.tables.cells import Cell
from emoreport.tables.columns import Kind, Table
from emoreport.tables.dictionary import label
from emoreport.tables.facts import SummaryFacts

SECTIONS: Final = {
    "recording": ("video", "duration", "frames", "frame_rate"),
    "face": (
        "face_coverage",
        "dominant_video_emotion",
        "emotion_seconds",
        "intervals",
        "transitions",
        "transitions_per_minute",
        "transitions_per_emotion_minute",
    ),
    "voice": ("speech_seconds", "dominant_audio_emotion"),
    "comparison": ("compared_seconds", "mismatches", "mismatch_seconds", "mismatch_share"),
    "models": ("face_model", "speech_model"),
}
"""Which columns of summary.csv stand under which heading; a test checks that none is left out."""
GUIDE: Final = ("estimate", "time", "unknown", "confidence", "mismatch", "small", "dictionary")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sheet.

    Attributes
    ----------
    label
        Left cell.
    value
        Middle cell: text or a number; None leaves it empty.
    kind
        How a number is shown.
    note
        Right cell, in a faint colour.
    heading
        Whether the label is a heading (the first line is the title).
    """

    label: str
    value: str | float | None = None
    kind: Kind = Kind.TEXT
    note: str = ""
    heading: bool = False


def summary_lines(
    table: Table,
    values: Mapping[str, Cell],
    facts: SummaryFacts,
    notices: Iterable[str],
    lang: str,
) -> list[Line]:
    """Put the sheet together.

    Parameters
    ----------
    table
        Description of the summary table.
    values
        Its one row by column name, rounded.
    facts
        Models, settings and warnings.
    notices
        Warnings that concern the workbook alone.
    lang
        Language of the words.
    """

    def word(key: str) -> str:
        return words.text(f"tables.summary.{key}", lang)

    lines = [Line(word("title"), heading=True)]
    for section, names in SECTIONS.items():
        lines += [Line(""), Line(word(section), heading=True)]
        lines += [_value_line(table, name, values[name], lang) for name in names]
        if section == "recording" and facts.program:
            lines.append(Line(word("program"), facts.program))
    for model in facts.models:
        lines += _model_lines(model, lang)
    lines += [Line(""), Line(word("settings"), heading=True)]
    lines += [Line(name, _setting(name, value, lang)) for name, value in facts.settings.items()]
    lines += [Line(""), Line(word("warnings"), heading=True)]
    warnings = [*facts.warnings, *notices] or [word("no_warnings")]
    lines += [Line("", warning) for warning in warnings]
    lines += [Line(""), Line(word("reading"), heading=True)]
    lines += [Line("", words.text(f"tables.guide.{key}", lang)) for key in GUIDE]
    return lines


def _value_line(table: Table, name: str, value: Cell, lang: str) -> Line:
    column = table[name]
    if value is None:
        shown: str | float = words.text("tables.summary.unknown", lang)
    elif isinstance(value, str):
        translated = column.kind is Kind.LABEL and lang != "en"
        shown = words.label_name(value, lang) if translated else value
    else:
        shown = value
    text = label(column, lang)
    if column.kind is Kind.SECONDS:
        text = f"{text}, {words.text('tables.summary.second', lang)}"
    return Line(text, shown, column.kind, f"summary.csv · {name}")


def _model_lines(model: ModelRecord, lang: str) -> Iterator[Line]:
    known = {"face": "face_kind", "voice": "voice_kind"}
    key = known.get(model.kind)
    kind = model.kind if key is None else words.text(f"tables.summary.{key}", lang)
    labels = ", ".join(words.label_name(name, lang) for name in model.labels)
    text = words.text(
        "tables.summary.model",
        lang,
        name=model.name,
        version=model.version,
        runtime=model.runtime,
        device=model.device,
        labels=labels,
    )
    yield Line(kind, text)
    if model.reason:
        yield Line(words.text("tables.summary.reason", lang), model.reason)


def _setting(name: str, value: object, lang: str) -> str:
    if isinstance(value, bool):
        return words.text("tables.summary.yes" if value else "tables.summary.no", lang)
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    info = OPTIONS.get(name)
    if info is not None and info.unit == "seconds":
        return words.text("tables.summary.seconds", lang, value=value)
    return str(value)
