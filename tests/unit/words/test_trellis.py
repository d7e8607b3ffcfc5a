"""The path through planted posteriors: words in time, words left out, words that nobody wrote."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.words.trellis import ANY, Prices, best_path, trellis

BLANK = 0
PRICES = Prices()


def spoken(frames: list[int], classes: int = 8, sure: float = 0.9) -> np.ndarray:
    """Log posteriors of a sound that says these classes, frame by frame."""
    table = np.full((len(frames), classes), (1 - sure) / (classes - 1))
    table[np.arange(len(frames)), frames] = sure
    return np.log(table).astype(np.float32)


def aligned(frames, words, **options):
    states = trellis(words, BLANK, PRICES, **options)
    path = best_path(spoken(frames), states, BLANK, PRICES)
    first, last = states.word_frames(path)
    return [
        (start, end) if end > start else None
        for start, end in zip(first.tolist(), last.tolist(), strict=True)
    ]


def test_words_are_found_where_they_are_said():
    frames = [0, 0, 1, 1, 2, 2, 0, 0, 3, 3, 3, 4, 0]
    assert aligned(frames, [[1, 2], [3, 4]]) == [(2, 6), (8, 12)]


def test_words_may_follow_each_other_without_a_pause():
    assert aligned([1, 1, 2, 3, 3, 4], [[1, 2], [3, 4]]) == [(0, 3), (3, 6)]


def test_a_word_that_nobody_said_is_left_out():
    frames = [1, 1, 2, 2, 0, 5, 5, 6, 6, 0]
    assert aligned(frames, [[1, 2], [3, 4, 3, 4], [5, 6]]) == [(0, 4), None, (5, 9)]


def test_the_first_and_the_last_word_may_be_left_out():
    assert aligned([0, 1, 1, 2, 2, 0], [[7, 7, 3], [1, 2], [3, 4, 7]]) == [None, (1, 5), None]


def test_speech_that_nobody_wrote_down_lies_in_a_gap():
    frames = [1, 1, 2, 2, *[6, 7, 6, 5, 6, 7, 5, 6], 3, 3, 4, 4]
    assert aligned(frames, [[1, 2], [3, 4]]) == [(0, 4), (12, 16)]


def test_letters_of_unknown_sound_take_what_is_there():
    frames = [1, 1, 2, 2, 6, 5, 6, 3, 3, 4, 4]
    assert aligned(frames, [[1, 2], [ANY, ANY, ANY], [3, 4]]) == [(0, 4), (4, 7), (7, 11)]


def test_ctc_posteriors_have_blanks_between_letters_and_equal_letters_need_one():
    frames = [0, 1, 0, 0, 1, 0, 0, 2, 0]
    found = aligned(frames, [[1, 1, 2]], blanks_between=True)
    assert found == [(1, 8)]


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_frames_than_letters_leave_words_out(count):
    found = aligned([1] * count, [[1, 2, 3, 4], [5, 6, 7]])
    assert found == [None, None]


@given(st.lists(st.lists(st.integers(1, 7), min_size=1, max_size=5), min_size=1, max_size=6))
def test_whatever_is_said_clearly_is_found_in_order(words):
    frames = [0]
    expected = []
    for letters in words:
        start = len(frames)
        last = None
        for letter in letters:
            frames += [letter] * (2 if letter != last else 4)
            last = letter
        expected.append((start, len(frames)))
        frames += [0, 0]
    assert aligned(frames, words) == expected
