"""A local folder with a network of the HSEmotion kind, and what its model.json says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from emoreport.errors import ModelError
from emoreport.models.store.integrity import digest_file
from emoreport.models.store.model_metadata import FOLDER_METADATA
from emoreport.models.store.registry import ModelEntry, ModelFile, PulledModel, find_entry
from emoreport.vocabulary import EMOTIONS

LIKE: Final = "hsemotion/enet_b0_8_best_vgaf"
"""What the description leaves out is as with this model."""
REPAIR: Final = "repair_folder"
_UNUSABLE: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def described_folder(pulled: PulledModel) -> PulledModel:
    """A local folder as a model of the registry, its file compared with its digest.

    Raises
    ------
    ModelError
        When the folder describes no such model, or holds another file than it describes.
    """
    path = pulled.folder / FOLDER_METADATA
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entry, version = _entry(document), str(document["version"])
        expected = str(document["sha256"]).lower()
    except OSError as error:
        raise ModelError("file.unreadable", error=error, remedy=REPAIR, file=path) from error
    except _UNUSABLE as error:
        raise ModelError("models.description", error=error, remedy=REPAIR, file=path) from error
    file = pulled.folder / entry.files[0].name
    digest = digest_file(file, remedy=REPAIR).sha256
    if digest != expected:
        raise ModelError(
            "models.digest", digest=digest, expected=expected, remedy=REPAIR, file=file
        )
    return PulledModel(entry, entry.name, pulled.folder, {file.name: digest}, version)


def _entry(document: Mapping[str, Any]) -> ModelEntry:
    like, file = find_entry(LIKE), str(document["file"])
    if Path(file).name != file:
        raise ValueError(f"file must be a plain name, not {file!r}")
    labels = tuple(map(str, document.get("labels", like.labels)))
    if len(set(labels)) != len(labels) or not set(EMOTIONS).issuperset(labels):
        raise ValueError(f"labels {labels}")
    size_px = document["input"]["width_px"]
    if type(size_px) is not int or size_px < 1:
        raise ValueError(f"width_px {size_px!r}")
    details = {
        "input_px": size_px,
        "mean": _colours(document.get("mean", like.details["mean"])),
        "std": _colours(document.get("std", like.details["std"])),
        "valence_arousal": bool(document.get("valence_arousal", False)),
    }
    return replace(
        like,
        name=str(document["name"]),
        files=(ModelFile(file, file),),
        labels=labels,
        weights_licence=str(document["licence"]),
        details=details,
    )


def _colours(values: Sequence[Any]) -> list[float]:
    """A number above 0 for red, green and blue."""
    numbers = [float(value) for value in values]
    if len(numbers) != 3 or not all(0 < number < float("inf") for number in numbers):
        raise ValueError(f"three numbers above 0 are needed, not {numbers}")
    return numbers
