"""Give a finished run another transcript, or none."""

from __future__ import annotations

from pathlib import Path

from emoreport.errors import SettingsError
from emoreport.media import open_audio, probe
from emoreport.records import AudioTrack, RunRecord
from emoreport.run.page_video import find_video
from emoreport.run.read import NewWords
from emoreport.run.run_json import read_run
from emoreport.settings import WordSettings
from emoreport.tables.readings import SPEECH_FILE, read_speech
from emoreport.words.choosing import open_transcript, recogniser_name
from emoreport.words.select import words_of_file
from emoreport.words.transcript_files import ANY_TIER


def words_for(
    folder: Path, transcript: str, *, tier: str | None = None, encoding: str | None = None
) -> NewWords:
    """The words of a transcript on the time axis of a run; no picture is decoded.

    Its sound is listened to only where the transcript does not say when each word is spoken, and
    where the recording is still there.

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
    words = words_of_file(
        chosen.file,
        run.media.duration_s,
        read_speech(folder / SPEECH_FILE).speech,
        lambda: _sound_of(run, folder),
    )
    return NewWords(chosen.record, words, transcript, settings.transcript_tier)


def _sound_of(run: RunRecord, folder: Path) -> AudioTrack | None:
    """The sound of a run's recording; None where the recording is gone or has none."""
    video = find_video(run.input, folder)
    if video is None or not video.is_file():
        return None
    return open_audio(video, probe(video), duration_s=run.media.duration_s)
