"""Predictions for clips come from runs and tables, and are scored by hand-worked values."""

import numpy as np
import pytest

from emoreport.corpora.clips import LabelledClip
from emoreport.corpora.errors import CorpusError
from emoreport.errors import InputNotFoundError
from emoreport.measure.clip_predictions import (
    ClipPredictions,
    ClipReadings,
    names_of,
    read_clip_predictions,
)
from emoreport.measure.clip_scores import score_clips
from tests.fixtures.readings import speech_track, track_of
from tests.fixtures.stored import store

LABELS = ("anger", "happiness", "neutral")


def clip(file, label, person="", written=""):
    return LabelledClip(file, label, written or label, person)


def sure_of(column, times=(0.0,), confidence=0.8):
    row = np.full(3, (1 - confidence) / 2)
    row[column] = confidence
    at = np.array(times)
    return ClipReadings.of(at, at, np.ones(len(at)), np.tile(row, (len(at), 1)))


def test_scores_by_hand():
    clips = [
        clip("a1", "anger", "ann"),
        clip("a2", "happiness", "ann", "happy"),
        clip("b1", "anger", "bob"),
        clip("b2", "neutral", "bob"),
        clip("b3", "calm", "bob"),
        clip("b4", "anger", "bob"),
    ]
    answers = {"a1": 0, "a2": 1, "b1": 2, "b2": 2, "b3": 2}
    found = ClipPredictions(LABELS, {file: sure_of(column) for file, column in answers.items()})
    scores = score_clips(clips, found)
    assert (scores.clips, scores.judged, scores.people) == (6, 4, 2)
    assert scores.left_out == {"calm": 1, "without prediction": 1}
    assert scores.mapped == {"happy": ("happiness", 1)}
    accuracy = scores.scores["accuracy"]
    assert (accuracy.value, accuracy.low, accuracy.high) == (0.75, 0.5, 1.0)
    assert scores.scores["uar"].value == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert scores.scores["macro_f1"].value == pytest.approx((2 / 3 + 1 + 2 / 3) / 3)
    assert scores.scores["calibration_error"].value == pytest.approx(0.05)
    assert scores.by_column["anger"] == {"f1": pytest.approx(2 / 3), "recall": 0.5, "clips": 2}
    assert scores.confusion["anger"] == {"anger": 1, "happiness": 0, "neutral": 1}


def test_clips_without_a_person_are_drawn_themselves():
    clips = [clip("a", "anger"), clip("b", "neutral")]
    scores = score_clips(clips, ClipPredictions(LABELS, {"a": sure_of(0), "b": sure_of(1)}))
    assert scores.people is None
    assert (scores.scores["accuracy"].low, scores.scores["accuracy"].high) == (0.0, 1.0)


def test_happiness_is_positive_for_a_model_that_says_so():
    found = ClipPredictions(("neutral", "positive", "sadness"), {"a": sure_of(1), "b": sure_of(1)})
    scores = score_clips([clip("a", "happiness"), clip("b", "sadness")], found)
    assert scores.scores["accuracy"].value == 0.5


def test_nothing_to_score_is_an_error():
    with pytest.raises(CorpusError, match="1 without prediction"):
        score_clips([clip("a", "anger")], ClipPredictions(LABELS, {}))


def test_a_window_counts_by_its_weight_and_the_share_in_the_span():
    readings = ClipReadings.of(
        np.array([0.0, 2.0, 4.0]),
        np.array([2.0, 4.0, 6.0]),
        np.array([2.0, 1.0, 1.0]),
        np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, np.nan]]),
    )
    assert readings.mean() == pytest.approx([2 / 3, 1 / 3])
    assert readings.mean(1.0, 4.0) == pytest.approx([1 / 2, 1 / 2])
    assert np.isnan(readings.mean(4.0, 6.0)).all()
    moments = sure_of(0, times=(0.0, 1.0, 2.0))
    assert moments.mean(1.0, 2.0) == pytest.approx([0.8, 0.1, 0.1])
    assert np.isnan(moments.mean(3.0, 4.0)).all()


