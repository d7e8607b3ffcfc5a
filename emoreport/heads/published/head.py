"""What an import of a published head gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.heads.metadata import Counted, Unit
from emoreport.models.families.tensor_fit import GET_AGAIN, Shape, check_fit, shapes
from emoreport.records import FeatureSource, HeadTask, Modality

FACE: Final[Modality] = "face"
VOICE: Final[Modality] = "voice"
STEPS_AT_ONCE: Final = 256
"""Steps per run of a head that judges each on its own."""


@dataclass(frozen=True, slots=True)
class PublishedHead:
    """A head as its authors published it, in the form that emoreport runs.

    Attributes
    ----------
    name
        What it is called in run.json.
    task, labels
        As in `HeadMetadata`.
    features
        What it has to be given, by modality.
    graph
        The serialised ONNX graph.
    licence
        Terms of the weights, one phrase.
    recipe
        Where it comes from and how its authors made it.
    unit, architecture, counted, thresholds
        As in `HeadMetadata`.
    window, hop
        `window_steps` and `hop_steps` there.
    """

    name: str
    task: HeadTask
    labels: tuple[str, ...]
    features: Mapping[Modality, FeatureSource]
    graph: bytes
    licence: str
    recipe: Mapping[str, Any]
    unit: Unit = "step"
    architecture: str = "mlp"
    window: int = STEPS_AT_ONCE
    hop: int = STEPS_AT_ONCE
    counted: Counted = "steps"
    thresholds: tuple[float, ...] = ()


def check_tensors(
    tensors: Mapping[str, NDArray[Any]],
    expected: Mapping[str, Shape],
    file: Path,
    *,
    counters: str = "",
) -> None:
    """Refuse a file whose tensors are not exactly those of a head.

    Parameters
    ----------
    tensors
        What the file holds, by name.
    expected
        Shape of each tensor of the head.
    file
        The file, for messages.
    counters
        How the names of whole numbers end; all other tensors are float32. "" where there are none.

    Raises
    ------
    ModelError
        When a tensor is missing, left over, of another shape or type, or not finite.
    """
    check_fit(shapes(tensors), expected, file)
    for name, tensor in tensors.items():
        kind = "int64" if counters and name.endswith(counters) else "float32"
        if tensor.dtype != kind or not np.isfinite(tensor).all():
            raise ModelError("published.values", name=name, kind=kind, remedy=GET_AGAIN, file=file)
