"""Hear the words of a recording; give a finished run words, other words, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from emoreport.errors import MediaError, SettingsError
from emoreport.media import open_audio, probe
from emoreport.records import (
    AudioTrack,
    ProgressCallback,
    Recogniser,
    RunRecord,
    Transcript,
)
from emoreport.run.page_video import find_video
from emoreport.run.read import NewWords, read_report, stored_settings
from emoreport.run.record import WORDS_ROLE
from emoreport.run.run_json import read_run
from emoreport.settings import Settings, WordSettings
from emoreport.speech.activity import SileroDetector
from emoreport.spoken_words import SpokenWords, aligner_for, open_reader
from emoreport.tables.readings import SPEECH_FILE, read_speech
from emoreport.tables.word_files import WORDS_FILE, read_words
from emoreport.text.select import NONE
from emoreport.words.choosing import recogniser_name
from emoreport.words.transcript_files import ANY_TIER


def _tell_nobody(_line: str) -> None:
    """Take a line that nobody wants to see."""


def words_for(
    folder: Path,
    transcript: str | None = None,
    *,
    tier: str | None = None,
    encoding: str | None = None,
    text: str | None = None,
    aligner: str | None = None,
    announce: Callable[[str], None] = _tell_nobody,
) -> NewWords:
    """The words of a transcript on the time axis of a run, and what they say.

    No picture is decoded. The sound is listened to only where the transcript does not say when each
    word is spoken, and where the recording is still there.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    transcript
        A file, a folder of files named after the recordings, or ``none``; None for the words that
        the run has.
    tier, encoding
        As for `read_transcript`.
    text
        What reads the words; None for what the run's settings name.
    aligner
        What finds the words in the sound; None for what the run's settings name.
    announce
        Receives one line before a model is downloaded.

    Raises
    ------
    InputNotFoundError, SettingsError, StoredReadingsError
        When the folder holds no complete run, the transcript cannot be read, or there are no words
        for a model.
    ModelError
        When the model is not available or cannot be run.
    """
    run = read_run(folder)
    settings = stored_settings(run, folder)
    chosen = settings.words if text is None else replace(settings.words, text=text)
    chosen = chosen if aligner is None else replace(chosen, aligner=aligner)
    if transcript is None:
        found = _own_words(run, folder, chosen)
    else:
        chosen = replace(chosen, transcript=transcript, transcript_tier=tier or ANY_TIER)
        found = _words_of_file(run, folder, settings.replace(words=chosen), encoding, announce)
    settings = settings.replace(words=chosen)
    return SpokenWords(settings, reader=open_reader(settings, announce)).read(found)


def words_heard_in(
    recording: Path,
    recogniser: Recogniser,
    settings: Settings,
    progress: ProgressCallback | None = None,
) -> Transcript:
    """Words of a recording with their times; of the picture nothing is decoded.

    Parameters
    ----------
    recording, recogniser
        What is listened to, and what hears.
    settings
        When a sound counts as speech.
    progress
        Told ``("words", done, total)``.

    Raises
    ------
    MediaError
        When the recording cannot be read or has no sound.
    SpeechStageError, ModelError
        When its speech cannot be found or heard.
    """
    info = probe(recording)
    track = open_audio(recording, info, duration_s=info.duration_s)
    if track is None:
        raise MediaError("media.no_sound_to_hear", file=recording)
    try:
        speech = SileroDetector(settings.speech.speech_threshold).detect(track)
        return recogniser.transcribe(track, speech, progress)
    finally:
        track.close()


def put_heard_words(
    folder: Path,
    recording: Path,
    recogniser: Recogniser,
    settings: Settings,
    announce: Callable[[str], None] = _tell_nobody,
    progress: ProgressCallback | None = None,
) -> tuple[Transcript, tuple[str, ...]]:
    """Put the words that a recogniser hears in the speech of a run into its files.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    recording
        Its recording.
    recogniser, settings
        What hears, and the settings that name it; what reads the words is what the run names.
    announce
        Receives one line before a model is downloaded.
    progress
        Told ``("words", done, total)``, then as for `Report.write`.

    Returns
    -------
    The words, and what a reader of the files must know.

    Raises
    ------
    InputNotFoundError, StoredReadingsError
        When the folder holds no complete run.
    MediaError, ModelError
        When the sound or a model cannot be used.
    OutputError
        When something cannot be written.
    """
    run = read_run(folder)
    text = stored_settings(run, folder).words.text
    settings = settings.replace(text=text)
    duration_s = run.media.duration_s
    words = SpokenWords(settings, recogniser, open_reader(settings, announce))
    heard = words.find(
        None,
        duration_s,
        read_speech(folder / SPEECH_FILE).speech,
        lambda: open_audio(recording, probe(recording), duration_s=duration_s),
        progress,
    )
    report = read_report(folder, words=words.read(heard))
    assert report.transcript is not None
    report.write(folder, video=recording, progress=progress)
    return report.transcript, report.warnings(settings.output.lang)


def _own_words(run: RunRecord, folder: Path, settings: WordSettings) -> NewWords:
    words = read_words(folder / WORDS_FILE)
    if settings.text != NONE:
        if words is None:
            raise SettingsError("transcript.no_words_here", file=folder)
        if not words.has_text:
            raise SettingsError("transcript.words_hidden", file=folder)
    return NewWords(run.transcript, words, settings, run.models.get(WORDS_ROLE))


def _words_of_file(
    run: RunRecord,
    folder: Path,
    settings: Settings,
    encoding: str | None,
    announce: Callable[[str], None],
) -> NewWords:
    if recogniser_name(settings.words):
        raise SettingsError("transcript.not_heard_here", name=settings.words.transcript)
    of_file = SpokenWords(settings, aligner=aligner_for(settings, announce))
    return of_file.find(
        of_file.transcript_of(run.input.name, run.media.duration_s, encoding=encoding),
        run.media.duration_s,
        read_speech(folder / SPEECH_FILE).speech,
        lambda: _sound_of(run, folder),
    )


def _sound_of(run: RunRecord, folder: Path) -> AudioTrack | None:
    """The sound of a run's recording; None where the recording is gone or has none."""
    video = find_video(run.input, folder)
    if video is None or not video.is_file():
        return None
    return open_audio(video, probe(video), duration_s=run.media.duration_s)
