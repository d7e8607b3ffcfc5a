"""Real recordings from the shared data folder; skipped, visibly, where it is absent."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from emoreport.vocabulary import NON_EMOTIONS
from tests.fixtures.results_on_disk import assert_complete, rows, run_json
from tests.integration.conftest import ROOT, Emoreport

VIDEOS = ROOT.parent / "shared" / "data" / "videos"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not VIDEOS.is_dir(), reason="../shared/data/videos is not here"),
]


def presentation_times(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return np.array(
            sorted(
                float(packet.pts * packet.time_base)
                for packet in container.demux(stream)
                if packet.pts is not None
            )
        )


def test_the_russian_talk(emoreport: Emoreport) -> None:
    assert emoreport("analyze", VIDEOS / "talk_ru_10s.mp4").code == 0
    folder = Path("statistics/talk_ru_10s")
    assert_complete(folder)
    (summary,) = rows(folder / "summary.csv")
    assert float(summary["face_coverage"]) >= 0.99
    assert summary["duration"] == "10.120"
    assert summary["frames"] == "253"
    emotions = [row["emotion"] for row in rows(folder / "video_intervals.csv")]
    assert not set(emotions) & set(NON_EMOTIONS)
    assert int(summary["transitions"]) == len(emotions) - 1
    assert float(summary["speech_seconds"]) > 5
    assert {row["emotion"] for row in rows(folder / "audio_intervals.csv")} != {"no_speech"}


@pytest.mark.parametrize(
    ("name", "first", "last", "sound_s"),
    [
        ("face_then_none_vfr_hevc.mov", "face", "no_face", (2.43, 6.40)),
        ("none_then_face_vfr_hevc.mov", "no_face", "face", (0.0, 3.95)),
    ],
)
def test_face_part_of_the_time(
    name: str, first: str, last: str, sound_s: tuple[float, float], emoreport: Emoreport
) -> None:
    assert emoreport("analyze", VIDEOS / name).code == 0
    folder = Path("statistics") / Path(name).stem
    assert_complete(folder)
    seen = [
        "no_face" if row["emotion"] == "no_face" else "face"
        for row in rows(folder / "video_intervals.csv")
    ]
    assert (seen[0], seen[-1]) == (first, last)
    frames = pd.read_parquet(folder / "frames.parquet")
    times_s = presentation_times(VIDEOS / name)
    assert len(frames) == len(times_s)
    np.testing.assert_allclose(frames["time_s"], times_s, atol=0.002)
    # The sound covers only part of the picture: silence elsewhere, no error.
    speech = pd.read_parquet(folder / "speech.parquet")
    assert speech["start_s"].min() == pytest.approx(sound_s[0], abs=0.05)
    assert speech["end_s"].max() == pytest.approx(sound_s[1], abs=0.05)
    (summary,) = rows(folder / "summary.csv")
    assert rows(folder / "audio_intervals.csv")[-1]["end"] == summary["duration"]


def test_no_face_with_sound(emoreport: Emoreport) -> None:
    assert emoreport("analyze", VIDEOS / "no_face.mp4").code == 0
    (only,) = rows(Path("statistics/no_face/video_intervals.csv"))
    assert only["emotion"] == "no_face"


def test_no_audio_track(emoreport: Emoreport) -> None:
    assert emoreport("analyze", VIDEOS / "no_audio_track_vfr.mp4").code == 0
    voices = rows(Path("statistics/no_audio_track_vfr/audio_intervals.csv"))
    assert {row["emotion"] for row in voices} == {"no_speech"}


def test_many_faces(emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", VIDEOS / "many_faces.mp4")
    assert outcome.code == 0
    assert_complete(Path("statistics/many_faces"))
    frames = pd.read_parquet("statistics/many_faces/frames.parquet")
    assert frames["faces"].max() > 1
    assert any("people are seen" in line for line in outcome.warnings)


def test_no_row_of_the_face_goes_across_a_cut(emoreport: Emoreport) -> None:
    assert emoreport("analyze", VIDEOS / "many_faces.mp4", "--fps", "5").code == 0
    folder = Path("statistics/many_faces")
    cuts_s = run_json(folder)["media"]["cuts_s"]
    assert cuts_s == pytest.approx([1.511, 3.580, 7.884], abs=0.001)
    names = ("video_intervals", "audio_intervals", "modality_duration", "face_voice")
    for name in names:
        for row in rows(folder / f"{name}.csv"):
            start_s, end_s = float(row["start"]), float(row["end"])
            inside = [cut_s for cut_s in cuts_s if start_s + 0.001 < cut_s < end_s - 0.001]
            assert not inside, (name, row)
            assert int(row["shot"]) == 1 + sum(cut_s < end_s - 0.001 for cut_s in cuts_s)
    before = (folder / "video_intervals.csv").read_bytes()
    assert emoreport("retable", folder).code == 0
    assert (folder / "video_intervals.csv").read_bytes() == before
    assert run_json(folder)["media"]["cuts_s"] == cuts_s


def test_without_a_look_for_cuts_the_shot_is_not_known(emoreport: Emoreport) -> None:
    assert (
        emoreport("analyze", VIDEOS / "many_faces.mp4", "--shots", "none", "--fps", "5").code == 0
    )
    folder = Path("statistics/many_faces")
    assert {row["shot"] for row in rows(folder / "video_intervals.csv")} == {""}
    assert "shot" not in pd.read_parquet(folder / "frames.parquet")
    assert run_json(folder)["media"]["cuts_s"] is None


def test_strict_single_face_skips_frames_with_more(emoreport: Emoreport) -> None:
    assert emoreport("analyze", VIDEOS / "many_faces.mp4", "--strict-single-face").code == 0
    frames = pd.read_parquet("statistics/many_faces/frames.parquet")
    assert frames.loc[frames["faces"] > 1, "detection_score"].isna().all()


@pytest.mark.parametrize("name", ["av1.mkv", "h264_10bit.mp4", "two_video_two_audio_streams.mp4"])
def test_other_codecs_and_streams(name: str, emoreport: Emoreport) -> None:
    assert emoreport("analyze", VIDEOS / name).code == 0
    folder = Path("statistics") / Path(name).stem
    assert_complete(folder)
    assert run_json(folder)["decode_failures"] == 0
