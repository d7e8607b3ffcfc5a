"""``emoreport batch --engine ray`` on a real cluster of two machines, as far as one can be two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from emoreport.batch.engine import Limits, Opened
from emoreport.batch.engines.choice import EngineOptions, make_engine
from emoreport.batch.engines.ray_cluster import Cluster
from emoreport.batch.engines.ray_engine import RayEngine
from emoreport.batch.engines.wire import opened_document
from emoreport.errors import EmoreportError, SettingsError
from emoreport.settings import Settings
from tests.fixtures.heads import compact_sources, head_metadata, write_head
from tests.fixtures.media import run_ffmpeg
from tests.fixtures.results_on_disk import rows, run_json

QUICK = ("--offline", "--face", "compact", "--speech", "compact", "--threads", "1")
WITHOUT_REPORTS = {"RAY_USAGE_STATS_ENABLED": "0"}
MACHINE = {"num_cpus": 1, "object_store_memory": 80_000_000}
CUTS = 8


def batch(folder: Path, out: Path, *arguments: str) -> list[str]:
    call = "from emoreport.cli.app import main; main()"
    return [sys.executable, "-c", call, "batch", str(folder), "--out", str(out), *QUICK, *arguments]


def run_batch(folder: Path, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RAY_ADDRESS": ""}
    command = batch(folder, out, *arguments)
    return subprocess.run(
        command, capture_output=True, text=True, timeout=250, env=environment, check=False
    )


def tables(out: Path) -> dict[str, bytes]:
    """Every table by its place."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in {".csv", ".parquet"}
    }


def finished(out: Path) -> set[str]:
    """Names of the videos that the manifest holds as finished."""
    path = out / "manifest.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    documents = [json.loads(line) for line in lines if line.endswith("}")]
    return {one["name"] for one in documents if one.get("state") == "finished"}


