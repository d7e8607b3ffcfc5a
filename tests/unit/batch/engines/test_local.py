"""Real worker processes, really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from emoreport.batch.engine import Failed, Finished, Limits, VideoJob, VideoOutcome
from emoreport.batch.engines import local as local_engine
from emoreport.batch.engines.limits import Share
from emoreport.batch.engines.local import LocalEngine
from emoreport.batch.plan import part_path
from emoreport.errors import EmoreportError, ModelError, SettingsError
from tests.unit.batch.inline import Told, settings_for

PLENTY = Share(jobs=1, threads=1, memory_mb=4000.0)


class Hurts(Told):
    """Hurts the only worker when it begins with a video, as the video's name says."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[str] = []
        self.lines: list[str] = []

    def announce(self, line: str) -> None:
        self.lines.append(line)

    def started(self, job: VideoJob) -> None:
        self.begun.append(job.name)
        (worker,) = [
            child for child in psutil.Process().children() if "emoreport" in str(child.cmdline())
        ]
        first = self.begun.count(job.name) == 1
        if job.name == "killed twice" or (job.name == "killed once" and first):
            worker.send_signal(signal.SIGSEGV)
        elif job.name == "hangs":
            worker.suspend()


def job(folder: Path, name: str, content: bytes) -> VideoJob:
    path = folder / f"{name}.mp4"
    path.write_bytes(content)
    facts = path.stat()
    return VideoJob(
        name=name,
        path=str(path),
        sha256=name,
        size_bytes=facts.st_size,
        mtime_ns=facts.st_mtime_ns,
        folder=str(folder / "out" / name),
        part=str(part_path(folder / "out", name)),
    )


@pytest.fixture(scope="module")
def hurt(
    tmp_path_factory: pytest.TempPathFactory, shorts: list[bytes]
) -> tuple[Hurts, dict[str, VideoOutcome]]:
    """What an engine made of videos whose worker was hurt."""
    folder = tmp_path_factory.mktemp("hurt")
    watcher = Hurts()
    names = ("fine", "killed once", "killed twice", "hangs", "fine too")
    jobs = [job(folder, name, shorts[0]) for name in names]
    # Not ready at first: the engine has to come again.
    source = iter([None, jobs[0], None, *jobs[1:]])
    with LocalEngine(settings_for(folder / "out"), PLENTY, Limits(time_s=4.0), watcher) as engine:
        engine.open()
        outcomes = {outcome.job.name: outcome for outcome in engine.run(source)}
    assert list(outcomes) != []
    return watcher, outcomes


def test_each_video_has_one_outcome(hurt) -> None:
    _, outcomes = hurt
    kinds = {name: type(outcome) for name, outcome in outcomes.items()}
    assert kinds == {
        "fine": Finished,
        "killed once": Finished,
        "killed twice": Failed,
        "hangs": Failed,
        "fine too": Finished,
    }


def test_a_crash_is_tried_again_once_and_then_told(hurt) -> None:
    watcher, outcomes = hurt
    assert watcher.begun.count("killed once") == 2
    assert watcher.begun.count("killed twice") == 2
    assert outcomes["killed twice"].stage == "worker"
    assert "SIGSEGV" in outcomes["killed twice"].cause
    assert outcomes["killed twice"].lasting
    # Where Python was, for --verbose.
    assert "Segmentation fault" in outcomes["killed twice"].trace
    assert "emoreport/batch/engines/worker.py" in outcomes["killed twice"].trace


def test_what_hangs_is_ended_at_the_limit(hurt) -> None:
    watcher, outcomes = hurt
    assert outcomes["hangs"].stage == "limits"
    assert "4 s" in outcomes["hangs"].cause
    assert "--time-limit" in outcomes["hangs"].remedy
    assert watcher.begun.count("hangs") == 1


def test_the_models_are_announced_once(hurt) -> None:
    watcher, _ = hurt
    assert len(watcher.lines) == len(set(watcher.lines))
    assert "1" in watcher.lines[0]


