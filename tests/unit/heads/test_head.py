"""Heads run over recordings of any length, without torch, and refuse features of another model."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.heads.grid import GridChunk
from emoreport.heads.head import open_head, scores_at, smoothed, whole_scores
from emoreport.heads.metadata import Smoothing
from emoreport.heads.window_scores import WindowScores
from tests.fixtures.heads import FACE, VOICE, head_metadata, write_features, write_head


def softmax_of(values, gain=4.0):
    """What the tiny head says of the first feature."""
    return 1 / (1 + np.exp(-gain * values))


def faces(steps, width=2, seed=0):
    return np.random.default_rng(seed).normal(size=(steps, width)).astype(np.float32)


@pytest.mark.parametrize("steps", [1, 9, 10, 11, 17, 64])
def test_every_step_is_scored_whatever_the_length(tmp_path, steps):
    values = faces(steps)
    track = open_head(write_head(tmp_path)).score(values, None)
    assert track.scores.shape == (steps, 2)
    assert np.allclose(track.scores[:, 1], softmax_of(values[:, 0]), atol=1e-5)
    assert len(track) == steps
    assert np.allclose(track.scores.sum(axis=1), 1)
    assert np.allclose(whole_scores(track), track.scores.mean(axis=0))
    assert track.time_s[0] == pytest.approx(0.05)


def test_a_file_gives_what_its_arrays_give(tmp_path):
    time_s = np.arange(400) / 10 + 0.01
    values = faces(400)
    values[120:160] = np.nan
    head = open_head(write_head(tmp_path / "head"))
    track = head.run(write_features(tmp_path / "features.parquet", (time_s, values)))
    assert np.isnan(track.scores[120:160]).all()
    assert not np.isnan(track.scores[:120]).any()
    expected = head.score(values.astype(np.float16).astype(np.float32), None)
    assert np.allclose(track.scores, expected.scores, equal_nan=True)
    assert np.allclose(scores_at(track, np.array([0.0, 3.97])), track.scores[[0, 39]])
    assert np.isnan(scores_at(track, np.array([-0.2, 99.0, 13.0]))).all()


@pytest.mark.parametrize("piece", [1, 4, 10, 33])
def test_pieces_of_any_size_give_the_same_windows(piece):
    seen = []

    def answer(feeds):
        seen.extend(feeds["face"][:, :, 0].tolist())
        return feeds["face"]

    values = np.arange(33, dtype=np.float32)[:, None]
    windows = WindowScores(answer, {"face": 1}, 1, window_steps=10, hop_steps=7)
    for start in range(0, 33, piece):
        part = values[start : start + piece]
        windows.add(GridChunk(np.zeros(len(part)), part, None))
    scores = windows.finish()
    assert [window[0] for window in seen] == [0, 7, 14, 21, 23]
    assert {len(window) for window in seen} == {10}
    assert scores[:, 0].tolist() == values[:, 0].tolist()


def test_an_empty_recording_has_no_scores(tmp_path):
    head = open_head(write_head(tmp_path))
    track = head.score(np.zeros((0, 2), np.float32), None)
    assert track.scores.shape == (0, 2)
    assert np.isnan(whole_scores(track)).all()
    nothing = head.score(np.full((30, 2), np.nan, np.float32), None)
    assert np.isnan(nothing.scores).all()
    assert np.isnan(whole_scores(nothing)).all()


def test_a_window_head_answers_for_the_whole(tmp_path):
    head = open_head(write_head(tmp_path, head_metadata(unit="window", task="clips")))
    values = faces(24)
    track = head.score(values, None)
    per_window = [softmax_of(values[start : start + 10, 0].mean()) for start in (0, 7, 14)]
    assert whole_scores(track)[1] == pytest.approx(track.scores[:, 1].mean())
    assert track.scores[0, 1] == pytest.approx(per_window[0], abs=1e-5)
    assert track.scores[8, 1] == pytest.approx(np.mean(per_window[:2]), abs=1e-5)
    short = head.score(values[:3], None)
    assert whole_scores(short)[1] == pytest.approx(softmax_of(values[:3, 0].mean()), abs=1e-5)


def test_face_and_voice_meet_by_time_and_one_may_be_missing(tmp_path):
    both = head_metadata(features={"face": FACE, "voice": VOICE}, fusion="early")
    head = open_head(write_head(tmp_path / "head", both))
    face, voice = faces(30), faces(30, 3, seed=1)
    face[:10], voice[5:15] = np.nan, np.nan
    scores = head.score(face, voice).scores
    expected = softmax_of(np.nan_to_num(face[:, 0]) + np.nan_to_num(voice[:, 0]))
    assert np.isnan(scores[5:10]).all()
    heard = ~np.isnan(scores[:, 1])
    assert heard.sum() == 25
    assert np.allclose(scores[heard, 1], expected[heard], atol=1e-5)
    time_s = np.arange(30) / 10
    path = write_features(tmp_path / "f.parquet", (time_s, faces(30)))  # a video without sound
    assert np.allclose(head.run(path).scores[:, 1], softmax_of(faces(30)[:, 0]), atol=2e-2)


@pytest.mark.parametrize("kind", ["mean", "median"])
def test_smoothing_is_in_seconds_and_fills_nothing(kind):
    rng = np.random.default_rng(3)
    scores = rng.dirichlet((1, 1, 1), 50)
    scores[20:24] = np.nan
    time_s = (np.arange(50) + 0.5) / 10
    result = smoothed(scores, time_s, Smoothing(kind, 0.3), classes=True)
    assert np.isnan(result[20:24]).all()
    assert np.allclose(result[~np.isnan(result[:, 0])].sum(axis=1), 1)
    middle = getattr(np, kind)(scores[7:14], axis=0)
    assert np.allclose(result[10], middle / middle.sum())
    assert smoothed(scores, time_s, Smoothing(), classes=True) is scores


def test_features_of_another_model_are_refused(tmp_path):
    head = open_head(write_head(tmp_path / "head"))
    time_s, values = np.arange(5) / 10, faces(5)
    for other in (
        {"model": "other"},
        {"version": "1.0.0"},
        {"layer": "points"},
        {"columns": ("openface_AU01_r", "openface_AU02_r")},
    ):
        path = write_features(
            tmp_path / "f.parquet", (time_s, values), face_source=replace(FACE, **other)
        )
        with pytest.raises(ModelError, match=r"tiny was trained on those from compact 2\.0\.0"):
            head.run(path)
    wide = replace(FACE, width=3)
    path = write_features(tmp_path / "f.parquet", (time_s, faces(5, 3)), face_source=wide)
    with pytest.raises(ModelError, match=r"\(3\).*\(2\)"):
        head.run(path)
    voice = (time_s, time_s + 3, faces(5, 3))
    with pytest.raises(ModelError, match="holds none of the features"):
        head.run(write_features(tmp_path / "f.parquet", voice=voice))
    quantised = replace(FACE, files={"face.int8.onnx": "1" * 64})  # the same model in another form
    path = write_features(tmp_path / "f.parquet", (time_s, values), face_source=quantised)
    assert len(head.run(path).scores) == 5


def test_a_graph_that_does_not_fit_its_description_is_refused(tmp_path):
    folder = write_head(tmp_path / "head")
    other = write_head(tmp_path / "other", head_metadata(features={"voice": VOICE}))
    description = (folder / "model.json").read_text()
    digest = (other / "model.json").read_text().split('"head.onnx": "')[1][:64]
    own = description.split('"head.onnx": "')[1][:64]
    (other / "model.json").write_text(description.replace(own, digest))
    with pytest.raises(ModelError, match="no input face"):
        open_head(other)
    (folder / "head.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="SHA-256"):
        open_head(folder)


def test_output_of_another_shape_is_refused(tmp_path):
    folder = write_head(tmp_path, head_metadata(unit="window"))
    path = folder / "model.json"
    path.write_text(path.read_text().replace('"window"', '"step"'))
    with pytest.raises(ModelError, match="unusable output"):
        open_head(folder).score(faces(20), None)


def test_torch_is_not_needed(tmp_path):
    folder = write_head(tmp_path / "head")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\nfrom pathlib import Path\nfrom emoreport.heads.head import open_head\n"
        f"print(open_head(Path({str(folder)!r})).score(np.zeros((3, 2), 'f'), None).scores[0, 0])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(out.stdout) == 0.5
