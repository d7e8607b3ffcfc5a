"""The model store: which models are on this machine, whether they are whole, how they get here."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Final

from emoreport.atomic import make_store_folder, move_into_place, store_error
from emoreport.errors import ModelError, SettingsError, remedy
from emoreport.messages import Phrase
from emoreport.models.store.connection import (
    MIRROR_VARIABLE,
    Patience,
    UnreachableError,
    checked_mirror,
    offline_variable,
)
from emoreport.models.store.download import PullProgress
from emoreport.models.store.integrity import check_file
from emoreport.models.store.lockfile import FileRecord, LockFile, PullRecord, expected_file
from emoreport.models.store.locks import exclusive
from emoreport.models.store.pulling import fetch_files
from emoreport.models.store.registry import ModelEntry, ModelFile, PulledModel, registry
from emoreport.models.store.sources import make_plan

__all__ = ["ModelState", "ModelStore", "Note", "PullProgress", "UnreachableError", "default_root"]

FOLDER_VARIABLE: Final = "EMOREPORT_MODEL_DIR"
INCOMING: Final = ".incoming"
"""Folder inside a model's folder that holds what is not complete yet."""
FORMS_FOLDER: Final = "optimized"
"""Folder inside a model's folder that holds the forms that were made of it."""
FORMS_RECORD: Final = "forms.json"

Note = Callable[[str, Mapping[str, str]], None]
"""Told what a person should know while the store works: a key below ``cli.models.note`` and the
values for its braces."""


class ModelState(StrEnum):
    """How much of a model is in the store."""

    ABSENT = "absent"
    PARTIAL = "partial"
    COMPLETE = "complete"
    DAMAGED = "damaged"


_SHORT_OF: Final = {
    ModelState.ABSENT: Phrase("errors.store.state.absent"),
    ModelState.PARTIAL: Phrase("errors.store.state.partial"),
}


