"""Face against voice, row by row."""

import pytest

from emoreport.analysis.mismatch.comparison import compare_intervals, mismatches
from emoreport.analysis.rows.bridge import Bridge
from emoreport.vocabulary import EMOTIONS
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
