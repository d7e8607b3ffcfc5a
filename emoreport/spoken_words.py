"""The words of one recording, heard or of a transcript, and what a model reads in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from emoreport.models.store.model_store import PullProgress
from emoreport.records import (
    AudioTrack,
    ModelRecord,
    ProgressCallback,
    Recogniser,
    Span,
    TextEmotionModel,
    Transcript,
    TranscriptRecord,
    WordAligner,
)
from emoreport.run.read import NewWords
from emoreport.run.record import TEXT_ROLE, WORDS_ROLE
from emoreport.settings import NO_TRANSCRIPT, Settings
from emoreport.text.reading import readings_of
from emoreport.text.select import open_text_model
from emoreport.words.choosing import (
    RECOGNISED,
    ChosenTranscript,
    open_transcript,
    recogniser_name,
)
from emoreport.words.select import (
    open_aligner,
    open_recogniser,
    refuse_unusable,
    words_of_file,
)


@dataclass(frozen=True, slots=True)
class SpokenWords:
    """What finds the words of recordings and what they say; opened once for all of them.

    Attributes
    ----------
    settings
        Which transcript is wanted, and what reads it.
    recogniser
        Hears the words; None where they are those of a file, and where none are wanted.
    reader
        Reads an emotion in them; None for nobody.
    aligner
        Finds the words of a file in the sound; None where none is wanted.
    """

    settings: Settings
    recogniser: Recogniser | None = None
    reader: TextEmotionModel | None = None
    aligner: WordAligner | None = None

    @classmethod
    def open(
        cls,
        settings: Settings,
        announce: Callable[[str], None],
        progress: PullProgress | None = None,
    ) -> Self:
        """Open the models that the settings ask for; none where no words are wanted.

        Parameters
        ----------
        settings
            Words, network, device and threads.
        announce
            Receives one line before a model is downloaded.
        progress
            Is told how far a download is.

        Raises
        ------
        ModelError, SettingsError
            When a model is not available.
        """
        heard_by = recogniser_name(settings.words)
        return cls(
            settings,
            None if heard_by is None else open_recogniser(heard_by, settings, announce, progress),
            open_reader(settings, announce, progress),
            aligner_for(settings, announce, progress),
        )

    @property
    def are_wanted(self) -> bool:
        """Whether a recording is to have words at all."""
        return self.settings.words.transcript != NO_TRANSCRIPT

    @property
    def models(self) -> dict[str, ModelRecord]:
        """The models by their role in a run."""
        roles = {WORDS_ROLE: self.recogniser or self.aligner, TEXT_ROLE: self.reader}
        return {role: model.record for role, model in roles.items() if model is not None}

    def transcript_of(
        self, recording: str, duration_s: float | None, *, encoding: str | None = None
    ) -> ChosenTranscript | None:
        """The transcript of a recording, before anything is decoded; None where no file has it.

        Parameters
        ----------
        recording, encoding
            As for `open_transcript`.
        duration_s
            Length of the recording as its container claims it; None where it does not.

        Raises
        ------
        InputNotFoundError, SettingsError, StoredReadingsError
            When it cannot be read, neither it nor the sound can tell any time, or it holds more
            words than can be said.
        """
        chosen = open_transcript(self.settings.words, recording, encoding=encoding)
        if chosen is not None:
            refuse_unusable(chosen.file, duration_s)
        return chosen

    def find(
        self,
        chosen: ChosenTranscript | None,
        duration_s: float,
        speech: Sequence[Span],
        open_sound: Callable[[], AudioTrack | None],
        progress: ProgressCallback | None = None,
    ) -> NewWords:
        """The words with their times: heard, those of the transcript, or none.

        Parameters
        ----------
        chosen
            What `transcript_of` gave.
        duration_s
            Length of the recording, seconds.
        speech
            Detected speech.
        open_sound
            Opens the sound; called only where it is listened to, closed here. None where there is
            none.
        progress
            Told ``("words", done, total)``.

        Raises
        ------
        StoredReadingsError
            When no line of a transcript has a time, and nothing can find one.
        MediaError, ModelError
            When the sound, the recogniser or the aligner cannot be used.
        """
        if self.recogniser is not None:
            words = _heard(self.recogniser, speech, open_sound, progress)
            record: TranscriptRecord | None = TranscriptRecord("", "", RECOGNISED)
            return NewWords(record, words, self.settings.words, self.recogniser.record)
        aligned_by = None if self.aligner is None else self.aligner.record
        if chosen is None or self.aligner is None:
            return NewWords(None, None, self.settings.words, aligned_by)
        words = words_of_file(chosen.file, duration_s, speech, open_sound, self.aligner, progress)
        return NewWords(chosen.record, words, self.settings.words, aligned_by)

    def read(self, words: NewWords) -> NewWords:
        """The same words with what the model reads in them.

        Raises
        ------
        ModelError
            When the model cannot be run.
        """
        if self.reader is None:
            return words
        text = readings_of(words.transcript, self.reader)
        return replace(words, reader=self.reader.record, text=text)


def open_reader(
    settings: Settings, announce: Callable[[str], None], progress: PullProgress | None = None
) -> TextEmotionModel | None:
    """What reads an emotion in the words that the settings want; None where they want neither."""
    if settings.words.transcript == NO_TRANSCRIPT:
        return None
    return open_text_model(settings.words.text, settings, announce, progress)


def aligner_for(
    settings: Settings, announce: Callable[[str], None], progress: PullProgress | None = None
) -> WordAligner | None:
    """What finds the words of the files that the settings want; None where they want none."""
    wanted = settings.words
    if wanted.transcript == NO_TRANSCRIPT or recogniser_name(wanted):
        return None
    return open_aligner(settings, announce, progress)


def _heard(
    recogniser: Recogniser,
    speech: Sequence[Span],
    open_sound: Callable[[], AudioTrack | None],
    progress: ProgressCallback | None,
) -> Transcript:
    track = open_sound()
    if track is None:
        return Transcript((), source=recogniser.record.name)
    try:
        return recogniser.transcribe(track, speech, progress)
    finally:
        track.close()
