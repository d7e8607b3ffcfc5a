"""A recording without a picture gives the voice half of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoreport.media import probe
from tests.fixtures import media
from tests.fixtures.media import run_ffmpeg
from tests.fixtures.results_on_disk import rows, run_json
from tests.integration.conftest import Emoreport


def sound_of(talk: Path, path: Path, *options: str) -> Path:
    """The sound of the sample, without its pictures."""
    run_ffmpeg("-i", talk, "-t", "12", "-vn", *options, path)
    return path


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".mp4"])
def test_the_voice_is_that_of_the_video(suffix: str, talk: Path, emoreport: Emoreport) -> None:
    path = sound_of(talk, Path(f"talk{suffix}"))
    outcome = emoreport("analyze", path)
    assert outcome.code == 0, outcome.err
    assert "there is no picture" in " ".join(outcome.warnings)
    assert "There is no picture; the voice, judged for" in outcome.out
    folder = Path("statistics/talk")
    (face,) = rows(folder / "video_intervals.csv")
    assert (face["emotion"], face["start"], face["frames"]) == ("no_face", "0.000", "0")
    assert float(face["end"]) == pytest.approx(12.0, abs=0.1)
    (summary,) = rows(folder / "summary.csv")
    assert summary["duration"] == face["end"]
    assert float(summary["speech_seconds"]) > 6
    assert (summary["frame_rate"], summary["face_coverage"]) == ("", "0.0000")
    assert (summary["mismatch_share"], summary["dominant_video_emotion"]) == ("", "")
    voice = rows(folder / "voice_intervals.csv")
    assert voice[-1]["end"] == face["end"]
    assert summary["dominant_audio_emotion"] in {row["emotion"] for row in voice}
    run = run_json(folder)
    assert run["media"]["width_px"] is None
    assert [warning["key"] for warning in run["warnings"]] == ["no_picture"]
    assert run["decode_failures_by_stream"]["video"] is None


def test_cover_art_is_no_picture(emoreport: Emoreport) -> None:
    path = media.cover_art(Path("song.mp3"), seconds=2.0)
    assert emoreport("analyze", path).code == 0
    (face,) = rows(Path("statistics/song/video_intervals.csv"))
    assert face["emotion"] == "no_face"


def test_what_follows_an_analysis_works_or_says_that_there_is_no_picture(
    talk: Path, emoreport: Emoreport
) -> None:
    path = sound_of(talk, Path("talk.wav"))
    folder = Path("statistics/talk")
    assert emoreport("analyze", path, "--quiet").code == 0
    before = (folder / "voice_intervals.csv").read_text()
    assert emoreport("retable", folder, "--quiet").code == 0
    assert (folder / "voice_intervals.csv").read_text() == before
    assert emoreport("plot", folder).code == 0
    assert emoreport("export", folder).code == 0
    assert emoreport("multiverse", folder).code == 0
    for command in ("render", "clips", "summary-sheet"):
        outcome = emoreport(command, folder)
        assert outcome.code == 1
        assert "there is no picture" in outcome.errors[0]
    outcome = emoreport("retable", folder, "--embed-video")
    assert outcome.code == 1
    assert "there is no picture" in outcome.errors[0]
    assert (folder / "report.html").is_file()


def test_a_batch_takes_a_video_without_pictures(talk: Path, emoreport: Emoreport) -> None:
    Path("videos").mkdir()
    path = sound_of(talk, Path("videos/talk.mp4"))
    assert not probe(path).has_picture
    outcome = emoreport("batch", "videos")
    assert outcome.code == 0, outcome.err
    (summary,) = rows(Path("statistics/summary.csv"))
    assert float(summary["speech_seconds"]) > 6
