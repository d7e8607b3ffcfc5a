"""Align a transcript that is there with the sound: find when each of its words is said.

A small network tells the letters of every 20 ms; the best path through the letters of the text
(`trellis`) gives the words their times. A text without times is followed through the whole talk in
windows, so that an hour takes no more memory than a minute; a cue with times is looked for around
them. Words that the sound shows no better than other words get no time (`chance`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emoreport.records import (
    AudioTrack,
    DoubleArray,
    FloatArray,
    ModelRecord,
    ProgressCallback,
    Span,
    TextLine,
    Transcript,
    UnplacedWord,
    Word,
)
from emoreport.words.chance import Evidence, other_words, shown
from emoreport.words.sounding import heard_letters
from emoreport.words.spelling import without_marks, words_of
from emoreport.words.trellis import ANY, Prices, best_path, trellis

ALIGNING: Final = "words"
"""Name of the stage, as progress is told."""
PRICES: Final = Prices()
LONGEST_PIECE_S: Final = 20.0
PAUSE_WITHIN_S: Final = 0.6
"""Pauses of speech up to this length stay inside a piece."""
MARGIN_S: Final = 0.3
"""Sound before and after detected speech that is listened to as well."""
CUE_MARGIN_S: Final = 0.6
"""A cue is looked for in so much sound before and after it: people cut captions by eye."""
OTHER_WORDS: Final = 500
"""So many other words, at least, tell what fits by chance; of a longer text as many as it has."""
MOST_OTHER_WORDS: Final = 20_000
OTHER_FRAMES: Final = 300_000
"""Frames that other words are looked for in, all draws together: a short text in a long recording
has fewer of them."""
RAREST: Final = 1e-4
"""Added to how often each letter is heard, so that none is infinitely rare."""
WINDOW_FRAMES: Final = 4500
KEPT_FRAMES: Final = 3000
"""Of each window words up to here are kept; the next one begins after the last of them."""
LETTERS_AHEAD: Final = 3000
MOST_LOOKS: Final = 20
"""Cues are looked for in so many times the sound that there is, all together. A file of cues that
need more, each in itself and the sound around it, is no transcript of one recording: the rest of
its cues keep their own times."""


class LetterModel(Protocol):
    """A network that tells the letters of a sound frame by frame; class 0 is the blank."""

    record: ModelRecord
    letters: str
    language: str
    frame_s: float
    blanks_between: bool

    def log_posteriors(self, samples: FloatArray) -> FloatArray:
        """16 kHz mono float32 (n,) → float32 (T, 1 + letters); frame t covers t to t+1 frames."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """Log posteriors of the speech of a recording, and the time of each frame.

    Attributes
    ----------
    table
        float32 (T, K).
    start_s
        float64 (T,), presentation time.
    """

    table: FloatArray
    start_s: DoubleArray

    @property
    def usual(self) -> DoubleArray:
        """Log of how often each class is heard, float64 (K,)."""
        heard = np.exp(self.table).sum(axis=0, dtype=np.float64) / max(len(self.table), 1)
        return np.asarray(np.log(heard + RAREST))


@dataclass(frozen=True, slots=True)
class _Spelled:
    text: str
    after: str
    line: int
    heard: str
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Frames of a word, half-open, how well they show its letters, 0–1, and `Evidence` of it."""

    first: int
    last: int
    fit: float
    per_letter: float

    def moved(self, frames: int) -> _Place:
        return replace(self, first=self.first + frames, last=self.last + frames)