class ModelStore:
    """The models on this machine.

    Parameters
    ----------
    root
        Folder of the store; None takes ``EMOREPORT_MODEL_DIR`` or the platform's cache folder.
    offline
        Open no network connection; the variables ``EMOREPORT_OFFLINE`` and ``HF_HUB_OFFLINE``
        say the same.
    mirror
        Scheme and host (and, where it has one, a path) that replace those of every source;
        None takes ``EMOREPORT_MODEL_MIRROR``.
    note
        Told what a person should know while the store works.
    patience
        How long and how often the network is tried.

    Raises
    ------
    SettingsError
        When the mirror is no address.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        offline: bool = False,
        mirror: str | None = None,
        note: Note | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.root = default_root() if root is None else root
        self.offline = offline or bool(offline_variable())
        self.mirror = checked_mirror(
            os.environ.get(MIRROR_VARIABLE, "") if mirror is None else mirror
        )
        self.lock_file = LockFile(self.root)
        self._note: Note = note or _say_nothing
        self._patience = patience or Patience()

    def folder(self, model: ModelEntry) -> Path:
        """Where the files of a model are, or would be."""
        if model.source.kind == "package":
            return Path(str(resources.files("emoreport"))) / "weights"
        return self.root / model.name

    def has_exported_form(self, model: ModelEntry) -> bool:
        """Whether a form of a model was exported here that ONNX Runtime runs.

        Only whether the record of the forms says so; opening the form checks it.
        """
        path = self.folder(model) / FORMS_FOLDER / FORMS_RECORD
        try:
            forms = json.loads(path.read_text(encoding="utf-8"))["forms"].values()
            return any(
                form["runtime"] == "onnxruntime" and form["graph"] and form["kept"]
                for form in forms
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False

    def record(self, model: ModelEntry) -> PullRecord | None:
        """What the store wrote down of the last pull of this revision; None where nothing.

        Raises
        ------
        ModelError
            When the store's lock file is damaged.
        """
        record = self.lock_file.read().get(model.name)
        if record is not None and model.pinned and record.revision != model.source.revision:
            return None
        return record

    def state(self, model: ModelEntry) -> ModelState:
        """How much of a model is here, by the names and lengths of its files.

        Raises
        ------
        ModelError
            When the store's lock file is damaged.
        """
        return self._state(model, self.record(model))

    def size_bytes(self, model: ModelEntry) -> int | None:
        """Length of a model's files, by the registry or the last pull; None if not known.

        Raises
        ------
        ModelError
            When the store's lock file is damaged.
        """
        record = self.record(model)
        sizes = [expected_file(file, record).size_bytes for file in self._chosen(model, record)]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def open(self, model: ModelEntry) -> PulledModel:
        """Files of a model, every byte compared with the registry and the store's lock file.

        Raises
        ------
        ModelError
            When the model is absent, incomplete or damaged; the remedy repairs it.
        """
        record = self.record(model)
        repair = remedy("pull", model=model.name)
        if model.source.kind == "package":
            repair = remedy("reinstall")
        state = self._state(model, record)
        if state in _SHORT_OF:
            raise ModelError(
                "store.short",
                model=model.name,
                state=_SHORT_OF[state],
                remedy=repair,
                file=self.root,
            )
        files = {}
        for file in self._chosen(model, record):
            path = self.folder(model) / file.name
            if not path.is_file():
                raise ModelError("store.missing", remedy=repair, file=path)
            digests, problem = check_file(path, expected_file(file, record))
            if problem:
                raise ModelError("store.damaged", problem=problem, remedy=repair, file=path)
            files[file.name] = digests.sha256
        revision = model.source.revision if record is None else record.revision
        return PulledModel(model, model.name, self.folder(model), files, revision)

    def verify(self, model: ModelEntry) -> PulledModel:
        """Read every byte of a model and compare it, as `open` does.

        Raises
        ------
        ModelError
            When the model is absent, incomplete or damaged; the remedy repairs it.
        """
        return self.open(model)

    def pull(
        self,
        model: ModelEntry,
        progress: PullProgress | None = None,
        *,
        accept_new: bool = False,
    ) -> PulledModel:
        """Get what is missing of a model; what is here and right stays.

        Parameters
        ----------
        model
            The model.
        progress
            Told how far each file is.
        accept_new
            Take what the source offers today even where the store's lock file holds another
            content; never against a digest of the registry.

        Raises
        ------
        UnreachableError
            When no connection can be made, or none may be.
        ModelError
            When the source has not the file or has another one, or it cannot be written.
        """
        if model.source.kind == "package":
            return self.open(model)
        if not accept_new and (complete := self._complete(model)):
            return complete
        if self.offline:
            raise UnreachableError(
                "store.offline", model=model.name, offline=offline_variable() or "--offline"
            )
        with self.locked(model):
            return self._pull(model, progress or _no_progress, accept_new=accept_new)

    def remove(self, model: ModelEntry) -> bool:
        """Delete the files of a model and the forms made of it; say whether there were any.

        What the lock file says of it stays, so that a later pull is held to it.

        Raises
        ------
        SettingsError
            When the model is part of the package.
        ModelError
            When the files cannot be deleted.
        """
        if model.source.kind == "package":
            raise SettingsError("store.part_of_package", model=model.name)
        folder = self.folder(model)
        others = {self.root / name for name in registry() if name.startswith(f"{model.name}/")}
        own = sorted(set(folder.iterdir()) - others) if folder.is_dir() else []
        if not own:
            return False
        with self.locked(model):
            try:
                for path in own:
                    if path.is_dir():
                        shutil.rmtree(path)
                    else:
                        path.unlink(missing_ok=True)
            except OSError as error:
                raise store_error(error, folder) from error
            for empty in (folder, folder.parent):
                with suppress(OSError):  # another model is still there
                    empty.rmdir()
        return True

    def locked(self, model: ModelEntry) -> AbstractContextManager[None]:
        """Keep other processes away from a model while the block runs."""
        return exclusive(
            self.root, model.name, lambda: self._note("waiting", {"model": model.name})
        )

    def settle(self, model: ModelEntry, source: Path, names: Iterable[str]) -> None:
        """Move checked files from the folder `source`, which goes, to their place.

        Raises
        ------
        ModelError
            When a file cannot be moved.
        """
        folder, chosen = self.folder(model), set(names)
        make_store_folder(folder)
        for name in sorted(chosen):
            if (source / name).is_file():
                move_into_place(source / name, folder / name)
        try:
            for file in model.files:
                if file.name not in chosen:  # what stood in for one of them
                    (folder / file.name).unlink(missing_ok=True)
            shutil.rmtree(source)
        except OSError as error:
            raise store_error(error, folder) from error

    def _state(self, model: ModelEntry, record: PullRecord | None) -> ModelState:
        folder = self.folder(model)
        chosen = self._chosen(model, record)
        sizes = [_size_bytes(folder / file.name) for file in chosen]
        if None in sizes:
            if model.source.kind == "package":
                return ModelState.DAMAGED
            begun = set(sizes) != {None} or (folder / INCOMING).is_dir()
            return ModelState.PARTIAL if begun else ModelState.ABSENT
        expected = [expected_file(file, record) for file in chosen]
        if any(
            facts.size_bytes not in {None, size}
            for facts, size in zip(expected, sizes, strict=True)
        ):
            return ModelState.DAMAGED
        # A file of unknown content that no pull wrote down could be anything.
        comparable = all(facts.has_digest for facts in expected)
        return ModelState.COMPLETE if comparable else ModelState.PARTIAL

    def _chosen(self, model: ModelEntry, record: PullRecord | None) -> list[ModelFile]:
        """Of every group of alternative files, the one that is here or should be."""
        folder = self.folder(model)
        chosen = []
        for group in model.file_groups:
            recorded = [file for file in group if record and file.name in record.files]
            here = [file for file in recorded or group if (folder / file.name).is_file()]
            chosen.append((here or recorded or list(group))[0])
        return chosen

    def _complete(self, model: ModelEntry) -> PulledModel | None:
        if self.state(model) is not ModelState.COMPLETE:
            return None
        try:
            return self.open(model)
        except ModelError:  # what is wrong with it the pull repairs
            return None

    def _pull(self, model: ModelEntry, progress: PullProgress, *, accept_new: bool) -> PulledModel:
        record = None if accept_new else self.record(model)
        plan = make_plan(model, record, mirror=self.mirror, patience=self._patience)
        folder = self.folder(model)
        incoming = folder / INCOMING
        make_store_folder(incoming)
        try:
            fetched = fetch_files(
                plan, folder, incoming, patience=self._patience, progress=progress
            )
        except BaseException:
            for empty in (incoming, folder, folder.parent):
                with suppress(OSError):  # it holds something
                    empty.rmdir()
            raise
        self.settle(model, incoming, fetched)
        files = {name: FileRecord(new.size_bytes, new.sha256) for name, new in fetched.items()}
        # Where another process has just pulled the same, its record stays.
        if record is None or (record.revision, record.files) != (plan.revision, files):
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self.lock_file.put({model.name: PullRecord(plan.revision, plan.host, now, files)})
        if record is None and not all(file.has_digest for file in model.files):
            key = "first_pull" if plan.host.startswith("https:") else "first_pull_unprotected"
            self._note(key, {"model": model.name, "revision": plan.revision, "host": plan.host})
        sha256 = {name: digests.sha256 for name, digests in fetched.items()}
        return PulledModel(model, model.name, folder, sha256, plan.revision)


def default_root() -> Path:
    """Folder of the store: ``EMOREPORT_MODEL_DIR``, or one in the platform's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE, "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("emoreport") / "models"


def _size_bytes(path: Path) -> int | None:
    """Length of a file; None if there is none."""
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise ModelError(
            "store.lock_unreadable", error=error.strerror or error, file=path
        ) from error


def _say_nothing(_key: str, _values: Mapping[str, str]) -> None:
    """Keep notes to oneself."""


def _no_progress(_name: str, _done: int, _total: int | None) -> None:
    """Show no progress."""
