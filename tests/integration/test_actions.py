"""`analyze --actions`: what the face did besides, from the video to every file, and back."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from emoreport.faces.detectors import has_solutions
from emoreport.records import MEASURES, POSE
from emoreport.run.read import read
from tests.fixtures.results_on_disk import COLUMNS, rows, run_json
from tests.integration.conftest import Emoreport

pytestmark = pytest.mark.skipif(not has_solutions(), reason="this mediapipe has no face mesh")

RUN = Path("statistics/clip")
TABLES = ("action_intervals", "action_events", "action_summary")


def test_every_file_tells_what_the_face_did(clip: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", clip, "--actions", "--action-model", "mesh").code == 0
    looks, eyes = pq.read_table(RUN / "actions.parquet"), pq.read_table(RUN / "eyes.parquet")
    assert looks.column_names == ["time_s", "person", *POSE, *MEASURES]
    assert eyes.column_names == ["time_s", "person", "eye_opening"]
    found = looks.to_pandas()
    assert found["person"][found["yaw_deg"].notna()].eq("A").all()
    assert found["person"][found["yaw_deg"].isna()].isna().all()
    assert len(eyes) == len(pq.read_table(RUN / "frames.parquet"))
    assert len(looks) == pytest.approx(10 * float(rows(RUN / "summary.csv")[0]["duration"]), abs=2)
    intervals = rows(RUN / "action_intervals.csv")
    spans = [(row["start"], row["end"], row["emotion"]) for row in intervals]
    faces = rows(RUN / "video_intervals.csv")
    assert spans == [(row["start"], row["end"], row["emotion"]) for row in faces]
    seen = [row for row in intervals if row["looks"] != "0"]
    assert seen
    assert all(abs(float(row["yaw_deg"])) < 20 for row in seen)
    assert float(rows(RUN / "action_summary.csv")[0]["eye_seconds"]) > 0
    assert set(TABLES) <= set(openpyxl.load_workbook(RUN / "report.xlsx").sheetnames)
    run = run_json(RUN)
    assert run["models"]["actions"]["name"] == "mesh"
    assert run["settings"]["actions"] is True


def test_the_emotions_are_the_same_but_for_the_pose(clip: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", clip, "--out", "plain").code == 0
    assert emoreport("analyze", clip, "--actions").code == 0
    plain = Path("plain/clip")
    assert not list(plain.glob("action*")) + list(plain.glob("eyes*"))
    assert "actions" not in run_json(plain)["models"]
    posed = {"yaw_deg", "pitch_deg", "head_turn"}
    before = pq.read_table(plain / "frames.parquet")
    after = pq.read_table(RUN / "frames.parquet")
    assert set(after.column_names) - set(before.column_names) == {"roll_deg"}
    for name in set(before.column_names) - posed:
        assert after.column(name) == before.column(name), name
    assert after.column("yaw_deg") != before.column("yaw_deg")


@pytest.mark.parametrize("fps", ["2", "adaptive"])
def test_actions_have_their_own_frames(fps: str, clip: Path, emoreport: Emoreport) -> None:
    asked = ("--fps", fps, "--formats", "csv,parquet")
    assert emoreport("analyze", clip, *asked, "--out", "plain").code == 0
    assert emoreport("analyze", clip, *asked, "--actions").code == 0
    plain = pq.read_table("plain/clip/frames.parquet")
    assert pq.read_table(RUN / "frames.parquet").column("p_anger") == plain.column("p_anger")
    assert (
        rows(RUN / "summary.csv")[0]["frames"] == rows(Path("plain/clip/summary.csv"))[0]["frames"]
    )
    duration_s = float(rows(RUN / "summary.csv")[0]["duration"])
    assert len(pq.read_table(RUN / "actions.parquet")) == pytest.approx(10 * duration_s, abs=2)
    assert len(pq.read_table(RUN / "eyes.parquet")) > 2 * len(plain)


def test_retable_makes_the_same_tables_without_the_video(clip: Path, emoreport: Emoreport) -> None:
    changes = ("--min-interval", "1.5", "--smoothing", "0.4")
    copy = shutil.copy(clip, "copy.mp4")
    assert emoreport("analyze", copy, "--actions").code == 0
    assert emoreport("analyze", clip, "--actions", *changes, "--out", "fresh").code == 0
    Path(copy).unlink()
    stored, fresh = Path("statistics/copy"), Path("fresh/clip")
    assert emoreport("retable", stored, *changes).code == 0
    for name in (*(f"{table}.csv" for table in (*COLUMNS, *TABLES) if table != "summary"),):
        assert (stored / name).read_bytes() == (fresh / name).read_bytes(), name
    for name in ("actions.parquet", "eyes.parquet"):
        assert (stored / name).read_bytes() == (fresh / name).read_bytes(), name
    assert read(stored).action_intervals is not None


def test_what_actions_depend_on_makes_another_run(clip: Path, emoreport: Emoreport) -> None:
    assert emoreport("analyze", clip, "--actions", "--formats", "csv,parquet").code == 0
    kept = (RUN / "run.json").read_bytes()
    assert emoreport("analyze", clip, "--actions", "--formats", "csv,parquet").code == 0
    assert (RUN / "run.json").read_bytes() == kept
    other = emoreport("analyze", clip, "--actions", "--no-blinks", "--formats", "csv,parquet")
    assert other.code == 1
    again = ("--actions", "--no-blinks", "--formats", "csv,parquet", "--overwrite")
    assert emoreport("analyze", clip, *again).code == 0
    assert not (RUN / "eyes.parquet").exists()
    assert {row["blinks"] for row in rows(RUN / "action_intervals.csv")} == {""}
    assert rows(RUN / "action_summary.csv")[0]["blinks_per_minute"] == ""
    assert emoreport("retable", RUN, "--blinks").code == 2