class LetterAligner:
    """Places the words of a transcript; see `WordAligner`.

    Parameters
    ----------
    model
        Tells the letters.
    """

    def __init__(self, model: LetterModel) -> None:
        self._model = model
        self.record, self.language = model.record, model.language
        self._class = {letter: number for number, letter in enumerate(model.letters, start=1)}

    def align(
        self,
        track: AudioTrack,
        speech: Sequence[Span],
        lines: Sequence[TextLine],
        progress: ProgressCallback | None = None,
    ) -> Transcript:
        """Place the words of all lines.

        Parameters
        ----------
        track
            The sound.
        speech
            Sorted, disjoint spans of detected speech; nothing else is listened to.
        lines
            The text. Lines with times are looked for around them, runs of lines without times
            between those that are placed.
        progress
            Told ``("words", done, total)`` in seconds of the recording.

        Returns
        -------
        Words in order of time; ``confidence`` is how well the sound shows their letters.
        """
        words = self._spelled(lines)
        if not words:
            return Transcript((), source=self.record.name, language=self.language)
        heard = self.listen(track, speech, progress)
        usual = heard.usual
        places = self._found(heard, usual, words, lines)
        shows = self._shown(heard, usual, words, lines, places)
        placed: list[Word] = []
        unplaced = []
        for word, at, is_shown in zip(words, places, shows, strict=True):
            if at is None or not is_shown:
                unplaced.append(UnplacedWord(word.text, len(placed), word.line))
                continue
            start_s = float(heard.start_s[at.first])
            end_s = float(heard.start_s[at.last - 1]) + self._model.frame_s
            placed.append(Word(word.text, start_s, end_s, at.fit, "aligned", word.after, word.line))
        placed.sort(key=lambda word: word.start_s)
        return Transcript(
            tuple(placed), tuple(unplaced), source=self.record.name, language=self.language
        )

    def listen(
        self,
        track: AudioTrack,
        speech: Sequence[Span],
        progress: ProgressCallback | None = None,
    ) -> Heard:
        """Log posteriors of all speech, piece by piece, a pause between two pieces."""
        tables, times = [], []
        pause = np.full((1, 1 + len(self._class)), np.log(1e-4), np.float32)
        pause[0, 0] = 0.0
        for piece in speech_pieces(speech, track.start_s, track.end_s):
            table = self._model.log_posteriors(track.read(piece))
            tables += [table, pause]
            frames = np.arange(len(table) + 1)
            times.append(piece.start_s + frames * self._model.frame_s)
            if progress is not None:
                progress(ALIGNING, min(piece.end_s, track.end_s), track.end_s)
        if not tables:
            return Heard(np.zeros((0, pause.shape[1]), np.float32), np.zeros(0))
        return Heard(np.concatenate(tables), np.concatenate(times))

    def _spelled(self, lines: Sequence[TextLine]) -> list[_Spelled]:
        return [
            _Spelled(text, after, number, heard, self._classes(heard))
            for number, line in enumerate(lines)
            for text, after in words_of(without_marks(line.text))
            for heard in [heard_letters(text)]
        ]

    def _classes(self, heard: str) -> tuple[int, ...]:
        return tuple(self._class.get(letter, ANY) for letter in heard) or (ANY,)

    def _found(
        self,
        heard: Heard,
        usual: DoubleArray,
        words: Sequence[_Spelled],
        lines: Sequence[TextLine],
    ) -> list[_Place | None]:
        """Places of words on the best paths, whether the sound shows them or not."""
        places: list[_Place | None] = []
        frames_left = MOST_LOOKS * len(heard.table)
        for timed, part in _runs(words, lines):
            if timed:
                first, last = _frames_around(heard, lines[part[0].line])
                frames_left -= last - first
                last = last if frames_left >= 0 else first
                places += self._around(heard, usual, part, first, last)
            else:
                places += self._through(heard, usual, part)
        return places

    def _shown(
        self,
        heard: Heard,
        usual: DoubleArray,
        words: Sequence[_Spelled],
        lines: Sequence[TextLine],
        places: Sequence[_Place | None],
    ) -> list[bool]:
        """Which words the sound shows better than it shows other words in their places."""
        if not any(places):
            return [False] * len(words)
        few = words[:MOST_OTHER_WORDS]
        draws = min(-(-OTHER_WORDS // len(few)), max(1, OTHER_FRAMES // len(heard.table)))
        others = []
        for draw in range(draws):
            texts = other_words([word.heard for word in few], draw)
            other = [
                replace(word, classes=self._classes(text))
                for word, text in zip(few, texts, strict=True)
            ]
            others.append(_evidence(other, self._found(heard, usual, other, lines)))
        shows: list[bool] = shown(_evidence(words, places), others).tolist()
        return shows

    def _around(
        self,
        heard: Heard,
        usual: DoubleArray,
        words: Sequence[_Spelled],
        first: int,
        last: int,
    ) -> list[_Place | None]:
        """Places of the words of a cue, sought in some frames."""
        if first >= last:
            return [None] * len(words)
        part = Heard(heard.table[first:last], heard.start_s[first:last])
        # A cue may hold a whole talk.
        if last - first > WINDOW_FRAMES or len(_ahead(words, 0)) < len(words):
            found = self._through(part, usual, words)
        else:
            found = self._places(part.table, usual, words, complete=True)
        return [None if place is None else place.moved(first) for place in found]

    def _through(
        self, heard: Heard, usual: DoubleArray, words: Sequence[_Spelled]
    ) -> list[_Place | None]:
        """Places of the words of a text without times, found window by window."""
        places: list[_Place | None] = [None] * len(words)
        frame = word = 0
        while frame < len(heard.table) and word < len(words):
            window = heard.table[frame : frame + WINDOW_FRAMES]
            ends = frame + WINDOW_FRAMES >= len(heard.table)
            ahead = _ahead(words, word)
            complete = ends and word + len(ahead) == len(words)
            found = self._places(window, usual, ahead, complete=complete)
            passed = KEPT_FRAMES
            kept = 0
            for number, place in enumerate(found):
                if place is not None and (ends or place.last <= KEPT_FRAMES):
                    places[word + number] = place.moved(frame)
                    kept, passed = number + 1, place.last
            if ends and (complete or not kept):
                break
            word += kept
            frame += passed
        return places

    def _places(
        self, table: FloatArray, usual: DoubleArray, words: Sequence[_Spelled], *, complete: bool
    ) -> list[_Place | None]:
        """Places of words on the best path through a table; None for those left out."""
        states = trellis(
            [word.classes for word in words],
            0,
            PRICES,
            blanks_between=self._model.blanks_between,
        )
        path = best_path(table, states, 0, PRICES, complete=complete)
        firsts, lasts = states.word_frames(path)
        on_path = states.classes[path]
        told = table[np.arange(len(path)), np.maximum(on_path, 0)]
        short = _summed(np.where(on_path == ANY, 0.0, told - table.max(axis=1)))
        # A letter counts once, however long it is; blanks and unknown letters do not.
        frames = np.bincount(path, minlength=len(states.classes))
        above = np.bincount(path, told - usual[np.maximum(on_path, 0)], len(states.classes))
        is_letter = (states.classes > 0) & (frames > 0)
        letters = _summed(is_letter)
        evidence = _summed(np.where(is_letter, above / np.maximum(frames, 1), 0.0))
        starts, ends = states.gap[:-1], states.gap[1:]
        fits = np.exp((short[lasts] - short[firsts]) / np.maximum(lasts - firsts, 1))
        per_letter = (evidence[ends] - evidence[starts]) / np.maximum(
            letters[ends] - letters[starts], 1
        )
        found = zip(*(each.tolist() for each in (firsts, lasts, fits, per_letter)), strict=True)
        return [_Place(*each) if each[1] > each[0] else None for each in found]


def _frames_around(heard: Heard, line: TextLine) -> tuple[int, int]:
    """First frame of a cue, with the sound around it, and the one after its last."""
    start_s, end_s = line.start_s or 0.0, line.end_s or 0.0
    first, last = np.searchsorted(heard.start_s, (start_s - CUE_MARGIN_S, end_s + CUE_MARGIN_S))
    return int(first), min(int(last), len(heard.table))


def _summed(values: NDArray[Any]) -> DoubleArray:
    """Sums of what is before each value, float64 (n + 1,)."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def _evidence(words: Sequence[_Spelled], places: Sequence[_Place | None]) -> Evidence:
    return Evidence(
        np.array([sum(letter != ANY for letter in word.classes) for word in words], np.float64),
        np.array([np.nan if place is None else place.per_letter for place in places], np.float64),
    )


def speech_pieces(speech: Sequence[Span], start_s: float, end_s: float) -> list[Span]:
    """Stretches with speech that are listened to in one go.

    Parameters
    ----------
    speech
        Sorted, disjoint spans.
    start_s, end_s
        Bounds of the sound.

    Returns
    -------
    Sorted, disjoint spans of at most `LONGEST_PIECE_S`, with all speech and some sound around it.
    """
    pieces: list[Span] = []
    for span in speech:
        start, end = max(start_s, span.start_s - MARGIN_S), min(end_s, span.end_s + MARGIN_S)
        if pieces and start <= pieces[-1].end_s + PAUSE_WITHIN_S:
            before = pieces[-1]
            if end - before.start_s <= LONGEST_PIECE_S:
                pieces[-1] = Span(before.start_s, end)
                continue
            start = max(start, before.end_s)
        while end - start > LONGEST_PIECE_S:
            pieces.append(Span(start, start + LONGEST_PIECE_S))
            start += LONGEST_PIECE_S
        if end > start:
            pieces.append(Span(start, end))
    return pieces


def _runs(
    words: Sequence[_Spelled], lines: Sequence[TextLine]
) -> Iterator[tuple[bool, Sequence[_Spelled]]]:
    """Words of one cue with times, or of a run of lines without any, in order."""
    start = 0
    for here in range(1, len(words) + 1):
        line = words[start].line
        timed = lines[line].start_s is not None
        ends = here == len(words)
        if not ends:
            other = words[here].line
            ends = other != line if timed else lines[other].start_s is not None
        if ends:
            yield timed, words[start:here]
            start = here


def _ahead(words: Sequence[_Spelled], start: int) -> Sequence[_Spelled]:
    letters = 0
    for number in range(start, len(words)):
        letters += len(words[number].classes)
        if letters > LETTERS_AHEAD and number > start:
            return words[start:number]
    return words[start:]
