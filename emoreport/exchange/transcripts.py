"""Give a finished run another transcript, or none."""

from __future__ import annotations

from pathlib import Path

from emoreport.errors import SettingsError
from emoreport.run.read import NewWords
from emoreport.run.run_json import read_run
from emoreport.settings import WordSettings
from emoreport.words.choosing import open_transcript, recogniser_name
from emoreport.words.placing import place_words
from emoreport.words.transcript_files import ANY_TIER


def words_for(
    folder: Path, transcript: str, *, tier: str | None = None, encoding: str | None = None
) -> NewWords:
    """The words of a transcript on the time axis of a run; the recording is not decoded.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    transcript
        A file, a folder of files named after the recordings, or ``none``.
    tier, encoding
        As for `read_transcript`.

    Raises
    ------
    InputNotFoundError, SettingsError, StoredReadingsError
        When the folder holds no complete run, or the transcript cannot be read.
    """
    run = read_run(folder)
    settings = WordSettings(transcript, tier or ANY_TIER)
    if recogniser_name(settings):
        raise SettingsError("transcript.not_heard_here", name=transcript)
    chosen = open_transcript(settings, run.input.name, encoding=encoding)
    if chosen is None:
        return NewWords(None, None, transcript, settings.transcript_tier)
    words = place_words(chosen.file, run.media.duration_s)
    return NewWords(chosen.record, words, transcript, settings.transcript_tier)
