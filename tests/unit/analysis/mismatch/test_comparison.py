"""Face against voice, row by row and wherever two rows meet."""

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.mismatch.comparison import (
    compare_cuts,
    compare_intervals,
    mismatches,
)
from emoreport.analysis.rows.bridge import Bridge
from emoreport.records import Span
from emoreport.results import milliseconds
from emoreport.vocabulary import EMOTIONS, is_emotion
from tests.fixtures.readings import VOICE_LABELS, audio_rows, video_rows

FACE = (("anger", 1), ("fear", 2), ("no_face", 3), ("contempt", 4), ("anger", 5))
VOICE = (("anger", 1), ("anger", 2), ("anger", 3), ("anger", 4), ("no_speech", 5))


def test_only_two_comparable_emotions_match_or_mismatch():
    rows = compare_intervals(video_rows(*FACE), audio_rows(*VOICE), EMOTIONS, VOICE_LABELS)
    assert [row.match for row in rows] == [True, False, None, None, None]
    assert [row.severity for row in rows] == [0.0, 1.0, None, None, None]
    assert [row.video_emotion for row in rows] == [name for name, _ in FACE]
    assert [row.audio_emotion for row in rows] == [name for name, _ in VOICE]
    assert [row.span.duration_s for row in rows] == [1, 2, 3, 4, 5]


def test_mismatches_are_the_rows_that_differ():
    rows = compare_intervals(video_rows(*FACE), audio_rows(*VOICE), EMOTIONS, VOICE_LABELS)
    assert mismatches(rows) == (rows[1],)
    assert mismatches(()) == ()


def test_the_bridge_decides():
    bridge = Bridge.from_mapping({"contempt": "anger"})
    rows = compare_intervals(video_rows(*FACE), audio_rows(*VOICE), EMOTIONS, VOICE_LABELS, bridge)
    assert rows[3].match is True


def test_rows_must_be_as_many():
    with pytest.raises(ValueError, match="zip"):
        compare_intervals(video_rows(*FACE), audio_rows(*VOICE[:2]), EMOTIONS, VOICE_LABELS)


def meetings(video, voice):
    return compare_cuts(video_rows(*video), audio_rows(*voice), EMOTIONS, VOICE_LABELS)


def test_two_cuts_meet_where_either_changes():
    found = meetings(
        (("anger", 2), ("no_face", 3), ("fear", 1)),
        (("anger", 1), ("fear", 3), ("no_speech", 1.5), ("fear", 0.5)),
    )
    assert [
        (row.span.start_s, row.span.end_s, row.video_emotion, row.audio_emotion, row.match)
        for row in found
    ] == [
        (0, 1, "anger", "anger", True),
        (1, 2, "anger", "fear", False),
        (2, 4, "no_face", "fear", None),
        (4, 5, "no_face", "no_speech", None),
        (5, 5.5, "fear", "no_speech", None),
        (5.5, 6, "fear", "fear", True),
    ]
    assert [row.severity for row in found] == [0.0, 1.0, None, None, None, 0.0]


def test_bounds_in_one_millisecond_are_one():
    found = meetings((("anger", 2.0001), ("fear", 2.0)), (("anger", 1.9998), ("fear", 2.0003)))
    assert [(row.span.start_s, row.span.end_s) for row in found] == [(0, 2.0001), (2.0001, 4.0001)]
    assert [row.match for row in found] == [True, True]


def test_cuts_of_different_length_are_refused():
    assert meetings((), ()) == ()
    for voice in (("anger", 2), ("anger", 4)):
        with pytest.raises(ValueError, match="begin and end together"):
            meetings((("anger", 3),), (voice,))


STEPS = st.lists(st.integers(3, 4000), min_size=1, max_size=9)


@given(STEPS, STEPS, st.data())
def test_pieces_tile_both_cuts_and_carry_their_labels(face_ms, voice_ms, data):
    total_ms = max(sum(face_ms), sum(voice_ms))
    face_ms[-1] += total_ms - sum(face_ms)
    voice_ms[-1] += total_ms - sum(voice_ms)

    def rows(make, lengths_ms, labels):
        cuts = [sum(lengths_ms[:index]) / 1000 for index in range(len(lengths_ms) + 1)]
        drawn = [(data.draw(st.sampled_from(labels)), 1) for _ in lengths_ms]
        return [
            dataclasses.replace(row, span=Span(*span))
            for row, span in zip(make(*drawn), pairwise(cuts), strict=True)
        ]

    seen = rows(video_rows, face_ms, [*EMOTIONS, "no_face", "uncertain"])
    heard = rows(audio_rows, voice_ms, [*VOICE_LABELS, "no_speech", "uncertain"])
    found = compare_cuts(seen, heard, EMOTIONS, VOICE_LABELS)
    assert sum(row.span.duration_s for row in found) == pytest.approx(total_ms / 1000)
    assert (found[0].span.start_s, found[-1].span.end_s) == (0.0, total_ms / 1000)
    assert all(one.span.end_s == other.span.start_s for one, other in pairwise(found))
    bounds = {row.span.start_s for row in (*seen, *heard)}
    assert {row.span.start_s for row in found} == bounds
    for piece in found:
        assert milliseconds(piece.span.end_s) > milliseconds(piece.span.start_s)
        for label, cut in ((piece.video_emotion, seen), (piece.audio_emotion, heard)):
            (owner,) = [row for row in cut if row.span.overlap_s(piece.span) > 1e-9]
            assert owner.emotion == label
        both = is_emotion(piece.video_emotion) and is_emotion(piece.audio_emotion)
        assert (piece.match is not None) == (both and piece.video_emotion != "contempt")
    for label in {row.emotion for row in seen}:
        total_s = sum(row.span.duration_s for row in seen if row.emotion == label)
        pieces_s = sum(row.span.duration_s for row in found if row.video_emotion == label)
        assert pieces_s == pytest.approx(total_s)
