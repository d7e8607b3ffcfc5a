"""Write events for the Brain Imaging Data Structure: ``*_events.tsv`` and its sidecar.

Tabs between columns, ``onset`` and ``duration`` first and in seconds, ``n/a`` where a value is not
known, and a JSON file that says what every column and every level means.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from emoreport.exchange.writers import Files, Media
from emoreport.exchange.writers.coding_table import seconds
from emoreport.exchange.writers.tiers import (
    CLAUSES,
    MISMATCH,
    SPEECH,
    TEXT_EMOTION,
    VOICE,
    WORDS,
    Cell,
    Tier,
    judged_tiers,
    text_model,
    tiers_with_words,
)
from emoreport.messages import label_name, text
from emoreport.results import ACTIONS, AcousticInterval, Findings, milliseconds

ACOUSTICS: Final = {
    "f0_median_hz": "Hz",
    "f0_median_vs_own_st": "semitone",
    "loudness_vs_own_db": "dB",
    "syllables_per_s": "1/s",
}
"""Measures of the voice that its events carry, and their units."""
UNKNOWN: Final = "n/a"
COLUMNS: Final = (
    "onset",
    "duration",
    "trial_type",
    "modality",
    "emotion",
    "face_emotion",
    "voice_emotion",
    "confidence",
    "severity",
    *ACOUSTICS,
)
WORD: Final = "word"
"""Event and column of what is said, where a talk has words."""
CLAUSE: Final = "clause"
"""Column of the words that an emotion was read in, where words may be shown."""
UNITS: Final = {"onset": "s", "duration": "s", **ACOUSTICS}


def bids_files(findings: Findings, _media: Media, lang: str) -> Files:
    """The table of events and its sidecar."""
    return {"_events.tsv": events_bytes(findings), "_events.json": sidecar_bytes(findings, lang)}


def events_bytes(findings: Findings) -> bytes:
    """The table of events, sorted by onset; rows of all modalities."""
    rows = sorted(
        ((cell.start_ms, order, row) for order, cell, row in _rows(findings)),
        key=lambda sortable: sortable[:2],
    )
    lines = ["\t".join(_columns(findings)), *("\t".join(row) for _, _, row in rows)]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def sidecar_bytes(findings: Findings, lang: str) -> bytes:
    """The sidecar: description, unit and levels of every column.

    Parameters
    ----------
    findings
        One talk.
    lang
        Language of the descriptions.
    """
    levels = _levels(findings, lang)
    document: dict[str, Any] = {}
    for column in _columns(findings):
        description: dict[str, Any] = {"Description": text(f"export.bids.{column}", lang)}
        if column in UNITS:
            description["Units"] = UNITS[column]
        if column in levels:
            description["Levels"] = levels[column]
        document[column] = description
    summary = findings.analysis.summary
    document["GeneratedBy"] = {
        "Name": "emoreport",
        "Version": findings.run.program_version,
        "FaceModel": summary.face_model,
        "VoiceModel": summary.speech_model,
        **({"TextModel": text_model(findings)} if findings.analysis.text_labels else {}),
        "InputSHA256": findings.run.input.sha256,
    }
    content = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    return (content + "\n").encode("utf-8", "backslashreplace")


def _columns(findings: Findings) -> tuple[str, ...]:
    if findings.analysis.words is None:
        return COLUMNS
    return (*COLUMNS, WORD, CLAUSE) if findings.analysis.text_labels else (*COLUMNS, WORD)


def _rows(findings: Findings) -> Iterator[tuple[int, Any, tuple[str, ...]]]:
    further = len(_columns(findings)) - len(COLUMNS)
    sound = {milliseconds(row.span.start_s): row for row in findings.analysis.acoustics}
    tiers = {tier.name: tier for tier in tiers_with_words(findings)}
    clauses = {cell.start_ms: cell.label for cell in _cells(tiers.pop(CLAUSES, None))}
    names = judged_tiers(findings)
    for order, tier in enumerate(tiers.values()):
        for cell in tier.cells:
            judged, spoken = tier.name in names, tier.name == WORDS
            clause = clauses.get(cell.start_ms, "") if tier.name == TEXT_EMOTION else ""
            shown = "" if cell.value is None else f"{cell.value:.4f}"
            row = (
                seconds(cell.start_ms),
                seconds(cell.end_ms - cell.start_ms),
                f"{tier.name}_{cell.label}" if judged else WORD if spoken else tier.name,
                tier.name if judged else "",
                cell.label if judged else "",
                cell.label if tier.name == MISMATCH else "",
                cell.voice_label or "",
                shown if judged or spoken else "",
                shown if tier.name == MISMATCH else "",
                *_measures(sound.get(cell.start_ms) if tier.name == VOICE else None),
                *(cell.label if spoken else "", clause)[:further],
            )
            yield order, cell, tuple(" ".join(field.split()) or UNKNOWN for field in row)


def _cells(tier: Tier | None) -> tuple[Cell, ...]:
    return () if tier is None else tier.cells


def _measures(row: AcousticInterval | None) -> tuple[str, ...]:
    values = (None if row is None else getattr(row, name) for name in ACOUSTICS)
    return tuple("" if value is None else f"{value:.3f}" for value in values)


def _levels(findings: Findings, lang: str) -> dict[str, dict[str, str]]:
    """What every value that occurs in a column of categories means."""
    tiers = {tier.name: tier for tier in tiers_with_words(findings)}
    judged = judged_tiers(findings)
    emotions: dict[str, str] = {}
    types: dict[str, str] = {}
    for name in judged:
        for cell in tiers[name].cells:
            shown = label_name(cell.label, lang)
            emotions[cell.label] = shown
            types[f"{name}_{cell.label}"] = text(f"export.bids_level.{name}", lang, emotion=shown)
    words = () if findings.analysis.words is None else (WORD,)
    actions = ACTIONS if findings.analysis.action_summary is not None else ()
    for name in (MISMATCH, SPEECH, *words, *actions):
        types[name] = text(f"export.bids_level.{name}", lang)
    return {
        "trial_type": types,
        "modality": {name: text(f"export.modality.{name}", lang) for name in judged},
        "emotion": emotions,
    }
