"""From the name of a recogniser to the one that hears the words; what aligns those of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from emoreport.errors import EmoreportError, SettingsError
from emoreport.models.families import family_of
from emoreport.models.families.letters import LetterModel
from emoreport.models.families.recognition import RecognitionModel
from emoreport.models.store.model_choice import AUTO, COMPACT, auto_order, choose_model
from emoreport.models.store.model_store import ModelState, ModelStore, PullProgress
from emoreport.models.store.registry import ModelEntry, registry
from emoreport.records import AudioTrack, ProgressCallback, Span, Transcript, WordAligner
from emoreport.settings import Settings
from emoreport.words.alignment import LetterAligner
from emoreport.words.placing import (
    place_words,
    refuse_too_many_words,
    refuse_without_times,
    wants_sound,
)
from emoreport.words.recogniser import SpeechRecogniser
from emoreport.words.recogniser_letters import RecogniserLetters
from emoreport.words.transcript_files import TranscriptFile

LANGUAGE: Final = "ru"
"""What is aligned: the letters are those of it."""


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
    return SpeechRecogniser(_open(name, settings, announce, progress))


def open_aligner(
    settings: Settings | None = None,
    announce: Callable[[str], None] = lambda _: None,
    progress: PullProgress | None = None,
) -> LetterAligner:
    """What finds the words of a Russian transcript in the sound.

    Parameters
    ----------
    settings
        ``words.aligner`` is a recogniser by name, ``compact`` for the letters of the package, or
        ``auto``: the best recogniser in the store that can align, else ``compact``. Without
        settings it is ``compact``.
    announce, progress
        As for `open_recogniser`, where a recogniser is named that is not in the store.

    Raises
    ------
    SettingsError
        When the name is none of a recogniser that can align.
    ModelError
        When the model is not available, or its files are damaged.
    """
    name = COMPACT if settings is None else settings.words.aligner
    if name == AUTO:
        name = _stored_aligner()
    if settings is None or name == COMPACT:
        return LetterAligner(LetterModel())
    able = [model.name for model in registry().values() if _can_align(model)]
    if name not in able:
        raise SettingsError(
            "transcript.cannot_align", name=name, names=", ".join([AUTO, COMPACT, *able])
        )
    return LetterAligner(RecogniserLetters(_open(name, settings, announce, progress)))


def _stored_aligner() -> str:
    """The best recogniser in the store that can align; of a store that cannot be read, none can."""
    try:
        store = ModelStore(offline=True)
        for model in auto_order("words", store):
            if _can_align(model) and store.state(model) is ModelState.COMPLETE:
                return model.name
    except EmoreportError:
        pass
    return COMPACT


def _can_align(model: ModelEntry) -> bool:
    """Whether a recogniser tells letters of Russian frame by frame, as its layout has it."""
    is_ctc = str(model.details.get("layout", "")).endswith("-ctc")
    return model.kind == "words" and is_ctc and model.details.get("language") == LANGUAGE


def _open(
    name: str,
    settings: Settings,
    announce: Callable[[str], None],
    progress: PullProgress | None,
) -> RecognitionModel:
    choice = choose_model("words", name, settings, announce, progress)
    model: RecognitionModel = family_of("words", choice.model).opener(
        choice.model,
        device=settings.runtime.device,
        threads=settings.runtime.threads,
        reason=choice.reason,
    )
    return model


def refuse_unusable(file: TranscriptFile, duration_s: float | None) -> None:
    """Raise StoredReadingsError where neither a transcript nor the sound can tell any time.

    The same where it holds more words than can be said in `duration_s`.
    """
    if not _is_aligned(file):
        refuse_without_times(file)
    refuse_too_many_words(file, duration_s)


def words_of_file(
    file: TranscriptFile,
    duration_s: float,
    speech: Sequence[Span],
    open_sound: Callable[[], AudioTrack | None],
    aligner: WordAligner,
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
    aligner
        Finds the words in the sound.
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
        return place_words(file, duration_s, aligner, track, speech, progress)
    finally:
        track.close()


def _is_aligned(file: TranscriptFile) -> bool:
    return file.language == LANGUAGE and wants_sound(file)
