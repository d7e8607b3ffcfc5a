"""The words of a transcript as a Parquet file, and back, bit for bit."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, get_args

import numpy as np

from emoreport.records import Placed, Transcript, UnplacedWord, Word
from emoreport.tables.arrow_arrays import optional_array, text_array
from emoreport.tables.columns import WORD_READINGS
from emoreport.tables.parquet_files import described, write_described

WORDS_FILE: Final = "words.parquet"
LAYOUT: Final = 1

_Row = tuple[str, str, float | None, float | None, float | None, str, int | None, bool]


def write_words(stream: BinaryIO, transcript: Transcript) -> None:
    """Write words.parquet; words without a place have no times and precede the next one that has.

    Raises
    ------
    OSError
        When the stream cannot be written.
    """
    facts = {
        "layout": LAYOUT,
        "content": "words",
        "source": transcript.source,
        "language": transcript.language,
        "sha256": transcript.sha256,
        **({"beyond": transcript.beyond} if transcript.beyond else {}),
    }
    seconds = partial(optional_array, dtype=np.float64)
    lines, truths = (partial(optional_array, dtype=kind) for kind in (np.int64, np.bool_))
    makers: tuple[Callable[..., Any], ...] = (
        text_array,
        text_array,
        seconds,
        seconds,
        seconds,
        text_array,
        lines,
        truths,
    )
    names = WORD_READINGS.names
    columns = list(zip(*_rows(transcript), strict=True)) or [()] * len(names)
    arrays = [make(column) for column, make in zip(columns, makers, strict=True)]
    write_described(stream, arrays, names, facts)


def _rows(transcript: Transcript) -> Iterator[_Row]:
    lost: dict[int, list[str]] = {}
    for missing in transcript.unplaced:
        lost.setdefault(missing.before, []).append(missing.text)
    for index, word in enumerate(transcript.words):
        for text in lost.get(index, ()):
            yield text, "", None, None, None, "", None, False
        span = word.start_s, word.end_s
        known = word.confidence, word.placed, word.line + 1, word.filled_pause
        yield word.text, word.after, *span, *known
    for text in lost.get(len(transcript.words), ()):
        yield text, "", None, None, None, "", None, False


def read_words(path: Path) -> Transcript | None:
    """Read words.parquet; None where there is none: the run has no transcript.

    Raises
    ------
    StoredReadingsError
        When the file is damaged or something else.
    """
    if not os.path.lexists(path):
        return None
    with described(path, "words", LAYOUT, "it holds no words") as (content, facts):
        names, known = WORD_READINGS.names, tuple(content.column_names)
        if known not in {names, names[:-1]}:  # earlier versions marked no filled pauses
            raise ValueError(f"it has the columns {', '.join(known)}")
        words: list[Word] = []
        unplaced: list[UnplacedWord] = []
        for row in zip(*(column.to_pylist() for column in content.columns), strict=True):
            text, after, start_s, end_s, confidence, placed, line, *filled = row
            if start_s is None:
                unplaced.append(UnplacedWord(text, len(words)))
            else:
                of_word = confidence, placed, after, line - 1, *filled
                words.append(Word(text, start_s, end_s, *of_word))
        _check(words)
        return Transcript(
            tuple(words),
            tuple(unplaced),
            facts["source"],
            facts["language"],
            facts["sha256"],
            int(facts.get("beyond", 0)),
        )


def _check(words: list[Word]) -> None:
    """Refuse words that no reader of transcripts gives."""
    before_s = 0.0
    for word in words:
        if not (before_s <= word.start_s <= word.end_s and math.isfinite(word.end_s)):
            raise ValueError(f"a word at {word.start_s} s is out of order")
        if word.placed not in get_args(Placed):
            raise ValueError(f"a word is placed by {word.placed!r}")
        before_s = word.start_s
