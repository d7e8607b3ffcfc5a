"""The examples for schedulers, run as the schedulers run them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures import media
from tests.fixtures.results_on_disk import rows

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = ("--face", "compact", "--speech", "compact", "--threads", "1", "--jobs", "1")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("talks")
    for number, name in enumerate(["one", "it's two", "три"]):
        media.no_audio(folder / "new.mp4", seconds=0.3 + 0.2 * number)
        (folder / "new.mp4").rename(folder / f"{name}.mp4")
    (folder / "broken.mp4").write_bytes(b"no video")
    return folder


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that comes first; holds this very emoreport."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "emoreport"
    program.write_text(
        f"#!{sys.executable}\nfrom emoreport.cli.app import main\nmain()\n", encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def task(number: int, count: int) -> dict[str, str]:
    """What SLURM tells a task of an array."""
    return {
        **os.environ,
        "SLURM_ARRAY_TASK_ID": str(number),
        "SLURM_ARRAY_TASK_COUNT": str(count),
        "SLURM_ARRAY_TASK_MIN": "1",
        "SLURM_ARRAY_TASK_MAX": str(count),
    }


def start(script: str, environment: dict[str, str], *arguments: object) -> subprocess.Popen[str]:
    command = ["bash", str(EXAMPLES / "slurm" / script), *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def tables(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in {".csv", ".parquet"}
    }


@pytest.mark.soak
def test_the_tasks_of_a_slurm_array_and_the_one_after_them(
    videos: Path, path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    running = [start("talks.sbatch", task(n, 2), videos, out, *QUICK) for n in (1, 2)]
    for one in running:
        _, errors = one.communicate(timeout=120)
        assert one.returncode == 0, errors
    assert not (out / "summary.csv").exists()
    together = start("together.sbatch", dict(os.environ), videos, out, *QUICK)
    _, errors = together.communicate(timeout=120)
    assert together.returncode == 1, errors
    assert "3 videos were finished before" in errors
    assert len(rows(out / "summary.csv")) == 3
    assert [row["video"] for row in rows(out / "failures.csv")] == ["broken.mp4"]
    alone = start("together.sbatch", dict(os.environ), videos, tmp_path / "alone", *QUICK)
    alone.communicate(timeout=120)
    assert tables(out) == tables(tmp_path / "alone")


def test_an_array_that_would_leave_videos_out_is_refused(videos: Path, tmp_path: Path) -> None:
    from_zero = {**task(0, 2), "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "1"}
    refused = start("talks.sbatch", from_zero, videos, tmp_path / "out")
    _, errors = refused.communicate(timeout=30)
    assert refused.returncode == 2
    assert "--array=1-2" in errors
    assert not (tmp_path / "out").exists()


def test_a_task_whose_time_is_up_notes_what_it_has(talk: Path, path: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "talks", tmp_path / "out"
    folder.mkdir()
    shutil.copy(talk, folder)
    running = start("talks.sbatch", task(1, 1), folder, out, *QUICK)
    manifest = out / ".batch" / "manifest-1-of-1.jsonl"
    deadline = time.monotonic() + 60
    while not (manifest.exists() and b'"folder"' in manifest.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert not (out / "talk" / "run.json").exists()
    assert not list(out.rglob(".*.tmp-*"))


def test_the_array_is_as_long_as_the_number_of_parts(path: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    sbatch = path / "sbatch"
    sbatch.write_text(f'#!/bin/sh\necho "$@" >> {calls}\necho 17\n', encoding="utf-8")
    sbatch.chmod(0o755)
    command = ["bash", str(EXAMPLES / "slurm" / "submit.sh"), "5", "talks", "out", "--fps", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "parts: job 17, together: job 17\n"
    first, second = calls.read_text(encoding="utf-8").splitlines()
    slurm = EXAMPLES / "slurm"
    assert first == f"--parsable --array=1-5 {slurm}/talks.sbatch talks out --fps 5"
    assert second == (
        f"--parsable --dependency=afterany:17 {slurm}/together.sbatch talks out --fps 5"
    )


def snakemake(videos: Path, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("snakemake")
    if program is None:
        pytest.skip("snakemake is not installed: pip install snakemake")
    config = out.parent / "config.yaml"
    options = " ".join(option for option in QUICK[:4])
    config.write_text(f"folder: {videos}\nout: {out}\noptions: {options}\n", encoding="utf-8")
    file = EXAMPLES / "snakemake" / "Snakefile"
    command = [program, "--snakefile", str(file), "--configfile", str(config), "--cores", "2"]
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=out.parent,
        timeout=200,
    )


@pytest.mark.slow
def test_snakemake_runs_one_job_per_video_and_then_all_together(
    videos: Path, path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = snakemake(videos, out)
    assert done.returncode == 0, done.stderr
    assert "5 of 5 steps" in done.stderr
    assert len(rows(out / "summary.csv")) == 3
    assert [row["video"] for row in rows(out / "failures.csv")] == ["broken.mp4"]
    assert "Nothing to be done" in snakemake(videos, out).stderr


def test_snakemake_refuses_videos_of_one_name(videos: Path, path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "talks"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(videos / "one.mp4", folder / "one.mp4")
    shutil.copy(videos / "one.mp4", folder / "deep" / "One.mp4")
    done = snakemake(folder, tmp_path / "out")
    assert done.returncode != 0
    assert "videos of one name" in done.stdout + done.stderr
