"""Models in one tar file, for a machine without network.

The file is plain tar without compression: ``manifest.json`` first, then ``<model>/<file>`` in
sorted order, with no times and no owners, so that the same models give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from emoreport.atomic import make_store_folder, move_into_place, require_space, store_error
from emoreport.errors import EmoreportError, ModelError, SettingsError
from emoreport.messages import Phrase
from emoreport.models.store.integrity import Expected, check_file
from emoreport.models.store.lockfile import FileRecord, PullRecord, expected_file
from emoreport.models.store.locks import exclusive
from emoreport.models.store.model_store import ModelStore
from emoreport.models.store.registry import ModelEntry, PulledModel, registry

FORMAT: Final = "emoreport-models"
LAYOUT: Final = 1
MANIFEST: Final = "manifest.json"
_ELSEWHERE: Final = Phrase("errors.elsewhere.bundle")
_IMPORTING: Final = ".importing"
_BLOCK: Final = 512
_CHUNK: Final = 1 << 20
_MOST_MANIFEST_BYTES: Final = 1 << 20
_REGULAR: Final = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE})
_NOT_OURS: Final = "bundle_again"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A tar file of models: its path and what it holds, by model name."""

    path: Path
    models: Mapping[str, PullRecord]

    @property
    def size_bytes(self) -> int:
        """Length of the models' files, without the tar around them."""
        return sum(
            file.size_bytes for record in self.models.values() for file in record.files.values()
        )


def write_bundle(
    store: ModelStore, target: Path, models: Iterable[ModelEntry], *, overwrite: bool = False
) -> Bundle:
    """Write models into one tar file, all of them or nothing.

    Parameters
    ----------
    store
        Where the models are.
    target
        The tar file.
    models
        The models; none of them may be part of the package.
    overwrite
        Replace a file that is there.

    Raises
    ------
    SettingsError
        When `target` exists and may not be replaced, or `models` cannot be bundled.
    ModelError
        When a model is not complete, or the file cannot be written.
    """
    chosen = sorted({model.name: model for model in models}.items())
    shipped = [name for name, model in chosen if model.source.kind == "package"]
    if shipped or not chosen:
        key = "store.shipped" if shipped else "store.nothing_complete"
        raise SettingsError(key, models=", ".join(shipped))
    if target.exists() and not overwrite:
        raise SettingsError("store.exists", file=target)
    pulled = {name: store.open(model) for name, model in chosen}
    records = {name: _record(store, model) for name, model in pulled.items()}
    bundle = Bundle(target, records)
    temporary = target.with_name(f".{target.name}.part")
    try:
        require_space(target.parent, bundle.size_bytes, elsewhere=_ELSEWHERE)
        with temporary.open("wb") as stream:
            _write_tar(stream, bundle, pulled)
        move_into_place(temporary, target, elsewhere=_ELSEWHERE)
    except OSError as error:
        raise store_error(error, target, elsewhere=_ELSEWHERE) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return bundle


def read_bundle(store: ModelStore, source: Path, *, accept_new: bool = False) -> Bundle:
    """Take the models of a tar file into the store, all of them or none.

    Nothing of the file is trusted: a member that is no plain file, is not in the manifest, or is
    longer than stated there is refused, and names are only ever compared with those of the
    registry, never used as paths.

    Parameters
    ----------
    store
        Where the models go.
    source
        A file that `write_bundle` wrote.
    accept_new
        Take files of which the store's lock file holds another digest; never against the
        registry.

    Raises
    ------
    ModelError
        When the file cannot be read, is no bundle, or holds anything but what is expected.
    """
    try:
        with source.open("rb") as stream:
            return _import(store, stream, source, accept_new=accept_new)
    except OSError as error:
        raise ModelError(
            "file.unreadable_path", error=error.strerror or error, file=source
        ) from error
    except EmoreportError as error:
        raise error.with_file(source) from error.__cause__


def _import(store: ModelStore, stream: BinaryIO, source: Path, *, accept_new: bool) -> Bundle:
    records = _read_manifest(stream)
    models = {name: _acceptable(store, name, records[name], accept_new) for name in records}
    bundle = Bundle(source, records)
    make_store_folder(store.root)
    require_space(store.root, bundle.size_bytes)
    with exclusive(store.root, "import", lambda: None):
        staging = store.root / _IMPORTING
        shutil.rmtree(staging, ignore_errors=True)  # what a killed import left
        try:
            _unpack(stream, staging, models, records)
            # A model below another's name first: that one's folder goes with it.
            for name, model in sorted(models.items(), reverse=True):
                with store.locked(model):
                    store.settle(model, staging / name, records[name].files)
                    store.lock_file.put({name: records[name]})
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return bundle


def _record(store: ModelStore, model: PulledModel) -> PullRecord:
    assert model.registered is not None
    earlier = store.record(model.registered)
    files = {
        name: FileRecord((model.folder / name).stat().st_size, sha256)
        for name, sha256 in model.files.items()
    }
    source, pulled_at = (earlier.source, earlier.pulled_at) if earlier else ("", "")
    return PullRecord(model.revision, source, pulled_at, files)


def _write_tar(stream: BinaryIO, bundle: Bundle, pulled: Mapping[str, PulledModel]) -> None:
    document = {
        "format": FORMAT,
        "layout": LAYOUT,
        "models": {name: record.document() for name, record in bundle.models.items()},
    }
    manifest = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True).encode()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(_member(MANIFEST, len(manifest)), io.BytesIO(manifest))
        for model, record in bundle.models.items():
            for name, file in sorted(record.files.items()):
                path = pulled[model].folder / name
                with path.open("rb") as content:
                    hashed = _Hashed(content)
                    archive.addfile(_member(f"{model}/{name}", file.size_bytes), hashed)
                if hashed.sha256.hexdigest() != file.sha256:
                    raise ModelError("store.changed", file=path)


