"""``emoreport batch --transcript``: words that are heard, and a folder of transcripts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.fixtures.media import run_ffmpeg
from tests.fixtures.results_on_disk import run_json
from tests.integration.conftest import Emoreport

QUICK = ("--fps", "1", "--formats", "csv,parquet", "--offline", "--threads", "1")
CUE = "1\n00:00:00,200 --> 00:00:01,800\n{}\n"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def made_at(out: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in out.glob("*/run.json")}


@pytest.fixture
def videos(talk: Path, emoreport: Emoreport) -> Path:
    folder = Path("videos/monday")
    folder.mkdir(parents=True)
    for number in range(3):
        cut = ("-ss", str(5 * number), "-t", "2", "-i", talk)
        run_ffmpeg(*cut, "-preset", "ultrafast", folder / f"cut {number}.mp4")
    return Path("videos")


def test_words_are_heard_by_every_worker_once(
    videos: Path, emoreport: Emoreport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx_asr", reason="needs the extra words")
    from tests.fixtures.recognition import store_recogniser

    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    store_recogniser("gigaam-v3-ctc", tmp_path / "store")
    (videos / "monday" / "cut 2.mp4").unlink()
    out = Path("statistics")
    heard = ("--transcript", "auto", *QUICK)
    assert emoreport("batch", videos, "--jobs", "2", *heard).code == 0
    alone = ("analyze", videos / "monday" / "cut 0.mp4", *heard, "--out", "alone", "--quiet")
    assert emoreport(*alone).code == 0
    words = Path("alone/cut 0/words.csv").read_bytes()
    assert words.count(b"\n") > 1
    assert (out / "cut 0" / "words.csv").read_bytes() == words
    for number in range(2):
        assert run_json(out / f"cut {number}")["models"]["words"]["name"] == "gigaam-v3-ctc"
    before = made_at(out)
    again = emoreport("batch", videos, "--jobs", "2", *heard)
    assert (again.code, made_at(out)) == (0, before)
    # Other settings: nothing is heard again, the words stay.
    assert emoreport("batch", videos, "--jobs", "1", *heard, "--smoothing", "0").code == 0
    assert (out / "cut 0" / "words.csv").read_bytes() == words
    assert made_at(out) != before


def test_each_recording_has_the_transcript_of_its_name_or_none(
    videos: Path, emoreport: Emoreport
) -> None:
    transcripts = Path("transcripts/monday")
    transcripts.mkdir(parents=True)
    (transcripts / "cut 0.srt").write_text(CUE.format("Это первый кусок"), encoding="utf-8")
    (transcripts / "cut 1.mp4.srt").write_text("broken", encoding="utf-8")
    command = ("batch", videos, "--transcript", "transcripts", "--jobs", "2", *QUICK)
    outcome = emoreport(*command)
    assert outcome.code == 1
    (error,) = outcome.errors
    assert "cut 1.mp4.srt" in error
    assert [line for line in outcome.warnings if "cut 2.mp4" in line and "transcript" in line]
    (failure,) = rows(Path("statistics/failures.csv"))
    assert failure["video"] == "monday/cut 1.mp4"
    assert str(transcripts / "cut 1.mp4.srt") in failure["error"]
    assert failure["remedy"]
    words = rows(Path("statistics/cut 0/words.csv"))
    assert [row["word"] for row in words] == ["Это", "первый", "кусок"]
    assert not Path("statistics/cut 2/words.csv").exists()
    assert [w["key"] for w in run_json(Path("statistics/cut 2"))["warnings"]] == ["no_transcript"]
    # A transcript that is put right is read without being asked for; the others stay.
    before = made_at(Path("statistics"))
    (transcripts / "cut 1.mp4.srt").write_text(CUE.format("Вот второй"), encoding="utf-8")
    outcome = emoreport(*command)
    assert (outcome.code, outcome.errors) == (0, [])
    after = made_at(Path("statistics"))
    assert {name for name in after if after[name] != before.get(name)} == {"cut 1"}
    assert rows(Path("statistics/failures.csv")) == []
    assert rows(Path("statistics/cut 1/words.csv"))[0]["word"] == "Вот"
