"""Articulation in the face's probabilities: planted effects are found, absent ones are not."""

import numpy as np
import pytest

from emoreport.analysis.mismatch.articulation import articulation, mouth_work
from emoreport.records import Word
from tests.fixtures.talking import talk


def test_letters_share_the_time_of_their_word():
    said, opened = mouth_work([Word("Мама!", 1.0, 1.4), Word("или", 1.4, 1.7)], 20)
    assert said == pytest.approx([0] * 10 + [1] * 7 + [0] * 3)
    assert opened == pytest.approx([0] * 10 + [0, 1, 0, 1, 0, 0, 0] + [0] * 3)


def test_words_that_overlap_are_counted_once():
    said, opened = mouth_work([Word("а", 0.0, 1.0), Word("а", 0.5, 1.5), Word("а", 0.6, 0.9)], 20)
    assert said == pytest.approx([1] * 15 + [0] * 5)
    assert opened == pytest.approx(said)


def test_a_planted_effect_is_found_with_its_size():
    found = {row.emotion: row for row in articulation(*talk(1, in_speech=0.1, at_vowels=0.2))}
    row = found["surprise"]
    assert row.at_open_vowels.p_value < 0.01
    assert row.at_open_vowels.value == pytest.approx(0.2, abs=0.05)
    low, high = row.at_open_vowels.interval
    assert 0 < low < row.at_open_vowels.value < high
    assert row.in_speech.p_value < 0.01
    assert row.explained.p_value < 0.01
    assert row.explained.expected < row.explained.value < 1


def test_intervals_hold_what_was_planted():
    inside = 0
    for seed in range(20):
        rows = {row.emotion: row for row in articulation(*talk(seed, at_vowels=0.1))}
        low, high = rows["surprise"].at_open_vowels.interval
        inside += low <= 0.1 <= high
    assert inside >= 16  # 19 expected


def test_where_nothing_is_planted_p_values_are_spread_out():
    p_values = []
    for seed in range(24):
        rows = {row.emotion: row for row in articulation(*talk(seed, duration_s=120.0))}
        row = rows["surprise"]
        p_values.append([row.in_speech.p_value, row.at_open_vowels.p_value, row.explained.p_value])
    for column in np.array(p_values).T:
        assert 0.3 < column.mean() < 0.7
        assert np.mean(column <= 0.05) <= 0.21


def test_too_little_speech_or_face_gives_no_figure():
    faces, words, duration_s = talk(0, duration_s=120.0)
    assert {row.in_speech.reason for row in articulation(faces, [], duration_s)} == {"no_overlap"}
    short = articulation(faces, words[:3], duration_s)
    assert {row.explained.reason for row in short} == {"too_short"}
    assert all(row.in_speech.value is None for row in short)
