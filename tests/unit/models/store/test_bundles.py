"""Models carried in a tar file: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import io
import json
import random
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from emoreport.errors import ModelError, SettingsError
from emoreport.models.store import bundles
from emoreport.models.store.lockfile import LOCK_FILE
from emoreport.models.store.model_store import ModelState, ModelStore
from emoreport.models.store.registry import find_entry
from tests.fixtures.stores import made_entry, place

GRAPH = random.Random(6).randbytes(100_001)
KNOWN_FILES = {"net.onnx": GRAPH}
OPEN_FILES = {"config.json": b"{}", "net.bin": b"weights"}
KNOWN = made_entry(KNOWN_FILES, name="made/known")
BELOW = made_entry(KNOWN_FILES, name="made/known/large")
OPEN = made_entry(
    {**OPEN_FILES, "net.safetensors": b""},
    name="made/open",
    known="nothing",
    kind="huggingface",
    revision="main",
    alternatives={"net.bin": "net.safetensors"},
)
PACKAGE = find_entry("compact-face")


@pytest.fixture(autouse=True)
def made_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {entry.name: entry for entry in (KNOWN, BELOW, OPEN, PACKAGE)}
    monkeypatch.setattr(bundles, "registry", lambda: entries)


@pytest.fixture
def full(tmp_path: Path) -> ModelStore:
    """A store that holds both models."""
    store = ModelStore(tmp_path / "full")
    place(store, KNOWN, KNOWN_FILES)
    place(store, OPEN, OPEN_FILES)
    files = {
        name: bundles.FileRecord(len(content), sha256(content).hexdigest())
        for name, content in OPEN_FILES.items()
    }
    record = bundles.PullRecord("a" * 40, "https://hub.example", "2026-01-02T03:04:05+00:00", files)
    store.lock_file.put({OPEN.name: record})
    return store


@pytest.fixture
def empty(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "empty")


@pytest.fixture
def bundle(full: ModelStore, tmp_path: Path) -> Path:
    path = tmp_path / "models.tar"
    bundles.write_bundle(full, path, [OPEN, KNOWN])
    return path


def everything_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".locks" not in path.parts
    }


def test_what_goes_in_comes_out(bundle: Path, full: ModelStore, empty: ModelStore) -> None:
    taken = bundles.read_bundle(empty, bundle)
    assert list(taken.models) == ["made/known", "made/open"]
    assert taken.size_bytes == len(GRAPH) + sum(map(len, OPEN_FILES.values()))
    for entry in (KNOWN, OPEN):
        assert empty.state(entry) is ModelState.COMPLETE
        assert empty.open(entry).files == full.open(entry).files
    assert empty.record(OPEN) == full.record(OPEN)
    assert set(everything_below(empty.root)) == {
        LOCK_FILE,
        "made/known/net.onnx",
        "made/open/config.json",
        "made/open/net.bin",
    }


def test_a_model_below_the_name_of_another_comes_out_too(
    full: ModelStore, empty: ModelStore, tmp_path: Path
) -> None:
    place(full, BELOW, KNOWN_FILES)
    target = tmp_path / "both.tar"
    bundles.write_bundle(full, target, [KNOWN, BELOW])
    bundles.read_bundle(empty, target)
    assert empty.state(KNOWN) is empty.state(BELOW) is ModelState.COMPLETE


def test_the_same_models_give_the_same_bytes(
    bundle: Path, full: ModelStore, empty: ModelStore, tmp_path: Path
) -> None:
    bundles.read_bundle(empty, bundle)
    again = tmp_path / "again.tar"
    bundles.write_bundle(empty, again, [KNOWN, OPEN])
    assert again.read_bytes() == bundle.read_bytes()
    with tarfile.open(bundle) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [
        "manifest.json",
        "made/known/net.onnx",
        "made/open/config.json",
        "made/open/net.bin",
    ]
    facts = {(member.mtime, member.uid, member.gid, member.uname) for member in members}
    assert facts == {(0, 0, 0, "")}


def test_only_what_is_whole_goes_in(full: ModelStore, tmp_path: Path) -> None:
    target = tmp_path / "models.tar"
    place(full, KNOWN, {"net.onnx": GRAPH[:-1] + b"!"})
    with pytest.raises(ModelError, match=r"damaged.*models pull made/known"):
        bundles.write_bundle(full, target, [KNOWN, OPEN])
    assert not target.exists()
    with pytest.raises(SettingsError, match="comes with emoreport"):
        bundles.write_bundle(full, target, [PACKAGE, OPEN])
    with pytest.raises(SettingsError, match="no model is complete"):
        bundles.write_bundle(full, target, [])
    assert list(tmp_path.iterdir()) == [full.root]


def test_a_file_that_is_there_is_replaced_only_when_asked_for(
    full: ModelStore, tmp_path: Path
) -> None:
    target = tmp_path / "talk.mp4"
    target.write_bytes(b"a film")
    with pytest.raises(SettingsError, match="--overwrite"):
        bundles.write_bundle(full, target, [KNOWN])
    assert target.read_bytes() == b"a film"
    bundles.write_bundle(full, target, [KNOWN], overwrite=True)
    assert tarfile.is_tarfile(target)


def test_a_place_that_cannot_be_written_is_named(full: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be written.*another place for the file"):
        bundles.write_bundle(full, tmp_path / "absent" / "models.tar", [KNOWN])


def test_importing_mends_what_is_damaged(bundle: Path, full: ModelStore, empty: ModelStore) -> None:
    bundles.read_bundle(empty, bundle)
    place(empty, KNOWN, {"net.onnx": b"broken"})
    place(empty, OPEN, {"net.safetensors": b"of another pull"})
    bundles.read_bundle(empty, bundle)
    assert empty.open(KNOWN).files == full.open(KNOWN).files
    assert not (empty.folder(OPEN) / "net.safetensors").exists()


Contents = dict[str, bytes]


def repacked(
    bundle: Path,
    *,
    manifest: Callable[[Any], None] = lambda _: None,
    members: Callable[[Contents], None] = lambda _: None,
) -> None:
    """Write a bundle again with another manifest or other members, in order."""
    contents: Contents = {}
    with tarfile.open(bundle) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member)
            assert stream is not None
            contents[member.name] = stream.read()
    document = json.loads(contents["manifest.json"])
    manifest(document)
    contents["manifest.json"] = json.dumps(document).encode()
    members(contents)
    with tarfile.open(bundle, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def assert_refused(store: ModelStore, bundle: Path, words: str, **facts: Any) -> None:
    before = everything_below(store.root.parent)
    with pytest.raises(ModelError, match=words) as caught:
        bundles.read_bundle(store, bundle, **facts)
    assert str(bundle) in str(caught.value)
    assert everything_below(store.root.parent) == before


def with_member(bundle: Path, member: tarfile.TarInfo, content: bytes = b"") -> None:
    """Add a member at the end of a bundle."""
    with tarfile.open(bundle, "a", format=tarfile.USTAR_FORMAT) as archive:
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        special("made/known/link", tarfile.SYMTYPE, "/etc/passwd"),
        special("made/known/net.onnx", tarfile.SYMTYPE, "../../../outside"),
        special("made/known/hard", tarfile.LNKTYPE, "manifest.json"),
        special("made/known", tarfile.DIRTYPE),
        special("pipe", tarfile.FIFOTYPE),
        special("disk", tarfile.BLKTYPE),
        special("sparse", tarfile.GNUTYPE_SPARSE),
        special("long", tarfile.GNUTYPE_LONGNAME),
        special("extended", tarfile.XHDTYPE),
        special("global", tarfile.XGLTYPE),
    ],
    ids=lambda member: member.name + member.type.decode(),
)
def test_members_that_are_no_plain_files_are_refused(
    empty: ModelStore, bundle: Path, member: tarfile.TarInfo
) -> None:
    with_member(bundle, member)
    assert_refused(empty, bundle, "no plain file")


@pytest.mark.parametrize(
    "name",
    [
        "/etc/emoreport",
        "../outside",
        "made/known/../../../outside",
        "made/known/other.onnx",
        "made/known/net.onnx",
        "manifest.json",
        "models.lock.json",
        "made\\known\\x",
    ],
)
def test_members_that_the_manifest_does_not_name_are_refused(
    empty: ModelStore, bundle: Path, name: str
) -> None:
    with_member(bundle, tarfile.TarInfo(name), b"evil")
    assert_refused(empty, bundle, "unannounced or twice")


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/emoreport", "net.onnx/../../x", "other.onnx", "sub/net.onnx"]
)
def test_names_in_the_manifest_are_those_of_the_registry(
    empty: ModelStore, bundle: Path, name: str
) -> None:
    def add(document: Any) -> None:
        files = document["models"]["made/known"]["files"]
        files[name] = {"size_bytes": 4, "sha256": sha256(b"evil").hexdigest()}

    def put(contents: Contents) -> None:
        contents[f"made/known/{name}"] = b"evil"

    repacked(bundle, manifest=add, members=put)
    assert_refused(empty, bundle, "other files of made/known")


@pytest.mark.parametrize("name", ["../../made", "/made", "made/unheard", "compact-face"])
def test_models_in_the_manifest_are_those_of_the_registry(
    empty: ModelStore, bundle: Path, name: str
) -> None:
    repacked(
        bundle,
        manifest=lambda document: document["models"].update(
            {name: document["models"]["made/known"]}
        ),
    )
    assert_refused(empty, bundle, "does not keep")


def test_a_digest_of_the_registry_is_kept_against_the_manifest(
    empty: ModelStore, bundle: Path
) -> None:
    forged = GRAPH[::-1]

    def state(document: Any) -> None:
        stated = document["models"]["made/known"]["files"]["net.onnx"]
        stated["sha256"] = sha256(forged).hexdigest()

    repacked(
        bundle, manifest=state, members=lambda found: found.update({"made/known/net.onnx": forged})
    )
    for accept_new in (False, True):
        assert_refused(empty, bundle, "git blob id", accept_new=accept_new)


def test_a_size_of_the_registry_is_kept_against_the_manifest(
    empty: ModelStore, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sized = made_entry(KNOWN_FILES, name="made/known", known="sha256")
    monkeypatch.setattr(bundles, "registry", lambda: {"made/known": sized, "made/open": OPEN})
    bundles.read_bundle(empty, bundle)
    repacked(
        bundle,
        manifest=lambda document: document["models"]["made/known"]["files"]["net.onnx"].update(
            {"size_bytes": 5}
        ),
    )
    assert_refused(empty, bundle, r"another net\.onnx than made/known has")


def test_content_that_is_not_the_stated_one_is_refused(empty: ModelStore, bundle: Path) -> None:
    repacked(bundle, members=lambda found: found.update({"made/open/net.bin": b"WEIGHTS"}))
    assert_refused(empty, bundle, "net.bin is damaged: it has SHA-256")


def test_a_member_longer_than_stated_is_refused_before_it_is_read(
    empty: ModelStore, bundle: Path
) -> None:
    repacked(bundle, members=lambda found: found.update({"made/open/net.bin": bytes(9_000_000)}))
    assert_refused(empty, bundle, "has 9000000 bytes, the manifest says 7")


def test_a_missing_member_is_noticed_and_nothing_is_taken(empty: ModelStore, bundle: Path) -> None:
    repacked(bundle, members=lambda found: found.pop("made/open/net.bin"))
    assert_refused(empty, bundle, r"lacks made/open/net\.bin")


@pytest.mark.parametrize("length", [0, 100, 512, 1400, 60_000])
def test_a_cut_file_is_refused(empty: ModelStore, bundle: Path, length: int) -> None:
    bundle.write_bytes(bundle.read_bytes()[:length])
    assert_refused(empty, bundle, "no whole tar|cut off|unusable")


def test_a_damaged_header_is_refused(empty: ModelStore, bundle: Path) -> None:
    content = bytearray(bundle.read_bytes())
    content[content.index(b"made/known/net.onnx") + 3] ^= 1
    bundle.write_bytes(bytes(content))
    with pytest.raises(ModelError):
        bundles.read_bundle(empty, bundle)
    assert not (empty.root / "made").exists()


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2"])
def test_compressed_files_are_refused(empty: ModelStore, tmp_path: Path, mode: str) -> None:
    path = tmp_path / "models.tar"
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("manifest.json")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"{}"))
    assert_refused(empty, path, "no whole tar file")


@pytest.mark.parametrize(
    "manifest",
    [
        b"{",
        b"[]",
        b'{"format": "other", "layout": 1, "models": {}}',
        b'{"format": "emoreport-models", "layout": 2, "models": {}}',
        b'{"format": "emoreport-models", "layout": 1, "models": {}}',
        b'{"format": "emoreport-models", "layout": 1, "models": {"made/known": {"files": 3}}}',
        b"\xff\xfe",
    ],
)
def test_an_unusable_manifest_is_refused(empty: ModelStore, bundle: Path, manifest: bytes) -> None:
    repacked(bundle, members=lambda found: found.update({"manifest.json": manifest}))
    assert_refused(empty, bundle, "manifest|holds no model")


def test_a_huge_manifest_is_not_read(empty: ModelStore, bundle: Path) -> None:
    repacked(bundle, members=lambda found: found.update({"manifest.json": b" " * 2_000_000}))
    assert_refused(empty, bundle, "no bundle")


def test_the_manifest_comes_first(empty: ModelStore, bundle: Path) -> None:
    def last(contents: Contents) -> None:
        contents["manifest.json"] = contents.pop("manifest.json")

    repacked(bundle, members=last)
    assert_refused(empty, bundle, "no bundle")


def test_another_revision_of_a_pinned_model_is_refused(empty: ModelStore, bundle: Path) -> None:
    repacked(
        bundle,
        manifest=lambda document: document["models"]["made/known"].update({"revision": "d" * 40}),
    )
    assert_refused(empty, bundle, "revision d+ of made/known")


def test_what_was_pulled_here_before_holds_the_import(
    full: ModelStore, empty: ModelStore, bundle: Path
) -> None:
    bundles.read_bundle(empty, bundle)
    other = b"WEIGHTS"

    def state(document: Any) -> None:
        stated = document["models"]["made/open"]["files"]["net.bin"]
        stated["sha256"] = sha256(other).hexdigest()

    repacked(
        bundle, manifest=state, members=lambda found: found.update({"made/open/net.bin": other})
    )
    assert_refused(empty, bundle, "another net.bin.*--accept-new")
    bundles.read_bundle(empty, bundle, accept_new=True)
    assert (empty.folder(OPEN) / "net.bin").read_bytes() == other
    assert empty.state(OPEN) is ModelState.COMPLETE


def test_a_file_that_is_not_there_is_named(empty: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.tar: models: cannot be read"):
        bundles.read_bundle(empty, tmp_path / "absent.tar")


def test_what_a_killed_import_left_is_cleared(empty: ModelStore, bundle: Path) -> None:
    left = empty.root / ".importing" / "made" / "known"
    left.mkdir(parents=True)
    (left / "net.onnx").write_bytes(b"half")
    bundles.read_bundle(empty, bundle)
    assert not (empty.root / ".importing").exists()