def _member(name: str, size_bytes: int) -> tarfile.TarInfo:
    # Owner, times and mode stay at the type's own constants.
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    return member


class _Hashed(io.RawIOBase):
    """A stream that works out the SHA-256 of what is read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes."""
        chunk = self._stream.read(size)
        self.sha256.update(chunk)
        return chunk


def _read_manifest(stream: BinaryIO) -> dict[str, PullRecord]:
    member = _next_member(stream)
    if member is None or member.name != MANIFEST or member.size > _MOST_MANIFEST_BYTES:
        raise ModelError("store.no_bundle", remedy=_NOT_OURS)
    try:
        document: Any = json.loads(_content(stream, member.size))
        if (document["format"], document["layout"]) != (FORMAT, LAYOUT):
            raise ValueError(f"{document['format']} {document['layout']}")  # noqa: TRY301
        models = document["models"].items()
        records = {name: PullRecord.from_document(stored) for name, stored in models}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError("store.manifest", error=error, remedy=_NOT_OURS) from error
    if not records:
        raise ModelError("store.empty_bundle", remedy=_NOT_OURS)
    return dict(sorted(records.items()))


def _acceptable(store: ModelStore, name: str, record: PullRecord, accept_new: bool) -> ModelEntry:
    """Registry entry of a model in a manifest, if the store may take what is stated there."""
    model = registry().get(name)
    if model is None or model.source.kind == "package":
        raise ModelError("store.foreign_model", name=name)
    groups = [{file.name for file in group} for group in model.file_groups]
    names = set(record.files)
    if names - set().union(*groups) or any(len(group & names) != 1 for group in groups):
        raise ModelError("store.other_files", model=name, remedy=_NOT_OURS)
    if model.pinned and record.revision != model.source.revision:
        raise ModelError(
            "store.other_revision",
            revision=record.revision,
            model=name,
            expected=model.source.revision,
        )
    held = None if accept_new else store.record(model)
    for file in model.files:
        stated = record.files.get(file.name)
        if stated is None:
            continue
        if not _fits(stated, expected_file(file, None)):
            raise ModelError("store.other_file", name=file.name, model=name, remedy=_NOT_OURS)
        if not file.is_settled and not _fits(stated, expected_file(file, held)):
            raise ModelError("store.other_than_pulled", name=file.name, model=name)
    return model


def _fits(stated: FileRecord, expected: Expected) -> bool:
    same_size = expected.size_bytes in {None, stated.size_bytes}
    return same_size and expected.sha256 in {None, stated.sha256}


def _unpack(
    stream: BinaryIO,
    staging: Path,
    models: Mapping[str, ModelEntry],
    records: Mapping[str, PullRecord],
) -> None:
    """Write the members to `staging` and check every one; all must be there, and no other."""
    files = {
        f"{name}/{file.name}": (name, file)
        for name, model in models.items()
        for file in model.files
        if file.name in records[name].files
    }
    while (member := _next_member(stream)) is not None:
        if member.name not in files:
            raise ModelError("store.unannounced", name=member.name, remedy=_NOT_OURS)
        name, file = files.pop(member.name)
        stated = records[name].files[file.name]
        if member.size != stated.size_bytes:
            raise ModelError(
                "store.member_size",
                name=member.name,
                size=member.size,
                stated=stated.size_bytes,
                remedy=_NOT_OURS,
            )
        path = staging / name / file.name
        make_store_folder(path.parent)
        _copy(stream, path, member.size)
        digests, problem = check_file(path, expected_file(file, records[name]))
        if problem or digests.sha256 != stated.sha256:
            values = {"given": digests.sha256, "expected": stated.sha256}
            problem = problem or Phrase("errors.store.difference.manifest", values)
            raise ModelError(
                "store.member_damaged", name=member.name, problem=problem, remedy=_NOT_OURS
            )
    if files:
        raise ModelError("store.bundle_lacks", files=", ".join(sorted(files)), remedy=_NOT_OURS)


def _next_member(stream: BinaryIO) -> tarfile.TarInfo | None:
    """Header of the next member; None at the end.

    Read by hand: only plain files are taken, and extended headers, links, sparse files and
    folders are never interpreted.
    """
    block = stream.read(_BLOCK)
    if len(block) == _BLOCK and not block.strip(b"\0"):
        return None
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise ModelError("store.not_tar", error=error, remedy=_NOT_OURS) from error
    if member.type not in _REGULAR or member.size < 0:
        raise ModelError("store.not_plain", name=member.name, remedy=_NOT_OURS)
    return member


def _content(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    stream.read(-size % _BLOCK)
    if len(content) != size:
        raise ModelError("store.cut_off", remedy=_NOT_OURS)
    return content


def _copy(stream: BinaryIO, path: Path, size: int) -> None:
    left = size
    try:
        with path.open("wb") as target:
            while left:
                chunk = stream.read(min(left, _CHUNK))
                if not chunk:
                    raise ModelError("store.cut_off", remedy=_NOT_OURS)
                target.write(chunk)
                left -= len(chunk)
    except OSError as error:
        raise store_error(error, path) from error
    stream.read(-size % _BLOCK)
