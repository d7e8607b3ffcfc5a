"""Models of the Hugging Face hub, from a server here that answers as the hub does."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from emoreport.errors import ModelError
from emoreport.models.store import hub, sources
from emoreport.models.store.connection import Patience
from emoreport.models.store.hub import list_repository
from emoreport.models.store.model_store import ModelState, ModelStore, UnreachableError
from emoreport.models.store.registry import ModelEntry, find_entry
from tests.fixtures.server import ModelServer, closed_port, running_server
from tests.fixtures.stores import HASTY, go_online_with_hub, made_store

huggingface_hub = pytest.importorskip("huggingface_hub", reason="the extra full is not installed")

COMMIT, NEXT = "a" * 40, "b" * 40
FILES = {
    "config.json": b'{"model_type": "wavlm"}',
    "preprocessor_config.json": b'{"do_normalize": true}',
    "model.safetensors": random.Random(4).randbytes(300_000),
    "pytorch_model.bin": random.Random(5).randbytes(300_000),
}
LARGE = ("model.safetensors", "pytorch_model.bin")
REPOSITORY = "Aniemore/wavlm-emotion-russian-resd"
API = f"/api/models/{REPOSITORY}/revision/main"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModelServer]:
    go_online_with_hub(monkeypatch, tmp_path)
    with running_server() as running:
        yield running


@pytest.fixture
def entry() -> ModelEntry:
    return find_entry("aniemore/wavlm-resd")


@pytest.fixture
def store(server: ModelServer, tmp_path: Path) -> ModelStore:
    return made_store(tmp_path / "store", server.url)


def test_a_branch_becomes_a_commit_and_digests(
    store: ModelStore, server: ModelServer, entry: ModelEntry
) -> None:
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    pulled = store.pull(entry)
    assert pulled.revision == COMMIT
    wanted = {name: content for name, content in FILES.items() if name != "pytorch_model.bin"}
    assert pulled.files == {name: sha256(content).hexdigest() for name, content in wanted.items()}
    assert {name: (pulled.folder / name).read_bytes() for name in wanted} == wanted
    asked = [request.path for request in server.requests]
    assert asked[0].startswith(f"{API}?blobs=")
    assert f"/{REPOSITORY}/resolve/{COMMIT}/config.json" in asked
    assert not [path for path in asked if "pytorch_model" in path or "/main/" in path]
    assert store.record(entry).revision == COMMIT  # type: ignore[union-attr]


def test_the_older_weights_are_taken_where_there_are_no_others(
    store: ModelStore, server: ModelServer, entry: ModelEntry
) -> None:
    files = {name: content for name, content in FILES.items() if name != "model.safetensors"}
    server.serve_hub(REPOSITORY, files, commit=COMMIT, large=LARGE)
    assert "pytorch_model.bin" in store.pull(entry).files
    assert store.state(entry) is ModelState.COMPLETE
    assert not server.asked("model.safetensors")


@pytest.mark.parametrize("broken", ["model.safetensors", "config.json"])
def test_files_are_held_to_what_the_hub_says_of_them(
    store: ModelStore, server: ModelServer, entry: ModelEntry, broken: str
) -> None:
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    for resource in server.resources.values():
        if resource.content == FILES[broken]:
            resource.content = resource.content[:-1] + b"!"
    with pytest.raises(ModelError, match="SHA-256" if broken in LARGE else "git blob id"):
        store.pull(entry)
    assert store.state(entry) is not ModelState.COMPLETE


def test_later_pulls_stay_at_the_first_commit_without_asking(
    store: ModelStore, server: ModelServer, entry: ModelEntry
) -> None:
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    first = store.pull(entry)
    newer = {**FILES, "config.json": b'{"model_type": "other"}'}
    server.serve_hub(REPOSITORY, newer, commit=NEXT, large=LARGE)
    store.remove(entry)
    server.requests.clear()
    assert store.pull(entry) == first
    assert not server.asked("/api/")
    assert not server.asked(NEXT)


def test_what_is_new_is_taken_only_when_asked_for_and_only_what_is_new(
    store: ModelStore, server: ModelServer, entry: ModelEntry
) -> None:
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    store.pull(entry)
    newer = {**FILES, "config.json": b'{"model_type": "other"}'}
    server.serve_hub(REPOSITORY, newer, commit=NEXT, large=LARGE)
    server.requests.clear()
    assert store.pull(entry).revision == COMMIT
    pulled = store.pull(entry, accept_new=True)
    assert pulled.revision == NEXT
    assert (pulled.folder / "config.json").read_bytes() == newer["config.json"]
    assert [request.path for request in server.asked("/resolve/")] == [
        f"/{REPOSITORY}/resolve/{NEXT}/config.json"
    ]
    assert store.open(entry) == pulled


def test_a_commit_that_is_gone_is_a_change_that_must_be_accepted(
    store: ModelStore, server: ModelServer, entry: ModelEntry
) -> None:
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    store.pull(entry)
    store.remove(entry)
    server.resources.clear()
    server.serve_hub(REPOSITORY, FILES, commit=NEXT, large=LARGE)
    with pytest.raises(ModelError, match="--accept-new"):
        store.pull(entry)
    assert store.pull(entry, accept_new=True).revision == NEXT


def test_a_mirror_without_the_api_serves_the_branch(
    server: ModelServer, entry: ModelEntry, tmp_path: Path
) -> None:
    server.serve_hub(REPOSITORY, FILES, commit="main", large=LARGE, api=False)
    notes: list[str] = []
    store = made_store(tmp_path / "store", server.url, note=lambda key, _: notes.append(key))
    pulled = store.pull(entry)
    assert pulled.revision == "main"
    assert pulled.files["model.safetensors"] == sha256(FILES["model.safetensors"]).hexdigest()
    assert notes == ["first_pull_unprotected"]
    store.remove(entry)
    server.resources[f"/{REPOSITORY}/resolve/main/config.json"].content = b"{}"
    with pytest.raises(ModelError, match=r"offers 2 bytes.*--accept-new"):
        store.pull(entry)


def test_a_mirror_that_answers_the_api_with_something_else_has_none(
    store: ModelStore, server: ModelServer, entry: ModelEntry
) -> None:
    server.serve_hub(REPOSITORY, FILES, commit="main", large=LARGE, api=False)
    server.serve(API, b"<html>not found</html>", content_type="text/html")
    assert store.pull(entry).revision == "main"


def test_a_hub_that_answers_nonsense_is_an_error(server: ModelServer) -> None:
    server.serve(API, b"[]", content_type="application/json")
    with pytest.raises(ModelError, match="no usable description"):
        list_repository(REPOSITORY, "main", endpoint=server.url, is_mirror=False, patience=HASTY)


def test_a_repository_without_the_files_is_an_error(
    store: ModelStore, server: ModelServer, entry: ModelEntry
) -> None:
    server.serve_hub(REPOSITORY, {"config.json": b"{}"}, commit=COMMIT)
    with pytest.raises(ModelError, match=r"no preprocessor_config\.json"):
        store.pull(entry)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "", "not open to everyone.*hf auth login"),
        (401, "RepoNotFound", "not open to everyone"),
        (403, "GatedRepo", "accept its terms at http"),
        (404, "RepoNotFound", "there is no Aniemore"),
        (404, "RevisionNotFound", "at revision main"),
    ],
)
def test_refusals_of_the_hub_are_readable(
    server: ModelServer, status: int, code: str, words: str
) -> None:
    server.serve(API, statuses=[status] * 3, headers={"X-Error-Code": code} if code else {})
    with pytest.raises(ModelError, match=words) as caught:
        list_repository(REPOSITORY, "main", endpoint=server.url, is_mirror=False, patience=HASTY)
    assert "\n" not in str(caught.value)
    assert len(server.requests) == 1


def test_a_hub_in_trouble_is_asked_again(server: ModelServer) -> None:
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    server.resources[API].statuses = [500, 429]
    found = list_repository(
        REPOSITORY, "main", endpoint=server.url, is_mirror=False, patience=HASTY
    )
    assert found is not None
    assert found.revision == COMMIT
    assert found.files["model.safetensors"].git_blob is None
    assert found.files["config.json"].sha256 is None
    server.resources[API].statuses = [500] * 3
    with pytest.raises(ModelError, match="HTTP 500"):
        list_repository(REPOSITORY, "main", endpoint=server.url, is_mirror=False, patience=HASTY)


def test_a_hub_that_falls_silent_is_unreachable(server: ModelServer) -> None:
    server.serve(API, b"{}" * 10, stall_at=0, content_type="application/json")
    server.resources[API].stall_at = 2
    patience = Patience(tries=1, read_s=0.3)
    with pytest.raises(UnreachableError, match="did not answer"):
        list_repository(REPOSITORY, "main", endpoint=server.url, is_mirror=False, patience=patience)


@pytest.mark.parametrize("host", ["http://127.0.0.1:{port}", "https://hub.invalid"])
def test_no_hub_is_said_within_six_seconds(
    entry: ModelEntry, tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_online_with_hub(monkeypatch, tmp_path)
    store = ModelStore(tmp_path / "store", mirror=host.format(port=closed_port()))
    started_s = time.monotonic()
    with pytest.raises(UnreachableError, match="no connection to"):
        store.pull(entry)
    assert time.monotonic() - started_s < 6
    assert store.state(entry) is ModelState.ABSENT


def test_the_token_of_the_user_is_for_the_hub_only(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    entry = find_entry("aniemore/wavlm-resd")
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    made_store(tmp_path / "one", server.url).pull(entry)
    assert [dict(r.headers) for r in server.requests if "authorization" in r.headers] == []
    assert hub.hub_headers() == {"Authorization": "Bearer hf_secret"}
    list_repository(REPOSITORY, "main", endpoint=server.url, is_mirror=False, patience=HASTY)
    assert server.requests[-1].headers["authorization"] == "Bearer hf_secret"


def test_without_the_library_the_error_says_what_to_install(
    store: ModelStore, entry: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = hub.importlib.util.find_spec
    monkeypatch.setattr(
        hub.importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "huggingface_hub" else found(name, *rest),
    )
    with pytest.raises(ModelError, match=r'pip install "emoreport\[full\]"'):
        store.pull(entry)
    assert hub.hub_headers() == {}


def test_addresses_are_those_that_the_library_makes(server: ModelServer, entry: ModelEntry) -> None:
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    plan = sources.make_plan(entry, None, mirror=server.url, patience=HASTY)
    made = {remote.name: remote.url for group in plan.groups for remote in group}
    assert made == {
        name: huggingface_hub.hf_hub_url(REPOSITORY, name, revision=COMMIT, endpoint=server.url)
        for name in FILES
    }


def test_the_made_answer_has_the_form_of_the_hub(server: ModelServer) -> None:
    server.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=LARGE)
    info: Any = huggingface_hub.hf_api.ModelInfo(**json.loads(server.resources[API].content))
    stored = {sibling.rfilename: sibling for sibling in info.siblings}
    assert info.sha == COMMIT
    assert stored["model.safetensors"].lfs.sha256 == sha256(FILES["model.safetensors"]).hexdigest()
    assert stored["config.json"].lfs is None
