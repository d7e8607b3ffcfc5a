"""Write files for BORIS: a project with ethogram and events, and its tables of events.

BORIS has no import of events. A project brings them along; events for a project that exists
already are pasted into it (right click on the events, "Paste events").

A row is a state event: START and STOP are two entries of the same behaviour. Behaviours are
``face_<label>``, ``voice_<label>``, ``voice_intervals_<label>``, ``mismatch`` and ``speech``;
those of one category exclude each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emoreport.exchange.writers import Files, Media
from emoreport.exchange.writers.coding_table import seconds
from emoreport.exchange.writers.tiers import (
    JUDGED,
    MISMATCH,
    Blank,
    Cell,
    Tier,
    duration_ms,
    tier_labels,
    tiers_of,
)
from emoreport.results import Findings
from emoreport.vocabulary import COLOURS

PROJECT_FORMAT: Final = "7.0"
PLAYERS: Final = 8
KEYS: Final = "123456789abcdefghijklmnopqrstuvwxyz"
NOT_KNOWN: Final = "NA"
TABULAR_COLUMNS: Final = (
    "Observation id",
    "Observation date",
    "Description",
    "Observation duration",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Media duration (s)",
    "FPS",
    "Subject",
    "Behavior",
    "Behavioral category",
    "Behavior type",
    "Time",
    "Media file name",
    "Image index",
    "Image file path",
    "Comment",
)
"""Columns of BORIS's own export of tabular events (as of 8.27), without modifiers."""


@dataclass(frozen=True, slots=True)
class _Event:
    """One START or STOP."""

    time_ms: int
    order: int
    status: str
    behaviour: str
    category: str
    comment: str


def boris_files(findings: Findings, media: Media, _lang: str) -> Files:
    """A project, its table of events, and lines to paste into another project."""
    project = {".boris": project_bytes(findings, media.path)}
    if isinstance(findings, Blank):
        return project
    return project | {
        "_boris_events.tsv": tabular_bytes(findings, media.path),
        "_boris_paste.tsv": paste_bytes(findings),
    }


def project_bytes(findings: Findings, media_path: str) -> bytes:
    """A BORIS project with one observation.

    Parameters
    ----------
    findings
        One talk.
    media_path
        The video as seen from the project.
    """
    created = _created(findings)
    ethogram = _ethogram(findings)
    project = {
        "time_format": "hh:mm:ss",
        "project_date": created,
        "project_name": _plain(findings.analysis.summary.video),
        "project_description": _description(findings),
        "project_format_version": PROJECT_FORMAT,
        "subjects_conf": {},
        "behaviors_conf": {str(index): behaviour for index, behaviour in enumerate(ethogram)},
        "observations": {_observation_id(findings): _observation(findings, media_path)},
        "behavioral_categories": [tier.name for tier in tiers_of(findings)],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    content = json.dumps(project, ensure_ascii=False, allow_nan=False, indent=1)
    return (content + "\n").encode("utf-8", "backslashreplace")


def tabular_bytes(findings: Findings, media_path: str) -> bytes:
    """Events in the columns of BORIS's own tabular export."""
    length = seconds(duration_ms(findings))
    rate_hz = findings.analysis.summary.frame_rate_hz
    shared = (
        _observation_id(findings),
        _created(findings).replace("T", " "),
        _description(findings),
        length,
        "Media file(s)",
        f"player #1:{media_path}",
        "0.0",
        length,
        NOT_KNOWN if rate_hz is None else f"{rate_hz:.3f}",
        "",
    )
    rows = [TABULAR_COLUMNS] + [
        (
            *shared,
            event.behaviour,
            event.category,
            event.status,
            seconds(event.time_ms),
            media_path,
            NOT_KNOWN,
            NOT_KNOWN,
            event.comment,
        )
        for event in _events(findings)
    ]
    lines = ["\t".join(_plain(field) for field in row) for row in rows]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def paste_bytes(findings: Findings) -> bytes:
    """Events in the six columns that BORIS pastes: time, subject, code, modifier, comment, frame.

    Neither heads nor a line end after the last event: BORIS refuses both.
    """
    lines = [
        "\t".join((seconds(event.time_ms), "", event.behaviour, "", event.comment, NOT_KNOWN))
        for event in _events(findings)
    ]
    return "\n".join(lines).encode("utf-8", "backslashreplace")


def _observation(findings: Findings, media_path: str) -> dict[str, Any]:
    rate_hz = findings.analysis.summary.frame_rate_hz
    kinds = {stream.kind for stream in findings.run.media.streams}
    file = _plain(media_path)
    return {
        "file": {str(player): [file] if player == 1 else [] for player in range(1, PLAYERS + 1)},
        "type": "MEDIA",
        "date": _created(findings),
        "description": _description(findings),
        "time offset": 0.0,
        "events": [
            [event.time_ms / 1000, "", event.behaviour, "", event.comment, NOT_KNOWN]
            for event in _events(findings)
        ],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {file: duration_ms(findings) / 1000},
            "fps": {} if rate_hz is None else {file: rate_hz},
            "hasVideo": {file: True},
            "hasAudio": {file: "audio" in kinds},
            "offset": {"1": 0.0},
        },
    }


