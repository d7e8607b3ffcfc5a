"""Labels of frames meet features by time; files of features are found by the names of labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emoreport.corpora.abaw import write_abaw
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.tasks import EXPR, VA
from emoreport.errors import InputNotFoundError
from emoreport.training.heads.data import (
    Labels,
    data_digest,
    feature_files,
    labels_of_steps,
    read_labels,
    read_recordings,
    scales_of,
)
from tests.fixtures.heads import write_features
from tests.fixtures.labelled_features import FACE, VOICE, WIDTH, make_clips, make_corpus


def codes(text):
    return np.array([[np.nan if sign == "-" else float(sign)] for sign in text])


def features(folder, name, time_s, **changes):
    values = np.ones((len(time_s), WIDTH))
    return write_features(
        folder / name / "features.parquet",
        (time_s, values),
        face_source=replace(FACE, **changes),
    )


def read(folder, labels, rate_hz=10.0, modalities=("face",)):
    return read_recordings(labels, feature_files(folder, labels.values), modalities, rate_hz)


def test_a_label_goes_to_the_step_that_holds_the_time_of_its_frame(tmp_path):
    time_s = np.array([0.0, 0.01, 0.02, 0.35, 0.36, 0.9])  # frame 3 ÷ any rate would be elsewhere
    features(tmp_path / "f", "a", time_s)
    labels = Labels("expr", EXPR.columns, {"a": codes("1124-5777")}, {"a": "a"})
    (recording,), sources = read(tmp_path / "f", labels)
    assert recording.labels[:, 0].tolist() == pytest.approx(
        [1, *[np.nan] * 2, 4, *[np.nan] * 5, 5], nan_ok=True
    )
    assert recording.frame_step.tolist() == [0, 0, 0, 3, 3, 9, -1, -1, -1]
    assert sources == {"face": FACE}


def test_steps_take_most_votes_and_means():
    step = np.array([0, 0, 0, 1, 1, -1])
    labels = Labels("expr", EXPR.columns, {}, {})
    assert labels_of_steps(labels, codes("212433"), step, 3)[:, 0].tolist() == pytest.approx(
        [2, 3, np.nan], nan_ok=True
    )
    values = np.array([[0.2, 0], [0.4, 0], [0.6, 0], [1, -1], [np.nan, np.nan], [0, 0]])
    labels = replace(labels, task="va")
    assert labels_of_steps(labels, values, step, 2)[:, 0].tolist() == pytest.approx([0.4, 1.0])
    units = np.array([[1.0, 0], [1, 0], [0, 1], [1, 1], [0, 0], [1, 1]])
    labels = replace(labels, task="au")
    assert labels_of_steps(labels, units, step, 2).tolist() == [[1, 0], [0, 0]]


def test_the_publishers_parts_are_read(tmp_path):
    write_abaw(tmp_path / "Train_Set", VA, {"a": np.zeros((3, 2)), "b_left": np.zeros((3, 2))})
    write_abaw(tmp_path / "Validation_Set", VA, {"c": np.zeros((3, 2))})
    labels = read_labels(tmp_path, "va")
    assert labels.official == {"a": "train", "b_left": "train", "c": "test"}
    assert labels.people == {"a": "a", "b_left": "b", "c": "c"}
    named = read_labels(tmp_path, "va", {"a": "Ann", "c": "Ann", "b_left": "Bo"})
    assert named.people == {"a": "Ann", "b_left": "Bo", "c": "Ann"}
    write_abaw(tmp_path / "Validation_Set", VA, {"a": np.zeros((3, 2))})
    with pytest.raises(CorpusError, match="both hold a"):
        read_labels(tmp_path, "va")


def test_expressions_have_the_names_of_the_vocabulary(tmp_path):
    write_abaw(tmp_path, EXPR, {"a": codes("07-")})
    assert read_labels(tmp_path, "expr").columns[::7] == ("neutral", "other")


def test_clips_are_read_with_their_people(tmp_path):
    corpus = make_clips(tmp_path, people=2, takes=3)
    labels = read_labels(corpus.labels, "clips")
    assert labels.columns == ("anger", "happiness", "sadness")
    assert labels.people["p1_2"] == "1"
    assert labels.values["p1_2"].tolist() == [[2.0]]
    recordings, _ = read(corpus.features, labels, modalities=("face", "voice"))
    one = recordings[-1]
    assert one.name == "p1_2"
    assert set(one.labels[:, 0]) == {2.0}  # every step has the clip's label
    (tmp_path / "one.csv").write_text("file,emotion\na.mp4,happy\nb.mp4,happy\n")
    with pytest.raises(CorpusError, match="nothing to tell apart"):
        read_labels(tmp_path / "one.csv", "clips")


def test_features_are_found_by_name(tmp_path):
    for name in ("a", "deep/b", "video5", "x/same", "y/same"):
        features(tmp_path, name, np.zeros(1))
    wanted = ["a", "deep/b", "b", "video5_left", "same", "y/same", "gone"]
    found = feature_files(tmp_path, wanted)
    places = {name: path.parent.relative_to(tmp_path).as_posix() for name, path in found.items()}
    assert places == {
        "a": "a",
        "deep/b": "deep/b",
        "b": "deep/b",
        "video5_left": "video5",
        "y/same": "y/same",
    }
    assert "video5_left" not in feature_files(tmp_path, ["video5_left", "video5_right", "a"])
    with pytest.raises(CorpusError, match="none of the labelled"):
        feature_files(tmp_path, ["gone"])
    with pytest.raises(InputNotFoundError):
        feature_files(tmp_path / "missing", ["a"])


def test_features_of_two_models_do_not_mix(tmp_path):
    labels = Labels("expr", EXPR.columns, {"a": codes("1"), "b": codes("1")}, {"a": "a", "b": "b"})
    features(tmp_path, "a", np.zeros(1))
    features(tmp_path, "b", np.zeros(1), version="3.0.0")
    with pytest.raises(CorpusError, match=r"compact 3\.0\.0 .*compact 2\.0\.0"):
        read(tmp_path, labels)
    with pytest.raises(CorpusError, match="no recording has voice"):
        read(tmp_path, labels, modalities=("voice",))


def test_a_recording_without_sound_is_one_in_which_nothing_is_heard(tmp_path):
    corpus = make_corpus(tmp_path, "expr", people=3, seconds=4)
    features(corpus.features, "video1", np.arange(40) / 10)
    recordings, sources = read(
        corpus.features, read_labels(corpus.labels, "expr"), modalities=("face", "voice")
    )
    assert sources == {"face": FACE, "voice": VOICE}
    assert np.isnan(recordings[1].features["voice"]).all()
    mean, deviation = scales_of(recordings, "voice")
    assert np.isfinite(mean).all()
    assert (deviation > 0).all()
    with pytest.raises(CorpusError, match="nothing is seen or heard"):
        scales_of([recordings[1]], "voice")


def test_the_digest_changes_with_what_is_learned_from(tmp_path):
    corpus = make_corpus(tmp_path, "expr", people=3, seconds=4)
    recordings, _ = read(corpus.features, read_labels(corpus.labels, "expr"))
    first = data_digest(recordings)
    assert data_digest(recordings[::-1]) == first
    recordings[0].frame_labels[0] += 1
    assert data_digest(recordings) != first


def test_frames_without_times_cannot_be_labelled(tmp_path):
    path = tmp_path / "a" / "features.parquet"
    write_features(path, voice=(np.zeros(1), np.ones(1), np.ones((1, WIDTH))), voice_source=VOICE)
    labels = Labels("expr", EXPR.columns, {"a": codes("11")}, {"a": "a"})
    with pytest.raises(CorpusError, match="does not tell when"):
        read(tmp_path, labels, modalities=("voice",))
