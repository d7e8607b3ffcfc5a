"""Words under rows, and how fast rows are spoken."""

from __future__ import annotations

import numpy as np
import pytest

from emoreport.analysis.rows.words import speech_rates, spoken_words, with_text
from emoreport.records import Span, SpeechTrack, Transcript, Word
from emoreport.results import Comparison, VideoInterval

ROWS = (
    VideoInterval(Span(0.0, 2.0), "neutral", 0.5, 1.0, 50),
    VideoInterval(Span(2.0, 5.0), "happiness", 0.5, 1.0, 75),
)
WORDS = Transcript(
    (
        Word("Да", 0.5, 1.0, 0.9, "given", ",", 0),
        Word("это", 1.6, 2.4, None, "given", "", 0),
        Word("так", 2.5, 3.0, None, "aligned", ".", 1),
        Word("потом", 5.5, 6.0),
    )
)


def spoken(*spans: tuple[float, float]) -> SpeechTrack:
    nothing, table = np.zeros(0), np.zeros((0, 0), np.float32)
    spoken = tuple(Span(*span) for span in spans)
    return SpeechTrack((), nothing, nothing, nothing, table, spoken)


def comparisons() -> tuple[Comparison, ...]:
    return tuple(Comparison(row.span, row.emotion, "neutral", None, None) for row in ROWS)


def test_a_word_belongs_to_the_row_that_holds_its_middle() -> None:
    words = spoken_words(WORDS, ROWS)
    assert words is not None
    assert [(row.word, row.interval, row.line) for row in words] == [
        ("Да", 1, 1),
        ("это", 2, 1),  # its middle is where the second row begins
        ("так", 2, 2),
        ("потом", None, 1),
    ]
    assert [row.text for row in with_text(comparisons(), WORDS)] == ["Да,", "это так."]


def test_rows_without_words_have_no_text() -> None:
    rows = with_text(comparisons(), Transcript(WORDS.words[:1]))
    assert [row.text for row in rows] == ["Да,", None]


def test_without_a_transcript_nothing_changes() -> None:
    assert spoken_words(None, ROWS) is None
    assert with_text(comparisons(), None) == comparisons()
    assert speech_rates(None, spoken((0.0, 1.0)), ROWS, 5.0) == ()


def test_hidden_words_keep_their_rates() -> None:
    hidden = WORDS.without_text()
    assert spoken_words(hidden, ROWS) is None
    assert with_text(comparisons(), hidden) == comparisons()
    speech = spoken((0.0, 1.0))
    assert speech_rates(hidden, speech, ROWS, 5.0) == speech_rates(WORDS, speech, ROWS, 5.0)


def test_rates_of_the_talk_and_of_its_rows() -> None:
    speech = spoken((0.5, 1.0), (1.5, 2.5), (3.5, 4.0), (4.1, 4.5))
    talk, first, second = speech_rates(WORDS, speech, ROWS, 5.0)
    assert (talk.interval, first.interval, second.interval) == (None, 1, 2)
    assert (talk.words, first.words, second.words) == (4, 1, 2)
    assert (talk.words_per_minute, first.words_per_minute) == (48.0, 30.0)
    assert second.words_per_minute == pytest.approx(40.0)
    assert talk.speech_s == pytest.approx(2.4)
    # The gap of 0.1 s is no pause; that from 2.5 to 3.5 begins in the second row.
    assert (talk.pauses, first.pauses, second.pauses) == (2, 1, 1)
    assert talk.pause_s == pytest.approx(1.5)
    assert (first.pause_s, second.pause_s) == (pytest.approx(0.5), pytest.approx(1.0))
    assert talk.mean_pause_s == pytest.approx(0.75)
    assert talk.articulation_rate is None  # without a contour nobody counted syllables


def test_filled_pauses_are_counted_where_the_transcript_holds_some() -> None:
    speech = spoken((0.5, 5.0))
    plain = speech_rates(WORDS, speech, ROWS, 5.0)
    assert {(row.filled_pauses, row.filled_pause_s) for row in plain} == {(None, None)}
    filled = Transcript(
        (
            *WORDS.words[:3],
            Word("эм", 3.0, 3.4, filled_pause=True),
            Word("э", 4.0, 4.2, filled_pause=True),
            *WORDS.words[3:],
        )
    )
    talk, first, second = speech_rates(filled, speech, ROWS, 5.0)
    assert (talk.filled_pauses, first.filled_pauses, second.filled_pauses) == (2, 0, 2)
    assert talk.filled_pause_s == second.filled_pause_s == pytest.approx(0.6)
    assert (first.filled_pause_s, first.mean_filled_pause_s) == (0.0, None)
    assert talk.mean_filled_pause_s == pytest.approx(0.3)
    # They are no words that are spoken.
    assert [row.words for row in (talk, first, second)] == [row.words for row in plain]
    assert talk.words_per_minute == plain[0].words_per_minute
    hidden = speech_rates(filled.without_text(), speech, ROWS, 5.0)
    assert hidden == (talk, first, second)


def test_a_row_without_a_pause_has_no_mean_of_one() -> None:
    _, first, _ = speech_rates(WORDS, spoken((0.0, 5.0)), ROWS, 5.0)
    assert (first.pauses, first.pause_s, first.mean_pause_s) == (0, 0.0, None)