def _ethogram(findings: Findings) -> list[dict[str, Any]]:
    names = [tier.name for tier in tiers_of(findings)]
    behaviours = [
        (_code(name, label), name, label)
        for name in names
        if name in JUDGED
        for label in tier_labels(name, findings)
    ]
    behaviours += [(name, name, name) for name in names if name not in JUDGED]
    codes = {
        category: [code for code, of_category, _ in behaviours if of_category == category]
        for category in names
    }
    return [
        {
            "type": "State event",
            "key": KEYS[index] if index < len(KEYS) else "",
            "code": code,
            "description": _plain(f"{category}: {label}" if category != label else label),
            "color": COLOURS.get(label, ""),
            "category": category,
            "modifiers": "",
            "excluded": ",".join(
                other_code for other_code in codes[category] if other_code != code
            ),
            "coding map": "",
        }
        for index, (code, category, label) in enumerate(behaviours)
    ]


def _events(findings: Findings) -> list[_Event]:
    """All events in order of time; where one behaviour ends and another begins, STOP first."""
    events = [event for tier in tiers_of(findings) for event in _tier_events(tier)]
    return sorted(events, key=lambda event: (event.time_ms, event.status == "START", event.order))


def _tier_events(tier: Tier) -> Iterator[_Event]:
    for order, cell in enumerate(_merged(tier.cells)):
        judged = tier.name in JUDGED
        code = _code(tier.name, cell.label) if judged else tier.name
        comment = _comment(tier, cell)
        yield _Event(cell.start_ms, order, "START", code, tier.name, comment)
        yield _Event(cell.end_ms, order, "STOP", code, tier.name, "")


def _merged(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Cells whose behaviour goes on become one: a state cannot stop and start at one moment.

    The value of the first one stays; what is said of several rows at once is no longer theirs.
    """
    held: Cell | None = None
    for cell in cells:
        if held and held.end_ms == cell.start_ms and _same(held, cell):
            held = Cell(held.start_ms, cell.end_ms, held.label, held.voice_label)
            continue
        if held:
            yield held
        held = cell
    if held:
        yield held


def _same(first: Cell, second: Cell) -> bool:
    return (first.label, first.voice_label) == (second.label, second.voice_label)


def _comment(tier: Tier, cell: Cell) -> str:
    parts = []
    if tier.name == MISMATCH:
        parts.append(f"{cell.label} / {cell.voice_label}")
    if cell.value is not None:
        name = "severity" if tier.name == MISMATCH else "confidence"
        parts.append(f"{name} {cell.value:.4f}")
    return _plain(", ".join(parts))


def _code(category: str, label: str) -> str:
    """Code of a behaviour; BORIS separates codes by commas and modifiers by bars."""
    return _plain(f"{category}_{label}").replace(",", " ").replace("|", " ")


def _observation_id(findings: Findings) -> str:
    return f"emoreport {_plain(findings.analysis.summary.video)}"


def _description(findings: Findings) -> str:
    summary = findings.analysis.summary
    models = f", face model {summary.face_model}, voice model {summary.speech_model}"
    blank = isinstance(findings, Blank)
    return _plain(f"emoreport {findings.run.program_version}{'' if blank else models}")


def _created(findings: Findings) -> str:
    """When the run was made, as BORIS writes it: without a time zone."""
    return (findings.run.created or "1970-01-01T00:00:00")[:19]


def _plain(text: str) -> str:
    """One line without tabs."""
    return " ".join(text.split())
