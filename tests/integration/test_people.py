"""Several people in one recording: whose tables are written, and how people are put right."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.fixtures.results_on_disk import rows, run_json
from tests.integration.conftest import ROOT, Emoreport

CROWD = ROOT.parent / "shared" / "data" / "videos" / "many_faces.mp4"
RUN = Path("statistics/many_faces")
INTERVALS = ("video_intervals", "audio_intervals", "modality_duration", "face_voice")

crowd = pytest.mark.skipif(not CROWD.is_file(), reason="../shared/data/videos is not here")


def persons(folder: Path) -> set[str]:
    return {row["person"] for name in INTERVALS for row in rows(folder / f"{name}.csv")}


@pytest.mark.shared
@crowd
def test_people_of_a_crowd(emoreport: Emoreport) -> None:
    done = emoreport("analyze", CROWD, "--people", "all", "--formats", "csv,parquet")
    assert done.code == 0
    assert any("people are seen" in line for line in done.warnings)
    people = rows(RUN / "people.csv")
    keys = [row["key"] for row in people]
    assert keys[:3] == ["A", "B", "C"]
    assert [row["chosen"] for row in people] == ["true"] + ["false"] * (len(people) - 1)
    seconds = [float(row["seconds"]) for row in people]
    assert seconds == sorted(seconds, reverse=True)
    assert persons(RUN) == {"A"}
    everywhere = [{**row, "chosen": ""} for row in people]
    for key in keys[1:]:
        assert persons(RUN / f"person_{key}") == {key}
        own = rows(RUN / f"person_{key}" / "people.csv")
        assert [row["key"] for row in own if row["chosen"] == "true"] == [key]
        assert [{**row, "chosen": ""} for row in own] == everywhere
        # A folder like any other: its tables can be made again, with the same result.
        before = (RUN / f"person_{key}" / "video_intervals.csv").read_bytes()
        assert emoreport("retable", RUN / f"person_{key}").code == 0
        assert (RUN / f"person_{key}" / "video_intervals.csv").read_bytes() == before

    assert emoreport("export", RUN, "--to", "textgrid", "--out", "x").code == 0
    assert 'name = "seen A"' in next(Path("x").glob("*.TextGrid")).read_text("utf-8")
    listed = emoreport("people", RUN)
    assert listed.out.count("→") == 1
    assert emoreport("people", RUN, "--rename", "B=Анна", "--quiet").code == 0
    assert [row["person"] for row in rows(RUN / "people.csv")][:2] == ["A", "Анна"]
    assert emoreport("retable", RUN, "--person", "анна", "--people", "one").code == 0
    assert persons(RUN) == {"Анна"}
    assert not list(RUN.glob("person_*"))
    b = rows(RUN / "video_intervals.csv")
    assert emoreport("retable", RUN, "--person", "auto").code == 0
    assert persons(RUN) == {"A"}
    assert emoreport("retable", RUN, "--person", "B").code == 0
    assert rows(RUN / "video_intervals.csv") == b

    nobody = emoreport("retable", RUN, "--person", "Z")
    assert nobody.code == 2
    assert "A, B (Анна)" in nobody.errors[0]
    assert emoreport("people", RUN, "--merge", "A").code == 2
    assert run_json(RUN)["person"] == "B"
    assert emoreport("people", RUN, "--merge", "B=C", "--quiet").code == 0
    assert run_json(RUN)["person"] == "C"
    assert persons(RUN) == {"C"}


@pytest.mark.shared
@crowd
def test_no_row_mixes_two_people(emoreport: Emoreport) -> None:
    """One row went from 8.05 to 10.02 s over three people after the cut at 7.884 s."""
    import pandas as pd

    assert emoreport("analyze", CROWD, "--formats", "csv,parquet").code == 0
    faces = pd.read_parquet(RUN / "faces.parquet")
    people = run_json(RUN)["people"]
    of = {track: person["key"] for person in people for track in person["tracks"]}
    frames = pd.read_parquet(RUN / "frames.parquet")
    shown = frames[frames["x"].notna()].merge(faces, on=["time_s", "x", "y", "width", "height"])
    assert len(shown) == int(frames["x"].notna().sum())
    assert set(shown["track"].map(of)) == {"A"}
    cuts = run_json(RUN)["media"]["cuts_s"]
    for row in rows(RUN / "video_intervals.csv"):
        start, end = float(row["start"]), float(row["end"])
        assert not [cut for cut in cuts if start + 0.001 < cut < end - 0.001]


def joined(path: Path, stretches: list[tuple[str, float]]) -> None:
    """Two seconds of each of some recordings, one after the other, in one video without sound."""
    number = 0
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for name, start_s in stretches:
            with av.open(str(CROWD.with_name(name))) as source:
                shown = (frame for frame in source.decode(video=0) if frame.time >= start_s)
                for frame in islice(shown, 50):
                    height, width = frame.height, frame.width
                    picture = frame.to_ndarray(format="rgb24")[: width * 9 // 16 or height]
                    fitted = cv2.resize(np.ascontiguousarray(picture), (640, 360))
                    again = av.VideoFrame.from_ndarray(fitted, format="rgb24")
                    again.pts, number = number, number + 1
                    target.mux(stream.encode(again))
        target.mux(stream.encode())


@pytest.mark.shared
@crowd
def test_two_who_take_turns_are_two_and_no_row_is_of_both(emoreport: Emoreport) -> None:
    ru, en = "talk_ru_10s.mp4", "talk_en_20s.mp4"
    joined(Path("turns.mp4"), [(ru, 5.0), (en, 2.0), (ru, 7.5), (en, 8.0), (ru, 6.0)])
    run = Path("statistics/turns")
    assert (
        emoreport("analyze", "turns.mp4", "--people", "all", "--formats", "csv,parquet").code == 0
    )
    people = rows(run / "people.csv")
    assert [(row["key"], float(row["seconds"])) for row in people] == [
        ("A", pytest.approx(6.0, abs=0.1)),
        ("B", pytest.approx(4.0, abs=0.1)),
    ]
    cuts = run_json(run)["media"]["cuts_s"]
    assert cuts == pytest.approx([2.0, 4.0, 6.0, 8.0], abs=0.05)
    for folder, turns in ((run, (0, 2, 4)), (run / "person_B", (1, 3))):
        for row in rows(folder / "video_intervals.csv"):
            start, end = float(row["start"]), float(row["end"])
            assert not [cut for cut in cuts if start + 0.001 < cut < end - 0.001]
            assert (row["emotion"] != "no_face") == (int((start + end) / 4) in turns)


def test_one_person_can_be_named(emoreport: Emoreport) -> None:
    sample = ROOT / "samples" / "talk.mp4"
    assert emoreport("analyze", sample, "--fps", "5", "--formats", "csv,parquet").code == 0
    folder = Path("statistics/talk")
    before = rows(folder / "video_intervals.csv")
    assert [row["person"] for row in rows(folder / "people.csv")] == ["A"]
    assert emoreport("people", folder, "--rename", "A=Ирина").code == 0
    after = rows(folder / "video_intervals.csv")
    assert {row["person"] for row in after} == {"Ирина"}
    assert [row | {"person": "A"} for row in after] == before
    assert emoreport("retable", folder, "--person", "B").code == 2
