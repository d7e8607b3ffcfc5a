"""Read the metadata beside a model file and check that the file is the one described."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from emoreport.errors import ModelError
from emoreport.models.store.integrity import checked_file
from emoreport.records import SAMPLE_RATE_HZ, CropSpec, HeadLimits, LookRule, Precision
from emoreport.vocabulary import EMOTIONS, VOICE_ONLY_EMOTIONS

_Facts = TypeVar("_Facts")
Kind = Literal["face", "voice"]
SHIPPED: Final[Mapping[str, str]] = {"face": "face_compact.json", "voice": "voice_compact.json"}
FOLDER_METADATA: Final = "model.json"
REINSTALL: Final = "reinstall"
_UNUSABLE: Final = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What a description with wrong values, or nested without end, makes its reader raise."""


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What the JSON file beside an ONNX model says of it.

    Attributes
    ----------
    name, kind, version, licence
        As in run.json; `kind` is ``face`` or ``voice``.
    path
        The ONNX file.
    sha256
        Digest of the ONNX file, hexadecimal; checked on loading.
    labels
        Class names in the order of the output columns.
    input_name, output_name
        Tensor names of the graph.
    temperature
        Divisor of the logits before the softmax (temperature scaling, Guo et al. 2017).
    crop
        Face models: how to cut the face out of the frame.
    sample_rate_hz, min_window_s, max_window_s
        Voice models: what they want to hear.
    recording
        Voice models: how their windows are held against the recording; see `RecordingLevel`.
    head_limits
        Face models: how far a head may turn; None where that was not measured.
    precision
        How often the model is right when it names a class; None where that was not measured.
    look_rule
        Face models: which frames must be looked at; None where no rule was fitted.
    """

    name: str
    kind: Kind
    version: str
    licence: str
    path: Path
    sha256: str
    labels: tuple[str, ...]
    input_name: str
    output_name: str
    temperature: float
    crop: CropSpec | None = None
    sample_rate_hz: int = SAMPLE_RATE_HZ
    min_window_s: float = 3.0
    max_window_s: float = 12.0
    recording: Mapping[str, Any] | None = None
    head_limits: HeadLimits | None = None
    precision: Precision | None = None
    look_rule: LookRule | None = None

    @property
    def files(self) -> dict[str, str]:
        """Return ``{file name: SHA-256}`` for run.json."""
        return {self.path.name: self.sha256}


def shipped_metadata(kind: Kind) -> ModelMetadata:
    """Metadata of the compact model that the package carries, its file checked.

    Raises
    ------
    ModelError
        When the file is missing or is not the one described.
    """
    folder = Path(str(resources.files("emoreport"))) / "weights"
    return read_metadata(folder / SHIPPED[kind], kind, remedy=REINSTALL)


def folder_metadata(folder: Path, kind: Kind) -> ModelMetadata:
    """Metadata of a local model folder (``model.json`` beside an ONNX file), checked.

    Raises
    ------
    ModelError
        When the folder holds no such model or the file is not the one described.
    """
    path = folder / FOLDER_METADATA
    if not path.is_file():
        raise ModelError("models.no_description", name=FOLDER_METADATA, file=folder)
    return read_metadata(path, kind, remedy="repair_folder")


def stated_family(folder: Path) -> str:
    """The family that a folder's ``model.json`` names; "" where it names none.

    Nor does a description that cannot be read: whoever opens the model says what is wrong with it.
    """
    try:
        document = json.loads((folder / FOLDER_METADATA).read_text(encoding="utf-8"))
        return str(document.get("family", ""))
    except (OSError, *_UNUSABLE):
        return ""


def read_metadata(path: Path, kind: Kind, *, remedy: str) -> ModelMetadata:
    """Read one metadata file and check it and the model file that it names.

    Raises
    ------
    ModelError
        When anything is missing, contradictory or of another digest.
    """
    metadata = read_document(path, _from_document, remedy=remedy)
    vocabulary = {*EMOTIONS, *VOICE_ONLY_EMOTIONS}
    if metadata.kind != kind:
        raise ModelError("models.other_kind", kind=metadata.kind, remedy=remedy, file=path)
    if len(set(metadata.labels)) != len(metadata.labels) or not vocabulary.issuperset(
        metadata.labels
    ):
        raise ModelError("models.labels", labels=metadata.labels, remedy=remedy, file=path)
    if kind == "face" and metadata.crop is None:
        raise ModelError("models.no_crop", remedy=remedy, file=path)
    checked_file(metadata.path, metadata.sha256, remedy=remedy)
    return metadata


def read_document(
    path: Path, facts: Callable[[dict[str, Any], Path], _Facts], *, remedy: str
) -> _Facts:
    """What `facts` makes of the JSON file at `path` and its folder.

    Raises
    ------
    ModelError
        When the file cannot be read, or `facts` finds something wrong in it.
    """
    try:
        return facts(json.loads(path.read_text(encoding="utf-8")), path.parent)
    except OSError as error:
        raise ModelError("file.unreadable", error=error, remedy=remedy, file=path) from error
    except _UNUSABLE as error:
        raise ModelError("models.description", error=error, remedy=remedy, file=path) from error


def _from_document(document: Mapping[str, Any], folder: Path) -> ModelMetadata:
    file_name = str(document["file"])
    if Path(file_name).name != file_name:
        raise ValueError(f"file must be a plain name, not {file_name!r}")
    tensor = document["input"]
    crop = document.get("crop")
    temperature = float(document["temperature"])
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    return ModelMetadata(
        name=str(document["name"]),
        kind=document["kind"],
        version=str(document["version"]),
        licence=str(document["licence"]),
        path=folder / file_name,
        sha256=str(document["sha256"]).lower(),
        labels=tuple(map(str, document["labels"])),
        input_name=str(tensor["name"]),
        output_name=str(document["output"]["name"]),
        temperature=temperature,
        crop=None if crop is None else _crop(crop, int(tensor["width_px"])),
        sample_rate_hz=int(tensor.get("sample_rate_hz", SAMPLE_RATE_HZ)),
        min_window_s=float(document.get("min_window_s", 3.0)),
        max_window_s=float(document.get("max_window_s", 12.0)),
        recording=document.get("recording"),
        head_limits=_head_limits(document.get("doubt", {}).get("head")),
        precision=_precision(document.get("figures", {}).get("precision")),
        look_rule=_look_rule(document.get("look_rule")),
    )


def _head_limits(document: Mapping[str, Any] | None) -> HeadLimits | None:
    if document is None:
        return None
    limits = HeadLimits(float(document["yaw_deg"]), float(document["pitch_deg"]))
    if not (limits.yaw_deg > 0 and limits.pitch_deg > 0):
        raise ValueError(f"limits of the head must be positive, not {limits}")
    return limits


def _precision(document: Mapping[str, Any] | None) -> Precision | None:
    if document is None:
        return None
    classes = document["classes"]
    return Precision(
        tuple(map(str, document["data"])),
        {label: float(row["right"]) for label, row in classes.items()},
        {label: int(row["said"]) for label, row in classes.items()},
    )


def _look_rule(document: Mapping[str, Any] | None) -> LookRule | None:
    if document is None:
        return None
    weights = {str(name): float(weight) for name, weight in document["weights"].items()}
    return LookRule(weights, float(document["limit"]))


def _crop(document: Mapping[str, Any], size_px: int) -> CropSpec:
    return CropSpec(
        size_px=size_px,
        scale=float(document["scale"]),
        shift_x=float(document["shift_x"]),
        shift_y=float(document["shift_y"]),
        align_roll=bool(document["align_roll"]),
    )
