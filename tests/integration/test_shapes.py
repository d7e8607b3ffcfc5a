"""Recordings in other shapes give what the same recording in its usual shape gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.fixtures.media import run_ffmpeg
from tests.fixtures.results_on_disk import rows, run_json
from tests.integration.conftest import Emoreport

TALK = Path(__file__).parents[2] / "samples" / "talk.mp4"
SILENT_FROM_S = 17.0
"""Speech moves the jaw and with it the detector's box; the face is silent until 19 s."""
ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-an")


def frames(name: str) -> pd.DataFrame:
    return pd.read_parquet(Path("statistics") / name / "frames.parquet")


def boxes(name: str) -> np.ndarray:
    return frames(name)[["x", "y", "width", "height"]].to_numpy()


@pytest.mark.parametrize("stored", ["320:480", "1280:240"])
def test_pixels_that_are_not_square_change_nothing(
    tmp_path: Path, emoreport: Emoreport, stored: str
) -> None:
    plain, wide = tmp_path / "plain.mp4", tmp_path / "wide.mp4"
    run_ffmpeg("-t", "1.2", "-i", TALK, "-vf", "scale=640:480,setsar=1", *ENCODED, plain)
    width, height = map(int, stored.split(":"))
    ratio = f"{640 * height}/{480 * width}"
    run_ffmpeg("-i", plain, "-vf", f"scale={stored},setsar={ratio}", *ENCODED, wide)
    assert emoreport("analyze", "--speech", "none", plain, wide).code == 0
    media = run_json(Path("statistics/wide"))["media"]
    assert media["width_px"] / media["height_px"] == pytest.approx(640 / 480, rel=0.01)
    scale = media["width_px"] / 640
    distance = np.abs(boxes("wide") / scale - boxes("plain"))
    assert np.nanmedian(distance) < 4
    assert frames("wide")["width"].notna().all()
    columns = [name for name in frames("plain") if name.startswith("p_")]
    gap = (frames("wide")[columns] - frames("plain")[columns]).abs().sum(axis=1) / 2
    assert gap.median() < 0.1


@pytest.mark.parametrize("later", ["scale=960:720", "scale=320:240", "crop=360:480"])
def test_a_face_stays_in_its_box_when_the_picture_changes_its_size(
    tmp_path: Path, emoreport: Emoreport, later: str
) -> None:
    path = tmp_path / "call.ts"
    data = b""
    for place, change in enumerate(("scale=640:480", f"scale=640:480,{later}")):
        part = tmp_path / f"{place}.ts"
        start = str(SILENT_FROM_S + 0.8 * place)
        run_ffmpeg("-ss", start, "-t", "0.8", "-i", TALK, "-vf", change, *ENCODED, part)
        data += part.read_bytes()
    path.write_bytes(data)
    assert emoreport("analyze", "--speech", "none", path).code == 0
    found = boxes("call")
    assert not np.isnan(found).any()
    before, after = found[10:20].mean(axis=0), found[-10:].mean(axis=0)
    assert after == pytest.approx(before, abs=12)
    video = tmp_path / "annotated.mp4"
    assert emoreport("render", "statistics/call", path, "--out", video).code == 0
    assert rows(Path("statistics/call/summary.csv"))[0]["face_coverage"] == "1.0000"
    # The detector finds the face of the new video where the box was drawn.
    assert emoreport("analyze", "--speech", "none", video).code == 0
    again = boxes("annotated")[-10:]
    assert np.nanmedian(np.abs(again - found[-10:])) < 12
