"""What model.json says of a trained head."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from emoreport.errors import ModelError
from emoreport.models.store.integrity import checked_file
from emoreport.records import MODALITIES, FeatureSource, HeadTask, Modality

FAMILY: Final = "head"
LAYOUT: Final = 1
METADATA_FILE: Final = "model.json"
GRAPH_FILE: Final = "head.onnx"
REPAIR: Final = "repair_folder"

Unit = Literal["step", "window"]
Fusion = Literal["none", "early", "late"]
Counted = Literal["steps", "faces"]
SmoothingKind = Literal["none", "mean", "median"]
CLASS_TASKS: Final[tuple[HeadTask, ...]] = ("expr", "clips", "engagement")
"""Tasks whose outputs are probabilities of classes that exclude each other."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How the scores of a recording are smoothed over time.

    Attributes
    ----------
    kind
        ``none``, ``mean`` or ``median``.
    half_width_s
        A step counts for another if they are at most so far apart.
    """

    kind: SmoothingKind = "none"
    half_width_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HeadMetadata:
    """What a head answers, from what, and how good it is.

    Attributes
    ----------
    name, version, licence
        As in run.json.
    task
        What is answered: ``expr``, ``clips`` and ``engagement`` give probabilities of classes,
        ``au`` a probability of each action unit, ``va`` values from −1 to 1.
    labels
        Names of the outputs, K.
    unit
        ``step``: an answer for every step; ``window``: one for a whole window.
    architecture, fusion
        How the network is built.
    features
        What made the features that it was trained on, by modality.
    rate_hz
        Steps per second.
    window_steps, hop_steps
        Length of a window, and from the start of one to the start of the next.
    counted
        What makes up a window: ``steps``, or ``faces``, the frames of the recording in which a
        face is seen, as many or few as there are in a second.
    needs_all
        Whether a step has an answer only where every modality is there.
    smoothing
        Of the scores over time, chosen on validation data.
    thresholds
        Of action units, fitted on validation data; else empty.
    late_weight
        Share of the face in the answer, 0 to 1, where two heads are fused late; else None.
    metrics, data, recipe
        Scores with their intervals; what it was trained on and how that was split; how. All are
        JSON values.
    files
        SHA-256 of head.onnx by its name.
    """

    name: str
    task: HeadTask
    labels: tuple[str, ...]
    unit: Unit
    architecture: str
    features: Mapping[Modality, FeatureSource]
    rate_hz: float
    window_steps: int
    hop_steps: int
    version: str = "1"
    counted: Counted = "steps"
    needs_all: bool = False
    fusion: Fusion = "none"
    smoothing: Smoothing = field(default_factory=Smoothing)
    thresholds: tuple[float, ...] = ()
    late_weight: float | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The description as JSON values."""
        return {
            "family": FAMILY,
            "layout": LAYOUT,
            "name": self.name,
            "version": self.version,
            "task": self.task,
            "labels": list(self.labels),
            "unit": self.unit,
            "architecture": self.architecture,
            "fusion": self.fusion,
            "features": {name: source.document() for name, source in self.features.items()},
            "rate_hz": self.rate_hz,
            "window_steps": self.window_steps,
            "hop_steps": self.hop_steps,
            "counted": self.counted,
            "needs_all": self.needs_all,
            "smoothing": {
                "kind": self.smoothing.kind,
                "half_width_s": self.smoothing.half_width_s,
            },
            "thresholds": list(self.thresholds),
            "late_weight": self.late_weight,
            "metrics": dict(self.metrics),
            "data": dict(self.data),
            "recipe": dict(self.recipe),
            "licence": self.licence,
            "files": dict(self.files),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` gives.

        Raises
        ------
        KeyError, TypeError, ValueError, AttributeError
            When it is something else.
        """
        if document["family"] != FAMILY or document["layout"] != LAYOUT:
            raise ValueError(f"family {document['family']!r}, layout {document['layout']!r}")
        smoothing, weight = document["smoothing"], document["late_weight"]
        head = cls(
            name=_text(document["name"]),
            version=_text(document["version"]),
            task=_choice(document["task"], HeadTask),
            labels=tuple(map(_text, document["labels"])),
            unit=_choice(document["unit"], Unit),
            architecture=_text(document["architecture"]),
            fusion=_choice(document["fusion"], Fusion),
            features={
                name: FeatureSource.from_document(document["features"][name])
                for name in MODALITIES
                if name in document["features"]
            },
            rate_hz=_number(document["rate_hz"]),
            window_steps=_count(document["window_steps"]),
            hop_steps=_count(document["hop_steps"]),
            counted=_choice(document.get("counted", "steps"), Counted),
            needs_all=_choice(document.get("needs_all", False), Literal[True, False]),
            smoothing=Smoothing(
                _choice(smoothing["kind"], SmoothingKind), _number(smoothing["half_width_s"])
            ),
            thresholds=tuple(map(_number, document["thresholds"])),
            late_weight=None if weight is None else _number(weight),
            metrics=dict(document["metrics"]),
            data=dict(document["data"]),
            recipe=dict(document["recipe"]),
            licence=_text(document["licence"]),
            files={_text(name): _text(digest) for name, digest in document["files"].items()},
        )
        head.check()
        return head

    def check(self) -> None:
        """Look for contradictions.

        Raises
        ------
        ValueError
            When there is one.
        """
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels {self.labels}")
        if not self.features or any(
            source.modality != name for name, source in self.features.items()
        ):
            raise ValueError(f"features {sorted(self.features)}")
        if not 0 < self.rate_hz <= 1000 or self.hop_steps > self.window_steps:
            raise ValueError(
                f"{self.rate_hz} steps a second, windows of {self.window_steps}"
                f" every {self.hop_steps}"
            )
        if self.counted == "faces" and set(self.features) != {"face"}:
            raise ValueError(f"windows of faces for {sorted(self.features)}")
        if self.smoothing.half_width_s < 0:
            raise ValueError(f"smoothing over {self.smoothing.half_width_s} s")
        if self.thresholds and (self.task != "au" or len(self.thresholds) != len(self.labels)):
            raise ValueError(f"{len(self.thresholds)} thresholds for {len(self.labels)} labels")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _count(value: object) -> int:
    if type(value) is not int or value < 1:
        raise TypeError(f"{value!r} is no count")
    return value


def _choice(value: object, choices: Any) -> Any:  # noqa: ANN401 - a Literal and one of its values
    if value not in get_args(choices):
        raise ValueError(f"{value!r} is none of {', '.join(get_args(choices))}")
    return value


def is_head(folder: Path) -> bool:
    """Whether a folder says that it holds a head."""
    try:
        document = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("family") == FAMILY


def read_head(folder: Path) -> HeadMetadata:
    """Read the description of a head and check that its graph is the one described.

    Raises
    ------
    ModelError
        When the folder holds no head, or one that contradicts its description.
    """
    path = folder / METADATA_FILE
    if not path.is_file():
        raise ModelError("models.no_description", name=METADATA_FILE, file=folder)
    try:
        head = HeadMetadata.from_document(json.loads(path.read_text(encoding="utf-8")))
        expected = head.files[GRAPH_FILE].lower()
    except OSError as error:
        raise ModelError("file.unreadable", error=error, remedy=REPAIR, file=path) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError("models.description", error=error, remedy=REPAIR, file=path) from error
    checked_file(folder / GRAPH_FILE, expected, remedy=REPAIR)
    return head
