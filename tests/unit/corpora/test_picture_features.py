"""Features of pictures of faces: rows by frame number, times of the video or of a rate."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from emoreport.corpora.picture_features import PictureReader, Times
from emoreport.media import open_video
from emoreport.models.families.compact import CompactFaceModel
from emoreport.models.store.model_metadata import shipped_metadata
from emoreport.settings import Settings
from emoreport.tables.feature_files import read_face, read_sources, read_voice
from tests.fixtures.faces import scene

QUICK = {"offline": True, "face": "compact", "speech": "compact", "features": True}


def reader(out: Path, times: Times, **values: object) -> PictureReader:
    return PictureReader(Settings(**{**QUICK, **values}, out=str(out)), times, [].append)


def pictures(folder: Path, numbers: list[int], size: int = 112) -> list[np.ndarray]:
    """Parts of a drawn scene, saved without loss as 00007.png; RGB as they were saved."""
    folder.mkdir(parents=True)
    frame = scene((640, 360), (220, 50, 1.0))
    made = [
        np.ascontiguousarray(frame[40 : 40 + size, 150 + n % 50 : 150 + n % 50 + size])
        for n in numbers
    ]
    for number, rgb in zip(numbers, made, strict=True):
        assert cv2.imwrite(str(folder / f"{number:05d}.png"), rgb[:, :, ::-1])
    return made


def test_pictures_are_read_whole_and_frames_count_from_zero(tmp_path: Path) -> None:
    made = pictures(tmp_path / "in" / "video 5_left", [1, 2, 4, 40], size=48)
    pictures(tmp_path / "in" / "видео", [3])
    done = list(reader(tmp_path / "out", Times(rate_hz=25.0)).read_all(tmp_path / "in"))
    assert [(each.folder.name, each.error) for each in done] == [
        ("video 5_left", None),
        ("видео", None),
    ]
    path = tmp_path / "out" / "video 5_left" / "features.parquet"
    (face,) = read_face(path)
    assert face.frame.tolist() == [0, 1, 3, 39]
    assert face.time_s.tolist() == pytest.approx([0, 0.04, 0.12, 1.56])
    _, wanted = CompactFaceModel(shipped_metadata("face")).embed(made)
    np.testing.assert_allclose(face.values, wanted, rtol=2e-3, atol=2e-3)
    assert list(read_sources(path)) == ["face"]
    assert read_sources(path)["face"].layer == ""


def test_the_video_gives_times_and_voice(tmp_path: Path, clip: Path) -> None:
    pictures(tmp_path / "in" / "clip_right", [1, 5, 26])
    (tmp_path / "videos").mkdir()
    shutil.copy(clip, tmp_path / "videos" / "clip.mp4")
    times = Times(videos=tmp_path / "videos")
    own = reader(tmp_path / "out", times, face_alignment="points")
    (done,) = own.read_all(tmp_path / "in")
    assert done.error is None
    path = done.folder / "features.parquet"
    (face,), (voice,) = read_face(path), read_voice(path)
    with open_video(clip) as source:
        known = [frame.time_s for frame in source]
    assert face.time_s.tolist() == [known[0], known[4], known[25]]
    assert np.isfinite(voice.values).all(axis=1).sum() > 0
    assert read_sources(path)["face"].layer == "points"
    before = path.stat().st_mtime_ns
    assert [each.error for each in own.read_all(tmp_path / "in")] == [None]
    assert path.stat().st_mtime_ns == before  # there already


@pytest.mark.parametrize(
    ("numbers", "names", "cause"),
    [
        ([1, 500], ["clip.mp4"], "has no frame 500"),
        ([1], ["other.mp4"], "holds no video of the name clip"),
        ([1], ["clip.mp4", "clip.mkv"], "several videos fit: clip.mkv, clip.mp4"),
        ([1], ["clip.txt"], "holds no video of the name clip"),
    ],
)
def test_videos_that_do_not_fit_are_named(
    numbers: list[int], names: list[str], cause: str, tmp_path: Path, clip: Path
) -> None:
    pictures(tmp_path / "in" / "clip", numbers)
    (tmp_path / "videos").mkdir()
    for name in names:
        target = tmp_path / "videos" / name
        if target.suffix == ".txt":
            target.write_text("labels")
        else:
            shutil.copy(clip, target)
    own = reader(tmp_path / "out", Times(videos=tmp_path / "videos"), speech="none")
    (done,) = own.read_all(tmp_path / "in")
    assert cause in str(done.error)
    assert not done.folder.exists()


def test_a_damaged_picture_ends_its_folder_only(tmp_path: Path) -> None:
    pictures(tmp_path / "in" / "a", [1, 2])
    pictures(tmp_path / "in" / "b", [1, 2])
    (tmp_path / "in" / "a" / "00002.png").write_bytes(b"no picture")
    first, second = reader(tmp_path / "out", Times(rate_hz=25.0)).read_all(tmp_path / "in")
    assert "00002.png" in str(first.error)
    assert "no picture that can be read" in str(first.error)
    assert second.error is None
