"""features.parquet beside the tables: the rows of the readings, made in the same run."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from emoreport.tables.feature_files import read_face, read_sources, read_voice
from tests.fixtures import media
from tests.fixtures.results_on_disk import run_json
from tests.integration.conftest import Emoreport

QUICK = ("--offline", "--face", "compact", "--speech", "compact")


@pytest.fixture
def stored(clip: Path, emoreport: Emoreport) -> Path:
    command = ("analyze", clip, "--features", "--formats", "parquet,csv", "--quiet", "--offline")
    assert emoreport(*command, "--fps", "10").code == 0
    return Path("statistics/clip").resolve()


def test_rows_are_those_of_the_readings(stored: Path) -> None:
    frames = pd.read_parquet(stored / "frames.parquet")
    speech = pd.read_parquet(stored / "speech.parquet")
    (face,), (voice,) = (
        read_face(stored / "features.parquet"),
        read_voice(stored / "features.parquet"),
    )
    np.testing.assert_array_equal(face.time_s, frames["time_s"])
    np.testing.assert_array_equal(face.frame, frames["frame"])
    np.testing.assert_array_equal(np.isnan(face.values).all(axis=1), frames["emotion"].isna())
    np.testing.assert_array_equal(voice.start_s, speech["start_s"])
    np.testing.assert_array_equal(voice.end_s, speech["end_s"])
    heard = np.isfinite(voice.values).all(axis=1)
    np.testing.assert_array_equal(heard, speech["p_anger"].notna())
    sources, models = read_sources(stored / "features.parquet"), run_json(stored)["models"]
    assert sources["face"].files == models["face"]["files"]
    assert sources["voice"].files == models["speech"]["files"]
    assert np.shape(face.values) == (len(frames), sources["face"].width) == (len(frames), 192)
    assert np.shape(voice.values) == (len(speech), sources["voice"].width) == (len(speech), 1593)


def test_readings_are_those_of_a_run_without_features(
    clip: Path, stored: Path, emoreport: Emoreport
) -> None:
    plain = ("analyze", clip, "--fps", "10", "--formats", "parquet", "--out", "plain", "--quiet")
    assert emoreport(*plain, "--offline").code == 0
    assert not Path("plain/clip/features.parquet").exists()
    for name in ("frames.parquet", "speech.parquet"):
        own, other = pd.read_parquet(stored / name), pd.read_parquet(Path("plain/clip") / name)
        pd.testing.assert_frame_equal(own, other, atol=1e-5)


def test_new_tables_leave_the_features_as_they_are(stored: Path, emoreport: Emoreport) -> None:
    content = (stored / "features.parquet").read_bytes()
    assert emoreport("retable", stored, "--smoothing", "2").code == 0
    assert (stored / "features.parquet").read_bytes() == content
    assert emoreport("retable", stored, "--smoothing", "2", "--out", "other").code == 0
    assert (Path("other") / "features.parquet").read_bytes() == content


def test_features_are_part_of_what_is_asked_for(
    clip: Path, stored: Path, emoreport: Emoreport
) -> None:
    again = ("analyze", clip, "--fps", "10", "--formats", "parquet,csv", "--quiet", "--offline")
    assert emoreport(*again, "--features").code == 0  # nothing to do
    outcome = emoreport(*again)
    assert outcome.code == 1
    assert "--overwrite" in outcome.errors[0]
    assert emoreport(*again, "--overwrite").code == 0
    assert not (stored / "features.parquet").exists()
    assert (stored / "run.json").is_file()


# --------------------------------------------------------------------------- the command


def test_the_command_writes_features_alone_and_says_what_they_are(
    clip: Path, emoreport: Emoreport
) -> None:
    command = ("features", clip, "--fps", "5", *QUICK)
    outcome = emoreport(*command)
    assert outcome.code == 0
    folder = Path("statistics/clip")
    names = {path.name for path in folder.iterdir()}
    assert {"features.parquet", "frames.parquet", "speech.parquet", "run.json"} <= names
    assert not [name for name in names if name.endswith((".csv", ".xlsx", ".html"))]
    line = f"{folder / 'features.parquet'}: face 20 × 192 (compact "
    assert line in outcome.out
    assert "; voice 2 × 1593 (compact " in outcome.out
    before = (folder / "features.parquet").stat().st_mtime_ns
    assert line in emoreport(*command).out
    assert (folder / "features.parquet").stat().st_mtime_ns == before


def test_formats_that_are_asked_for_are_written(
    clip: Path, emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOREPORT_FORMATS", "csv")
    assert emoreport("features", clip, "--fps", "5", *QUICK, "--quiet").code == 0
    names = {path.name for path in Path("statistics/clip").iterdir()}
    assert {"features.parquet", "summary.csv"} <= names
    assert "frames.parquet" not in names


def test_a_folder_is_a_batch_that_goes_on(clip: Path, tmp_path: Path, emoreport: Emoreport) -> None:
    videos = tmp_path / "videos"
    (videos / "b").mkdir(parents=True)
    shutil.copy(clip, videos / "talk.mp4")
    media.no_audio(videos / "b" / "silent.mp4", seconds=0.4)
    (videos / "bad.mp4").write_bytes(b"no video")
    # The pictures of the silent one count in binary: some of its steps look like cuts.
    command = ("features", videos, "--fps", "5", "--shots", "none", "--jobs", "1", *QUICK)
    outcome = emoreport(*command)
    assert outcome.code == 1  # one of them is no video
    assert "statistics/talk/features.parquet: face 20 × 192 (compact " in outcome.out
    assert "statistics/silent/features.parquet: face 2 × 192 (compact " in outcome.out
    assert "; voice 0 × 1593 (compact " in outcome.out
    path = Path("statistics/talk/features.parquet")
    before = path.stat().st_mtime_ns
    (videos / "bad.mp4").unlink()
    outcome = emoreport(*command)
    assert outcome.code == 0
    assert "statistics/talk/features.parquet" in outcome.out
    assert path.stat().st_mtime_ns == before


def test_faces_aligned_by_points_say_so(clip: Path, emoreport: Emoreport) -> None:
    for folder, extra in (("plain", ()), ("aligned", ("--face-alignment", "points"))):
        command = ("features", clip, "--fps", "2", "--out", folder, *extra, *QUICK)
        assert emoreport(*command).code == 0
    paths = [Path(folder, "clip", "features.parquet") for folder in ("plain", "aligned")]
    assert [read_sources(path)["face"].layer for path in paths] == ["", "points"]
    (plain,), (aligned,) = (read_face(path) for path in paths)
    assert np.isfinite(aligned.values).all()
    assert not np.allclose(plain.values, aligned.values, atol=0.1)


# ------------------------------------------------------------------------- face pictures


@pytest.fixture
def cropped(tmp_path: Path) -> Path:
    """Two folders of grey pictures as in Aff-Wild2."""
    folder = tmp_path / "cropped_aligned"
    for name, numbers in (("video1", (1, 2, 3, 7)), ("video2_left", (2, 3))):
        (folder / name).mkdir(parents=True)
        for number in numbers:
            picture = np.full((112, 112, 3), 20 * number, np.uint8)
            assert cv2.imwrite(str(folder / name / f"{number:05d}.jpg"), picture)
    return folder


def test_folders_of_pictures_give_features_with_the_times_of_a_rate(
    cropped: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("features", cropped, "--rate", "30", *QUICK)
    assert (outcome.code, outcome.err) == (0, "")
    first, second = outcome.out.splitlines()
    assert first.startswith("statistics/video1/features.parquet: face 4 × 192 (compact ")
    assert first.endswith(" points)")
    assert second.startswith("statistics/video2_left/features.parquet: face 2 × 192 (compact ")
    (face,) = read_face(Path("statistics/video2_left/features.parquet"))
    assert face.frame.tolist() == [1, 2]
    assert face.time_s.tolist() == pytest.approx([1 / 30, 2 / 30])


def test_pictures_need_times_and_videos_do_not(
    cropped: Path, clip: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    for arguments in ((), ("--rate", "30", "--videos", tmp_path)):
        outcome = emoreport("features", cropped, *arguments, *QUICK)
        assert outcome.code == 2
        assert "pictures carry no times; add --videos" in outcome.errors[0]
    outcome = emoreport("features", clip, "--rate", "30", *QUICK)
    assert outcome.code == 2
    assert "--rate is for folders of pictures" in outcome.errors[0]
    (tmp_path / "videos").mkdir()
    outcome = emoreport("features", cropped, "--videos", tmp_path / "videos", *QUICK)
    assert outcome.code == 1
    assert len(outcome.errors) == 2
    assert "holds no video of the name video1" in outcome.errors[0]


# ------------------------------------------------------------------- columns of others


def test_columns_of_openface_are_joined_by_time(
    clip: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    lines = ["frame, face_id, timestamp, confidence, success, AU01_r"]
    lines += [f"{n + 1}, 0, {n / 25:.3f}, 0.9, {int(n != 5)}, {n}" for n in range(50)]
    table = tmp_path / "openface" / "clip.csv"
    table.parent.mkdir()
    table.write_text("\n".join(lines))
    command = ("features", clip, "--fps", "5", *QUICK)
    outcome = emoreport(*command, "--join", table)
    assert outcome.code == 0
    said = f"{table}: 2 columns (openface_…), measured in 9 of 20 frames"
    assert said in outcome.out
    path = Path("statistics/clip/features.parquet")
    (face,) = read_face(path, ["openface_AU01_r"])
    number = np.round(face.time_s * 25)
    wanted = np.where((number < 50) & (number != 5), number, np.nan)
    np.testing.assert_array_equal(np.ravel(face.values), wanted)
    assert emoreport(*command, "--join", table.parent).out.startswith(said)  # nothing else to do
    (tmp_path / "other").mkdir()
    outcome = emoreport(*command, "--join", tmp_path / "other")
    assert outcome.code == 0
    assert "clip.csv: is not there; nothing was joined" in outcome.warnings[0]


def test_what_cannot_be_joined_is_told_before_anything_is_analysed(
    clip: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    table = tmp_path / "clip.csv"
    table.write_text("a,b\n1,2\n")
    outcome = emoreport("features", clip.parent, "--join", table, *QUICK)
    assert (outcome.code, Path("statistics").exists()) == (2, False)
    assert "is one file, and there may be several videos" in outcome.errors[0]
    outcome = emoreport("features", clip, "--join", tmp_path / "nowhere.csv", *QUICK)
    assert (outcome.code, Path("statistics").exists()) == (2, False)
    outcome = emoreport("features", clip, "--fps", "2", "--join", table, *QUICK)
    assert outcome.code == 2
    assert "neither a CSV of OpenFace nor one of Py-Feat" in outcome.errors[0]
