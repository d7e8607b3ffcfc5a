"""Open the face-emotion model and the face detector that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict, cast

from emoreport.errors import ModelError
from emoreport.faces.blazeface import is_known
from emoreport.faces.detectors import (
    DirectDetector,
    SolutionsDetector,
    TasksDetector,
    has_solutions,
    own_short_range,
)
from emoreport.messages import text
from emoreport.models.families import family_of
from emoreport.models.store.model_choice import AUTO, RECORDED, choose_model, choose_stored
from emoreport.models.store.model_store import PullProgress
from emoreport.models.store.registry import find_entry
from emoreport.records import FaceDetector, FaceEmotionModel, FaceRecogniser
from emoreport.settings import POINTS_ALIGNMENT, Settings

if TYPE_CHECKING:
    from emoreport.records import EmbeddingFaceModel

RECOGNISER: Final = "sface"
SOLUTIONS: Final = "solutions"
TFLITE: Final = ".tflite"
DETECTOR_FILES: Final = frozenset({".task", TFLITE})


class Looks(TypedDict):
    """What all detectors are told."""

    min_score: float
    thorough: bool


def open_face_model(
    settings: Settings, announce: Callable[[str], None], progress: PullProgress | None = None
) -> FaceEmotionModel:
    """Open the face-emotion model that ``settings.faces.face`` names.

    Parameters
    ----------
    settings
        The settings of the analysis.
    announce
        Receives one line when ``auto`` had to choose.
    progress
        Is told how far a download is.

    Raises
    ------
    SettingsError
        When the name is unknown.
    ModelError
        When the model, the runtime or the device named is not available; none is ever replaced.
        Also when features are wanted and the model has none.
    """
    choice = choose_model("face", settings.faces.face, settings, announce, progress)
    run = settings.runtime
    model: FaceEmotionModel = family_of("face", choice.model).opener(
        choice.model,
        runtime=run.runtime,
        device=run.device,
        threads=run.threads,
        reason=choice.reason,
    )
    if settings.features.face_alignment == POINTS_ALIGNMENT:
        model.crop = replace(model.crop, align_points=True)
    if settings.features.features:
        _ = cast("EmbeddingFaceModel", model).feature_width  # refused now, not amid the work
    return model


def open_detector(
    settings: Settings, announce: Callable[[str], None], progress: PullProgress | None = None
) -> FaceDetector:
    """Open the detector that ``settings.faces.face_detector`` names.

    ``auto`` takes the network inside mediapipe 0.10.21, with a mediapipe that has none a file from
    the store, which is pulled if need be (0.2 MB) and named in a line; either is run directly.
    ``solutions`` runs what is inside mediapipe 0.10.21 by MediaPipe; ``mediapipe/<name>`` takes a
    file from the store, a path a ``.task`` or ``.tflite`` file. With ``strict_single_face`` every
    frame is searched thoroughly, so that small faces in the background count too.

    Raises
    ------
    SettingsError
        When the name is unknown.
    ModelError
        When the detector is not available; the message says what to do.
    """
    faces = settings.faces
    name, thorough = faces.face_detector, faces.strict_single_face
    looks: Looks = {"min_score": faces.min_face_score, "thorough": thorough}
    own = own_short_range() if name == AUTO and has_solutions() else None
    if own is not None:
        return DirectDetector(own, **looks)
    if name == SOLUTIONS or (name == AUTO and has_solutions()):
        return SolutionsDetector(**looks)
    path = Path(name).expanduser()
    if path.suffix.lower() not in DETECTOR_FILES:
        choice = choose_model("detector", name, settings, announce, progress, others=(SOLUTIONS,))
        path = _detector_file(choice.model.folder)
        if name == AUTO and path.suffix.lower() == TFLITE and is_known(path.read_bytes()):
            return DirectDetector(path, **looks)
    return TasksDetector(path, **looks)


def open_recogniser(settings: Settings) -> FaceRecogniser | None:
    """Open the face recogniser of the store; None where the user has pulled none.

    Nothing is downloaded: that faces are compared as fingerprints are is for the user to decide.

    Raises
    ------
    ModelError
        When its files are damaged or no such model, or the runtime is not available.
    """
    choice = choose_stored(find_entry(RECOGNISER), settings)
    if choice is None:
        return None
    run = settings.runtime
    recogniser: FaceRecogniser = family_of("people", choice.model).opener(
        choice.model,
        runtime=run.runtime,
        device=run.device,
        threads=run.threads,
        reason=text("cli.model.reason.stored", RECORDED),
    )
    return recogniser


def _detector_file(folder: Path) -> Path:
    """The one ``.task`` or ``.tflite`` file of a folder."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in DETECTOR_FILES)
    if len(files) != 1:
        raise ModelError("faces.detector_files", count=len(files), file=folder)
    return files[0]
