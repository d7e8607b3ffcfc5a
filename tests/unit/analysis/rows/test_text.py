"""What words say, in rows of the face and clause by clause."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from emoreport.analysis.rows.text import TEXT_RULES, SpokenText
from emoreport.records import Span, TextReadings, Transcript, Word
from emoreport.results import Comparison, VideoInterval
from emoreport.text.clauses import LEAST_WORDS

LABELS = ("happiness", "sadness", "neutral")
GLAD, SAD = (0.8, 0.1, 0.1), (0.1, 0.7, 0.2)
UNKNOWN = (np.nan,) * 3


def talk(*clauses: tuple[int, tuple[float, ...]]) -> tuple[Transcript, TextReadings]:
    """Words, one a second from zero on, in clauses of so many words with these probabilities."""
    last = np.cumsum(np.array([count for count, _ in clauses], np.int64))
    first = np.append(0, last)[:-1].astype(np.int64)
    words = tuple(Word(f"w{at}", float(at), at + 0.5) for at in range(int(np.sum(last[-1:]))))
    table = np.array([row for _, row in clauses], np.float32).reshape(-1, len(LABELS))
    return Transcript(words), TextReadings(
        LABELS, first.astype(np.float64), last - 0.5, first, last, table
    )


def rows(*bounds_s: float) -> list[VideoInterval]:
    spans = itertools.pairwise(bounds_s)
    return [VideoInterval(Span(*span), "neutral", 0.5, 1.0, 10) for span in spans]


def test_a_row_takes_its_clauses_by_how_many_of_their_words_lie_in_it():
    said = SpokenText.of(*talk((6, GLAD), (4, SAD)), rows(0, 9, 10, 12), "normal")
    first, second, third = said.rows
    assert first.distribution == pytest.approx((6 * np.array(GLAD) + 3 * np.array(SAD)) / 9)
    assert (first.emotion, first.words) == ("happiness", 9)
    assert first.confidence == max(first.distribution)
    assert first.text == "w0 w1 w2 w3 w4 w5 w6 w7 w8"
    # One word of a clause that was judged says too little of the row.
    assert (second.emotion, second.reasons, second.words) == ("uncertain", ("few_words",), 1)
    assert second.distribution is second.confidence is None
    # Nothing is said: nothing is known, and nothing was in doubt.
    assert (third.emotion, third.words, third.text, third.reasons) == (None, 0, None, ())


def test_clauses_are_rows_of_their_own_and_short_ones_have_no_label_at_any_level():
    for level in ("off", "normal", "strict"):
        said = SpokenText.of(*talk((4, SAD), (3, UNKNOWN)), rows(0, 7), level)
        assert said.labels == LABELS
        assert [(row.emotion, row.words) for row in said.clauses] == [
            ("sadness", 4),
            ("uncertain", 3),
        ]
        assert said.clauses[1].reasons == ("few_words",)
        assert said.clauses[0].span == Span(0.0, 3.5)
        (whole,) = said.rows
        assert whole.distribution == pytest.approx(SAD)
        assert (whole.words, whole.evidence.judged_words) == (7, 4)


@pytest.mark.parametrize(
    ("shown", "reasons"),
    [
        ((0.34, 0.33, 0.33), ("entropy",)),
        ((0.6, 0.25, 0.15), ()),
        ((0.49, 0.47, 0.04), ()),
    ],
)
def test_doubt_takes_the_label_and_off_leaves_it(shown, reasons):
    readings = talk((5, shown))
    (row,) = SpokenText.of(*readings, rows(0, 5), "normal").rows
    assert (row.emotion, row.reasons) == ("uncertain" if reasons else "happiness", reasons)
    (row,) = SpokenText.of(*readings, rows(0, 5), "off").rows
    assert (row.emotion, row.reasons) == ("happiness", ())


def test_figures_rest_on_firm_clauses_only():
    transcript, text = talk((4, GLAD), (4, (0.34, 0.33, 0.33)), (3, UNKNOWN))
    firm = SpokenText.of(transcript, text, rows(0, 11), "normal").firm(text)
    assert np.isnan(firm.probabilities).all(axis=1).tolist() == [False, True, True]
    assert firm.probabilities.dtype == np.float32
    assert firm.probabilities[0] == pytest.approx(GLAD)
    kept = SpokenText.of(transcript, text, rows(0, 11), "off").firm(text)
    assert np.isnan(kept.probabilities).all(axis=1).tolist() == [False, False, True]
    assert SpokenText().firm(None) is None


def test_hidden_words_are_judged_and_not_shown():
    transcript, text = talk((4, GLAD))
    hidden = SpokenText.of(transcript.without_text(), text, rows(0, 4), "normal")
    shown = SpokenText.of(transcript, text, rows(0, 4), "normal")
    assert hidden.rows[0].text is hidden.clauses[0].text is None
    assert hidden.rows[0].distribution == shown.rows[0].distribution
    assert hidden.rows[0].words == shown.rows[0].words == 4


def test_comparisons_get_the_emotion_and_without_readings_stay_as_they_are():
    transcript, text = talk((4, GLAD))
    compared = (Comparison(Span(0, 4), "neutral", "sadness", False, 0.5),)
    said = SpokenText.of(transcript, text, rows(0, 4), "normal")
    assert [row.text_emotion for row in said.beside(compared)] == ["happiness"]
    for nothing in (SpokenText.of(None, None, rows(0, 4), "normal"), SpokenText()):
        assert nothing == SpokenText()
        assert nothing.beside(compared) is compared


def test_a_talk_without_words_or_rows_is_no_error():
    assert SpokenText.of(*talk(), rows(0, 1), "normal").rows[0].emotion is None
    said = SpokenText.of(*talk((4, GLAD)), [], "normal")
    assert said.rows == ()
    assert len(said.clauses) == 1


def test_the_limit_is_that_of_the_reading():
    assert TEXT_RULES[0].normal == LEAST_WORDS
