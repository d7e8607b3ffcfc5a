"""Choose the model that runs from the name that a setting gives, and say why.

``auto`` takes the best model that the store holds; with none there it tries to pull the best one;
failing that it takes the compact model and says so. A model named explicitly is never replaced.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from emoreport.errors import ModelError, SettingsError
from emoreport.messages import WHY_A_MODEL, Phrase, decimal, number, retold, text
from emoreport.messages.language import speaking
from emoreport.models.store.model_store import (
    ModelState,
    ModelStore,
    PullProgress,
    UnreachableError,
)
from emoreport.models.store.registry import ModelEntry, PulledModel, find_entry, registry
from emoreport.settings import Settings

if TYPE_CHECKING:
    from emoreport.records import ModelRecord

Role = Literal["face", "voice", "detector", "words", "text", "people"]
Announce = Callable[[str], None]

AUTO: Final = "auto"
COMPACT: Final = "compact"
ORDER: Final[Mapping[Role, tuple[str, ...]]] = {
    "face": ("hsemotion/enet_b0_8_va_mtl",),
    "voice": ("aniemore/wav2vec2-xlsr-53", "gigaam/emo", "dusha"),
    "detector": ("mediapipe/blaze_face_short_range", "mediapipe/face_landmarker"),
    "words": (
        "gigaam-v3-e2e-rnnt",
        "gigaam-v3-ctc",
        "vosk-0.54",
        "parakeet-tdt-v3",
        "t-one",
        "whisper",
    ),
    "text": ("rubert-tiny2-cedr", "aniemore/rubert-tiny2", "rubert-tiny2-ru-go-emotions"),
}
"""What ``auto`` takes, best first; the compact model, where there is one, comes after all of them.
The detectors are the same network, alone (0.2 MB) and in a bundle. Of the recognisers the first
writes punctuation, which cuts a text into clauses."""

FLAGS: Final[Mapping[Role, str]] = {
    "face": "--face",
    "voice": "--speech",
    "detector": "--face-detector",
    "words": "--model",
    "text": "--text",
}
WITH_PART_ONLY: Final = frozenset({"aniemore/wav2vec2-xlsr-53"})
"""What ``auto`` takes only where the optional part is installed, for which people install it: among
what runs without, it would not be the best."""
RECORDED: Final = "en"
"""Language of what a run records, whoever reads it."""
NOT_TO_BE_HAD: Final = " is not in the store and cannot be pulled: "
"""Part of the reason of a model that runs in the place of a better one, before the cause."""
LIGHT: Final[Mapping[str, tuple[str, ...]]] = {
    "face": (COMPACT,),
    "voice": ("dusha", COMPACT),
}
"""What ``auto`` takes as a witness, best first; the first model itself is passed over."""
EXTRA_MODULES: Final[Mapping[str, str]] = {"full": "transformers", "words": "onnx_asr"}
"""A module that is there exactly when the optional part is installed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs, and why; `reason` goes into run.json."""

    model: PulledModel
    reason: str


def choose_model(
    role: Role,
    name: str,
    settings: Settings,
    announce: Announce,
    progress: PullProgress | None = None,
    *,
    others: Sequence[str] = (),
    flag: str = "",
) -> Choice:
    """Find the model that a setting names.

    Parameters
    ----------
    role
        What it is for.
    name
        Value of the setting.
    settings
        `runtime.offline` forbids the network, `output.lang` is the language of `announce`.
    announce
        Receives one line before ``auto`` downloads: what, and how large.
    progress
        Is told how far a download is.
    others
        Further names that the setting takes, for the message about an unknown one.
    flag
        What the setting is called on the command line; "" for the one of the role's first model.

    Raises
    ------
    SettingsError
        When the name is unknown.
    ModelError
        When the model named is not available.
    """
    lang = settings.output.lang

    def note(key: str, values: Mapping[str, str]) -> None:
        announce(text(f"cli.models.note.{key}", lang, **values))

    store = ModelStore(offline=settings.runtime.offline, note=note)
    if name == AUTO:
        return _automatic(role, store, lang, announce, progress)
    if name == COMPACT and _has_compact(role):
        return Choice(_compact(role, store), _recorded("named"))
    registered = registry().get(name)
    if registered is not None and registered.kind == role and registered.source.kind != "package":
        return Choice(_named(registered, store, progress), _recorded("named"))
    folder = Path(name).expanduser()
    if folder.is_dir():
        return Choice(PulledModel(None, folder.resolve().name, folder, {}), _recorded("named"))
    choices = ", ".join((AUTO, *others, *_names(role)))
    flag = flag or FLAGS[role]
    if _looks_like_path(name):
        raise SettingsError("models.no_folder", flag=flag, name=name, choices=choices)
    raise SettingsError("models.neither", flag=flag, name=name, choices=choices)


def choose_stored(model: ModelEntry, settings: Settings) -> Choice | None:
    """A model that is on this machine already, whole; None for any other. Nothing is downloaded.

    Raises
    ------
    ModelError
        When its files are damaged.
    """
    store = ModelStore(offline=settings.runtime.offline)
    if model.source.kind == "package":
        return Choice(_shipped(model, store), _recorded("beside"))
    if missing_extra(model, store) or store.state(model) is not ModelState.COMPLETE:
        return None
    return Choice(store.open(model), _recorded("beside"))


def shipped_name(role: Role) -> str:
    """Name in the registry of the model that the package carries for a role."""
    return f"{COMPACT}-{role}"


def _has_compact(role: Role) -> bool:
    return shipped_name(role) in registry()


def _names(role: Role) -> list[str]:
    own = [COMPACT] if _has_compact(role) else []
    models = registry().values()
    return own + [
        model.name for model in models if model.kind == role and model.source.kind != "package"
    ]


def _compact(role: Role, store: ModelStore) -> PulledModel:
    return _shipped(find_entry(shipped_name(role)), store)


def _shipped(model: ModelEntry, store: ModelStore) -> PulledModel:
    return PulledModel(model, model.name, store.folder(model), {}, model.source.revision)


def missing_extra(model: ModelEntry, store: ModelStore) -> str:
    """Name of the optional part that this model needs and that is not installed, or "".

    An exported form runs without the part that the published network needs.
    """
    return "" if store.has_exported_form(model) else _missing_part(model)


def auto_order(role: Role, store: ModelStore) -> list[ModelEntry]:
    """The models of `ORDER` that can run here."""
    models = [find_entry(name) for name in ORDER[role]]
    return [
        model
        for model in models
        if not missing_extra(model, store)
        if model.name not in WITH_PART_ONLY or not _missing_part(model)
    ]


def _missing_part(model: ModelEntry) -> str:
    module = EXTRA_MODULES.get(model.extra)
    return model.extra if module and importlib.util.find_spec(module) is None else ""


def _named(model: ModelEntry, store: ModelStore, progress: PullProgress | None) -> PulledModel:
    extra = missing_extra(model, store)
    if extra:
        raise ModelError("models.needs_extra", model=model.name, extra=extra)
    if store.state(model) in {ModelState.ABSENT, ModelState.PARTIAL}:
        return store.pull(model, progress)
    return store.open(model)


def _automatic(
    role: Role, store: ModelStore, lang: str, announce: Announce, progress: PullProgress | None
) -> Choice:
    usable = auto_order(role, store)
    for model in usable:
        if store.state(model) is ModelState.COMPLETE:
            return Choice(store.open(model), _recorded("stored"))
    failure = None
    for model in usable:
        try:
            pulled = store.pull(model, _saying_so(model, store, lang, announce, progress))
        except ModelError as error:
            failure = failure or error
            if isinstance(error, UnreachableError):
                break
            continue
        return Choice(pulled, _recorded("pulled"))
    best = (usable or [find_entry(name) for name in ORDER[role]])[0]
    cause: ModelError | Phrase = failure or Phrase(
        "errors.models.needs_extra_short", {"extra": best.extra}
    )
    if store.offline and isinstance(failure, UnreachableError):
        cause = Phrase("errors.models.offline")
    if not _has_compact(role):
        if not usable:
            raise ModelError("models.needs_extra", model=best.name, extra=best.extra)
        said = cause.cause if isinstance(cause, ModelError) else cause
        raise ModelError("models.absent", model=best.name, cause=said)
    with speaking(RECORDED):
        said = cause.cause if isinstance(cause, ModelError) else str(cause)
        return Choice(_compact(role, store), f"{best.name}{NOT_TO_BE_HAD}{said}")


def _recorded(key: str) -> str:
    """Why a model runs, as a run records it."""
    return text(f"cli.model.reason.{key}", RECORDED)


def _saying_so(
    model: ModelEntry,
    store: ModelStore,
    lang: str,
    announce: Announce,
    progress: PullProgress | None,
) -> PullProgress:
    """Progress of a download that nobody asked for by name: its first byte is announced."""
    said = False

    def tell(name: str, done: int, total: int | None) -> None:
        nonlocal said
        if not said:
            said = True
            size = size_text(store.size_bytes(model), model, lang)
            announce(text("cli.model.download", lang, model=model.name, size=size))
        if progress is not None:
            progress(name, done, total)

    return tell


def size_text(size_bytes: int | None, model: ModelEntry, lang: str) -> str:
    """Size in MB: the exact one, else about what the publisher states, else unknown."""
    if size_bytes is not None:
        return text("cli.models.size.exact", lang, size=number(size_bytes / 1e6, 1, lang))
    if model.size_mb is not None:
        return text("cli.models.size.about", lang, size=decimal(f"{model.size_mb:g}", lang))
    return text("cli.line.unknown", lang)


def basic_models_line(face: ModelRecord, voice: ModelRecord | None, lang: str) -> str:
    """One line about models that run because better ones are not to be had; "" where none does."""
    causes = {
        role: record.reason.partition(NOT_TO_BE_HAD)[2]
        for role, record in (("face", face), ("voice", voice))
        if record is not None and NOT_TO_BE_HAD in record.reason
    }
    if not causes:
        return ""
    which = "both" if len(causes) > 1 else next(iter(causes))
    cause = retold(next(iter(causes.values())), WHY_A_MODEL, lang)
    return text(f"cli.model.basic.{which}", lang, cause=cause)


def recommended(store: ModelStore) -> list[ModelEntry]:
    """What ``auto`` takes for face, voice and words where it can run, and light voice models."""
    best = [model for role in ("face", "voice", "words") for model in auto_order(role, store)[:1]]
    light = [find_entry(name) for name in LIGHT["voice"] if name != COMPACT]
    return list({model.name: model for model in [*best, *light]}.values())


def _looks_like_path(name: str) -> bool:
    separators = {os.sep, os.altsep or os.sep}
    return name.startswith((".", "~", *separators)) or (os.sep == "\\" and "\\" in name)
