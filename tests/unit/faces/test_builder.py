import math
from dataclasses import replace

import numpy as np
import pytest

from emoreport.errors import FaceStageError
from emoreport.faces.builder import FaceTrackBuilder
from emoreport.records import FaceScores, HeadLimits
from tests.fixtures.faces import face_at

LABELS = ("anger", "neutral")
NAN = math.nan
COLUMNS = ["yaw_deg", "pitch_deg", "sharpness", "distance", "head_turn", "mouth_motion"]


def scores(*rows, affect=False):
    values = np.array(rows, np.float32)
    extra = np.linspace(-1, 1, len(rows)).astype(np.float32) if affect else None
    return FaceScores(values, valence=extra, arousal=extra)


def test_nothing_gives_an_empty_track():
    track = FaceTrackBuilder(LABELS).build()
    assert len(track) == 0
    assert track.probabilities.shape == (0, 2)
    assert track.box.shape == (0, 4)
    assert list(track.extra) == COLUMNS


def test_readings_keep_their_order_and_types():
    builder = FaceTrackBuilder(LABELS)
    answer = scores((0.25, 0.75), (0.9, 0.1))
    builder.add_face(0.0, 0, 1, face_at(1, 2, 30, score=0.5), 7.0, answer, 0)
    builder.add_absent(0.04, 1, 0)
    builder.add_face(0.1, 3, 2, face_at(4, 5, 60, score=0.75), 8.0, answer, 1)
    track = builder.build()
    assert track.time_s.tolist() == [0.0, 0.04, 0.1]
    assert track.frame.tolist() == [0, 1, 3]
    assert track.faces.tolist() == [1, 0, 2]
    assert track.valid.tolist() == [True, False, True]
    assert track.box[0].tolist() == [1, 2, 30, 30]
    assert track.detection_score[[0, 2]].tolist() == [0.5, 0.75]
    assert track.probabilities[2] == pytest.approx([0.9, 0.1])
    assert track.extra["sharpness"][[0, 2]].tolist() == [7.0, 8.0]
    for absent in (track.box[1], track.detection_score[1], track.probabilities[1]):
        assert np.isnan(absent).all()
    kinds = (track.time_s.dtype, track.frame.dtype, track.box.dtype, track.probabilities.dtype)
    assert kinds == (np.float64, np.int64, np.float32, np.float32)


def test_valence_and_arousal_appear_where_the_model_gives_them():
    builder = FaceTrackBuilder(LABELS)
    builder.add_absent(0.0, 0, 0)
    builder.add_face(0.1, 1, 1, face_at(0, 0), 1.0, scores((1, 0), (0, 1), affect=True), 1)
    track = builder.build()
    assert math.isnan(track.valence[0])
    assert track.valence[1] == track.arousal[1] == 1.0
    plain = FaceTrackBuilder(LABELS)
    plain.add_face(0.0, 0, 1, face_at(0, 0), 1.0, scores((1, 0)), 0)
    assert plain.build().valence is None


def test_further_columns_of_the_model_follow_and_are_nan_without_a_face():
    builder = FaceTrackBuilder(LABELS)
    raw = np.array([5.0, -2.0], np.float32)
    answer = FaceScores(np.array([(1, 0), (0, 1)], np.float32), extra={"valence_raw": raw})
    builder.add_absent(0.0, 0, 0)
    builder.add_face(0.1, 1, 1, face_at(0, 0), 1.0, answer, 1)
    builder.add_absent(0.2, 2, 0)
    builder.add_face(0.3, 3, 1, face_at(0, 0), 1.0, answer, 0)
    extra = builder.build().extra
    assert list(extra) == [*COLUMNS, "valence_raw"]
    assert extra["valence_raw"].dtype == np.float32
    assert np.array_equal(extra["valence_raw"], [math.nan, -2, math.nan, 5], equal_nan=True)


def test_a_turned_head_is_measured_in_the_limits_of_the_model():
    for limits, wanted in ((HeadLimits(40.0, 20.0), [0.5, 1.5]), (None, [1 / 3, 2 / 3])):
        builder = FaceTrackBuilder(LABELS, limits=limits)
        for time_s, yaw_deg, pitch_deg in ((0.0, -20.0, NAN), (0.1, 10.0, 30.0)):
            seen = replace(face_at(0, 0), yaw_deg=yaw_deg, pitch_deg=pitch_deg)
            builder.add_face(time_s, 0, 1, seen, 1.0, scores((1, 0)), 0)
        builder.add_absent(0.2, 2, 0)
        turn = builder.build().extra["head_turn"]
        assert turn[:2] == pytest.approx(wanted)
        assert math.isnan(turn[2])


def test_each_model_keeps_its_own_distance():
    def far(distance):
        return replace(scores((1, 0)), extra={"distance": np.array([distance], np.float32)})

    builder = FaceTrackBuilder(LABELS, ("x", "y"))
    builder.add_face(0.0, 0, 1, face_at(0, 0), 1.0, far(0.5), 0, far(2.0))
    builder.add_absent(0.1, 1, 0)
    extra = builder.build().extra
    assert np.array_equal(extra["distance"], [0.5, NAN], equal_nan=True)
    assert np.array_equal(extra["witness_distance"], [2.0, NAN], equal_nan=True)


@pytest.mark.parametrize(("first", "then"), [({}, {"a": 1}), ({"a": 1}, {}), ({"a": 1}, {"b": 1})])
def test_further_columns_that_come_and_go_are_an_error(first, then):
    def answer(extra):
        columns = {name: np.ones(1, np.float32) for name in extra}
        return FaceScores(np.array([(1, 0)], np.float32), extra=columns)

    builder = FaceTrackBuilder(LABELS)
    builder.add_face(0.0, 0, 1, face_at(0, 0), 1.0, answer(first), 0)
    with pytest.raises(FaceStageError, match="gave the columns"):
        builder.add_face(0.1, 1, 1, face_at(0, 0), 1.0, answer(then), 0)


@pytest.mark.parametrize("time_s", [1.0, 0.5, math.nan, math.inf])
def test_times_that_do_not_increase_are_an_error(time_s):
    builder = FaceTrackBuilder(LABELS)
    builder.add_absent(1.0, 0, 0)
    with pytest.raises(FaceStageError, match="do not increase"):
        builder.add_absent(time_s, 1, 0)


@pytest.mark.parametrize("answer", [(0.5, math.nan), (0.2, 0.3, 0.5)])
def test_an_answer_that_does_not_fit_is_an_error(answer):
    with pytest.raises(FaceStageError, match="for 2 labels"):
        FaceTrackBuilder(LABELS).add_face(0.0, 0, 1, face_at(0, 0), 1.0, scores(answer), 0)
