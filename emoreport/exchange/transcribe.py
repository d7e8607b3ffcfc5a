"""Hear the words of one recording: decode its sound, find its speech, recognise it."""

from __future__ import annotations

from pathlib import Path

from emoreport.errors import MediaError
from emoreport.media import open_audio, probe
from emoreport.records import ProgressCallback, Recogniser, Transcript
from emoreport.settings import Settings
from emoreport.speech.activity import SileroDetector


def transcribe(
    recording: Path,
    recogniser: Recogniser,
    settings: Settings,
    progress: ProgressCallback | None = None,
) -> Transcript:
    """Words of a recording with their times; of the picture nothing is decoded.

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
