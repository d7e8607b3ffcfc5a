from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from filelock import FileLock
from fsspec.implementations.memory import MemoryFileSystem

from emoreport.batch.anywhere import RemoteOutput, run_anywhere, source_folder
from emoreport.batch.engine import Failed, VideoJob
from emoreport.batch.plan import Choices
from emoreport.batch.remote.staging import PREFIX, staged
from emoreport.batch.remote.stores import Store, TransferError, hidden, is_url
from emoreport.batch.runner import BatchRequest, BatchResult
from emoreport.errors import InputNotFoundError, OutputError, SettingsError
from emoreport.settings import Settings
from tests.unit.batch.inline import Batch, InlineEngine, Told, settings_for


class FaultyStore(MemoryFileSystem):
    """A store in memory that breaks down at a name and renames over no file, as WebDAV does."""

    protocol = "faulty"
    store: ClassVar[dict[str, object]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    at = ""

    def put_file(self, lpath, rpath, *arguments, **options):
        if FaultyStore.at and f".{FaultyStore.at}." in rpath:
            raise TimeoutError("the network is down")
        return super().put_file(lpath, rpath, *arguments, **options)

    def mv(self, path1, path2, **options):
        if self.exists(path2):
            raise RuntimeError("already exists")
        super().mv(path1, path2, **options)


@pytest.fixture(autouse=True)
def _empty_stores() -> None:
    fsspec.register_implementation("faulty", FaultyStore, clobber=True)
    for kind in (MemoryFileSystem, FaultyStore):
        kind.store.clear()
        kind.pseudo_dirs[:] = [""]
    FaultyStore.at = ""


def put(url: str, **contents: bytes) -> None:
    store = Store(url)
    for name, content in contents.items():
        store.write(name.replace("__", "/").replace("_", "."), content)


def run(
    folder: str,
    out: str,
    *,
    before=lambda job: None,
    choices: Choices | None = None,
    options: dict[str, Any] | None = None,
    **values,
) -> tuple[BatchResult, InlineEngine, Told]:
    engines: list[InlineEngine] = []
    told = Told()

    def make(chosen: Settings, watcher: object) -> InlineEngine:
        engines.append(InlineEngine(chosen, before))
        return engines[0]

    settings = settings_for(Path("unused"), **(options or {})).replace(out=out)
    request = BatchRequest(source_folder(folder), settings, choices=choices or Choices(), **values)
    return run_anywhere(request, told, make), engines[0], told


def files(url: str) -> dict[str, bytes]:
    """Every file with results in a store, but those that hold the time of day."""
    store = Store(url)
    return {
        name: store.read(name)
        for name in store.listing()
        if name.endswith((".csv", ".parquet")) or name == "batch.html"
    }


def states(result: BatchResult) -> dict[str, str]:
    return {talk.name: talk.state for talk in result.talks}


def test_a_remote_folder_gives_the_tables_of_a_local_one(batch: Batch, shorts: list[bytes]) -> None:
    contents = {"a__talk_mp4": shorts[0], "b__talk_mp4": shorts[1], "bad_mp4": b"no"}
    contents |= {"copy_mp4": shorts[0], "_hidden_mp4": shorts[2], "nameless": shorts[3]}
    table = b"video,speaker\na/talk.mp4,ann\n"
    put("memory://talks", metadata_csv=table, notes_txt=b"none", **contents)
    put(batch.folder.as_uri(), metadata_csv=table, notes_txt=b"none", **contents)
    result, engine, _ = run("memory://talks/", "memory://out")
    local = batch()
    assert states(result) == batch.states(local)
    assert states(result)["nameless"] == "finished"
    assert files("memory://out") == files(batch.out.as_uri())
    document = json.loads(Store("memory://out").read("talk/run.json"))
    assert document["input"]["path"] == "memory://talks/a/talk.mp4"
    assert document["input"]["name"] == "talk.mp4"
    assert all(job.path.startswith("memory://talks/") for job in engine.jobs)
    assert not list(Path(tempfile.gettempdir()).glob(f"{PREFIX}*/video"))


def test_what_is_finished_in_the_store_is_left_alone(shorts: list[bytes]) -> None:
    put("memory://talks", one_mp4=shorts[0], two_mp4=shorts[1])
    run("memory://talks", "memory://talks/out")
    before = files("memory://talks/out")
    result, engine, _ = run("memory://talks", "memory://talks/out")
    assert engine.jobs == []
    assert states(result) == {"one.mp4": "finished", "two.mp4": "finished"}
    assert files("memory://talks/out") == before
    put("memory://talks", two_mp4=shorts[2])
    _, engine, _ = run("memory://talks", "memory://talks/out")
    assert [job.name for job in engine.jobs] == ["two.mp4"]


def test_results_whose_manifest_is_lost_are_only_collected(shorts: list[bytes]) -> None:
    put("memory://talks", one_mp4=shorts[0], two_mp4=shorts[1])
    run("memory://talks", "memory://out")
    before = files("memory://out")
    store = Store("memory://out")
    times = store.read("one/run.json")
    manifest = store.read("manifest.jsonl")
    store.write("manifest.jsonl", manifest[: manifest.index(b'"kind": "video"') + 30])
    _, engine, _ = run("memory://talks", "memory://out")
    assert [(job.name, job.collect) for job in engine.jobs] == [
        ("one.mp4", True),
        ("two.mp4", True),
    ]
    assert files("memory://out") == before
    assert store.read("one/run.json") == times
    # Stored readings that are damaged are made anew from the video.
    store.write("one/frames.parquet", b"damaged")
    store.remove("manifest.jsonl")
    result, _, _ = run("memory://talks", "memory://out")
    assert states(result)["one.mp4"] == "finished"
    assert files("memory://out") == before


def test_tables_in_a_store_are_made_again_from_its_readings(shorts: list[bytes]) -> None:
    put("memory://talks", one_mp4=shorts[0], two_mp4=shorts[1])
    run("memory://talks", "memory://out")
    changed = {"min_interval": 0.3, "smoothing": 0.0}
    result, engine, _ = run("memory://talks", "memory://out", options=changed)
    assert [job.retable for job in engine.jobs] == [True, True]
    assert states(result) == {"one.mp4": "finished", "two.mp4": "finished"}
    run("memory://talks", "memory://fresh", options=changed)
    assert files("memory://out") == files("memory://fresh")
    document = json.loads(Store("memory://out").read("one/run.json"))
    assert document["settings"]["min_interval"] == 0.3
    assert document["input"]["path"] == "memory://talks/one.mp4"


@pytest.mark.parametrize("at", ["frames.parquet", "run.json"])
def test_a_network_that_breaks_down_leaves_no_folder_that_seems_complete(
    shorts: list[bytes], at: str
) -> None:
    put("memory://talks", one_mp4=shorts[0])
    run("memory://talks", "faulty://out")
    complete = files("faulty://out")
    run("memory://talks", "faulty://out", choices=Choices(overwrite=True))
    assert files("faulty://out") == complete
    FaultyStore.at = at
    result, _, _ = run("memory://talks", "faulty://out", choices=Choices(overwrite=True))
    assert states(result) == {"one.mp4": "failed"}
    (failure,) = [talk.record for talk in result.talks]
    assert failure.stage == "output"
    assert "the network is down" in failure.cause
    listing = Store("faulty://out").listing()
    assert "one/run.json" not in listing
    assert not [name for name in listing if ".tmp-" in name]
    FaultyStore.at = ""
    result, engine, _ = run("memory://talks", "faulty://out")
    assert [job.collect for job in engine.jobs] == [False]
    assert states(result) == {"one.mp4": "finished"}
    assert files("faulty://out") == complete


def test_a_video_that_changes_on_the_way_is_no_lasting_failure(shorts: list[bytes]) -> None:
    put("memory://talks", one_mp4=shorts[0])

    def change(job: VideoJob) -> None:
        put("memory://talks", one_mp4=shorts[1])

    result, _, _ = run("memory://talks", "memory://out", before=change)
    assert [talk.record.stage for talk in result.talks] == ["transfer"]
    result, engine, _ = run("memory://talks", "memory://out")
    assert len(engine.jobs) == 1
    assert states(result) == {"one.mp4": "finished"}


def test_results_of_a_local_folder_go_to_a_store(batch: Batch, shorts: list[bytes]) -> None:
    put(batch.folder.as_uri(), one_mp4=shorts[0])
    run(str(batch.folder), (batch.out / "deep").as_uri())
    assert (batch.out / "deep" / "one" / "run.json").is_file()
    assert not [path for path in batch.out.rglob("*") if ".tmp-" in path.name]
    # What lies in the way of a folder of results is left as it is.
    other = batch.out / "other"
    other.mkdir()
    (other / "one").write_bytes(b"in the way")
    result, _, _ = run(str(batch.folder), other.as_uri())
    assert [talk.record.folder[:4] for talk in result.talks] == ["one-"]
    assert (other / result.talks[0].record.folder / "run.json").is_file()
    assert (other / "one").read_bytes() == b"in the way"


def test_two_batches_on_one_remote_folder(shorts: list[bytes]) -> None:
    put("memory://talks", one_mp4=shorts[0])
    with (
        RemoteOutput("memory://out"),
        pytest.raises(SettingsError, match=f"process {os.getpid()} on "),
    ):
        run("memory://talks", "memory://out")
    run("memory://talks", "memory://out")
    assert not [name for name in Store("memory://out").listing() if "holder" in name]


@pytest.mark.parametrize(
    ("process", "computer", "age_s", "free"),
    [(1, "elsewhere", 10, False), (1, "elsewhere", 1000, True), (2**22 + 1, "", 10, True)],
    ids=["alive elsewhere", "silent for long", "dead on this machine"],
)
def test_a_claim_that_was_left_behind(
    process: int, computer: str, age_s: float, free: bool
) -> None:
    claim = {"process": process, "computer": computer or os.uname().nodename, "since": "then"}
    content = json.dumps({**claim, "at": time.time() - age_s}).encode()
    Store("memory://out").write(".batch/holder.json", content)
    expected = nullcontext() if free else pytest.raises(SettingsError, match="another batch")
    with expected, RemoteOutput("memory://out"):
        pass


def test_a_store_that_holds_nothing_or_is_none() -> None:
    with pytest.raises(InputNotFoundError, match="holds no files"):
        run("memory://nowhere", "memory://out")
    with pytest.raises(SettingsError, match=r"cannot be opened|not installed"):
        Store("nosuchstore://talks")
    with pytest.raises(TransferError, match="cannot be fetched"):
        Store("memory://talks").sha256("none.mp4")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://talks/in", True),
        ("webdav+https://host/in", True),
        ("memory://x", True),
        ("talks", False),
        ("C:/talks", False),
        ("/data/a:b", False),
        ("./s3:/x", False),
    ],
)
def test_what_is_a_url(text: str, url: bool) -> None:
    assert is_url(text) is url
    assert isinstance(source_folder(text), Path) is not url


