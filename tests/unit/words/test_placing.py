"""Words on the time axis: from cues, from an aligner, from both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from emoreport.records import (
    AudioTrack,
    ModelRecord,
    ProgressCallback,
    Span,
    TextLine,
    Transcript,
    UnplacedWord,
    Word,
    WordAligner,
)
from emoreport.words.lines import Line, Part
from emoreport.words.placing import place_words
from emoreport.words.transcript_files import TranscriptFile


class Track:
    """Ten seconds of silence."""

    duration_s = 10.0

    def read(self, start_s: float, end_s: float) -> np.ndarray:
        return np.zeros(round(16_000 * (end_s - start_s)), np.float32)

    def close(self) -> None:
        """Hold nothing."""


class EverySecond:
    """An aligner that hears the nth word at second n, and no word that begins with «не»."""

    record = ModelRecord("every-second")
    language = "ru"
    asked: tuple[TextLine, ...] = ()

    def align(
        self,
        track: AudioTrack,
        speech: Sequence[Span],
        lines: Sequence[TextLine],
        progress: ProgressCallback | None = None,
    ) -> Transcript:
        self.asked = tuple(lines)
        words: list[Word] = []
        unplaced = []
        for number, line in enumerate(lines):
            for text in line.text.split():
                if text.startswith("не"):
                    unplaced.append(UnplacedWord(text, len(words), number))
                else:
                    at_s = float(len(words) + len(unplaced))
                    words.append(Word(text, at_s, at_s + 1, 0.5, "aligned", "", number))
        return Transcript(tuple(words), tuple(unplaced))


def a_file(*lines: Line) -> TranscriptFile:
    return TranscriptFile(lines, "srt", "0" * 64, "ru")


def test_an_aligner_takes_the_place_of_letters() -> None:
    aligner = EverySecond()
    assert isinstance(aligner, WordAligner)
    placed = place_words(
        a_file(Line("— раз неверно два", 0.0, 4.0), Line("[смех] три")), 10.0, aligner, Track()
    )
    assert aligner.asked == (TextLine("раз неверно два", 0.0, 4.0), TextLine("  три"))
    assert [(word.text, word.start_s, word.line, word.placed) for word in placed.words] == [
        ("раз", 0.0, 0, "aligned"),
        ("два", 2.0, 0, "aligned"),
        ("три", 3.0, 1, "aligned"),
    ]
    assert placed.unplaced == (UnplacedWord("неверно", 1),)
    assert (placed.source, placed.language) == ("srt", "ru")


def test_words_with_times_of_their_own_are_not_aligned() -> None:
    aligner = EverySecond()
    parts = (Part("пять", 5.0, 6.0, 0.9), Part("шесть", 6.0, 7.0))
    placed = place_words(
        a_file(Line("пять шесть", 5.0, 7.0, parts), Line("раз нет два")), 10.0, aligner, Track()
    )
    assert [line.text for line in aligner.asked] == ["раз нет два"]
    assert [(word.text, word.line) for word in placed.words] == [
        ("раз", 1),
        ("два", 1),
        ("пять", 0),
        ("шесть", 0),
    ]
    assert placed.unplaced == (UnplacedWord("нет", 1),)


def test_words_that_are_not_heard_stay_those_of_their_own_cue() -> None:
    cues = Line("неверно нет", 1.0, 3.0), Line("раз два", 4.0, 6.0)
    late = Line("не тогда"), Line("нельзя", 8.0, 9.0)
    placed = place_words(a_file(*cues, *late), 10.0, EverySecond(), Track())
    # Cues that the sound does not show keep their times; a line without times has none to keep.
    assert [(word.text, word.placed) for word in placed.words] == [
        ("неверно", "given"),
        ("раз", "aligned"),
        ("нет", "given"),
        ("два", "aligned"),
        ("тогда", "aligned"),
        ("нельзя", "given"),
    ]
    assert [word.text for word in placed.unplaced] == ["не"]


def test_without_sound_the_letters_decide_again() -> None:
    placed = place_words(a_file(Line("а бб", 0.0, 5.0)), 10.0, EverySecond(), None)
    assert [(word.text, word.start_s, word.end_s) for word in placed.words] == [
        ("а", 0.0, 2.0),
        ("бб", 2.0, 5.0),
    ]


@pytest.mark.parametrize("letters", [1, 7, 200])
def test_words_of_a_cue_tile_it(letters: int) -> None:
    text = " ".join("ж" * (1 + index % 5) for index in range(letters))
    words = place_words(a_file(Line(text, 0.1, 0.7)), 10.0).words
    assert (words[0].start_s, words[-1].end_s) == (0.1, 0.7)
    for word, following in pairwise(words):
        assert word.start_s < word.end_s == pytest.approx(following.start_s)


def test_a_cue_without_length_places_its_words_at_a_moment() -> None:
    words = place_words(a_file(Line("раз два", 1.0, 1.0)), 10.0).words
    assert [(word.start_s, word.end_s) for word in words] == [(1.0, 1.0), (1.0, 1.0)]


def test_many_cues_take_seconds(tmp_path: Path) -> None:
    """A file of 100 000 cues; a million takes ten times as long and stays below a gigabyte."""
    from emoreport.words.transcript_files import read_transcript

    path = tmp_path / "many.srt"
    cue = "{n}\n00:{m:02d}:{s:02d},000 --> 00:{m:02d}:{s:02d},500\n<i>слово</i>\n\n"
    path.write_text(
        "".join(cue.format(n=n, m=n // 60 % 60, s=n % 60) for n in range(100_000)), "utf-8"
    )
    assert len(place_words(read_transcript(path), 3600.0).words) == 100_000
