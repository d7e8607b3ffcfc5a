"""Changes from one emotion to the next."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.transitions.counting import count_transitions
from emoreport.vocabulary import ALL_LABELS, is_emotion
from tests.fixtures.readings import video_rows


def counted(*names):
    rows = count_transitions(video_rows(*[(name, 1.0) for name in names]))
    return [(row.origin, row.target, row.count, row.probability) for row in rows]


def test_n_rows_make_n_minus_one_transitions():
    assert counted("anger", "fear", "anger", "sadness", "anger", "fear") == [
        ("anger", "fear", 2, pytest.approx(2 / 3)),
        ("anger", "sadness", 1, pytest.approx(1 / 3)),
        ("fear", "anger", 1, 1.0),
        ("sadness", "anger", 1, 1.0),
    ]


@pytest.mark.parametrize("word", ["no_face", "uncertain"])
def test_what_is_no_emotion_breaks_the_chain(word):
    assert counted("anger", word, "fear", "sadness") == [("fear", "sadness", 1, 1.0)]


def test_nothing_to_count():
    assert counted() == []
    assert counted("anger") == []
    assert counted("no_face") == []


def test_pairs_come_in_canonical_order():
    pairs = counted("surprise", "neutral", "surprise", "anger", "surprise")
    assert [(origin, target) for origin, target, *_ in pairs] == [
        ("anger", "surprise"),
        ("neutral", "surprise"),
        ("surprise", "anger"),
        ("surprise", "neutral"),
    ]


@given(st.lists(st.sampled_from(ALL_LABELS), max_size=40))
def test_transitions_are_emotion_rows_less_chains_and_departures_sum_to_one(names):
    names = [name for name, _ in groupby(names)]
    found = counted(*names)
    emotions = sum(map(is_emotion, names))
    chains = sum(key for key, _ in groupby(names, is_emotion))
    assert sum(count for *_, count, _ in found) == emotions - chains
    for origin in {row[0] for row in found}:
        assert sum(row[3] for row in found if row[0] == origin) == pytest.approx(1.0)