def test_secrets_in_urls_are_not_shown() -> None:
    assert hidden("https://me:secret@host/in?token=secret") == "https://host/in"
    assert "secret" not in str(source_folder("webdav://me:secret@host/in"))


def test_names_that_lead_out_of_a_folder_are_left_out() -> None:
    files = MemoryFileSystem()
    files.pipe_file("/talks/good.mp4", b"x")
    files.pipe_file("/talks/../etc.mp4", b"x")
    MemoryFileSystem.store["/talks/a/../../x.mp4"] = MemoryFileSystem.store["/talks/good.mp4"]
    assert set(Store("memory://talks").listing()) == {"good.mp4"}


def test_copies_of_killed_workers_are_removed_and_those_in_use_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shorts: list[bytes]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, used = tmp_path / f"{PREFIX}left", tmp_path / f"{PREFIX}used"
    for folder in (left, used):
        folder.mkdir()
        (folder / "video.mp4").write_bytes(b"x")
    put("memory://talks", one_mp4=shorts[0])
    digest = Store("memory://talks").sha256("one.mp4")
    job = VideoJob("one.mp4", "memory://talks/one.mp4", digest, 1, 1, "out/one", "out/part")
    with FileLock(used / ".lock"), staged(job) as local:
        assert Path(local.path).read_bytes() == shorts[0]
        assert not left.exists()
        assert (used / "video.mp4").exists()
    assert not Path(local.path).exists()


