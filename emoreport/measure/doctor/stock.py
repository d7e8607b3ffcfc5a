"""List what the model store holds, with the digest of every file checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoreport.errors import EmoreportError, ModelError
from emoreport.measure.doctor import facts
from emoreport.models.store.connection import offline_variable
from emoreport.models.store.model_choice import missing_extra
from emoreport.models.store.model_store import (
    FORMS_FOLDER,
    ModelState,
    ModelStore,
    default_root,
)
from emoreport.models.store.registry import ModelEntry, registry
from emoreport.settings import Settings


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One model of the registry and its state in the store.

    `verified` tells whether every byte was compared and right; None where there is nothing to
    compare. `error` is what the comparison found, `remedy` what to do about it.
    """

    registered: ModelEntry
    state: ModelState
    size_bytes: int | None
    verified: bool | None
    optimised: bool
    missing_extra: str
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """The store and everything in it.

    Attributes
    ----------
    folder
        Where it is.
    writable
        Whether models can be put there.
    disk_free_mb
        Room left; None where the system does not tell.
    offline
        Whether the settings or a variable forbid the network.
    mirror
        Server used in place of the sources; "" for none.
    models
        One entry per model of the registry; none where the store cannot be read.
    error, remedy
        Why it cannot be read, and what helps.
    """

    folder: Path
    writable: bool
    disk_free_mb: int | None
    offline: bool
    mirror: str
    models: tuple[StoredModel, ...]
    error: str = ""
    remedy: str = ""

    def document(self) -> dict[str, Any]:
        """The stock as JSON values."""
        return {
            "folder": str(self.folder),
            "writable": self.writable,
            "disk_free_mb": self.disk_free_mb,
            "offline": self.offline,
            "mirror": facts.without_password(self.mirror),
            "models": [
                {
                    "name": model.registered.name,
                    "kind": model.registered.kind,
                    "state": str(model.state),
                    "size_bytes": model.size_bytes,
                    "verified": model.verified,
                    "optimised": model.optimised,
                    "missing_extra": model.missing_extra,
                }
                for model in self.models
            ],
        }


def look_into_store(settings: Settings) -> Stock:
    """Read the store that the settings and the environment name."""
    root, mirror, error, remedy = default_root(), "", "", ""
    models: tuple[StoredModel, ...] = ()
    try:
        store = ModelStore(offline=settings.runtime.offline)
        mirror = store.mirror
        models = tuple(_stored(store, registered) for registered in registry().values())
    except EmoreportError as fault:
        source = f"{fault.file}: " if fault.file else ""
        error, remedy = source + fault.cause, fault.remedy
    free = facts.disk_free_bytes(root)
    return Stock(
        folder=root,
        writable=facts.is_writable(root),
        disk_free_mb=None if free is None else free // facts.MEGABYTE,
        offline=settings.runtime.offline or bool(offline_variable()),
        mirror=mirror,
        models=models,
        error=error,
        remedy=remedy,
    )


def _stored(store: ModelStore, registered: ModelEntry) -> StoredModel:
    state = store.state(registered)
    verified, error, remedy = None, "", ""
    if state in {ModelState.COMPLETE, ModelState.DAMAGED}:
        try:
            store.verify(registered)
            verified = True
        except ModelError as damage:
            # The lengths may be right and the bytes wrong: only reading them tells.
            verified, state = False, ModelState.DAMAGED
            error, remedy = damage.cause, damage.remedy
    return StoredModel(
        registered,
        state,
        store.size_bytes(registered),
        verified,
        (store.folder(registered) / FORMS_FOLDER).is_dir(),
        missing_extra(registered, store),
        error,
        remedy,
    )