def test_a_mere_name_means_a_clip_only_where_it_is_the_only_one():
    names = names_of(["a/1.wav", "b/1.wav", "b/2.wav", "", "run"])
    assert names["a/1"] == "a/1.wav"
    assert names["b/1.wav"] == "b/1.wav"
    assert "1" not in names
    assert names["2"] == names["2.wav"] == "b/2.wav"
    assert names["run"] == "run"


@pytest.fixture
def runs(tmp_path):
    faces = track_of([0.0, 1.0], np.array([[0.9, *[0.1 / 7] * 7], [0.5, *[0.5 / 7] * 7]]))
    store(tmp_path / "runs" / "one", faces, speech_track(["anger", "sadness"]), 2.0)
    store(tmp_path / "runs" / "sub" / "two", faces, speech_track(["anger"]), 2.0)
    return tmp_path / "runs"


def test_a_run_says_the_mean_of_its_frames_or_of_its_windows(runs):
    files = ["x/one.mp4", "sub/two.wav", "three.wav"]
    face = read_clip_predictions(runs, files)
    assert set(face.readings) == {"x/one.mp4", "sub/two.wav"}
    assert face.readings["x/one.mp4"].mean()[0] == pytest.approx(0.7, abs=1e-6)
    voice = read_clip_predictions(runs, files, "voice")
    mean = voice.readings["x/one.mp4"].mean()
    assert mean[voice.labels.index("anger")] == pytest.approx(mean[voice.labels.index("sadness")])


def test_runs_of_different_models_and_no_runs_are_refused(runs):
    voice = speech_track(["positive"], labels=("neutral", "positive"))
    store(runs / "three", track_of([0.0], np.full((1, 8), 1 / 8)), voice, 2.0)
    with pytest.raises(CorpusError, match="other classes"):
        read_clip_predictions(runs, ["one.wav", "three.wav"], "voice")
    with pytest.raises(CorpusError, match=r"holds no folder .* frames\.parquet"):
        read_clip_predictions(runs, ["four.wav"])
    with pytest.raises(InputNotFoundError):
        read_clip_predictions(runs / "nowhere", ["one.wav"])


def table(tmp_path, text):
    path = tmp_path / "found.csv"
    path.write_text(text, encoding="utf-8")
    return read_clip_predictions(path, ["x/one.wav", "two.wav"])


def test_a_table_of_probabilities(tmp_path):
    found = table(
        tmp_path,
        "file,p_anger,happy,p_bored,notes,time\none,0.7,0.2,0.1,x,0\nx/one.wav,0.5,0.4,0.1,,1\n"
        "two.mp4,,,,,\nother,1,0,0,,\n",
    )
    assert found.labels == ("anger", "happiness", "bored")
    assert found.readings["x/one.wav"].mean() == pytest.approx([0.6, 0.3, 0.1])
    assert found.readings["x/one.wav"].mean(1.0, 2.0) == pytest.approx([0.5, 0.4, 0.1])
    assert np.isnan(found.readings["two.wav"].mean()).all()
    assert not found.mere_answers


@pytest.mark.parametrize("column", ["label", "emotion"])
def test_a_table_of_answers_knows_every_emotion(tmp_path, column):
    found = table(tmp_path, f"file;{column}\none;angry\ntwo;bored\n")
    assert (found.labels, found.mere_answers) == (("anger", "bored"), True)
    scores = score_clips([clip("x/one.wav", "anger"), clip("two.wav", "fear")], found)
    assert scores.scores["uar"].value == 0.5
    assert "calibration_error" not in scores.scores


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,anger\none,1\n", "lacks a column"),
        ("file,notes\none,1\n", "lacks a column"),
        ("file,anger\none,x\n", "line 2 has no number"),
        ("file,anger\none,1.5\n", r"line 2 holds '1\.5'"),
        ("file,anger,time\none,1,-1\n", "line 2 holds '-1'"),
    ],
)
def test_a_bad_table_is_named(tmp_path, text, said):
    with pytest.raises(CorpusError, match=said):
        table(tmp_path, text)