def test_the_folders_of_others_are_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shorts: list[bytes]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_bytes(b"dear")
    (tmp_path / f"{PREFIX}link").symlink_to(theirs)
    foreign = tmp_path / f"{PREFIX}foreign"
    foreign.mkdir()
    (foreign / ".lock").symlink_to(theirs / "file")
    if os.geteuid() == 0:
        os.chown(foreign, 12345, 12345)
    else:
        (foreign / ".lock").unlink()
    put("memory://talks", one_mp4=shorts[0])
    digest = Store("memory://talks").sha256("one.mp4")
    job = VideoJob("one.mp4", "memory://talks/one.mp4", digest, 1, 1, "out/one", "out/part")
    with staged(job):
        assert (theirs / "file").read_bytes() == b"dear"


def test_what_others_put_into_a_folder_of_results_stays(shorts: list[bytes]) -> None:
    put("memory://talks", one_mp4=shorts[0])
    run("memory://talks", "memory://out")
    Store("memory://out").write("one/notes.txt", b"mine")
    assert "one/report.xlsx" in Store("memory://out").listing()
    run("memory://talks", "memory://out", options={"formats": "csv,parquet"})
    listing = Store("memory://out").listing()
    assert Store("memory://out").read("one/notes.txt") == b"mine"
    assert "one/report.xlsx" not in listing
    assert "one/frames.parquet" in listing


def test_a_disk_without_room_for_a_copy_is_named(shorts: list[bytes]) -> None:
    put("memory://talks", one_mp4=shorts[0])
    with pytest.raises(OutputError, match="a copy cannot be kept here"):
        Store("memory://talks").fetch("one.mp4", Path("/dev/full"))


def test_a_failure_of_a_worker_reaches_the_parent(shorts: list[bytes]) -> None:
    put("memory://talks", one_mp4=shorts[0], two_mp4=b"no video")
    result, _, told = run("memory://talks", "memory://out")
    assert states(result) == {"one.mp4": "finished", "two.mp4": "failed"}
    assert [talk.name for talk in told.talks if talk.state == "failed"] == ["two.mp4"]
    assert b"two.mp4,decode," in Store("memory://out").read("failures.csv")
    assert not isinstance(result.talks[0].record, Failed)
