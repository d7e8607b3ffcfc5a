"""Damaged bundles of models: the store takes a whole one or nothing."""

from __future__ import annotations

import io
import json
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given

from emoreport.errors import ModelError
from emoreport.models.store import bundles
from emoreport.models.store.model_store import ModelStore
from tests.fixtures.stores import made_entry, place
from tests.fuzz.mutations import DEEP, damaged, json_file, survives, targets, wrong_values

FILES = {"net.onnx": b"graph" * 300, "labels.json": b'["anger", "neutral"]'}
ENTRY = made_entry(FILES, name="made/net")


@pytest.fixture(autouse=True)
def made_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "registry", lambda: {ENTRY.name: ENTRY})


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    full = ModelStore(tmp_path / "full")
    place(full, ENTRY, FILES)
    bundles.write_bundle(full, tmp_path / "models.tar", [ENTRY])
    return (tmp_path / "models.tar").read_bytes()


def taken(store: ModelStore) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in store.root.rglob("*")
        if path.is_file() and path.name in FILES
    }


def test_the_whole_bundle_is_taken(tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(whole)
    store = ModelStore(tmp_path / "store")
    bundles.read_bundle(store, tmp_path / "a.tar")
    assert taken(store) == FILES


def test_a_damaged_bundle_gives_the_whole_model_or_none(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.tar"
    count = 0

    @targets
    @given(damaged(whole))
    @example(whole[:1024])
    @example(b"")
    def check(content: bytes) -> None:
        nonlocal count
        count += 1
        path.write_bytes(content)
        store = ModelStore(tmp_path / f"store-{count}")
        survives(lambda: bundles.read_bundle(store, path), path)
        assert taken(store) in ({}, FILES)

    check()


def bundle_of(manifest: bytes, members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in {bundles.MANIFEST: manifest, **members}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def manifest_of(whole: bytes) -> Any:
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        content = archive.extractfile(bundles.MANIFEST)
        assert content is not None
        return json.loads(content.read())


def test_wrong_values_in_a_manifest_are_refused_or_taken(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.tar"
    members = {f"{ENTRY.name}/{name}": content for name, content in sorted(FILES.items())}
    store = ModelStore(tmp_path / "store")

    @targets
    @given(wrong_values(manifest_of(whole)))
    def check(document: Any) -> None:
        path.write_bytes(bundle_of(json_file(document), members))
        survives(lambda: bundles.read_bundle(store, path), path)
        assert taken(store) in ({}, FILES)

    check()
    path.write_bytes(bundle_of(b'{"a":' * DEEP, members))
    with pytest.raises(ModelError, match="unusable manifest"):
        bundles.read_bundle(store, path)


ESCAPES = (
    "../../outside", "/tmp/outside", "made/net/../../../outside", "made/net/./net.onnx",
    "C:\\outside", "made\\net\\net.onnx", "made/net/net.onnx\x00.txt", "..", ".", "",
)  # fmt: skip


@pytest.mark.parametrize("name", ESCAPES)
def test_a_member_never_leaves_the_store(tmp_path: Path, whole: bytes, name: str) -> None:
    manifest = manifest_of(whole)
    record = manifest["models"][ENTRY.name]["files"]
    record[name] = {"size_bytes": 3, "sha256": sha256(b"bad").hexdigest()}
    members = {f"{ENTRY.name}/{file}": content for file, content in sorted(FILES.items())}
    store = ModelStore(tmp_path / "deep" / "store")
    for manifests in (json_file(manifest), json_file(manifest_of(whole))):
        path = tmp_path / "a.tar"
        path.write_bytes(bundle_of(manifests, {**members, name: b"bad"}))
        with pytest.raises(ModelError):
            bundles.read_bundle(store, path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.tar", "deep", "full", "models.tar"]
    assert taken(store) == {}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, b"x", b"L"])
def test_a_member_that_is_no_plain_file_is_refused(
    tmp_path: Path, whole: bytes, kind: bytes
) -> None:
    path = tmp_path / "a.tar"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        manifest = json_file(manifest_of(whole))
        head = tarfile.TarInfo(bundles.MANIFEST)
        head.size = len(manifest)
        archive.addfile(head, io.BytesIO(manifest))
        link = tarfile.TarInfo(f"{ENTRY.name}/net.onnx")
        link.type, link.linkname = kind, "/etc/passwd"
        archive.addfile(link)
    path.write_bytes(content.getvalue())
    store = ModelStore(tmp_path / "store")
    with pytest.raises(ModelError, match="no plain file"):
        bundles.read_bundle(store, path)
    assert taken(store) == {}
