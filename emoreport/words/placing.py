"""Lay the words of a transcript on the time axis: as the file tells it, or as an aligner hears it.

Words of a cue without times of their own share its time by their letters, until an aligner finds
them. A word is never given a time that neither the file nor the sound says anything about.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from emoreport.errors import StoredReadingsError
from emoreport.records import (
    AudioTrack,
    ProgressCallback,
    Span,
    TextLine,
    Transcript,
    UnplacedWord,
    Word,
    WordAligner,
)
from emoreport.words.filled_pauses import with_filled_pauses
from emoreport.words.lines import Line, Part
from emoreport.words.spelling import without_marks, words_of
from emoreport.words.transcript_files import TranscriptFile

TELL_PAUSES: Final = frozenset({"textgrid", "elan", "csv", "json"})
"""Formats that tell the times of single words; captions and plain text are edited to be read."""
BETWEEN_WORDS: Final = 1
"""So many letters more than it has count for a word: the shortest take time too."""
MOST_WORDS: Final = 100_000
MOST_WORDS_PER_S: Final = 20.0
"""Within the recording, whichever is more; three voices at once do not say as many."""
BEYOND_S: Final = 1.0
"""A line that begins so long after the end of the recording has no sound to be looked for in."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """What an aligner listens to."""

    aligner: WordAligner
    track: AudioTrack
    speech: Sequence[Span]
    progress: ProgressCallback | None


_Item = Word | str
"""A word with a time, or the text of one without, in the order in which they are written."""


def place_words(
    file: TranscriptFile,
    duration_s: float,
    aligner: WordAligner | None = None,
    track: AudioTrack | None = None,
    speech: Sequence[Span] = (),
    progress: ProgressCallback | None = None,
) -> Transcript:
    """The words of a transcript with their times.

    Parameters
    ----------
    file
        The transcript.
    duration_s
        Length of the recording, seconds. Words whose middle lies beyond it have no place; those of
        lines that begin well after it are only counted.
    aligner, track
        What finds words in the sound, and the sound. Without either, words of a cue share its time
        by their letters.
    speech
        Detected speech.
    progress
        Told by the aligner how far it is.

    Raises
    ------
    StoredReadingsError
        When no line has a time, and there is no aligner or no sound; when there are more words than
        can be said.
    """
    sound = None
    if aligner is not None and track is not None:
        sound = _Sound(aligner, track, speech, progress)
    if sound is None:
        refuse_without_times(file)
    lines, beyond = _lines_within(file, duration_s)
    items = list(_placed(lines, sound))
    written = [_within(item, duration_s) for item in items]
    order = sorted(
        (index for index, item in enumerate(written) if isinstance(item, Word)),
        key=lambda index: (written[index].start_s, index),  # type: ignore[union-attr] # a word
    )
    words: list[Word] = [written[index] for index in order]  # type: ignore[misc] # words
    unplaced = tuple(_unplaced(written, order))
    if file.source in TELL_PAUSES:
        own = {number for number, line in lines.items() if _has_own_times(line)}
        lost = [word.text for word in unplaced]
        words = [*with_filled_pauses(words, file.language, own, lost)]
    return Transcript(
        words=tuple(words),
        unplaced=unplaced,
        beyond=beyond,
        source=file.source,
        language=file.language,
        sha256=file.sha256,
    )


def refuse_too_many_words(file: TranscriptFile, duration_s: float | None) -> None:
    """Raise StoredReadingsError where a transcript holds more words than can be said.

    `duration_s` is the length of the recording as its container claims it; None where it does not.
    """
    if duration_s is not None:
        _ = _lines_within(file, duration_s)


def _lines_within(file: TranscriptFile, duration_s: float) -> tuple[dict[int, Line], int]:
    """Lines with words that may be in the recording, by number; how many words are beyond it."""
    most = max(MOST_WORDS, round(MOST_WORDS_PER_S * duration_s))
    within: dict[int, Line] = {}
    count = beyond = 0
    for number, line in enumerate(file.lines):
        words = sum(len(words_of(without_marks(text))) for text in _texts(line))
        if _first_s(line) >= duration_s + BEYOND_S:
            beyond += words
        elif words:
            count += words
            within[number] = line
        if count > most:
            raise StoredReadingsError(
                "transcript.too_many_words", limit=most, seconds=duration_s, file=file.path
            )
    return within, beyond


def _texts(line: Line) -> Iterable[str]:
    return (part.text for part in line.parts) if line.parts else (line.text,)


def _first_s(line: Line) -> float:
    """When a line begins; before everything where nothing tells."""
    times_s = [line.start_s, *(part.start_s for part in line.parts)]
    return min((time_s for time_s in times_s if time_s is not None), default=-math.inf)


def _has_own_times(line: Line) -> bool:
    """Whether every word of a line has a time of its own."""
    if line.parts:
        return all(part.start_s is not None for part in line.parts)
    return line.start_s is not None and len(words_of(without_marks(line.text))) == 1


def refuse_without_times(file: TranscriptFile) -> None:
    """Raise StoredReadingsError where no line of a transcript says when it is spoken."""
    if not any(line.is_timed for line in file.lines):
        raise StoredReadingsError("transcript.no_times", file=file.path)


def wants_sound(file: TranscriptFile) -> bool:
    """Whether words of a transcript have no times of their own, so that the sound can help."""
    return any(not line.parts for line in file.lines)


def _placed(lines: Mapping[int, Line], sound: _Sound | None) -> Iterator[_Item]:
    """Every word in the order of the lines, with a time or without."""
    heard = {} if sound is None else _aligned(lines, sound)
    for number, line in lines.items():
        if number in heard:
            yield from heard[number]
        elif line.parts:
            yield from _of_parts(line.parts, number)
        elif line.start_s is None or line.end_s is None:
            yield from (word for word, _ in words_of(without_marks(line.text)))
        else:
            yield from _shared(line.text, line.start_s, line.end_s, number)


def _shared(
    text: str, start_s: float, end_s: float, line: int, confidence: float | None = None
) -> Iterator[Word]:
    """Words of a text over its time, by their letters."""
    words = words_of(without_marks(text))
    letters = [len(word) + BETWEEN_WORDS for word, _ in words]
    whole = sum(letters)
    per_letter_s = (end_s - start_s) / max(whole, 1)
    before = 0
    for (word, after), own in zip(words, letters, strict=True):
        first_s = start_s + before * per_letter_s
        before += own
        last_s = end_s if before == whole else start_s + before * per_letter_s
        yield Word(word, first_s, last_s, confidence, "given", after, line)


def _of_parts(parts: Sequence[Part], line: int) -> Iterator[_Item]:
    """Words of the parts of a line; parts without times share the time between their neighbours."""
    waiting: list[Part] = []
    known_s: float | None = None
    for part in parts:
        if part.start_s is None or part.end_s is None:
            waiting.append(part)
            continue
        yield from _between(waiting, known_s, part.start_s, line)
        waiting = []
        yield from _shared(part.text, part.start_s, part.end_s, line, part.confidence)
        known_s = part.end_s
    yield from _between(waiting, known_s, None, line)


def _between(
    waiting: Sequence[Part], start_s: float | None, end_s: float | None, line: int
) -> Iterator[_Item]:
    text = " ".join(part.text for part in waiting)
    if start_s is not None and end_s is not None and end_s >= start_s:
        yield from _shared(text, start_s, end_s, line)
    else:
        yield from (word for word, _ in words_of(without_marks(text)))


def _aligned(lines: Mapping[int, Line], sound: _Sound) -> dict[int, list[_Item]]:
    """What the aligner finds of the lines whose words have no times of their own, by line."""
    asked = [number for number, line in lines.items() if not line.parts]
    if not asked:
        return {}
    texts = [
        TextLine(without_marks(lines[number].text), lines[number].start_s, lines[number].end_s)
        for number in asked
    ]
    answer = sound.aligner.align(sound.track, sound.speech, texts, sound.progress)
    by_line: dict[int, list[_Item]] = {number: [] for number in asked}
    lost: dict[int, list[UnplacedWord]] = {}
    for missing in answer.unplaced:
        lost.setdefault(missing.before, []).append(missing)
    for index, word in enumerate([*answer.words, None]):
        for missing in lost.get(index, ()):
            by_line[asked[missing.line]].append(missing.text)
        if word is not None:
            by_line[asked[word.line]].append(replace(word, line=asked[word.line]))
    return {number: items for number, items in by_line.items() if _is_shown(lines[number], items)}


def _is_shown(line: Line, items: Sequence[_Item]) -> bool:
    """Whether the sound shows a line; one with times that it does not show keeps these."""
    placed = sum(isinstance(item, Word) for item in items)
    return line.start_s is None or 2 * placed > len(items)


def _within(item: _Item, duration_s: float) -> _Item:
    """The word within the recording; its text alone where its middle lies beyond."""
    if isinstance(item, str) or item.end_s <= duration_s:
        return item
    if 0.5 * (item.start_s + item.end_s) >= duration_s:
        return item.text
    return replace(item, end_s=duration_s)


def _unplaced(written: Sequence[_Item], order: Sequence[int]) -> Iterable[UnplacedWord]:
    """Words without a time, each with the placed word before which it is written."""
    place = {index: rank for rank, index in enumerate(order)}
    before = len(order)
    unplaced = []
    for index in range(len(written) - 1, -1, -1):
        item = written[index]
        if isinstance(item, Word):
            before = place[index]
        else:
            unplaced.append(UnplacedWord(item, before))
    return reversed(unplaced)
