"""Features on a grid of time: means of frames, the nearest window, NaN where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from emoreport.errors import StoredReadingsError
from emoreport.heads.grid import Grid, nearest_windows, read_grid, step_means
from tests.fixtures.heads import write_features


def joined(chunks, name):
    return np.concatenate([getattr(chunk, name) for chunk in chunks])


def test_a_frame_belongs_to_the_step_that_holds_its_time():
    grid = Grid(10)
    assert grid.step_of(np.array([0.0, 0.099, 0.1, 0.1 + 0.2, 0.7, -0.01])).tolist() == [
        *(0, 0, 1, 3, 7, -1)
    ]
    assert grid.middle_s(2, 4).tolist() == pytest.approx([0.25, 0.35])
    assert grid.steps_until(0.3) == 3
    assert grid.steps_until(0.1 + 0.2) == 3


def test_a_step_is_the_mean_of_its_frames_with_a_face():
    values = np.array([[1, 2], [3, 4], [np.nan, np.nan], [5, 6], [7, 8]], np.float32)
    means = step_means(np.array([0, 0, 0, 2, 9]), values, 4)
    assert means[[0, 2]].tolist() == [[2, 3], [5, 6]]
    assert np.isnan(means[[1, 3]]).all()


def test_a_step_takes_the_covering_window_whose_centre_is_nearest():
    start, end = np.array([0.0, 1.0, 2.0, 8.0]), np.array([3.0, 4.0, 5.0, 9.0])
    middles = np.array([0.05, 1.4, 2.4, 2.6, 4.9, 6.0, 8.2, 9.5])
    assert nearest_windows(middles, start, end).tolist() == [0, 0, 1, 1, 2, -1, 3, -1]
    assert nearest_windows(np.array([2.0]), start, end).tolist() == [0]  # as near as the next
    assert nearest_windows(middles, np.zeros(0), np.zeros(0)).tolist() == [-1] * 8


@pytest.mark.parametrize("steps", [1, 7, 512])
def test_pieces_of_any_size_give_the_same(tmp_path, steps):
    random = np.random.default_rng(1)
    time_s = np.cumsum(random.uniform(0.01, 0.09, 3000))  # variable frame rate, several row groups
    face = random.normal(size=(3000, 2))
    face[100:200] = np.nan
    start = np.arange(0, time_s[-1] + 2, 1.0)
    voice = random.normal(size=(len(start), 3))
    path = write_features(tmp_path / "f.parquet", (time_s, face), (start, start + 3, voice))
    chunks = list(read_grid(path, 10.0, steps=steps))
    assert {len(chunk.time_s) for chunk in chunks[:-1]} <= {steps}
    read, heard, middles = (joined(chunks, name) for name in ("face", "voice", "time_s"))
    assert len(read) == Grid(10).steps_until(start[-1] + 3)
    assert middles.tolist() == pytest.approx(((np.arange(len(read)) + 0.5) / 10).tolist())
    for step in (0, 33, 55, 200, 1200):
        own = face[(time_s >= step / 10) & (time_s < (step + 1) / 10)]
        own = own[~np.isnan(own).any(axis=1)]
        expected = own.mean(axis=0) if len(own) else np.full(2, np.nan)
        assert np.allclose(read[step], expected, atol=2e-3, equal_nan=True)
        nearest = np.abs(start + 1.5 - middles[step]).argmin()
        assert np.allclose(heard[step], voice[nearest], atol=2e-3)


def test_what_is_missing_is_not_made_up(tmp_path):
    face = (np.array([0.02, 0.52]), np.ones((2, 2)))
    path = write_features(tmp_path / "f.parquet", face)
    (chunk,) = read_grid(path, 10.0)
    assert chunk.voice is None
    assert np.isnan(chunk.face[:, 0]).tolist() == [False, True, True, True, True, False]
    assert list(read_grid(path, 10.0, face=False)) == []
    quiet = np.full((2, 3), np.nan)
    path = write_features(tmp_path / "g.parquet", face, (np.zeros(2), np.ones(2), quiet))
    (chunk,) = read_grid(path, 10.0)
    assert chunk.face.shape == (10, 2)
    assert np.isnan(chunk.voice).all()


def test_other_files_are_told_of(tmp_path):
    with pytest.raises(StoredReadingsError):
        list(read_grid(tmp_path / "missing.parquet", 10.0))
