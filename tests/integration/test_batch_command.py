"""``emoreport batch`` as a user runs it."""

from __future__ import annotations

import html
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.fixtures import media
from tests.fixtures.results_on_disk import rows, run_json
from tests.integration.conftest import Emoreport

QUICK = ("--offline", "--face", "compact", "--speech", "compact")
TOGETHER = {
    "summary.csv",
    "summary.xlsx",
    "summary.parquet",
    "intervals.parquet",
    "failures.csv",
    "batch.html",
    "manifest.jsonl",
}


@pytest.fixture
def videos(tmp_path: Path, clip: Path) -> Path:
    folder = tmp_path / "videos"
    (folder / "b").mkdir(parents=True)
    shutil.copy(clip, folder / "talk.mp4")
    media.no_audio(folder / "b" / "talk.mp4", seconds=0.4)
    (folder / "bad.mp4").write_bytes(b"no video")
    return folder


def test_a_folder_with_a_broken_video(videos: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("batch", videos, *QUICK)
    assert outcome.code == 1
    (error,) = outcome.errors
    assert error.startswith(f"error: {videos / 'bad.mp4'}: decode: ")
    assert "; " in error
    assert "Traceback" not in outcome.err
    assert any("b/talk.mp4" in line and "audio" in line for line in outcome.warnings)
    assert {path.name for path in Path("statistics").iterdir() if path.is_file()} == TOGETHER
    first, second = rows(Path("statistics/summary.csv"))
    several = max(first["warnings"], second["warnings"], key=len).split(" | ")
    assert len(several) > 1
    overview = html.unescape(Path("statistics/batch.html").read_text(encoding="utf-8"))
    for warning in several:
        assert f"<p><bdi>{warning}</bdi></p>" in overview
    assert "2 finished, 1 failed" in outcome.out
    again = emoreport("batch", videos, *QUICK)
    assert again.code == 1
    assert again.errors == outcome.errors
    assert "2 videos were finished before" in again.err
    assert "--retry-failed" in again.err
    (videos / "bad.mp4").unlink()
    assert emoreport("batch", videos, *QUICK).code == 0


def test_the_tables_are_those_of_analyze(videos: Path, emoreport: Emoreport) -> None:
    assert emoreport("batch", videos, *QUICK, "--exclude", "bad.*", "--jobs", "2").code == 0
    assert emoreport("analyze", videos / "talk.mp4", *QUICK, "--out", "single").code == 0
    (folder,) = [
        row["folder"] for row in rows(Path("statistics/summary.csv")) if row["path"] == "talk.mp4"
    ]
    names = {path.name for path in Path("single/talk").iterdir()}
    assert {path.name for path in Path("statistics", folder).iterdir()} >= names - {"report.html"}
    for name in names:
        if name.endswith((".csv", ".parquet")):
            one = Path("single/talk", name).read_bytes()
            assert Path("statistics", folder, name).read_bytes() == one
    assert run_json(Path("statistics", folder))["settings"]["threads"] >= 1


def test_quiet_and_language(videos: Path, emoreport: Emoreport) -> None:
    quiet = emoreport("batch", videos, *QUICK, "--quiet", "--include", "b/*", "--lang", "ru")
    assert quiet.code == 0
    assert quiet.out == ""
    assert [
        line for line in quiet.err.splitlines() if not line.startswith("предупреждение: ")
    ] == []
    assert "Видео" in Path("statistics/batch.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["none"], "exist"),
        (["."], "no videos"),
        ([".", "--engine", "cloud"], "--engine"),
        ([".", "--jobs", "0"], "--jobs"),
        ([".", "--face", "nobody"], "nobody"),
        ([".", "--metadata", "none.csv"], "none.csv"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], word: str, videos: Path, emoreport: Emoreport
) -> None:
    if len(arguments) > 1:
        arguments = [str(videos), *arguments[1:]]
    outcome = emoreport("batch", *arguments)
    assert outcome.code == 2
    assert word in outcome.err
    assert "Traceback" not in outcome.err


def test_names_cannot_steer_the_terminal(tmp_path: Path, emoreport: Emoreport) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "\x1b[2J\u202egpm.mp4").write_bytes(b"no")
    outcome = emoreport("batch", folder, *QUICK)
    assert outcome.code == 1
    assert "\x1b" not in outcome.err
    assert "\u202e" not in outcome.err
    assert "\\x1b[2J\\u202egpm.mp4" in outcome.errors[0]


def running(working: Path, videos: Path, **how) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "emoreport", "batch", str(videos), *QUICK, "--jobs", "2"]
    return subprocess.Popen(command, cwd=working, **how)


def wait_for_a_video(working: Path, process: subprocess.Popen[bytes]) -> None:
    manifest = working / "statistics" / "manifest.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if manifest.exists() and b'"state": "finished"' in manifest.read_bytes():
            return
        time.sleep(0.02)


@pytest.fixture
def several(tmp_path: Path, clip: Path) -> Path:
    folder = tmp_path / "several"
    folder.mkdir()
    media.no_audio(folder / "a.mp4", seconds=0.2)
    for number in range(4):
        (folder / f"talk{number}.mp4").write_bytes(
            clip.read_bytes() + bytes([0, 0, 0, 9]) + b"free" + bytes([number])
        )
    return folder


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_what_is_finished(
    how: signal.Signals, several: Path, tmp_path: Path, emoreport: Emoreport
) -> None:
    working = Path.cwd()
    process = running(working, several, stderr=subprocess.PIPE)
    wait_for_a_video(working, process)
    children = psutil.Process(process.pid).children()
    process.send_signal(how)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert b"interrupted; what was finished is kept" in errors
    assert psutil.wait_procs(children, timeout=5)[1] == []
    finished = rows(Path("statistics/summary.csv"))
    assert 1 <= len(finished) < 5
    assert list(Path("statistics").rglob(".*.tmp-*")) == []
    before = {
        row["folder"]: (Path("statistics") / row["folder"] / "run.json").stat().st_mtime_ns
        for row in finished
    }
    outcome = emoreport("batch", several, *QUICK)
    assert outcome.code == 0
    assert len(rows(Path("statistics/summary.csv"))) == 5
    for folder, stamp in before.items():
        assert (Path("statistics") / folder / "run.json").stat().st_mtime_ns == stamp


def test_a_terminal_shows_a_live_table(several: Path, emoreport: Emoreport) -> None:
    head, tail = pty.openpty()
    process = running(
        Path.cwd(), several, stderr=tail, stdout=tail, env={**os.environ, "COLUMNS": "100"}
    )
    os.close(tail)
    shown = b""
    while process.poll() is None or select.select([head], [], [], 0.1)[0]:
        try:
            shown += os.read(head, 65536)
        except OSError:  # Linux: the other side has closed
            break
    os.close(head)
    assert process.wait(timeout=30) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"[1-4] of 5 videos done, 0 failed", text)
    assert re.search(r"talk\d\.mp4 +face +\d+ % +[\d.–]+× +0:\d\d", text)
    assert " left" in text
    assert "5 finished, 0 failed" in text
    assert "Traceback" not in text
