"""Choose the face-emotion model that the settings name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from emoreport.errors import ModelError, SettingsError
from emoreport.faces.compact import CompactFaceModel
from emoreport.models.metadata import folder_metadata, shipped_metadata
from emoreport.records import FaceEmotionModel
from emoreport.settings import Settings

HSEMOTION: Final[tuple[str, ...]] = (
    "hsemotion/enet_b0_8_best_vgaf",
    "hsemotion/enet_b0_8_best_afew",
    "hsemotion/enet_b0_8_va_mtl",
    "hsemotion/enet_b2_8",
    "hsemotion/enet_b2_7",
    "hsemotion/mbf_va_mtl",
    "hsemotion/mobilevit_va_mtl",
)
"""Known models whose weights the package does not carry."""

AUTO_REASON: Final = "this version has no larger one"


def open_face_model(settings: Settings, announce: Callable[[str], None]) -> FaceEmotionModel:
    """Open the face-emotion model that ``settings.faces.face`` names.

    Parameters
    ----------
    settings
        The settings of the analysis.
    announce
        Receives one line when ``auto`` had to choose.

    Raises
    ------
    SettingsError
        When the name is unknown.
    ModelError
        When the model named cannot be had; it is never replaced by another.
    """
    name, threads = settings.faces.face, settings.runtime.threads
    if name == "auto":
        model = CompactFaceModel(shipped_metadata("face"), threads=threads, reason=AUTO_REASON)
        announce(
            f"face model: {model.record.name}, which comes with emoreport, because {AUTO_REASON}; "
            "`--face FOLDER` takes a local one"
        )
        return model
    if name == "compact":
        return CompactFaceModel(
            shipped_metadata("face"), threads=threads, reason="named in the settings"
        )
    if name in HSEMOTION:
        raise ModelError(
            f"{name} cannot be had with this version of emoreport",
            remedy="use --face compact or a local model folder",
        )
    folder = Path(name).expanduser()
    if folder.is_dir():
        return CompactFaceModel(
            folder_metadata(folder, "face"), threads=threads, reason="named in the settings"
        )
    known = ", ".join(("auto", "compact", *HSEMOTION))
    if _looks_like_path(name):
        raise SettingsError(
            f"--face names a folder that does not exist: {name}",
            remedy=f"give an existing model folder or one of {known}",
        )
    raise SettingsError(
        f"there is no face model {name!r}", remedy=f"choose a model folder or one of {known}"
    )


def _looks_like_path(name: str) -> bool:
    separators = {os.sep, os.altsep or os.sep}
    return name.startswith((".", "~", *separators)) or (os.sep == "\\" and "\\" in name)