def wait_for(what: Any, *, seconds: float = 120.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.fixture(scope="module")
def videos(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    (folder / "deep").mkdir()
    for number in range(CUTS):
        cut = ("-ss", str(3 * number), "-t", "3", "-i", talk)
        run_ffmpeg(*cut, "-preset", "ultrafast", folder / "deep" / f"cut {number}.mp4")
    (folder / "broken.mp4").write_bytes(talk.read_bytes()[:20_000])
    return folder


@pytest.fixture(scope="module")
def local(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the local engine makes of the videos."""
    out = tmp_path_factory.mktemp("local")
    assert run_batch(videos, out).returncode == 1
    return out


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of two machines with one processor each; a test that ends one adds another."""
    pytest.importorskip("ray", reason='Ray is not installed: pip install "emoreport[ray]"')
    with pytest.MonkeyPatch.context() as patch:
        for name, value in WITHOUT_REPORTS.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster as Machines

        machines = Machines()
        try:
            machines.add_node(**MACHINE, include_dashboard=False)
            machines.add_node(**MACHINE)
            yield machines
        finally:
            machines.shutdown()


def actors() -> list[psutil.Process]:
    """Processes of the cluster that work on a video right now."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if (process.info["cmdline"] or [""])[0].startswith("ray::VideoActor.work")
    ]


@pytest.mark.slow
def test_the_tables_are_those_of_the_local_engine(
    videos: Path, local: Path, cluster: Any, tmp_path: Path
) -> None:
    out = tmp_path / "ray"
    address = ("--engine", "ray", "--ray-address", cluster.address)
    outcome = run_batch(videos, out, *address)
    assert outcome.returncode == 1, outcome.stderr
    assert "up to 2 on 2 machines" in outcome.stderr
    assert [row["video"] for row in rows(out / "failures.csv")] == ["broken.mp4"]
    assert tables(out) == tables(local)
    assert len(rows(out / "summary.csv")) == CUTS
    # Where one engine ended, the other goes on.
    before = {path: path.stat().st_mtime_ns for path in out.rglob("run.json")}
    again = run_batch(videos, out)
    assert f"{CUTS} videos were finished before" in again.stderr
    shutil.copytree(local, tmp_path / "local")
    over = run_batch(videos, tmp_path / "local", *address)
    assert f"{CUTS} videos were finished before" in over.stderr
    assert {path: path.stat().st_mtime_ns for path in out.rglob("run.json")} == before


@pytest.mark.slow
def test_a_transcript_and_a_trained_head_reach_every_machine(
    videos: Path, cluster: Any, tmp_path: Path
) -> None:
    folder, said = tmp_path / "videos", tmp_path / "said"
    folder.mkdir()
    said.mkdir()
    for number, text in enumerate(("1\n00:00:00,200 --> 00:00:02,800\n{}\n", "{}")):
        shutil.copy(videos / "deep" / f"cut {number}.mp4", folder)
        transcript = said / f"cut {number}.{'txt' if number else 'srt'}"
        transcript.write_text(text.format("Сегодня я расскажу"), encoding="utf-8")
    own = head_metadata(name="seen", features={"face": compact_sources()["face"]})
    head = write_head(tmp_path / "head", own)
    options = ("--transcript", str(said), "--head", str(head), "--fps", "2")
    here, there = tmp_path / "here", tmp_path / "there"
    outcome = run_batch(folder, here, *options, "--jobs", "1")
    assert outcome.returncode == 0, outcome.stderr
    address = ("--engine", "ray", "--ray-address", cluster.address)
    outcome = run_batch(folder, there, *options, *address)
    assert outcome.returncode == 0, outcome.stderr
    assert tables(there) == tables(here)
    for number in range(2):
        run = run_json(there / f"cut {number}")
        assert run["models"]["head"]["labels"] == ["neutral", "happiness"]
        assert run["transcript"]["words"] + run["transcript"]["unplaced"] == 3
    assert [row["word"] for row in rows(there / "cut 0" / "words.csv")] == [
        "Сегодня",
        "я",
        "расскажу",
    ]


@pytest.mark.soak
def test_a_machine_that_is_lost_in_the_middle_costs_nothing(
    videos: Path, local: Path, cluster: Any, tmp_path: Path
) -> None:
    out = tmp_path / "ray"
    command = batch(videos, out, "--engine", "ray", "--ray-address", cluster.address)
    second = cluster.worker_nodes.copy().pop()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            wait_for(lambda: len(actors()) == 2)
            assert len(finished(out)) < CUTS - 1
            cluster.remove_node(second, allow_graceful=False)
            _, errors = running.communicate(timeout=200)
        finally:
            running.kill()
            cluster.add_node(**MACHINE)
    assert running.returncode == 1, errors
    assert [row["video"] for row in rows(out / "failures.csv")] == ["broken.mp4"]
    assert tables(out) == tables(local)


@pytest.mark.soak
def test_a_worker_that_is_killed_is_replaced(
    videos: Path, local: Path, cluster: Any, tmp_path: Path
) -> None:
    out = tmp_path / "ray"
    command = batch(videos, out, "--engine", "ray", "--ray-address", cluster.address)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            victim = wait_for(actors)[0]
            victim.kill()
            _, errors = running.communicate(timeout=200)
        finally:
            running.kill()
    assert running.returncode == 1, errors
    assert [row["video"] for row in rows(out / "failures.csv")] == ["broken.mp4"]
    assert tables(out) == tables(local)


@pytest.mark.soak
def test_a_video_that_takes_too_long_is_ended_and_a_small_cluster_is_started_here(
    talk: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason='Ray is not installed: pip install "emoreport[ray]"')
    folder = tmp_path / "videos"
    folder.mkdir()
    shutil.copy(talk, folder)
    outcome = run_batch(folder, tmp_path / "out", "--engine", "ray", "--time-limit", "1")
    assert outcome.returncode == 1, outcome.stderr
    (failure,) = rows(tmp_path / "out" / "failures.csv")
    assert failure["stage"] == "limits"
    assert failure["error"].startswith("took more than 1 s")
    assert "--time-limit" in failure["remedy"]
    # Nothing of it is left, and a second try with more time is not held back.
    again = run_batch(folder, tmp_path / "out", "--engine", "ray", "--retry-failed", "--jobs", "1")
    assert again.returncode == 0, again.stderr
    assert run_json(tmp_path / "out" / "talk")["settings"]["threads"] == 1


def engine(cluster: Cluster | None = None, **values: object) -> RayEngine:
    settings = Settings.from_values({"face": "compact", "speech": "compact", **values})
    return RayEngine(settings, cluster or Cluster(), Limits(), SimpleNamespace())


def test_machines_with_different_models_are_refused() -> None:
    ours = Opened("0123", "01", (("emotion", "text"),), ("compact", "compact"))
    theirs = Opened("4567", "45", (("emotion", "text"),), ("hsemotion/enet_b0_8_va_mtl", "compact"))
    chosen = engine()
    chosen._opened = ours
    newcomer = SimpleNamespace(node="")
    chosen._greet(newcomer, {"opened": opened_document(ours), "node": "first", "lines": []})
    assert newcomer.node == "first"
    with pytest.raises(EmoreportError, match="hsemotion/enet_b0_8_va_mtl, compact on second"):
        chosen._greet(newcomer, {"opened": opened_document(theirs), "node": "second"})


def test_a_graphics_card_has_to_be_asked_for() -> None:
    with pytest.raises(SettingsError, match="--device cuda") as caught:
        engine(device="cuda").open()
    assert "--ray-gpus-per-actor" in caught.value.remedy


def test_a_cluster_that_is_not_there_is_named() -> None:
    pytest.importorskip("ray", reason='Ray is not installed: pip install "emoreport[ray]"')
    chosen = engine(Cluster(address="no-such-scheme"))
    with pytest.raises(SettingsError, match="the Ray cluster no-such-scheme") as caught:
        chosen.open()
    assert "--ray-address" in caught.value.remedy


def test_without_ray_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    options = EngineOptions(jobs=1)
    with pytest.raises(SettingsError, match="not installed") as caught:
        make_engine("ray", Settings(), options, SimpleNamespace()).open()
    assert caught.value.remedy == 'pip install "emoreport[ray]"'
