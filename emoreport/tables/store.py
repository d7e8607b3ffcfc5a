"""Write what one video gave into its folder: all files under their final names, or none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from emoreport.atomic import Staging
from emoreport.records import (
    ActionTrack,
    FaceTrack,
    HeadTrack,
    SeenFaces,
    SpeechTrack,
    TextReadings,
    TrackAppearance,
    Transcript,
)
from emoreport.tables.action_columns import ACTION_READINGS, EYE_READINGS
from emoreport.tables.action_files import (
    ACTIONS_FILE,
    EYES_FILE,
    write_actions,
    write_eyes,
)
from emoreport.tables.cells import ShownTable
from emoreport.tables.columns import (
    OPTIONAL_NAMES,
    SOUND,
    TABLE_NAMES,
    WORD_READINGS,
    head_table,
    text_readings_table,
)
from emoreport.tables.csv_files import LOCALES, csv_bytes, localised_name
from emoreport.tables.feature_files import FEATURES_FILE
from emoreport.tables.head_files import HEAD_FILE, write_head_scores
from emoreport.tables.readings import (
    FRAMES_FILE,
    SOUND_FILE,
    SPEECH_FILE,
    frames_description,
    speech_description,
    write_contour,
    write_frames,
    write_speech,
)
from emoreport.tables.schema import Table
from emoreport.tables.seen_columns import TRACKS
from emoreport.tables.seen_files import (
    FACES_FILE,
    TRACKS_FILE,
    faces_description,
    write_faces,
    write_tracks,
)
from emoreport.tables.summary_facts import SummaryFacts
from emoreport.tables.text_files import TEXT_FILE, write_text_readings
from emoreport.tables.word_files import WORDS_FILE, write_words
from emoreport.tables.workbook import workbook_bytes

TABLE_FORMATS: Final = frozenset({"csv", "xlsx", "json"})
"""Formats of files that hold the tables."""

RUN_FILE: Final = "run.json"
REPORT_FILE: Final = "report.json"
WORKBOOK_FILE: Final = "report.xlsx"
PAGE_FILE: Final = "report.html"
PRINTED_FILE: Final = "report.pdf"
"""The page on paper; other commands make it, new tables take it away."""
KNOWN_FILES: Final = (
    *(f"{name}.csv" for name in (*TABLE_NAMES, *OPTIONAL_NAMES)),
    *(
        localised_name(name, locale)
        for locale in LOCALES
        for name in (*TABLE_NAMES, *OPTIONAL_NAMES)
    ),
    REPORT_FILE,
    WORKBOOK_FILE,
    PAGE_FILE,
    PRINTED_FILE,
    FRAMES_FILE,
    FACES_FILE,
    TRACKS_FILE,
    SPEECH_FILE,
    SOUND_FILE,
    HEAD_FILE,
    ACTIONS_FILE,
    EYES_FILE,
    FEATURES_FILE,
    WORDS_FILE,
    TEXT_FILE,
)
"""Files of one video besides run.json."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything that was read in one video, for the files that `retable` needs.

    Attributes
    ----------
    faces, speech
        Frame by frame and window by window.
    head
        What a trained head says; None where it has no table.
    actions
        What the face did besides; None where that was not measured.
    transcript
        The words, as far as they may be shown; None without any.
    text
        What the words say; None where no model read them.
    seen
        Every face of the recording, and the looks of each track; None where nobody asked for them.
    """

    faces: FaceTrack
    speech: SpeechTrack
    head: HeadTrack | None = None
    actions: ActionTrack | None = None
    transcript: Transcript | None = None
    text: TextReadings | None = None
    seen: tuple[SeenFaces, TrackAppearance] | None = None


def write_all(
    folder: Path,
    tables: Callable[[], Mapping[str, ShownTable]],
    readings: Readings,
    run: Mapping[str, Any],
    *,
    formats: Collection[str],
    lang: str,
    facts: SummaryFacts,
    excel_locale: str = "none",
    page: bytes | None = None,
    features: Path | None = None,
) -> tuple[Path, ...]:
    """Write everything about one video, all of it or nothing; run.json comes last.

    Parameters
    ----------
    folder
        The video's folder; made if it is not there.
    tables
        Gives the tables as `shown_tables` does: asked where `formats` needs them, once the readings
        are written, so that a long talk does not need room for both.
    readings
        Written where `formats` holds ``parquet``.
    run
        Content of run.json, written always. Where it is present, the other files are complete.
    formats
        Some of ``csv``, ``xlsx``, ``parquet`` and ``json``.
    lang, facts
        Language of the workbook, and what its summary tells besides the tables.
    excel_locale
        Language of a spreadsheet that gets CSV files in a form of its own, beside the others;
        ``none`` for no such files.
    page
        Content of report.html; None for no page.
    features
        A features.parquet to copy; that of `folder` itself stays as it is. None for no such file.

    Returns
    -------
    The files written, in order.

    Raises
    ------
    OutputError
        When something cannot be written; earlier files are left as they were.
    ValueError, TypeError
        When `run` holds NaN or something that JSON does not know; likewise.
    """
    with Staging(folder) as staging:
        described = _stage_readings(staging, readings) if "parquet" in formats else ()
        if TABLE_FORMATS.intersection(formats):
            _stage_tables(staging, tables(), described, formats, lang, facts, excel_locale)
        if page is not None:
            staging.put(PAGE_FILE, page)
        kept = features is not None and _is_same(features, folder / FEATURES_FILE)
        if features is not None and not kept:
            staging.add(FEATURES_FILE, partial(_copy, features))
        staging.put(RUN_FILE, json_bytes(run))
        # Without run.json a folder counts as unfinished, so a kill between two renames cannot
        # leave old and new files that look like one run. Files of other formats would be old.
        old = [name for name in KNOWN_FILES if not (kept and name == FEATURES_FILE)]
        return staging.commit(remove=(RUN_FILE, *old))


def _is_same(path: Path, other: Path) -> bool:
    return other.is_file() and path.samefile(other)


def _copy(path: Path, stream: BinaryIO) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, stream)


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Return readable JSON in UTF-8; bytes of a name that are no text become escapes."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    return (text + "\n").encode("utf-8", "backslashreplace")


def write_report(stream: BinaryIO, tables: Mapping[str, ShownTable]) -> None:
    """Write report.json: ``{table: [record, …]}``, one record per line, null for unknown.

    The values are those of the CSV files, rounded in the same way.

    Raises
    ------
    OSError
        When the stream cannot be written.
    """
    stream.writelines(part.encode("utf-8", "backslashreplace") for part in _report_parts(tables))


def _report_parts(tables: Mapping[str, ShownTable]) -> Iterator[str]:
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    before = "{\n"
    for name, content in tables.items():
        names = content.table.names
        yield f'{before}  "{name}": ['
        for number, row in enumerate(zip(*content.columns, strict=True)):
            yield f"{',' if number else ''}\n    {encode(dict(zip(names, row, strict=True)))}"
        yield "\n  ]" if content.rows else "]"
        before = ",\n"
    yield "\n}\n"


def _stage_tables(
    staging: Staging,
    content: Mapping[str, ShownTable],
    readings: tuple[Table, ...],
    formats: Collection[str],
    lang: str,
    facts: SummaryFacts,
    excel_locale: str,
) -> None:
    if "csv" in formats:
        for name, table in content.items():
            staging.put(f"{name}.csv", csv_bytes(table))
            if excel_locale in LOCALES:
                file = localised_name(name, excel_locale)
                staging.put(file, csv_bytes(table, LOCALES[excel_locale]))
    if "json" in formats:
        staging.add(REPORT_FILE, partial(write_report, tables=content))
    if "xlsx" in formats:
        book = workbook_bytes(content, lang=lang, facts=facts, readings=readings)
        staging.put(WORKBOOK_FILE, book)


def _stage_readings(staging: Staging, readings: Readings) -> tuple[Table, ...]:
    faces, speech = readings.faces, readings.speech
    staging.add(FRAMES_FILE, partial(write_frames, faces=faces))
    staging.add(SPEECH_FILE, partial(write_speech, speech=speech))
    described = [frames_description(faces), speech_description(speech)]
    if speech.contour is not None:
        staging.add(SOUND_FILE, partial(write_contour, contour=speech.contour))
        described.append(SOUND)
    if readings.head is not None:
        staging.add(HEAD_FILE, partial(write_head_scores, head=readings.head))
        described.append(head_table(readings.head.labels))
    if readings.actions is not None:
        staging.add(ACTIONS_FILE, partial(write_actions, actions=readings.actions))
        described.append(ACTION_READINGS)
        if readings.actions.eyes is not None:
            staging.add(EYES_FILE, partial(write_eyes, eyes=readings.actions.eyes))
            described.append(EYE_READINGS)
    if readings.transcript is not None:
        staging.add(WORDS_FILE, partial(write_words, transcript=readings.transcript))
        described.append(WORD_READINGS)
    if readings.text is not None:
        staging.add(TEXT_FILE, partial(write_text_readings, text=readings.text))
        described.append(text_readings_table(readings.text.labels))
    return *described, *_stage_seen(staging, readings.seen)


def _stage_seen(
    staging: Staging, seen: tuple[SeenFaces, TrackAppearance] | None
) -> tuple[Table, ...]:
    if seen is None:
        return ()
    faces, appearance = seen
    staging.add(FACES_FILE, partial(write_faces, seen=faces))
    staging.add(TRACKS_FILE, partial(write_tracks, appearance=appearance))
    return faces_description(faces), TRACKS
