import numpy as np
import pytest

from emoreport.analysis.rows.pauses import cut_at_speech, only
from emoreport.records import FaceTrack, Span, SpeechTrack
from emoreport.results import VideoInterval

LABELS = ("happiness", "neutral")
NOTHING = np.zeros(0)


def track(happiness):
    """Ten frames a second, with this probability of happiness; NaN: no face."""
    count = len(happiness)
    first = np.asarray(happiness, np.float32)
    face = ~np.isnan(first)
    return FaceTrack(
        labels=LABELS,
        time_s=np.arange(count) / 10,
        frame=np.arange(count),
        faces=face.astype(np.int64),
        box=np.ones((count, 4), np.float32),
        detection_score=np.where(face, 0.9, np.nan).astype(np.float32),
        probabilities=np.column_stack([first, 1 - first]),
    )


def speech(*spans):
    table = np.zeros((0, 0), np.float32)
    return SpeechTrack((), NOTHING, NOTHING, NOTHING, table, tuple(Span(*span) for span in spans))


def row(start_s, end_s, emotion="happiness"):
    return VideoInterval(Span(start_s, end_s), emotion, 0.7, 1.0, 10, (0.7, 0.3))


def test_rows_are_cut_where_speech_begins_and_ends():
    pieces = cut_at_speech([row(0, 4)], track([0.9] * 40), speech((1, 2), (3, 9)), 4.0)
    assert [(piece.span.start_s, piece.span.end_s) for piece in pieces] == [
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 4),
    ]
    assert [piece.speaking for piece in pieces] == [False, True] * 2
    assert [piece.frames for piece in pieces] == [10] * 4


def test_each_piece_is_judged_on_its_own_frames():
    faces = track([0.9] * 10 + [0.2] * 10)
    pieces = cut_at_speech([row(0, 2)], faces, speech((0, 1)), 2.0)
    assert [piece.emotion for piece in pieces] == ["happiness", "neutral"]
    assert pieces[1].distribution == pytest.approx((0.2, 0.8))
    assert pieces[1].confidence == pytest.approx(0.8)


def test_a_piece_without_a_frame_of_its_own_says_nothing():
    faces = track([0.9] * 10 + [np.nan] * 10)
    pieces = cut_at_speech([row(0, 2)], faces, speech((0, 1)), 2.0)
    assert [piece.emotion for piece in pieces] == ["happiness", "no_face"]


@pytest.mark.parametrize("label", ["no_face", "uncertain"])
def test_rows_without_an_emotion_stay_so(label):
    gap = VideoInterval(Span(0, 2), label, None, 0.0, 0)
    pieces = cut_at_speech([gap], track([0.9] * 20), speech((0, 1)), 2.0)
    assert {piece.emotion for piece in pieces} == {label}


def test_without_speech_everything_is_a_pause():
    pieces = cut_at_speech([row(0, 1), row(1, 2, "neutral")], track([0.9] * 20), speech(), 2.0)
    assert {piece.speaking for piece in pieces} == {False}
    assert len(pieces) == 2


def test_the_other_scope_is_taken_out():
    pieces = cut_at_speech([row(0, 4)], track([0.9] * 40), speech((1, 2)), 4.0)
    assert [piece.emotion for piece in only(pieces, "speaking")] == [
        "no_face",
        "happiness",
        "no_face",
    ]
    assert [piece.emotion for piece in only(pieces, "pausing")] == [
        "happiness",
        "no_face",
        "happiness",
    ]


def test_no_rows_no_pieces():
    assert cut_at_speech([], track([]), speech(), 0.0) == ()
