"""features.parquet: what is written comes back, in half precision, row group by row group."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from emoreport.errors import StoredReadingsError
from emoreport.records import FeatureSource
from emoreport.tables import feature_files
from emoreport.tables.feature_files import (
    FeatureWriter,
    read_face,
    read_frame_times,
    read_sources,
    read_voice,
)

FACE = FeatureSource("face", "compact", 5, version="2.0.0", files={"a.onnx": "0" * 64})
VOICE = FeatureSource("voice", "compact", 3, layer="layer:4")


def written(path: Path, rows: int, windows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    faces = random.normal(size=(rows, 5)).astype(np.float32)
    faces[1::7] = np.nan
    voices = random.normal(size=(windows, 3)).astype(np.float32)
    voices[:1] = np.nan
    with path.open("wb") as stream, FeatureWriter(stream, FACE, VOICE) as writer:
        for start in range(0, rows, 100):  # as the pipeline hands them over
            part = np.arange(start, min(start + 100, rows))
            writer.add_face(part * 0.04, part * 2, faces[part])
        writer.add_voice(np.arange(windows) * 1.0, np.arange(windows) + 3.0, voices)
    return faces, voices


def test_what_was_written_comes_back(tmp_path):
    path = tmp_path / "features.parquet"
    faces, voices = written(path, 2500, 40)
    parts = list(read_face(path))
    assert len(parts) > 1  # read piece by piece
    assert np.allclose(np.concatenate([part.time_s for part in parts]), np.arange(2500) * 0.04)
    assert (np.concatenate([part.frame for part in parts]) == np.arange(2500) * 2).all()
    read = np.concatenate([part.values for part in parts])
    assert read.dtype == np.float32
    assert (np.isnan(read) == np.isnan(faces)).all()
    assert np.allclose(read, faces, rtol=1e-3, atol=1e-4, equal_nan=True)
    (voice,) = read_voice(path)
    assert np.allclose(voice.values, voices, rtol=1e-3, atol=1e-4, equal_nan=True)
    assert voice.end_s[2] == 5.0
    frame, times = read_frame_times(path)
    assert (frame == np.arange(2500) * 2).all()
    assert np.allclose(times, np.arange(2500) * 0.04)
    assert read_sources(path) == {"face": FACE, "voice": VOICE}


def test_columns_are_those_of_the_contract(tmp_path):
    path = tmp_path / "features.parquet"
    written(path, 10, 2)
    schema = pq.read_schema(path)
    assert schema.names[:8] == ["time_s", "kind", "person", "f0", "f1", "f2", "f3", "f4"]
    assert str(schema.field("f0").type) == "halffloat"
    assert pq.read_table(path).to_pandas()["kind"].tolist() == ["face"] * 10 + ["voice"] * 2


def test_values_that_half_precision_cannot_hold_stay_finite(tmp_path):
    path = tmp_path / "features.parquet"
    with path.open("wb") as stream, FeatureWriter(stream, FACE, None) as writer:
        writer.add_face(np.zeros(1), np.zeros(1, np.int64), np.full((1, 5), 1e9, np.float32))
    (part,) = read_face(path)
    assert (part.values == feature_files.LARGEST).all()
    assert list(read_voice(path)) == []


def test_measured_columns_keep_their_names(tmp_path):
    path = tmp_path / "features.parquet"
    measured = FeatureSource("face", "openface", 2, columns=("openface_AU01_r", "openface_AU12_r"))
    with path.open("wb") as stream, FeatureWriter(stream, measured, None) as writer:
        writer.add_face(np.zeros(1), np.zeros(1, np.int64), np.array([[0.5, 2.0]], np.float32))
    assert pq.read_schema(path).names[3:5] == ["openface_AU01_r", "openface_AU12_r"]
    (part,) = read_face(path)
    assert part.values.tolist() == [[0.5, 2.0]]


def test_rows_that_do_not_fit_are_refused(tmp_path):
    with (tmp_path / "f").open("wb") as stream, FeatureWriter(stream, FACE, VOICE) as writer:
        with pytest.raises(ValueError, match="face features"):
            writer.add_face(np.zeros(1), np.zeros(1, np.int64), np.zeros((1, 4), np.float32))
        writer.add_voice(np.zeros(1), np.ones(1), np.zeros((1, 3), np.float32))
        with pytest.raises(ValueError, match="after those of the voice"):
            writer.add_face(np.zeros(1), np.zeros(1, np.int64), np.zeros((1, 5), np.float32))


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "frames"])
def test_other_files_are_told_of(tmp_path, damage):
    path = tmp_path / "features.parquet"
    if damage == "text":
        path.write_text("no parquet")
    elif damage == "cut":
        written(path, 10, 2)
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "frames":
        pq.write_table(pq.ParquetFile(_written(tmp_path)).read(columns=["time_s"]), path)
    with pytest.raises(StoredReadingsError):
        list(read_face(path))


def _written(folder: Path) -> Path:
    path = folder / "other.parquet"
    written(path, 10, 2)
    return path


def test_the_source_is_checked(tmp_path):
    document = json.loads(json.dumps(FACE.document()))
    assert FeatureSource.from_document(document) == FACE
    for broken in ({"width": 0}, {"modality": "text"}, {"model": 3}, {"columns": [1]}):
        with pytest.raises((ValueError, TypeError)):
            FeatureSource.from_document(document | broken)
