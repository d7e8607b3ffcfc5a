"""Features of one recording on their way into its folder: kept in a file while it is read."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from emoreport.atomic import remove_leftovers, temporary_path
from emoreport.errors import OutputError
from emoreport.records import (
    DoubleArray,
    EmbeddingFaceModel,
    EmbeddingVoiceModel,
    FaceEmotionModel,
    FaceFeatures,
    FeatureSource,
    Modality,
    ModelRecord,
    VoiceEmotionModel,
    VoiceFeatures,
)
from emoreport.settings import MODEL_FEATURES, POINTS_ALIGNMENT, FeatureSettings
from emoreport.tables.feature_files import FEATURES_FILE, LARGEST, FeatureWriter

BINARY: Final[int] = getattr(os, "O_BINARY", 0)
"""Windows would change line ends without it."""


def wanted_sources(
    face: FaceEmotionModel,
    seeing: FeatureSettings,
    voice: VoiceEmotionModel | None,
    hearing: FeatureSettings,
) -> Mapping[Modality, FeatureSource]:
    """What makes the features of each modality whose settings ask for them."""
    sources: dict[Modality, FeatureSource] = {}
    if seeing.features and isinstance(face, EmbeddingFaceModel):
        sources["face"] = face_source(face, seeing)
    if hearing.features and isinstance(voice, EmbeddingVoiceModel):
        sources["voice"] = voice_source(voice, hearing)
    return sources


def face_source(model: EmbeddingFaceModel, settings: FeatureSettings) -> FeatureSource:
    """What makes the features of the face; `layer` says how it is cut where that is unusual."""
    chosen = settings.face_alignment
    layer = chosen if chosen == POINTS_ALIGNMENT else ""
    return _source("face", model.record, model.feature_width, layer)


def voice_source(model: EmbeddingVoiceModel, settings: FeatureSettings) -> FeatureSource:
    """What makes the features of the voice: the model itself where it names nothing else."""
    other = getattr(model, "feature_source", None)
    if isinstance(other, FeatureSource):
        return other
    chosen = settings.voice_features
    layer = "" if chosen == MODEL_FEATURES else chosen
    return _source("voice", model.record, model.feature_width, layer)


def _source(modality: Modality, record: ModelRecord, width: int, layer: str) -> FeatureSource:
    return FeatureSource(
        modality, record.name, width, version=record.version, files=dict(record.files), layer=layer
    )


@dataclass(frozen=True, slots=True)
class _Windows:
    """Voice features in half of their width: they wait until all of the face is written."""

    start_s: DoubleArray
    end_s: DoubleArray
    values: NDArray[np.float16]


class FeatureFile:
    """A features.parquet in the temporary folder that goes when nobody holds it any more.

    What a killed process left there goes when the next one is made.

    Features are added inside a ``with`` block. Those of the face are written as they come, from one
    thread; those of the voice, which come at the same time from another, wait in memory until the
    end of the block.

    Parameters
    ----------
    face, voice
        What makes the features; None where there are none.

    Attributes
    ----------
    path
        The file; whole after the block, unless that ended with an error.

    Raises
    ------
    OutputError
        When the temporary folder cannot be written; also from the methods.
    """

    def __init__(self, face: FeatureSource | None, voice: FeatureSource | None) -> None:
        self._windows: list[_Windows] = []
        with _explained():
            folder = Path(tempfile.gettempdir())
        remove_leftovers(folder)
        self.path = temporary_path(folder, f"emoreport-{FEATURES_FILE}")
        weakref.finalize(self, self.path.unlink, missing_ok=True)
        self._sources = (face, voice)

    def __enter__(self) -> Self:
        with _explained():
            # For the owner alone: the folder is everybody's.
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o600)
            self._stream = os.fdopen(handle, "wb")
            self._writer = FeatureWriter(self._stream, *self._sources)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with _explained(), closing(self._stream):
            for part in () if kind else self._windows:
                self._writer.add_voice(part.start_s, part.end_s, part.values.astype(np.float32))
            self._windows.clear()
            self._writer.close()

    def add_face(self, features: FaceFeatures) -> None:
        """Write features of frames; after all earlier ones."""
        with _explained():
            self._writer.add_face(features.time_s, features.frame, features.values)

    def add_voice(self, features: VoiceFeatures) -> None:
        """Keep features of windows; after all earlier ones."""
        stored = np.clip(features.values, -LARGEST, LARGEST).astype(np.float16)
        self._windows.append(_Windows(features.start_s, features.end_s, stored))

    def forget_voice(self) -> None:
        """Let go of the windows: the sound is read again."""
        self._windows.clear()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cause = error.strerror or error
        raise OutputError("run.no_features", error=cause, file=tempfile.gettempdir()) from error
