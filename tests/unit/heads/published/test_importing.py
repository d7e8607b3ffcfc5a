"""Head folders made of published heads: what they say, and that the runner runs them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from emoreport.errors import ModelError, OutputError, SettingsError
from emoreport.heads.head import open_head, short_of_faces
from emoreport.heads.published.importing import import_head
from emoreport.heads.published.layouts import LAYOUTS
from emoreport.messages import text
from emoreport.models.store.integrity import digest_file
from tests.fixtures.heads import write_features
from tests.fixtures.published_heads import write_engagement_file, write_thesis_file

pytest.importorskip("torch", reason="PyTorch writes the files")
pytest.importorskip("h5py", reason="the optional part keras is not installed")


@pytest.fixture
def features(tmp_path):
    return tmp_path / "features.parquet"


def faces(count, width, seed=0):
    """Features that drift, as those of one face do."""
    rng = np.random.default_rng(seed)
    drift = np.sin(np.arange(count) / 40)[:, None] * rng.normal(size=width)
    return (drift + rng.normal(size=(count, width)) * 0.5).astype(np.float32)


def test_the_folder_says_what_the_head_is(tmp_path):
    file = write_thesis_file(tmp_path, "best_AU_mlp_visual_vggish")
    import_head(file, "bichuyen99", tmp_path / "head")
    said = json.loads((tmp_path / "head" / "model.json").read_text(encoding="utf-8"))
    assert (said["family"], said["task"], said["labels"][:2]) == ("head", "au", ["AU1", "AU2"])
    assert (said["fusion"], said["needs_all"], said["counted"]) == ("early", True, "steps")
    assert said["thresholds"] == [0.5] * 12
    assert said["features"]["voice"]["model"] == "vggish"
    assert "none stated" in said["licence"]
    assert said["recipe"]["sha256"] == digest_file(file).sha256


def test_a_head_of_face_and_voice_answers_where_both_are_there(tmp_path, features):
    file = write_thesis_file(tmp_path, "best_EXPR_mlp_visual_vggish")
    head = import_head(file, "bichuyen99", tmp_path / "head")
    time_s, values = np.arange(50) / 25, faces(50, 1408)
    values[:10] = np.nan
    voice = (np.array([0.0]), np.array([1.0]), faces(1, 128))
    write_features(
        features,
        (time_s, values),
        voice,
        face_source=replace(head.features["face"], version="whichever"),
        voice_source=head.features["voice"],
    )
    track = open_head(tmp_path / "head").run(features)
    known = ~np.isnan(track.scores).any(axis=1)
    assert known.tolist() == [False] * 4 + [True] * 6 + [False] * 10
    assert np.allclose(track.scores[known].sum(axis=1), 1, atol=1e-5)


def engagement(tmp_path):
    head = import_head(write_engagement_file(tmp_path), "emotiefflib-engagement", tmp_path / "head")
    return open_head(tmp_path / "head"), head.features["face"]


def test_engagement_counts_faces_and_not_seconds(tmp_path, features):
    head, source = engagement(tmp_path)
    values = faces(150, source.width)
    # Frames of uneven length, and the face is away for a second and a half in between.
    time_s = np.cumsum(np.where(np.arange(150) % 3, 0.02, 0.05))
    time_s[70:] += 1.5
    gap_s, nobody = time_s[69] + np.arange(1, 30) * 0.05, np.full((29, source.width), np.nan)
    write_features(
        features,
        (
            np.concatenate([time_s[:70], gap_s, time_s[70:]]),
            np.concatenate([values[:70], nobody, values[70:]]),
        ),
        face_source=source,
    )
    track = head.run(features)
    stored = values.astype(np.float16).astype(np.float32)
    windows = np.stack([stored[start : start + 128] for start in range(150 - 128 + 1)])
    mask = np.ones(windows.shape[:2], np.float32)
    answers = head._answer({"face": windows, "face_seen": mask})
    frames = np.array(
        [answers[max(0, frame - 127) : min(frame, 22) + 1].mean(axis=0) for frame in range(150)]
    )
    step = np.floor((time_s + 1e-6) * 10).astype(int)
    for number in range(len(track)):
        own = frames[step == number]
        expected = own.mean(axis=0) if len(own) else [np.nan, np.nan]
        np.testing.assert_allclose(track.scores[number], expected, atol=1e-5)
    assert np.isnan(track.scores).any(axis=1).sum() >= 10
    assert np.ptp(track.scores[~np.isnan(track.scores[:, 1]), 1]) > 0.001


def test_128_faces_are_one_window_and_fewer_have_no_answer(tmp_path, features):
    head, source = engagement(tmp_path)
    values = faces(128, source.width)
    write_features(features, (np.arange(128) / 25, values), face_source=source)
    track = head.run(features)
    assert len(track) == 51
    assert np.allclose(track.scores, track.scores[0])
    assert short_of_faces(head.metadata, track) is None
    write_features(features, (np.arange(127) / 25, values[1:]), face_source=source)
    track = head.run(features)
    assert len(track) == 51
    assert np.isnan(track.scores).all()
    told = short_of_faces(head.metadata, track)
    assert told is not None
    assert "128 frames with a face" in text(f"cli.warning.{told.key}", "en", **told.values)


def test_features_of_another_model_are_refused(tmp_path, features):
    head, source = engagement(tmp_path)
    other = replace(source, model="hsemotion/enet_b0_8_va_mtl")
    write_features(features, (np.arange(9) / 25, faces(9, source.width)), face_source=other)
    with pytest.raises(ModelError, match="enet_b0_8_va_mtl"):
        head.run(features)


def test_a_head_is_replaced_only_if_that_is_asked_for(tmp_path):
    file = write_thesis_file(tmp_path, "best_EXPR_mlp_visual")
    import_head(file, "bichuyen99", tmp_path / "head")
    other = write_thesis_file(tmp_path, "best_VA_mlp_visual")
    with pytest.raises(OutputError, match=r"model\.json already"):
        import_head(other, "bichuyen99", tmp_path / "head")
    import_head(other, "bichuyen99", tmp_path / "head", overwrite=True)
    assert open_head(tmp_path / "head").metadata.task == "va"


def test_a_refused_file_leaves_no_folder(tmp_path):
    file = write_thesis_file(tmp_path, "best_EXPR_mlp_visual")
    with pytest.raises(ModelError):
        import_head(file, "emotiefflib-engagement", tmp_path / "head")
    with pytest.raises(SettingsError, match="no layout 'thesis'") as raised:
        import_head(file, "thesis", tmp_path / "head")
    assert raised.value.remedy == f"choose one of {', '.join(LAYOUTS)}"
    assert not (tmp_path / "head").exists()
