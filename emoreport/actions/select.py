"""Open the source of face actions that the settings name."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from emoreport.actions.sources import LandmarkerActions, MeshActions
from emoreport.faces.detectors import has_solutions
from emoreport.messages import text
from emoreport.models.store.model_choice import (
    AUTO,
    RECORDED,
    choose_model,
    choose_stored,
)
from emoreport.models.store.model_store import PullProgress
from emoreport.models.store.registry import PulledModel, find_entry
from emoreport.records import ActionSource, ModelRecord
from emoreport.settings import LANDMARKER_ACTIONS, MESH_ACTIONS, Settings

ACTIONS: Final = "actions"
"""Role that a run has where actions were measured."""
FILE: Final = "face_landmarker.task"
LICENCE: Final = "Apache-2.0"


def open_actions(
    settings: Settings, announce: Callable[[str], None], progress: PullProgress | None = None
) -> ActionSource | None:
    """Open what measures the actions of the face; None where nobody wants them.

    ``auto`` takes the face landmarker where it is in the store, else the mesh of this mediapipe;
    where there is neither, the landmarker is pulled (3.8 MB) and named in a line.

    Raises
    ------
    ModelError
        When what the settings name is not available; it is never replaced.
    """
    if not settings.actions.actions:
        return None
    name = settings.actions.action_model
    if name == AUTO:
        stored = choose_stored(find_entry(LANDMARKER_ACTIONS), settings)
        if stored is not None:
            return _landmarker(stored.model, text("cli.model.reason.stored", RECORDED))
        name = MESH_ACTIONS if has_solutions() else LANDMARKER_ACTIONS
    if name == MESH_ACTIONS:
        return MeshActions(_record(MESH_ACTIONS))
    choice = choose_model("detector", name, settings, announce, progress)
    return _landmarker(choice.model, choice.reason)


def _landmarker(model: PulledModel, reason: str) -> LandmarkerActions:
    record = replace(_record(model.name), version=model.revision, files=model.files, reason=reason)
    return LandmarkerActions(model.folder / FILE, record)


def _record(name: str) -> ModelRecord:
    runtime = f"mediapipe {importlib.metadata.version('mediapipe')}"
    return ModelRecord(name, kind=ACTIONS, runtime=runtime, device="cpu", licence=LICENCE)
