"""Two people side by side, from the video to the files and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoreport.run.read import read
from emoreport.run.report import Report
from tests.fixtures.media import run_ffmpeg
from tests.fixtures.results_on_disk import OF_EVERYBODY, assert_complete, run_json
from tests.integration.conftest import Emoreport


@pytest.fixture(scope="module")
def pair(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the sample beside its mirror image."""
    path = tmp_path_factory.mktemp("pair") / "pair.mp4"
    beside = "[0:v]split[a][b];[b]hflip[c];[a][c]hstack"
    run_ffmpeg("-t", "2", "-i", clip, "-filter_complex", beside, "-c:v", "libx264", path)
    return path


def everyone(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (*OF_EVERYBODY, "frames.parquet")}


def test_both_faces_are_stored_and_kept(pair: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", pair).code == 0
    folder = Path("statistics/pair")
    assert_complete(folder)
    faces = pd.read_parquet(folder / "faces.parquet")
    frames = pd.read_parquet(folder / "frames.parquet")
    assert faces.groupby("frame").size().median() == 2
    assert set(faces["track"]) == set(pd.read_parquet(folder / "tracks.parquet")["track"])
    led, seen = faces[faces["leads"]], frames.dropna(subset="detection_score")
    for name in set(led.columns) & set(seen.columns):
        np.testing.assert_array_equal(led[name], seen[name], err_msg=name)
    before = everyone(folder)
    assert emoreport("retable", folder, "--min-interval", "0.3").code == 0
    assert everyone(folder) == before
    assert emoreport("retable", folder, "--formats", "csv", "--out", "other").code == 0
    assert not OF_EVERYBODY & {path.name for path in Path("other").iterdir()}


def test_the_person_beside_is_read_with_the_others_and_comes_back(
    pair: Path, emoreport: Emoreport
) -> None:
    assert emoreport("analyze", pair, "--fps", "adaptive").code == 0
    report: Report = read("statistics/pair")
    assert report.seen is not None
    assert report.appearance is not None
    at = np.searchsorted(report.faces.time_s, report.seen.time_s)
    beside = report.seen.track[~report.seen.leads]
    alone = report.seen.readings_of(beside, report.faces)
    assert alone.valid.sum() == len(np.unique(at[~report.seen.leads]))
    assert alone.labels == report.faces.labels


def test_a_batch_keeps_the_files_and_makes_them_again_only_if_told(
    pair: Path, emoreport: Emoreport
) -> None:
    assert emoreport("batch", pair.parent, "--out", "out").code == 0
    folder = Path("out/pair")
    before, made = everyone(folder), run_json(folder)["created"]
    assert emoreport("batch", pair.parent, "--out", "out").code == 0
    assert run_json(folder)["created"] == made
    assert emoreport("batch", pair.parent, "--out", "out", "--min-interval", "0.3").code == 0
    assert everyone(folder) == before
    (folder / "faces.parquet").unlink()
    assert emoreport("batch", pair.parent, "--out", "out", "--min-interval", "0.3").code == 0
    assert everyone(folder) == before
    assert emoreport("batch", pair.parent, "--out", "out", "--overwrite").code == 0
    assert everyone(folder) == before
