"""What the store says of models, and how they come, stay held to their digests, and go."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from emoreport.errors import ModelError, SettingsError
from emoreport.models.store.lockfile import LOCK_FILE, FileRecord, LockFile, PullRecord
from emoreport.models.store.model_store import (
    INCOMING,
    ModelState,
    ModelStore,
    UnreachableError,
    default_root,
)
from emoreport.models.store.registry import find_entry
from tests.fixtures.server import ModelServer, running_server
from tests.fixtures.stores import (
    COMMIT,
    REPOSITORY,
    go_online,
    made_entry,
    made_store,
    place,
    pull_in_another_process,
)

GRAPH = random.Random(1).randbytes(400_000)
FILES = {"net.onnx": GRAPH, "net.json": b'{"a": 1}'}
PREFIX = f"/{REPOSITORY}/{COMMIT}/"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    go_online(monkeypatch)
    with running_server() as running:
        for name, content in FILES.items():
            running.serve(PREFIX + name, content, etag=f'"{sha256(content).hexdigest()}"')
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def notes() -> list[tuple[str, Mapping[str, str]]]:
    return []


@pytest.fixture
def store(server: ModelServer, root: Path, notes: list[Any]) -> ModelStore:
    return made_store(root, server.url, note=lambda *told: notes.append(told))


def lock(root: Path) -> Any:
    return json.loads((root / LOCK_FILE).read_text(encoding="utf-8"))


def files_below(folder: Path) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(".locks/")}


ENTRY = made_entry(FILES)
UNKNOWN = made_entry(FILES, known="nothing")


def test_a_pull_brings_files_state_and_record(store: ModelStore, root: Path) -> None:
    assert store.state(ENTRY) is ModelState.ABSENT
    seen: list[tuple[str, int, int | None]] = []
    pulled = store.pull(ENTRY, lambda *step: seen.append(step))
    assert (pulled.name, pulled.folder, pulled.revision) == (
        "made/model",
        root / "made" / "model",
        COMMIT,
    )
    assert pulled.files == {name: sha256(content).hexdigest() for name, content in FILES.items()}
    assert store.state(ENTRY) is ModelState.COMPLETE
    assert store.open(ENTRY) == pulled == store.verify(ENTRY)
    assert {name for name, _, _ in seen} == set(FILES)
    assert files_below(root) == {LOCK_FILE, "made/model/net.onnx", "made/model/net.json"}
    record = lock(root)["models"]["made/model"]
    assert record["revision"] == COMMIT
    assert record["source"] == store.mirror
    assert record["pulled_at"].endswith("+00:00")
    assert record["files"]["net.onnx"] == {
        "size_bytes": len(GRAPH),
        "sha256": sha256(GRAPH).hexdigest(),
    }


def test_what_is_complete_is_not_fetched_again(store: ModelStore, server: ModelServer) -> None:
    store.pull(ENTRY)
    server.requests.clear()
    store.pull(ENTRY)
    assert server.requests == []


def test_only_what_is_damaged_is_fetched_again(store: ModelStore, server: ModelServer) -> None:
    store.pull(ENTRY)
    server.requests.clear()
    place(store, ENTRY, {"net.onnx": GRAPH[:-1] + b"!"})
    # The length is right: only reading it tells.
    assert store.state(ENTRY) is ModelState.COMPLETE
    with pytest.raises(ModelError, match=r"is damaged.*`emoreport models pull made/model`"):
        store.open(ENTRY)
    store.pull(ENTRY)
    assert [request.path for request in server.requests] == [PREFIX + "net.onnx"]
    assert store.open(ENTRY)


def test_states_follow_from_names_and_lengths(store: ModelStore) -> None:
    store.pull(ENTRY)
    path = store.folder(ENTRY) / "net.onnx"
    path.write_bytes(GRAPH[:-1])
    assert store.state(ENTRY) is ModelState.DAMAGED
    with pytest.raises(ModelError, match="damaged"):
        store.open(ENTRY)
    path.unlink()
    assert store.state(ENTRY) is ModelState.PARTIAL
    with pytest.raises(ModelError, match=r"not complete.*models pull"):
        store.open(ENTRY)
    (store.folder(ENTRY) / "net.json").unlink()
    assert store.state(ENTRY) is ModelState.ABSENT
    with pytest.raises(ModelError, match=r"not in the model store.*models pull"):
        store.open(ENTRY)


def test_a_file_brought_by_hand_counts_if_its_digest_is_known(
    store: ModelStore, server: ModelServer
) -> None:
    place(store, ENTRY, FILES)
    assert store.state(ENTRY) is ModelState.COMPLETE
    assert store.open(ENTRY).revision == COMMIT
    place(store, UNKNOWN, FILES)
    assert store.state(UNKNOWN) is ModelState.PARTIAL
    assert server.requests == []


def test_sizes_are_known_from_the_registry_or_a_pull(store: ModelStore) -> None:
    assert store.size_bytes(ENTRY) is None
    assert store.size_bytes(made_entry(FILES, known="sha256")) == len(GRAPH) + 8
    store.pull(ENTRY)
    assert store.size_bytes(ENTRY) == len(GRAPH) + 8


def test_a_failed_pull_leaves_the_store_as_it_was(
    store: ModelStore, server: ModelServer, root: Path
) -> None:
    del server.resources[PREFIX + "net.onnx"]
    with pytest.raises(ModelError, match="no such file"):
        store.pull(ENTRY)
    assert store.state(ENTRY) is ModelState.ABSENT
    assert files_below(root) == set()


def test_files_of_one_pull_appear_together(store: ModelStore, server: ModelServer) -> None:
    resource = server.resources.pop(PREFIX + "net.json")
    with pytest.raises(ModelError):
        store.pull(ENTRY)
    assert not (store.folder(ENTRY) / "net.onnx").exists()
    assert store.state(ENTRY) is ModelState.PARTIAL
    server.resources[PREFIX + "net.json"] = resource
    server.requests.clear()
    store.pull(ENTRY)
    assert [request.path for request in server.requests] == [PREFIX + "net.json"]
    assert not (store.folder(ENTRY) / INCOMING).exists()


def test_the_first_pull_of_unknown_files_is_recorded_and_said(
    store: ModelStore, notes: list[Any]
) -> None:
    store.pull(UNKNOWN)
    assert [key for key, _ in notes] == ["first_pull_unprotected"]
    assert notes[0][1]["revision"] == COMMIT
    store.pull(UNKNOWN)
    assert len(notes) == 1


def test_known_files_need_no_word(store: ModelStore, notes: list[Any]) -> None:
    store.pull(ENTRY)
    assert notes == []


def test_later_pulls_are_held_to_the_first(
    store: ModelStore, server: ModelServer, root: Path
) -> None:
    first = store.pull(UNKNOWN)
    assert store.remove(UNKNOWN)
    assert store.state(UNKNOWN) is ModelState.ABSENT
    server.resources[PREFIX + "net.onnx"].content = GRAPH[::-1]
    with pytest.raises(ModelError, match=r"source has changed.*--accept-new"):
        store.pull(UNKNOWN)
    assert store.state(UNKNOWN) is ModelState.ABSENT
    second = store.pull(UNKNOWN, accept_new=True)
    assert second.files["net.onnx"] == sha256(GRAPH[::-1]).hexdigest() != first.files["net.onnx"]
    assert (
        lock(root)["models"]["made/model"]["files"]["net.onnx"]["sha256"]
        == (second.files["net.onnx"])
    )
    assert store.pull(UNKNOWN) == second


def test_a_file_that_is_gone_upstream_is_said_to_have_changed(
    store: ModelStore, server: ModelServer
) -> None:
    hub = made_entry(FILES, known="nothing", kind="huggingface", revision="main")
    record = PullRecord(COMMIT, server.url, "", {"net.onnx": FileRecord(1, "0" * 64)})
    store.lock_file.put({"made/model": record})
    with pytest.raises(ModelError, match=r"no such file.*--accept-new"):
        store.pull(hub)


def test_a_digest_of_the_registry_is_never_given_up(store: ModelStore, server: ModelServer) -> None:
    server.resources[PREFIX + "net.onnx"].content = GRAPH[::-1]
    for accept_new in (False, True):
        with pytest.raises(ModelError, match=r"git blob id.*deleted") as caught:
            store.pull(ENTRY, accept_new=accept_new)
        assert "--accept-new" not in str(caught.value)


def test_an_md5_of_the_registry_is_kept_and_the_first_pull_adds_what_it_lacks(
    store: ModelStore, server: ModelServer, notes: list[Any]
) -> None:
    entry = made_entry(FILES, known="md5")
    place(store, entry, {name: content[::-1] for name, content in FILES.items()})
    with pytest.raises(ModelError, match="has MD5"):
        store.open(entry)
    assert store.pull(entry).files["net.onnx"] == sha256(GRAPH).hexdigest()
    assert notes == []
    record = store.record(entry)
    assert record is not None
    # As if somebody had made another file with this MD5.
    first = FileRecord(len(GRAPH), "0" * 64)
    store.lock_file.put({entry.name: replace(record, files={**record.files, "net.onnx": first})})
    with pytest.raises(ModelError, match="has SHA-256"):
        store.open(entry)
    with pytest.raises(ModelError, match="has SHA-256"):
        store.pull(entry)
    store.remove(entry)
    server.resources[PREFIX + "net.onnx"].content = GRAPH[::-1]
    with pytest.raises(ModelError, match=r"has MD5.*deleted"):
        store.pull(entry, accept_new=True)


def test_a_record_of_another_revision_counts_for_nothing(
    store: ModelStore, server: ModelServer
) -> None:
    store.pull(UNKNOWN)
    newer = made_entry(FILES, known="nothing", revision="d" * 40)
    assert store.record(newer) is None
    assert store.state(newer) is ModelState.PARTIAL
    for name, content in FILES.items():
        server.serve(f"/{REPOSITORY}/{'d' * 40}/{name}", content[::-1])
    assert store.pull(newer).revision == "d" * 40
    assert (store.folder(newer) / "net.onnx").read_bytes() == GRAPH[::-1]


@pytest.mark.parametrize("offered", ["net.safetensors", "net.bin"])
def test_of_alternatives_the_first_that_exists_is_taken(
    server: ModelServer, root: Path, offered: str
) -> None:
    files = {"net.safetensors": b"safe", "net.bin": b"pickle"}
    entry = made_entry(files, known="nothing", alternatives={"net.bin": "net.safetensors"})
    server.serve(PREFIX + "net.bin", files["net.bin"])
    if offered == "net.safetensors":
        server.serve(PREFIX + offered, files[offered])
    store = made_store(root, server.url)
    assert list(store.pull(entry).files) == [offered]
    assert store.state(entry) is ModelState.COMPLETE
    assert list(store.open(entry).files) == [offered]


def test_an_alternative_goes_when_the_better_file_comes(server: ModelServer, root: Path) -> None:
    files = {"net.safetensors": b"safe", "net.bin": b"pickle"}
    entry = made_entry(files, known="nothing", alternatives={"net.bin": "net.safetensors"})
    server.serve(PREFIX + "net.bin", files["net.bin"])
    store = made_store(root, server.url)
    store.pull(entry)
    server.serve(PREFIX + "net.safetensors", files["net.safetensors"])
    assert list(store.pull(entry).files) == ["net.bin"]
    assert list(store.pull(entry, accept_new=True).files) == ["net.safetensors"]
    assert not (store.folder(entry) / "net.bin").exists()


def test_without_any_alternative_the_pull_fails(server: ModelServer, root: Path) -> None:
    files = {"net.safetensors": b"safe", "net.bin": b"pickle"}
    entry = made_entry(files, known="nothing", alternatives={"net.bin": "net.safetensors"})
    with pytest.raises(ModelError, match=r"net\.bin.*no such file"):
        made_store(root, server.url).pull(entry)


def test_the_path_after_the_host_stays_at_a_mirror(
    server: ModelServer, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dusha = find_entry("dusha")
    monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", server.url + "/below/")
    with pytest.raises(ModelError):
        ModelStore(root).pull(dusha)
    with pytest.raises(ModelError):
        ModelStore(root).pull(find_entry("mediapipe/face_landmarker"))
    assert [request.path for request in server.requests] == [
        f"/below/salute-developers/golos/{dusha.source.revision}/{dusha.files[0].path}",
        "/below/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
    ]


def test_the_folder_is_the_one_of_the_variable_or_of_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "mine"))
    assert ModelStore().root == tmp_path / "mine"
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", "~/mine")
    assert default_root() == Path.home() / "mine"
    monkeypatch.delenv("EMOREPORT_MODEL_DIR")
    assert default_root() == platformdirs.user_cache_path("emoreport") / "models"


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("said_by", ["option", "EMOREPORT_OFFLINE", "HF_HUB_OFFLINE"])
@pytest.mark.parametrize("name", ["dusha", "aniemore/wavlm-resd", "mediapipe/face_landmarker"])
def test_offline_opens_no_socket(
    root: Path, said_by: str, name: str, no_socket: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_online(monkeypatch)
    if said_by != "option":
        monkeypatch.setenv(said_by, "1")
    store = ModelStore(root, offline=said_by == "option")
    with pytest.raises(UnreachableError, match=r"not to be used.*models import") as caught:
        store.pull(find_entry(name))
    assert ("--offline" if said_by == "option" else said_by) in caught.value.remedy
    assert not root.exists()


def test_offline_what_is_complete_can_be_used(root: Path, no_socket: None) -> None:
    store = ModelStore(root, offline=True)
    place(store, ENTRY, FILES)
    assert store.pull(ENTRY).files == store.open(ENTRY).files


@pytest.mark.parametrize("word", ["0", "", "false", "no", "off"])
def test_a_variable_may_say_no(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    go_online(monkeypatch)
    monkeypatch.setenv("HF_HUB_OFFLINE", word)
    assert not ModelStore().offline


def test_models_of_the_package_are_there_and_stay(root: Path, no_socket: None) -> None:
    store, entry = ModelStore(root), find_entry("compact-face")
    assert store.state(entry) is ModelState.COMPLETE
    assert store.pull(entry) == store.open(entry)
    with pytest.raises(SettingsError, match="part of the package"):
        store.remove(entry)
    assert not root.exists()


def test_removing_takes_what_was_made_of_a_model_too(store: ModelStore, root: Path) -> None:
    assert not store.remove(ENTRY)
    store.pull(ENTRY)
    (store.folder(ENTRY) / "optimized").mkdir()
    (store.folder(ENTRY) / "optimized" / "int8.onnx").write_bytes(b"x")
    assert store.remove(ENTRY)
    assert files_below(root) == {LOCK_FILE}
    assert not (root / "made").exists()


def test_removing_a_model_leaves_one_whose_name_goes_on(root: Path) -> None:
    store = ModelStore(root)
    short, longer = find_entry("dusha"), find_entry("dusha/hubert-large")
    place(store, longer, {"config.json": b"{}"})
    assert not store.remove(short)
    place(store, short, {short.files[0].name: b"weights"})
    assert store.remove(short)
    assert files_below(root) == {"dusha/hubert-large/config.json"}
    place(store, short, {short.files[0].name: b"weights"})
    assert store.remove(longer)
    assert files_below(root) == {f"dusha/{short.files[0].name}"}
    assert store.remove(short)
    assert not (root / "dusha").exists()


def test_what_was_made_of_a_model_survives_a_repair(store: ModelStore) -> None:
    store.pull(ENTRY)
    made = store.folder(ENTRY) / "optimized" / "int8.onnx"
    made.parent.mkdir()
    made.write_bytes(b"x")
    place(store, ENTRY, {"net.onnx": b"broken"})
    store.pull(ENTRY)
    assert made.read_bytes() == b"x"


def one_model(**facts: Any) -> str:
    record = {"revision": "", "source": "", "pulled_at": "", "files": {}, **facts}
    return json.dumps({"layout": 1, "models": {"made/model": record}})


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"layout": 2, "models": {}}',
        '{"layout": 1, "models": {"made/model": {}}}',
        one_model(revision=1),
        one_model(files={"net.onnx": {"size_bytes": -1, "sha256": "0" * 64}}),
        one_model(files={"net.onnx": {"size_bytes": 1, "sha256": "00"}}),
    ],
)
def test_a_damaged_lock_file_is_an_error_and_stays(
    store: ModelStore, root: Path, content: str
) -> None:
    root.mkdir()
    (root / LOCK_FILE).write_text(content)
    for call in (store.state, store.open, store.pull):
        with pytest.raises(ModelError, match=r"models\.lock\.json.*damaged.*pull"):
            call(ENTRY)
    assert (root / LOCK_FILE).read_text() == content


def test_records_of_other_models_stay(root: Path) -> None:
    one, two = (PullRecord(name, "https://x", "then", {}) for name in ("one", "two"))
    LockFile(root).put({"a": one})
    LockFile(root).put({"b": two})
    assert LockFile(root).read() == {"a": one, "b": two}


def test_a_folder_that_may_not_be_written_is_named(server: ModelServer, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(ModelError, match=r"cannot be written.*EMOREPORT_MODEL_DIR"):
        made_store(blocked / "store", server.url).pull(ENTRY)


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_two_processes_pull_once(server: ModelServer, root: Path) -> None:
    slow = server.resources[PREFIX + "net.onnx"]
    slow.stall_at = 100_000
    first = pull_in_another_process(root, server.url, FILES)
    until(lambda: bool(server.asked("net.onnx")))
    second = pull_in_another_process(root, server.url, FILES)
    assert second.stdout is not None
    assert second.stdout.readline() == "waiting\n"
    slow.release.set()
    for process, said in ((first, "pulled\n"), (second, "pulled\n")):
        out, _ = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, said)
    assert len(server.asked("net.onnx")) == len(server.asked("net.json")) == 1


def test_who_waited_for_another_process_changes_nothing(
    store: ModelStore, server: ModelServer, root: Path, notes: list[Any]
) -> None:
    with store.locked(UNKNOWN):
        other = threading.Thread(target=store.pull, args=(UNKNOWN,))
        other.start()
        until(lambda: bool(notes))
        place(store, UNKNOWN, FILES)
        files = {
            name: FileRecord(len(content), sha256(content).hexdigest())
            for name, content in FILES.items()
        }
        store.lock_file.put({UNKNOWN.name: PullRecord(COMMIT, "https://first", "then", files)})
    other.join(timeout=30)
    assert [key for key, _ in notes] == ["waiting"]
    assert server.requests == []
    assert lock(root)["models"]["made/model"]["pulled_at"] == "then"


def test_after_a_kill_only_the_rest_is_fetched(
    store: ModelStore, server: ModelServer, root: Path
) -> None:
    slow = server.resources[PREFIX + "net.onnx"]
    slow.stall_at = 5 << 16
    process = pull_in_another_process(root, server.url, FILES)
    part = root / "made" / "model" / INCOMING / "net.onnx.part"
    until(lambda: part.exists() and part.stat().st_size == 5 << 16)
    process.kill()
    process.communicate(timeout=30)
    slow.release.set()
    assert store.state(ENTRY) is ModelState.PARTIAL
    assert not (store.folder(ENTRY) / "net.onnx").exists()

    store.pull(ENTRY)
    assert (store.folder(ENTRY) / "net.onnx").read_bytes() == GRAPH
    killed, resumed = server.asked("net.onnx")
    assert "range" not in killed.headers
    assert resumed.headers["range"] == f"bytes={5 << 16}-"
    assert (resumed.status, resumed.sent) == (206, len(GRAPH) - (5 << 16))
    assert files_below(root) == {LOCK_FILE, "made/model/net.onnx", "made/model/net.json"}
