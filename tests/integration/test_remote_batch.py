"""``emoreport batch`` with URLs in place of folders: real workers, really killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures import media
from tests.fixtures.results_on_disk import rows, run_json

QUICK = ("--offline", "--face", "compact", "--speech", "compact", "--threads", "1", "--jobs", "2")


def batch(folder: str, out: str, *arguments: str) -> subprocess.Popen[str]:
    call = "from emoreport.cli.app import main; main()"
    command = [sys.executable, "-c", call, "batch", folder, "--out", out, *QUICK, *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tables(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in {".csv", ".parquet"}
    }


@pytest.mark.soak
def test_a_batch_on_a_store_that_is_killed_goes_on(
    talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    folder, out = tmp_path / "talks", tmp_path / "out"
    folder.mkdir()
    media.no_audio(folder / "один.mp4", seconds=0.4)
    media.no_audio(folder / "b c#1.mp4", seconds=0.6)
    (folder / "talk.mp4").write_bytes(talk.read_bytes())
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "metadata.csv").write_text("video,speaker\ntalk.mp4,ann\n", encoding="utf-8")
    urls = f"file://{folder}", f"file://{out}"
    killed = batch(*urls)
    deadline = time.monotonic() + 90
    while len(list(out.glob("*/run.json"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    assert not (out / "summary.csv").exists()
    going_on = batch(*urls)
    printed, errors = going_on.communicate(timeout=120)
    assert going_on.returncode == 1, errors
    assert f"error: {urls[0]}/broken.mp4: decode: " in errors
    assert f"tables: {urls[1]}" in printed
    assert {row["path"]: row["speaker"] for row in rows(out / "summary.csv")} == {
        "b c#1.mp4": "",
        "talk.mp4": "ann",
        "один.mp4": "",
    }
    assert run_json(out / "talk")["input"]["path"] == f"{urls[0]}/talk.mp4"
    assert run_json(out / "talk")["settings"]["out"] == urls[1]
    plain = batch(str(folder), str(tmp_path / "plain"))
    plain.communicate(timeout=120)
    assert tables(out) == tables(tmp_path / "plain")
    assert not [path for path in out.rglob("*") if ".tmp-" in path.name]
    assert not list((tmp_path / "tmp").glob("*staging*"))
