"""Filled pauses: which words are some, which transcripts tell their times, and which do not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from emoreport.models.families.recognition import HeardClip, HeardToken
from emoreport.records import ModelRecord, Span, Word
from emoreport.words.filled_pauses import is_filled_pause, with_filled_pauses
from emoreport.words.recogniser import SpeechRecogniser
from tests.fixtures.audio import RATE_HZ, MemoryTrack
from tests.unit.words.conftest import Words

SOUNDS = "э Э ээ эээ э-э э-э-э эм Эмм э-м мм ммм м-м m-m um Umm uh uhh uhm er erm mm"
WORDS_ONLY = "а м это эх эй хм угу мы ну да um-hum umbrella mother err a hm herm 5 экономика"


@pytest.mark.parametrize("text", SOUNDS.split())
def test_the_sound_of_a_pause_is_one(text: str) -> None:
    assert is_filled_pause(text)


@pytest.mark.parametrize("text", WORDS_ONLY.split())
def test_a_word_is_none(text: str) -> None:
    assert not is_filled_pause(text)


def told(transcript) -> list[tuple[str, float]]:
    return [
        (word.text, round(word.end_s - word.start_s, 3))
        for word in transcript.words
        if word.filled_pause
    ]


def textgrid(*spans: tuple[float, float, str]) -> str:
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {spans[-1][1]}",
        "tiers? <exists>",
        "size = 1",
        "item []:",
        "    item [1]:",
        '        class = "IntervalTier"',
        '        name = "words"',
        "        xmin = 0",
        f"        xmax = {spans[-1][1]}",
        f"        intervals: size = {len(spans)}",
    ]
    for number, (start, end, text) in enumerate(spans, start=1):
        lines += [
            f"        intervals [{number}]:",
            f"            xmin = {start}",
            f"            xmax = {end}",
            f'            text = "{text}"',
        ]
    return "\n".join(lines) + "\n"


def test_a_tier_of_words_tells_their_times(words: Words) -> None:
    spans = ((0, 1, "если"), (1, 1.4, "э-э"), (1.4, 2, "я"), (2, 3.25, "(мм)"), (3.25, 4, "приду"))
    found = words("a.TextGrid", textgrid(*spans))
    assert [word.text for word in found.words] == ["если", "э-э", "я", "мм", "приду"]
    assert told(found) == [("э-э", 0.4), ("мм", 1.25)]
    assert [word.text for word in found.spoken_words] == ["если", "я", "приду"]


def test_a_tier_of_sentences_does_not(words: Words) -> None:
    found = words("a.TextGrid", textgrid((0, 2, "если э-э я приду"), (2, 3, "эм"), (3, 4, "да")))
    assert "э-э" in [word.text for word in found.words]
    assert told(found) == []


def test_tables_and_recognised_words_tell_them(words: Words) -> None:
    table = "start,end,word\n0,1,если\n1,1.5,эм\n2,3,приду\n"
    assert told(words("a.csv", table)) == [("эм", 0.5)]
    said = [("If", 0.0, 0.4), ("[UH]", 0.4, 0.7), ("you", 0.7, 1.0), ("um,", 1.0, 1.5)]
    segment = {
        "start": 0.0,
        "end": 1.5,
        "text": "If [UH] you um,",
        "words": [{"word": text, "start": start, "end": end} for text, start, end in said],
    }
    content = json.dumps({"language": "en", "segments": [segment]})
    assert told(words("a.json", content)) == [("UH", 0.3), ("um", 0.5)]
    german = json.dumps({"language": "de", "segments": [segment]})
    assert told(words("b.json", german)) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "a.srt",
            "1\n00:00:01,000 --> 00:00:02,000\nэм\n\n2\n00:00:03,000 --> 00:00:04,000\nесли\n",
        ),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n(эм) если\n"),
    ],
)
def test_captions_do_not(name: str, content: str, words: Words) -> None:
    assert told(words(name, content)) == []


def test_notes_are_still_no_words(words: Words) -> None:
    table = "start,end,word\n0,1,[музыка]\n1,2,(смех)\n2,3,<i>да</i>\n3,4,<uh>\n4,5,нет\n"
    found = words("a.csv", table)
    assert [word.text for word in found.words] == ["да", "uh", "нет"]


class Hears:
    """A recogniser that hears the same in every clip."""

    record = ModelRecord("planted", "words")
    language = "ru"

    def __init__(self, tokens: list[tuple[str, float, float, float]] | None) -> None:
        self._tokens = None if tokens is None else tuple(HeardToken(*token) for token in tokens)

    def hear(self, clips: list[np.ndarray]) -> list[HeardClip]:
        return [HeardClip("ну эм да", self._tokens) for _ in clips]


def test_a_recogniser_tells_those_that_it_writes_with_times() -> None:
    track = MemoryTrack(np.zeros(4 * RATE_HZ, np.float32))
    tokens = [("ну", 0.2, 0.4, 0.9), (" эм", 0.5, 0.9, 0.9), (" да", 1.0, 1.2, 0.9)]
    found = SpeechRecogniser(Hears(tokens)).transcribe(track, [Span(1.0, 3.0)])
    assert told(found) == [("эм", 0.4)]
    spread = SpeechRecogniser(Hears(None)).transcribe(track, [Span(1.0, 3.0)])
    assert "эм" in [word.text for word in spread.words]
    assert told(spread) == []


def test_one_that_found_no_place_takes_all_marks_away() -> None:
    words = [Word("эм", 0.0, 1.0), Word("да", 1.0, 2.0)]
    assert with_filled_pauses(words, "ru")[0].filled_pause
    assert not with_filled_pauses(words, "ru")[1].filled_pause
    assert with_filled_pauses(words, "ru", lost=["э-э"]) == tuple(words)
    assert with_filled_pauses(words, None) == tuple(words)
