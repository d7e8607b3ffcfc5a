from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from emoreport.overlay.drawing import Overlay
from emoreport.overlay.subtitles import SAID, UNSAID, Subtitles
from emoreport.records import Span
from emoreport.results import SpokenWord
from tests.fixtures.readings import face_track, speech_track
from tests.fixtures.results import MadeFindings, analysis

SIZE_PX = (640, 480)
FOOT_PX = 400


def spoken(*texts: str, start_s: float = 1.0) -> tuple[SpokenWord, ...]:
    """A word each half second, 0.4 s long."""
    return tuple(
        SpokenWord(
            Span(start_s + 0.5 * at, start_s + 0.5 * at + 0.4), text, "", None, 1, "given", 1
        )
        for at, text in enumerate(texts)
    )


def drawn(words: tuple[SpokenWord, ...], time_s: float, size_px=SIZE_PX) -> np.ndarray:
    picture = np.full((size_px[1], size_px[0], 3), 60, np.uint8)
    Subtitles(words, size_px[0], 14).draw(picture, time_s, FOOT_PX * size_px[1] // 480)
    return picture


def columns(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Where a colour is, from the left."""
    return np.flatnonzero((picture == colour).all(axis=2).any(axis=0))


def test_the_present_word_is_the_bright_one() -> None:
    words = spoken("раз", "два", "три")
    first, last = (columns(drawn(words, at_s), SAID) for at_s in (1.1, 2.1))
    assert first.max() < SIZE_PX[0] / 2 < last.min()
    assert len(columns(drawn(words, 1.1), UNSAID))
    between = drawn(words, 1.45)  # the word that was said last stays bright
    assert columns(between, SAID).tolist() == first.tolist()


def test_nothing_is_drawn_before_and_after() -> None:
    for time_s in (0.5, 2.45, 60.0):
        assert (drawn(spoken("раз", "два", "три"), time_s) == 60).all()


def test_a_caption_keeps_above_its_foot_and_inside_the_picture() -> None:
    words = spoken(*["слово"] * 14)
    for size_px in (SIZE_PX, (120, 480)):
        picture = drawn(words, 4.1, size_px)
        rows = np.flatnonzero((picture != 60).any(axis=(1, 2)))
        assert rows.max() < FOOT_PX
        assert rows.min() >= FOOT_PX - Subtitles(words, size_px[0], 14).height_px - 14
        assert len(columns(picture, SAID))


@pytest.mark.parametrize(
    "text", ["", "ы" * 5000, "a\nb\tc", "\ud800", "\x1b[31m", "<b>", "\u202e", "سلام"]
)
def test_any_word_can_be_drawn(text: str) -> None:
    assert drawn(spoken("раз", text, "два"), 1.6).shape == (480, 640, 3)


def test_words_are_drawn_over_a_talk_only_where_they_are_asked_for() -> None:
    faces, speech = face_track(("happiness", 3.0)), speech_track(["happiness", None])
    talk = MadeFindings(analysis(), faces, speech)
    said = dataclasses.replace(talk.analysis, words=spoken("раз", "два"))
    with_words = dataclasses.replace(talk, analysis=said)
    picture = np.full((480, 640, 3), 120, np.uint8)
    plain = Overlay(talk, SIZE_PX, "en").draw(picture, 1.1)
    assert np.array_equal(Overlay(with_words, SIZE_PX, "en").draw(picture, 1.1), plain)
    assert np.array_equal(Overlay(talk, SIZE_PX, "en", words=True).draw(picture, 1.1), plain)
    shown = Overlay(with_words, SIZE_PX, "en", words=True).draw(picture, 1.1)
    assert (shown != plain).any()
