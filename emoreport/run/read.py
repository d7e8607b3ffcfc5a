"""Read the report of a folder of results from its stored readings; no video is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from emoreport.analysis.mismatch.articulation_off import judged_faces
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.doubt import doubted
from emoreport.analysis.rows.judging import judge_rows
from emoreport.errors import SettingsError, StoredReadingsError
from emoreport.records import (
    MACHINE,
    FaceTrack,
    LabelSource,
    ModelRecord,
    RunRecord,
    SpeechTrack,
    TextReadings,
    Transcript,
    TranscriptRecord,
)
from emoreport.results import AudioInterval
from emoreport.run.annotations import stored_labels, warnings_with
from emoreport.run.bridge import bridge_of, load_bridge
from emoreport.run.fingerprint import is_retabled
from emoreport.run.record import settings_document, with_text_model, with_transcript
from emoreport.run.report import Report
from emoreport.run.run_json import RUN_FILE, read_run
from emoreport.settings import MOST_SEEN, NO_TRANSCRIPT, OPTIONS, Settings, WordSettings
from emoreport.settings.keywords import SettingValues
from emoreport.tables import readings
from emoreport.tables.action_files import read_actions
from emoreport.tables.head_files import HEAD_FILE, read_head_scores
from emoreport.tables.seen_files import read_seen
from emoreport.tables.text_files import TEXT_FILE, read_text_readings
from emoreport.tables.word_files import WORDS_FILE, read_words


def read(folder: Path | str, **changes: Unpack[SettingValues]) -> Report:
    """Read a finished run from its folder: the same report that `analyze` gave.

    Parameters
    ----------
    folder
        A folder that `emoreport analyze` wrote.
    **changes
        Settings to change, as keyword arguments of `Settings`; the tables are then made again
        from the stored readings. Nothing is decoded, and nothing is written.

    Raises
    ------
    SettingsError
        When a change concerns the readings themselves (a model, the frame rate, …).
    InputNotFoundError, StoredReadingsError
        When the folder holds no complete run.

    Examples
    --------
    >>> report = read("statistics/talk")                               # doctest: +SKIP
    >>> longer = read("statistics/talk", min_interval=2.0)             # doctest: +SKIP
    """
    return read_report(folder, changes)


def read_report(
    folder: Path | str,
    changes: Mapping[str, Any] | None = None,
    *,
    labels: LabelSource | None = None,
    words: NewWords | None = None,
) -> Report:
    """Build the report of a folder again from its stored readings; decodes nothing.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    changes
        Settings to change, by public name; the others are those of the stored run.
    labels
        Labels of a person to put in the place of the machine's, or `MACHINE` to take them out
        again; None: as the folder has them.
    words
        A transcript, or what reads it, to put in the place of the stored one; None: as the folder
        has it.

    Raises
    ------
    SettingsError
        When a change concerns the readings themselves (a model, the frame rate, …).
    InputNotFoundError, StoredReadingsError
        When the folder holds no complete run.
    """
    source = Path(folder)
    run = read_run(source)
    for name in changes or {}:
        if name in OPTIONS and not is_retabled(name):
            raise SettingsError("run.changes_readings", flag=OPTIONS[name].flag)
    settings = _settings_of(run, source, changes or {})
    if labels is not None:
        run = replace(run, labels=None if labels == MACHINE else labels)
    report = _report(source, run, settings, load_bridge(settings.analysis.bridge))
    return report if words is None else words.put_in(report)


@dataclass(frozen=True, slots=True)
class NewWords:
    """Words for a run that is there.

    Attributes
    ----------
    record, transcript
        Whence they are, and their times; None for both takes the words out.
    settings
        The settings that name them and their reader.
    recogniser
        What heard them, or aligns the words of files; None without either.
    reader, text
        What reads what they say, and what it read; None for what there is not.
    """

    record: TranscriptRecord | None
    transcript: Transcript | None
    settings: WordSettings
    recogniser: ModelRecord | None = None
    reader: ModelRecord | None = None
    text: TextReadings | None = None

    def put_in(self, report: Report) -> Report:
        """The report with these words."""
        report = report.with_settings(words=self.settings)
        run = with_transcript(
            report.run,
            self.record,
            self.transcript,
            recogniser=self.recogniser,
            missing=self.transcript is None and self.settings.transcript != NO_TRANSCRIPT,
        )
        run = with_text_model(run, self.reader, self.transcript, self.text)
        return replace(report, run=run, transcript=self.transcript, text=self.text)


def read_machine_report(folder: Path, changes: Mapping[str, Any] | None = None) -> Report:
    """The report of a folder for those who cut the machine's readings again.

    Without a new one, the bridge is the mapping that run.json holds: its file may have changed
    since, or be gone.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    changes
        Settings to change, by public name.

    Raises
    ------
    SettingsError
        When a change, or the bridge that it names, cannot be used, or when the labels of the folder
        are those of a person.
    InputNotFoundError, StoredReadingsError
        When the folder holds no complete run.
    """
    run = read_run(folder)
    if stored_labels(run) != MACHINE:
        raise SettingsError("run.labels_of_person", file=folder)
    settings = _settings_of(run, folder, changes or {})
    own = None if "bridge" in (changes or {}) else bridge_of(run, folder)
    return _report(folder, run, settings, own or load_bridge(settings.analysis.bridge))


def _report(folder: Path, run: RunRecord, settings: Settings, bridge: Bridge) -> Report:
    faces, speech = _readings(run, folder)
    transcript, text = read_words(folder / WORDS_FILE), None
    if transcript is not None:
        text = read_text_readings(folder / TEXT_FILE, len(transcript.words))
    seen, appearance = read_seen(folder, faces)
    source = stored_labels(run)
    heard: Sequence[AudioInterval] = ()
    if source.labels.voice is not None:
        limit = settings.analysis.distance_limit
        judged = judged_faces(faces, transcript, run.media.duration_s, settings)
        heard = judge_rows(
            doubted(judged, limit),
            doubted(speech, limit),
            run.media.duration_s,
            settings,
            bridge,
            source.labels,
        ).audio
    completed = replace(
        run,
        settings=settings_document(settings),
        bridge=dict(bridge.mapping),
        warnings=warnings_with(source, run.warnings, heard),
    )
    report = Report(
        faces,
        speech,
        completed,
        settings,
        bridge,
        folder,
        read_head_scores(folder / HEAD_FILE),
        read_actions(folder),
        transcript=transcript,
        text=text,
        seen=seen,
        appearance=appearance,
    )
    asked = settings.analysis.person != MOST_SEEN
    return report.with_people() if run.people or asked else report


def _readings(run: RunRecord, folder: Path) -> tuple[FaceTrack, SpeechTrack]:
    """The stored readings; a model below a trained head is a witness that is not heeded."""
    faces = readings.read_frames(folder / readings.FRAMES_FILE)
    speech = replace(
        readings.read_speech(folder / readings.SPEECH_FILE),
        contour=readings.read_contour(folder / readings.SOUND_FILE),
    )
    if run.is_under_head("face") and faces.witness is not None:
        faces = replace(faces, witness=replace(faces.witness, is_heeded=False))
    if run.is_under_head("voice") and speech.witness is not None:
        speech = replace(speech, witness=replace(speech.witness, is_heeded=False))
    return faces, speech


def stored_settings(run: RunRecord, folder: Path) -> Settings:
    """The settings of a stored run.

    Raises
    ------
    StoredReadingsError
        When what run.json holds cannot be used.
    """
    return _settings_of(run, folder, {})


def _settings_of(run: RunRecord, folder: Path, changes: Mapping[str, Any]) -> Settings:
    """Settings of a stored run, with changes by public name.

    Raises
    ------
    SettingsError
        When a change cannot be used.
    StoredReadingsError
        When what run.json holds cannot.
    """
    try:
        stored = Settings.from_values(run.settings)
    except SettingsError as error:
        raise StoredReadingsError(
            "run.settings", error=error.cause, file=folder / RUN_FILE
        ) from error
    return stored.replace(**changes) if changes else stored
