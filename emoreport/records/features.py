"""Features: what a model's last layers know of each face and of each window of the voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self, runtime_checkable

from emoreport.records.arrays import DoubleArray, FloatArray, IntArray, RgbImage
from emoreport.records.faces import FaceEmotionModel, FaceScores
from emoreport.records.speech import VoiceEmotionModel, VoiceScores

Modality = Literal["face", "voice"]
MODALITIES: tuple[Modality, ...] = ("face", "voice")


@dataclass(frozen=True, slots=True)
class FeatureSource:
    """What made the features of one modality: equal sources give comparable numbers.

    Attributes
    ----------
    modality
        ``face`` or ``voice``.
    model
        Name of the model, as the options name it.
    width
        Numbers per row, D.
    version
        Of the model.
    files
        SHA-256 of the model's files by name.
    layer
        Which layer, or how the face was cut, where it is not the usual one.
    columns
        Names of the columns where they are measured ones (``openface_AU01_r``) instead of f0 … fN.
    """

    modality: Modality
    model: str
    width: int
    version: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    layer: str = ""
    columns: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The source as JSON values."""
        return {
            "modality": self.modality,
            "model": self.model,
            "width": self.width,
            "version": self.version,
            "files": dict(self.files),
            "layer": self.layer,
            "columns": list(self.columns),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` gives.

        Raises
        ------
        KeyError, TypeError, ValueError
            When it is something else.
        """
        modality, width = document["modality"], document["width"]
        if modality not in MODALITIES or type(width) is not int or width < 1:
            raise ValueError(f"no source of features: {modality!r}, {width!r} numbers")
        texts = {name: document[name] for name in ("model", "version", "layer")}
        files, columns = dict(document["files"]), tuple(document["columns"])
        for value in (*texts.values(), *files, *files.values(), *columns):
            if not isinstance(value, str):
                raise TypeError(f"{value!r} is no text")
        return cls(modality, width=width, files=files, columns=columns, **texts)


@dataclass(frozen=True, slots=True)
class FaceFeatures:
    """Features of consecutive analysed frames.

    Attributes
    ----------
    time_s
        float64 (N,), strictly increasing.
    frame
        int64 (N,), index of the decoded frame, from 0.
    values
        float32 (N, D); NaN rows where no usable face is.
    """

    time_s: DoubleArray
    frame: IntArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class VoiceFeatures:
    """Features of consecutive windows of the sound.

    Attributes
    ----------
    start_s, end_s
        float64 (M,).
    values
        float32 (M, D); NaN rows where the window holds too little speech.
    """

    start_s: DoubleArray
    end_s: DoubleArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class MeasuredFaces:
    """What another program measured of the face in each frame.

    Attributes
    ----------
    program
        Its short name; names of columns begin with it.
    columns
        Names of the columns (K): ``openface_AU01_r``.
    values
        float32 (N, K), in the order of the frames; NaN where nothing was measured.
    time_s, frame
        float64 (N,) or int64 (N,), strictly increasing: when the frames are shown, or their
        indices among the decoded ones, from 0. One of them is None.
    """

    program: str
    columns: tuple[str, ...]
    values: FloatArray
    time_s: DoubleArray | None = None
    frame: IntArray | None = None


@runtime_checkable
class EmbeddingFaceModel(FaceEmotionModel, Protocol):
    """A face-emotion model that also tells what its last layer sees."""

    feature_width: int

    def embed(self, faces: Sequence[RgbImage]) -> tuple[FaceScores, FloatArray]:
        """N crops as for `predict` → what `predict` says, and float32 (N, `feature_width`)."""
        ...


@runtime_checkable
class EmbeddingVoiceModel(VoiceEmotionModel, Protocol):
    """A voice-emotion model that also tells what its last layer hears."""

    feature_width: int

    def embed(self, clips: Sequence[FloatArray]) -> tuple[VoiceScores, FloatArray]:
        """N clips as for `predict` → scores and measures, and float32 (N, `feature_width`)."""
        ...
