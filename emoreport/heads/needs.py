"""Which models a head needs below it, and whether those that run are these."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from emoreport.errors import ModelError, SettingsError
from emoreport.heads.head import Head, source_text, will_do
from emoreport.heads.leading import named_record
from emoreport.models.store.model_choice import AUTO, COMPACT, FLAGS
from emoreport.models.store.registry import registry
from emoreport.records import FeatureSource, Modality
from emoreport.settings import OPTIONS, Settings

NONE: Final = "none"
_NAMES: Final[Mapping[Modality, str]] = {"face": "face", "voice": "speech"}
"""Setting of the model of a modality; that of its witness begins likewise."""
_WAYS: Final[Mapping[Modality, str]] = {"face": "face_alignment", "voice": "voice_features"}
"""Setting of what `FeatureSource.layer` tells: how a face is cut, which layer is taken."""


def open_named_head(settings: Settings) -> Head | None:
    """The head that the settings name, with expressions named as in the vocabulary; or None.

    A head is small: it runs on the processor, in one thread.

    Raises
    ------
    ModelError
        When there is none in that folder, or it cannot be used.
    """
    name = settings.features.head
    if name == NONE:
        return None
    head = Head.open(Path(name).expanduser(), device="cpu", threads=1)
    head.record = named_record(head)
    return head


def settings_for(modality: Modality, head: Head | None, settings: Settings) -> Settings:
    """Settings with which the models of a modality are opened, so that a head gets its features.

    ``auto`` becomes the model that the head was trained on; what was named stays, and
    `check_models` says whether it will do. Below a head that leads, ``auto`` takes no witness: the
    model itself is it.

    Raises
    ------
    SettingsError
        When the head needs a modality that is switched off.
    ModelError
        When the head was trained on a model that has no name here.
    """
    source = None if head is None else head.metadata.features.get(modality)
    if head is None or source is None:
        return settings
    name = _NAMES[modality]
    chosen = settings.values()
    changes: dict[str, Any] = {"features": True}
    if chosen[name] == NONE:
        raise SettingsError("heads.switched_off", name=head.metadata.name, modality=modality)
    if chosen[name] == AUTO and not source.columns:  # measures do not hang on the model
        if source.model != COMPACT and source.model not in registry():
            raise ModelError(
                "heads.needs_model",
                name=head.metadata.name,
                modality=modality,
                wanted=source_text(source),
                flag=FLAGS[modality],
            )
        changes[name] = source.model
    if head.record.leads == modality and chosen[f"{name}_witness"] == AUTO:
        changes[f"{name}_witness"] = NONE
    way = _WAYS[modality]
    if source.layer and chosen[way] == OPTIONS[way].default:
        changes[way] = source.layer
    return settings.replace(**changes)


def check_models(head: Head, running: Mapping[Modality, FeatureSource]) -> None:
    """Refuse models whose features are not those that a head was trained on.

    Raises
    ------
    ModelError
        Naming both, and the option that asks for the right one.
    """
    for modality, source in head.metadata.features.items():
        given = running.get(modality)
        if given is None or not will_do(source, given):
            option = f"{FLAGS[modality]} {source.model}"
            if source.columns:
                option = f"{OPTIONS[_WAYS[modality]].flag} {source.layer}"
            raise ModelError(
                "heads.other_model",
                name=head.metadata.name,
                modality=modality,
                wanted=source_text(source),
                given=NONE if given is None else source_text(given),
                option=option,
            )
