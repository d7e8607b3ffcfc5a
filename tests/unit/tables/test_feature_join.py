"""Measurements of other programs find the rows of their frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.errors import StoredReadingsError
from emoreport.records import FeatureSource, MeasuredFaces
from emoreport.tables.feature_files import (
    FeatureWriter,
    joined_sources,
    read_face,
    read_sources,
    read_voice,
)
from emoreport.tables.feature_join import join_measured, nearest, same_frame

FACE, VOICE = FeatureSource("face", "compact", 4), FeatureSource("voice", "compact", 3)


def written(path: Path, time_s: np.ndarray) -> None:
    count = len(time_s)
    with path.open("wb") as stream, FeatureWriter(stream, FACE, VOICE) as writer:
        writer.add_face(time_s, np.arange(count) * 2, np.ones((count, 4), np.float32))
        writer.add_voice(np.arange(3.0), np.arange(3.0) + 3, np.ones((3, 3), np.float32))


def openface(time_s: np.ndarray, first: float = 0.0) -> MeasuredFaces:
    values = np.column_stack([np.arange(len(time_s)) + first, np.full(len(time_s), 1920.5)])
    columns = ("openface_AU01_r", "openface_x_0")
    return MeasuredFaces("openface", columns, values.astype(np.float32), time_s=time_s)


def column(path: Path, name: str) -> np.ndarray:
    return np.concatenate([part.values[:, 0] for part in read_face(path, [name])])


def test_rows_take_the_measurement_of_their_time(tmp_path: Path) -> None:
    path = tmp_path / "features.parquet"
    time_s = np.arange(2500) * 0.04
    written(path, time_s)
    own = np.concatenate([part.values for part in read_face(path)])
    measured = openface(np.round(time_s[:2400] + 0.011, 3))
    assert join_measured(path, measured) == (2400, 2500)
    found = column(path, "openface_AU01_r")
    np.testing.assert_array_equal(found[:2400], np.arange(2400))
    assert np.isnan(found[2400:]).all()
    assert set(column(path, "openface_x_0")[:2400]) == {1920.5}
    np.testing.assert_array_equal(np.concatenate([p.values for p in read_face(path)]), own)
    (voice,) = read_voice(path)
    assert voice.values.tolist() == [[1.0] * 3] * 3
    assert read_sources(path) == {"face": FACE, "voice": VOICE}
    table = pq.read_table(path)
    assert table.column_names[-2:] == ["openface_AU01_r", "openface_x_0"]
    assert table.column("openface_AU01_r").null_count == 100 + 3
    (source,) = joined_sources(path)
    assert (source.model, source.columns) == ("openface", measured.columns)


def test_a_second_program_comes_beside_and_a_second_file_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "features.parquet"
    written(path, np.arange(10) * 0.04)
    join_measured(path, openface(np.arange(10) * 0.04))
    values = np.arange(5, dtype=np.float32)[:, None]
    frame = np.array([0, 2, 3, 18, 90])
    pyfeat = MeasuredFaces("pyfeat", ("pyfeat_AU01",), values, frame=frame)
    assert join_measured(path, pyfeat) == (3, 10)
    found = column(path, "pyfeat_AU01")
    assert found[[0, 1, 9]].tolist() == [0, 1, 3]
    assert np.isnan(found[2:9]).all()
    join_measured(path, openface(np.arange(10) * 0.04, first=100.0))
    assert column(path, "openface_AU01_r").tolist() == list(range(100, 110))
    assert [source.model for source in joined_sources(path)] == ["pyfeat", "openface"]
    assert pq.read_schema(path).names.count("openface_AU01_r") == 1


def test_measurements_that_miss_count_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "features.parquet"
    written(path, np.arange(10) * 0.04)
    measured = openface(np.arange(10) * 0.04)
    measured.values[3:] = np.nan
    assert join_measured(path, measured) == (3, 10)
    nothing = MeasuredFaces("pyfeat", ("pyfeat_a",), np.zeros((0, 1), "f4"), frame=np.zeros(0, int))
    assert join_measured(path, nothing) == (0, 10)


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "features.parquet"
    path.write_bytes(b"no features")
    with pytest.raises(StoredReadingsError):
        join_measured(path, openface(np.arange(3.0)))
    assert path.read_bytes() == b"no features"
    assert [each.name for each in tmp_path.iterdir()] == ["features.parquet"]


def test_half_a_step_is_near_and_more_is_far() -> None:
    measured_s = np.array([0.0, 0.04, 0.08, 0.5, 0.54])
    time_s = np.array([0.0, 0.019, 0.021, 0.1, 0.11, 0.3, 0.481, 0.56, 1.0, -0.05])
    assert nearest(measured_s, time_s).tolist() == [0, 0, 1, 2, -1, -1, 3, 4, -1, -1]
    assert nearest(np.zeros(0), time_s).tolist() == [-1] * 10
    assert nearest(np.array([0.5]), np.array([0.5, 0.6])).tolist() == [0, -1]
    assert same_frame(np.array([1, 4]), np.array([0, 1, 2, 4, 9])).tolist() == [-1, 0, -1, 1, -1]


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=30, unique=True),
    st.lists(st.integers(0, 400), max_size=30),
)
def test_no_measurement_is_nearer_than_the_one_taken(measured: list[int], times: list[int]) -> None:
    measured_s, time_s = np.sort(measured) / 100, np.array(times) / 100
    for at, place in zip(time_s, nearest(measured_s, time_s), strict=True):
        if place >= 0:
            assert abs(measured_s[place] - at) <= np.abs(measured_s - at).min() + 1e-9
