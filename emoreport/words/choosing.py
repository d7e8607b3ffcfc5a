"""Which transcript belongs to a recording: the one that was named, or the one of its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from emoreport.errors import EmoreportError, InputNotFoundError, SettingsError
from emoreport.models.store.model_choice import AUTO, auto_order
from emoreport.models.store.model_store import ModelState, ModelStore
from emoreport.models.store.registry import registry
from emoreport.records import TranscriptRecord
from emoreport.settings import NO_TRANSCRIPT, WordSettings
from emoreport.words.transcript_files import FORMATS, TranscriptFile, read_transcript, sha256_of


@dataclass(frozen=True, slots=True)
class ChosenTranscript:
    """A transcript that was read, and what run.json says of it."""

    record: TranscriptRecord
    file: TranscriptFile


RECOGNISED: Final = "recognised"
"""Source of words that were heard, in the place of a format."""


def recogniser_name(settings: WordSettings) -> str | None:
    """What is to hear the words: ``auto`` or a recogniser of the registry; None for files."""
    name = settings.transcript
    known = registry().get(name)
    return name if name == AUTO or (known is not None and known.kind == "words") else None


def usual_transcript() -> dict[str, str]:
    """What `analyze` and `batch` take where nothing is said: ``auto`` once a recogniser is here.

    Of a store that cannot be read that is not known: nothing is heard then.
    """
    try:
        store = ModelStore(offline=True)
        here = any(
            store.state(model) is ModelState.COMPLETE for model in auto_order("words", store)
        )
    except EmoreportError:
        return {}
    return {"transcript": AUTO} if here else {}


def find_transcript(settings: WordSettings, recording: str) -> Path | None:
    """The transcript of a recording; None where none is wanted or the folder has none of it.

    Parameters
    ----------
    settings
        A file, a folder of files, or none.
    recording
        Its name, or its path below the folder of a batch, with forward slashes. In a folder of
        transcripts the file has this name, with another ending, or that ending behind it.

    Raises
    ------
    InputNotFoundError
        When there is neither such a file nor such a folder.
    """
    if settings.transcript == NO_TRANSCRIPT or recogniser_name(settings):
        return None
    path = Path(settings.transcript)
    if not path.is_dir():
        if not path.exists():
            raise InputNotFoundError("file.missing", file=path)
        return path
    name = PurePosixPath(recording)
    stems = (name.with_suffix(""), name)
    files = (path / f"{stem}{ending}" for stem in stems for ending in FORMATS)
    return next((file for file in files if file.is_file()), None)


def refuse_one_file(settings: WordSettings) -> None:
    """Raise SettingsError where one transcript is named for several recordings."""
    if not recogniser_name(settings) and Path(settings.transcript).is_file():
        raise SettingsError("transcript.one_file", file=settings.transcript)


def transcript_record(settings: WordSettings, recording: str) -> TranscriptRecord | None:
    """What is known of the transcript of a recording before it is read; None without one.

    Of words that will be heard it is the source only; the recogniser is among the models of a run.

    Raises
    ------
    InputNotFoundError, SettingsError, StoredReadingsError
        When there is no such file, or it cannot be read.
    """
    if recogniser_name(settings):
        return TranscriptRecord("", "", RECOGNISED)
    path = find_transcript(settings, recording)
    return None if path is None else _record(path, sha256_of(path), settings.transcript_tier)


def open_transcript(
    settings: WordSettings, recording: str, *, encoding: str | None = None
) -> ChosenTranscript | None:
    """Read the transcript of a recording; None without one.

    Raises
    ------
    InputNotFoundError, SettingsError, StoredReadingsError
        As `read_transcript`.
    """
    path = find_transcript(settings, recording)
    if path is None:
        return None
    tier = settings.transcript_tier
    video = PurePosixPath(recording).name
    file = read_transcript(path, tier=tier, encoding=encoding, video=video)
    return ChosenTranscript(_record(path, file.sha256, tier), file)


def cause_of(error: EmoreportError, settings: WordSettings) -> str:
    """Cause of an error of a recording; of its transcript, it names the file as well."""
    return f"{error.file}: {error.cause}" if is_of_transcript(error, settings) else error.cause


def is_of_transcript(error: EmoreportError, settings: WordSettings) -> bool:
    """Whether what went wrong is the transcript of a recording, and not the recording."""
    return error.file is not None and Path(error.file).is_relative_to(settings.transcript)


def _record(path: Path, sha256: str, tier: str) -> TranscriptRecord:
    return TranscriptRecord(path.name, sha256, FORMATS.get(path.suffix.casefold(), ""), tier)