def test_results_are_those_of_the_same_work_without_processes(hurt, shorts) -> None:
    from tests.unit.batch.inline import workshop_for

    _, outcomes = hurt
    by_process = outcomes["fine too"]
    settings = settings_for(Path(by_process.job.folder).parent)
    folder = f"{by_process.job.folder} again"
    alone = workshop_for(settings).work(replace(by_process.job, folder=folder))
    assert alone.summary == by_process.summary
    assert alone.files == by_process.files
    for name in by_process.files:
        if name.endswith((".csv", ".parquet")):
            one = Path(by_process.job.folder, name).read_bytes()
            assert Path(folder, name).read_bytes() == one


def test_a_runaway_is_ended_at_the_limit_of_memory(tmp_path: Path, clip: Path) -> None:
    share = Share(jobs=1, threads=1, memory_mb=20.0)
    talk = job(tmp_path, "big", clip.read_bytes())
    with LocalEngine(settings_for(tmp_path / "out"), share, Limits(), Told()) as engine:
        engine.open()
        (outcome,) = engine.run([talk])
    assert isinstance(outcome, Failed)
    assert outcome.stage == "limits"
    assert "20 MB" in outcome.cause
    assert not Path(talk.folder).exists()


@pytest.mark.parametrize(
    ("values", "kind"),
    [({"face": "nobody"}, SettingsError), ({"face": "hsemotion/enet_b0_8_best_vgaf"}, ModelError)],
)
def test_a_model_that_cannot_be_had_is_told_as_without_a_batch(
    values, kind, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, **values)
    with (
        LocalEngine(settings, PLENTY, Limits(), Told()) as engine,
        pytest.raises(kind) as error,
    ):
        engine.open()
    assert error.value.remedy


def test_a_worker_that_cannot_begin_says_why(tmp_path: Path, monkeypatch) -> None:
    code = (
        "import sys; print('WARNING: some library', file=sys.stderr); "
        "raise ImportError('libGL.so.1: \x1b[31mcannot open\x1b[0m')"
    )
    monkeypatch.setattr(local_engine, "command", lambda _: [sys.executable, "-c", code])
    with (
        LocalEngine(settings_for(tmp_path), PLENTY, Limits(), Told()) as engine,
        pytest.raises(EmoreportError) as error,
    ):
        engine.open()
    assert "exit code 1 (ImportError: libGL.so.1: [31mcannot open[0m)" in error.value.cause
    assert "emoreport doctor" in error.value.remedy


def test_a_worker_that_writes_without_end_is_not_held_up(tmp_path: Path, monkeypatch) -> None:
    code = "import os\nfor _ in range(3000): os.write(2, b'x' * 5000)\nos._exit(3)"
    monkeypatch.setattr(local_engine, "command", lambda _: [sys.executable, "-c", code])
    with (
        LocalEngine(settings_for(tmp_path), PLENTY, Limits(), Told()) as engine,
        pytest.raises(EmoreportError, match=r"exit code 3 while"),
    ):
        engine.open()


def test_closing_ends_every_worker(tmp_path: Path) -> None:
    before = set(psutil.Process().children())
    with LocalEngine(settings_for(tmp_path), PLENTY, Limits(), Told()) as engine:
        engine.open()
        (worker,) = set(psutil.Process().children()) - before
    assert not worker.is_running()


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A process with a worker of its own."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.unit.batch.engines.test_local import *\n"
        "engine = LocalEngine(settings_for(Path(sys.argv[1])), PLENTY, Limits(), Told())\n"
        "engine.open(); print('open', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    assert process.stdout.readline() == "open\n"
    (worker,) = psutil.Process(process.pid).children()
    yield process, worker
    process.kill()
    process.communicate()


def test_a_worker_ends_with_its_parent(parent) -> None:
    process, worker = parent
    process.kill()
    process.wait()
    assert psutil.wait_procs([worker], timeout=10)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked on Linux only")
def test_a_worker_that_hangs_ends_with_its_parent(parent) -> None:
    process, worker = parent
    worker.suspend()
    process.kill()
    process.wait()
    assert psutil.wait_procs([worker], timeout=10)[1] == []


def test_ctrl_c_is_left_to_the_parent(parent) -> None:
    _, worker = parent
    os.kill(worker.pid, signal.SIGINT)
    time.sleep(0.5)
    assert worker.is_running()
