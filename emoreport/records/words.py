"""Words on the time axis, what they say, and the models that find and read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, runtime_checkable

from emoreport.records.arrays import DoubleArray, FloatArray, IntArray, ProgressCallback
from emoreport.records.media import AudioTrack, Span
from emoreport.records.models import ModelRecord

Placed = Literal["given", "aligned", "recognised"]
"""Whence a word has its time: from the transcript, from the sound, or heard by a recogniser."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a transcript before its words have times.

    Attributes
    ----------
    text
        What was said, without marks of layout.
    start_s, end_s
        Presentation time of the cue; None for a line without times.
    """

    text: str
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """One word and when it is said.

    Attributes
    ----------
    text
        As it is written, without punctuation.
    start_s, end_s
        Seconds of presentation time, half-open.
    confidence
        0–1; None where nothing tells.
    placed
        Whence the time comes.
    after
        Punctuation that follows.
    line
        Number of the line or cue of the transcript, from 0.
    filled_pause
        Whether it is the sound of a pause («эм», "uh") of which the source tells the time.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None
    placed: Placed = "given"
    after: str = ""
    line: int = 0
    filled_pause: bool = False


@dataclass(frozen=True, slots=True)
class UnplacedWord:
    """A word of the transcript that the sound does not show.

    Attributes
    ----------
    text
        The word.
    before
        Index of the word with a time before which it is written.
    line
        Number of its line among those that an aligner was given, from 0.
    """

    text: str
    before: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one recording, in order of time.

    Attributes
    ----------
    words
        Those with a time, sorted by their start.
    unplaced
        Those without.
    beyond
        How many more have times after the end of the recording.
    source
        Format of the file, or name of the recogniser.
    language
        ISO 639-1 code; None where nothing tells.
    sha256
        Of the file; "" where none was read.
    """

    words: tuple[Word, ...]
    unplaced: tuple[UnplacedWord, ...] = ()
    source: str = ""
    language: str | None = None
    sha256: str = ""
    beyond: int = 0

    @property
    def has_text(self) -> bool:
        """Whether its words can be read; of a transcript without words, this is so too."""
        return all(word.text for word in self.words)

    def without_text(self) -> Transcript:
        """The same times without what is said: neither words nor punctuation."""
        hidden = tuple(replace(word, text="", after="") for word in self.words)
        lost = tuple(replace(word, text="") for word in self.unplaced)
        return replace(self, words=hidden, unplaced=lost)

    @property
    def spoken_words(self) -> tuple[Word, ...]:
        """Its words without the filled pauses."""
        return tuple(word for word in self.words if not word.filled_pause)

    @property
    def share_unplaced(self) -> float:
        """Share of the words that found no place, 0–1; NaN without words."""
        count = len(self.words) + self.lost
        return self.lost / count if count else float("nan")

    @property
    def lost(self) -> int:
        """How many words found no place."""
        return len(self.unplaced) + self.beyond


@dataclass(frozen=True, slots=True)
class TextReadings:
    """What the words say, clause by clause.

    Attributes
    ----------
    labels
        Class names (K).
    start_s, end_s
        float64 (C,): from the first word to the last.
    first, last
        int64 (C,): indices of the first word and of the one after the last.
    probabilities
        float32 (C, K); NaN rows where the clause has too few words, or the language no model.
    """

    labels: tuple[str, ...]
    start_s: DoubleArray
    end_s: DoubleArray
    first: IntArray
    last: IntArray
    probabilities: FloatArray


@runtime_checkable
class TextEmotionModel(Protocol):
    """Turns texts into emotion probabilities."""

    record: ModelRecord
    labels: tuple[str, ...]
    language: str

    def predict(self, texts: Sequence[str]) -> FloatArray:
        """N texts → float32 (N, K); rows sum to 1."""
        ...


@runtime_checkable
class WordAligner(Protocol):
    """Finds in the sound the words of a transcript that is there."""

    record: ModelRecord
    language: str

    def align(
        self,
        track: AudioTrack,
        speech: Sequence[Span],
        lines: Sequence[TextLine],
        progress: ProgressCallback | None = None,
    ) -> Transcript:
        """Words of all lines with their times; those that the sound does not show are unplaced."""
        ...


@runtime_checkable
class Recogniser(Protocol):
    """Hears which words are said."""

    record: ModelRecord
    language: str | None

    def transcribe(
        self,
        track: AudioTrack,
        speech: Sequence[Span],
        progress: ProgressCallback | None = None,
    ) -> Transcript:
        """Words of the detected speech."""
        ...
