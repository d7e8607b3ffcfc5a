"""From the name of a recogniser to the one that hears the words; what aligns those of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from emoreport.models.families import family_of
from emoreport.models.families.letters import LetterModel
from emoreport.models.store.model_choice import choose_model
from emoreport.models.store.model_store import PullProgress
from emoreport.records import AudioTrack, ProgressCallback, Span, Transcript
from emoreport.settings import Settings
from emoreport.words.alignment import LetterAligner
from emoreport.words.placing import place_words, refuse_without_times, wants_sound
from emoreport.words.recogniser import SpeechRecogniser
from emoreport.words.transcript_files import TranscriptFile

LANGUAGE: Final = "ru"
"""What the letters of the package are those of."""


def open_recogniser(
    name: str,
    settings: Settings,
    announce: Callable[[str], None],
    progress: PullProgress | None = None,
) -> SpeechRecogniser:
    """Open a recogniser of the registry.

    Parameters
    ----------
    name
        ``auto`` or the name of one.
    settings
        Network, device and threads.
    announce
        Receives one line before ``auto`` downloads.
    progress
        Is told how far a download is.

    Raises
    ------
    SettingsError
        When the name is unknown.
    ModelError
        When the recogniser or its optional part is not available; none is ever replaced.
    """
    choice = choose_model("words", name, settings, announce, progress)
    model = family_of("words", choice.model).opener(
        choice.model,
        device=settings.runtime.device,
        threads=settings.runtime.threads,
        reason=choice.reason,
    )
    return SpeechRecogniser(model)


def open_aligner() -> LetterAligner:
    """What finds the words of a Russian transcript in the sound; it comes with the package.

    Raises
    ------
    ModelError
        When its files are damaged.
    """
    return LetterAligner(LetterModel())


def refuse_unusable(file: TranscriptFile) -> None:
    """Raise StoredReadingsError where neither a transcript nor the sound can tell any time."""
    if not _is_aligned(file):
        refuse_without_times(file)


def words_of_file(
    file: TranscriptFile,
    duration_s: float,
    speech: Sequence[Span],
    open_sound: Callable[[], AudioTrack | None],
    progress: ProgressCallback | None = None,
) -> Transcript:
    """The words of a transcript with their times, aligned to the sound where that is possible.

    Parameters
    ----------
    file
        The transcript.
    duration_s
        Length of the recording, seconds.
    speech
        Detected speech.
    open_sound
        Opens the sound; called only where it is listened to, closed here. None where there is none.
    progress
        Told ``("words", done, total)``.

    Raises
    ------
    StoredReadingsError
        When no line has a time, and no aligner for its language or no sound is there.
    MediaError, ModelError
        When the sound or the aligner cannot be used.
    """
    if not _is_aligned(file):
        return place_words(file, duration_s)
    track = open_sound()
    if track is None:
        return place_words(file, duration_s)
    try:
        return place_words(file, duration_s, open_aligner(), track, speech, progress)
    finally:
        track.close()


def _is_aligned(file: TranscriptFile) -> bool:
    return file.language == LANGUAGE and wants_sound(file)
