"""Words as text, captions, a table and JSON; other programs' readers read them back."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.exchange.spoken_text import (
    WRITERS,
    as_csv,
    as_json,
    as_srt,
    as_text,
    as_textgrid,
    as_vtt,
)
from emoreport.exchange.writers import SPOKEN
from emoreport.exchange.writers.captions import captions_of
from emoreport.exchange.writers.tiers import heard_words
from emoreport.records import Transcript, Word
from emoreport.results.words import LONGEST_TEXT

TALK = Transcript(
    (
        Word("Добрый", 0.5, 0.9, 0.91, "recognised", "", 0),
        Word("день", 1.0, 1.3, None, "recognised", ".", 0),
        Word("Начнём", 1.4, 1.8, 0.5, "recognised", ",", 1),
        Word("пожалуй", 1.9, 2.4, 0.25, "recognised", "", 1),
        Word("<i>да", 3.5, 3.5, 1.0, "recognised", "", 2),
    ),
    source="planted",
    language="ru",
)


def test_captions_end_with_sentences_and_at_pauses():
    assert as_text(TALK, 4.0).splitlines() == [
        "00:00:00.500  Добрый день.",
        "00:00:01.400  Начнём, пожалуй",
        "00:00:03.500  ‹i›да",
    ]


def test_srt_is_that_of_other_programs_and_no_cue_is_empty():
    blocks = as_srt(TALK, 4.0).strip().split("\n\n")
    assert blocks[0].splitlines() == ["1", "00:00:00,500 --> 00:00:01,300", "Добрый день."]
    assert blocks[2].splitlines()[1] == "00:00:03,500 --> 00:00:03,501"


def test_webvtt_is_read_by_another_program():
    webvtt = pytest.importorskip("webvtt", reason="the dev extra is not installed")
    captions = list(webvtt.from_string(as_vtt(TALK, 4.0)))
    assert next((one.start, one.end) for one in captions) == ("00:00:00.500", "00:00:01.300")
    assert captions[2].raw_text == "<00:00:03.500>&lt;i&gt;да"


def test_a_textgrid_is_as_long_as_the_recording_and_every_word_has_its_interval(tmp_path):
    praatio = pytest.importorskip("praatio.textgrid", reason="the dev extra is not installed")
    file = tmp_path / "talk.TextGrid"
    file.write_text(as_textgrid(TALK, 4.0), encoding="utf-8")
    grid = praatio.openTextgrid(str(file), includeEmptyIntervals=False)
    assert grid.maxTimestamp == 4.0
    assert tuple(map(tuple, grid.getTier("words").entries)) == (
        (0.5, 0.9, "Добрый"),
        (1.0, 1.3, "день."),
        (1.4, 1.8, "Начнём,"),
        (1.9, 2.4, "пожалуй"),
        (3.5, 3.501, "<i>да"),
    )


def test_the_table_and_the_json_hold_every_word():
    rows = list(csv.DictReader(io.StringIO(as_csv(TALK, 4.0))))
    assert list(rows[0])[:4] == ["word", "start", "end", "confidence"]
    assert [row["word"] for row in rows] == [word.text for word in TALK.words]
    assert [row["confidence"] for row in rows][:2] == ["0.9100", ""]
    content = json.loads(as_json(TALK, 4.0))
    assert (content["model"], content["language"], len(content["segments"])) == ("planted", "ru", 3)
    assert content["segments"][0]["words"][1] == {
        "word": "день.",
        "start": 1.0,
        "end": 1.3,
        "probability": None,
    }


def test_no_words_are_empty_files():
    assert list(WRITERS) == list(SPOKEN)
    for write in WRITERS.values():
        assert "-->" not in write(Transcript(()), 4.0)
    assert as_srt(Transcript(()), 4.0) == ""


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 3.0), st.floats(0.0, 2.0), st.text("абв", min_size=1, max_size=50)
        ),
        max_size=30,
    )
)
def test_captions_are_in_order_apart_and_short(made):
    at_s, words = 0.0, []
    for gap_s, length_s, text in made:
        words.append(Word(text, at_s + gap_s, at_s + gap_s + length_s))
        at_s = words[-1].end_s
    found = list(captions_of(heard_words(Transcript(tuple(words)))))
    labels = [" ".join(word.label for word in shown) for shown in found]
    assert " ".join(labels) == " ".join(word.text for word in words)
    assert all(len(label) <= LONGEST_TEXT for label in labels)
    for shown in found:
        assert all(word.start_ms < word.end_ms for word in shown)
    for left, right in pairwise(word for shown in found for word in shown):
        assert left.end_ms <= right.start_ms
