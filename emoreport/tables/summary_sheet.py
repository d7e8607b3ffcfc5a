"""The lines of the summary sheet: what was found, by which models, with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from emoreport import messages as words
from emoreport.finding import mismatch_sentence
from emoreport.precision import precision_sentence
from emoreport.records import ModelRecord
from emoreport.settings import OPTIONS
from emoreport.tables.cells import Cell, ShownTable
from emoreport.tables.codes import code_name
from emoreport.tables.dictionary import label
from emoreport.tables.mismatch import mismatch_in
from emoreport.tables.schema import Kind, Table
from emoreport.tables.summary_facts import SummaryFacts
from emoreport.vocabulary import NOT_ENOUGH_DATA

SECTIONS: Final = {
    "recording": ("video", "duration", "frames", "frame_rate"),
    "face": (
        "face_coverage",
        "dominant_video_emotion",
        "emotion_seconds",
        "uncertain_seconds",
        "judged_share",
        "intervals",
        "transitions",
        "transitions_per_minute",
        "transitions_per_emotion_minute",
    ),
    "voice": ("speech_seconds", "dominant_audio_emotion"),
    "comparison": ("compared_seconds", "mismatches", "mismatch_seconds", "mismatch_share"),
    "chance": (
        "expected_mismatch_share",
        "mismatch_verdict",
        "mismatch_note",
        "mismatch_p_value",
        "kappa",
    ),
    "models": ("face_model", "speech_model"),
}
"""Columns of summary.csv by heading; those that none names come last, under ``further``."""
GUIDE: Final = (
    "estimate",
    "time",
    "unknown",
    "confidence",
    "mismatch",
    "chance",
    "statistics",
    "small",
    "charts",
    "dictionary",
)
AGREEMENT: Final = (
    (0.0, "none"),
    (0.2, "slight"),
    (0.4, "fair"),
    (0.6, "moderate"),
    (0.8, "substantial"),
    (1.0, "almost_perfect"),
)
"""Up to which kappa a word holds: Landis and Koch (1977), Biometrics 33, 159-174, table 2."""


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
    beside
        Words behind a number, in the same cell.
    note
        Right cell, in a faint colour.
    heading
        Whether the label is a heading (the first line is the title).
    printed
        Whether it is printed; what is not, comes last.
    """

    label: str
    value: str | float | None = None
    kind: Kind = Kind.TEXT
    beside: str = ""
    note: str = ""
    heading: bool = False
    printed: bool = True


def summary_lines(
    tables: Mapping[str, ShownTable],
    facts: SummaryFacts,
    notices: Iterable[str],
    lang: str,
) -> list[Line]:
    """Put the sheet together.

    Parameters
    ----------
    tables
        The tables, rounded; used is the summary.
    facts
        Models, settings and warnings.
    notices
        Warnings that concern the workbook alone.
    lang
        Language of the words.
    """

    def word(key: str) -> str:
        return words.text(f"tables.summary.{key}", lang)

    table = tables["summary"].table
    (values,) = tables["summary"].records()
    # A word such as "fair" beside a kappa that may be anything would claim too much.
    enough = values["mismatch_verdict"] not in {None, NOT_ENOUGH_DATA}
    lines = [Line(word("title"), heading=True)]
    lines += [Line(word("finding"), facts.finding)] if facts.finding else []
    for section, names in sections(table).items():
        lines += [Line(""), Line(word(section), heading=True)]
        if section == "comparison":
            sentence = mismatch_sentence(mismatch_in(values), lang)
            lines.append(Line(word("mismatch"), sentence))
        lines += [
            _value_line(table, name, values[name], lang, facts.bridge, enough=enough)
            for name in names
        ]
        if section == "recording" and facts.program:
            lines.append(Line(word("program"), facts.program))
    for role, model in facts.models.items():
        lines += _model_lines(role, model, lang)
    lines += [Line(""), Line(word("warnings"), heading=True)]
    warnings = [*facts.warnings, *notices] or [word("no_warnings")]
    lines += [Line("", warning) for warning in warnings]
    lines += [Line(""), Line(word("reading"), heading=True)]
    lines += [Line("", words.text(f"tables.guide.{key}", lang)) for key in GUIDE]
    lines += [Line("", printed=False), Line(word("settings"), heading=True, printed=False)]
    return lines + [
        Line(name, _setting(name, value, lang), printed=False)
        for name, value in facts.settings.items()
    ]


def sections(table: Table) -> Mapping[str, tuple[str, ...]]:
    """Names of the summary's columns by heading: every column once."""
    placed = {name for names in SECTIONS.values() for name in names}
    further = tuple(name for name in table.names if name not in placed)
    return {**SECTIONS, "further": further} if further else SECTIONS


def agreement_word(kappa: float, lang: str) -> str:
    """What a kappa is commonly called."""
    key = next(key for limit, key in AGREEMENT if kappa <= limit)
    return words.text(f"tables.agreement.{key}", lang)


def _value_line(
    table: Table,
    name: str,
    value: Cell,
    lang: str,
    bridge: Mapping[str, str] | None,
    *,
    enough: bool,
) -> Line:
    column, beside = table[name], ""
    if value is None:
        shown: str | float = words.text("tables.summary.unknown", lang)
    elif column.kind is Kind.CODE:
        shown = code_name(column.codes, str(value), lang)
    elif isinstance(value, str):
        named = column.kind is Kind.LABEL
        shown = words.label_name(value, lang, bridge) if named else value
    else:
        shown = value
        if name == "kappa" and enough:
            beside = agreement_word(value, lang)
    text = label(column, lang)
    if column.kind is Kind.SECONDS:
        text = f"{text}, {words.text('tables.summary.second', lang)}"
    return Line(text, shown, column.kind, beside, f"summary.csv · {name}")


def _model_lines(role: str, model: ModelRecord, lang: str) -> Iterator[Line]:
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
    yield Line(words.text(f"tables.summary.{role}_details", lang), text)
    if model.reason:
        reason = words.retold(model.reason, words.WHY_A_MODEL, lang)
        yield Line(words.text("tables.summary.reason", lang), reason)
    if model.has_emotions:
        yield Line(words.text("tables.summary.precision", lang), precision_sentence(model, lang))


def _setting(name: str, value: object, lang: str) -> str:
    if isinstance(value, bool):
        return words.text("tables.summary.yes" if value else "tables.summary.no", lang)
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    info = OPTIONS.get(name)
    if info is not None and info.unit == "seconds":
        return words.text("tables.summary.seconds", lang, value=value)
    return str(value)
