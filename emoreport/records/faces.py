"""Faces in frames, the models that read them, and what they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from emoreport.records.arrays import (
    Columns,
    DoubleArray,
    FloatArray,
    IntArray,
    RgbImage,
    class_columns,
)
from emoreport.records.models import ModelRecord, WitnessReadings, witness_columns
from emoreport.records.pictures import Picture
from emoreport.vocabulary import PROBABILITY_PREFIX

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned tight face box in pixels of the upright frame; may leave the frame.

    In readings and tables, pixels are those of the recording's canvas (`Placement`).
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Area in square pixels, ≥ 0."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) in pixels."""
        return self.x + 0.5 * self.width, self.y + 0.5 * self.height

    def iou(self, box: Box) -> float:
        """Intersection over union with `box`, 0–1."""
        width = min(self.x + self.width, box.x + box.width) - max(self.x, box.x)
        height = min(self.y + self.height, box.y + box.height) - max(self.y, box.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + box.area - shared)


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """One detected face.

    Attributes
    ----------
    box
        Tight box in the convention of MediaPipe's short-range face detector.
    score
        Detection score, 0–1.
    eyes
        (right eye, left eye) of the person, each (x, y) in pixels, or None.
    yaw_deg, pitch_deg
        Head pose where the detector gives landmarks, else NaN.
    points
        (x, y) in pixels of right eye, left eye, nose tip and middle of the mouth, or its right and
        left corner as fourth and fifth; right and left being the person's own. None if unknown.
    """

    box: Box
    score: float
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = None
    yaw_deg: float = float("nan")
    pitch_deg: float = float("nan")
    points: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face-emotion model wants its face cut out of the frame.

    A square whose side is ``scale × sqrt(box width × box height)``, its centre moved from the
    box centre by (`shift_x`, `shift_y`) × box side, turned so that the eyes are level if
    `align_roll`. ``tight_box=True`` takes the tight box itself (no square, no margin).
    ``align_points=True`` goes by the points of the face in the place of all this.
    """

    size_px: int
    scale: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    align_roll: bool = False
    tight_box: bool = False
    align_points: bool = False


@dataclass(frozen=True, slots=True)
class FaceScores:
    """What a face-emotion model says of N faces.

    Attributes
    ----------
    probabilities
        float32 (N, K); rows sum to 1; columns follow the model's `labels`.
    valence, arousal
        float32 (N,), [-1, 1], or None where the model gives none.
    extra
        Further float32 (N,) columns by name, the same names on every call (for instance
        ``valence_raw``: what the network said before it was clipped).
    """

    probabilities: FloatArray
    valence: FloatArray | None = None
    arousal: FloatArray | None = None
    extra: Mapping[str, FloatArray] = field(default_factory=dict)


FACE_MEASURES: Final = ("distance",)
"""What a face model may measure of a crop beside the emotions, in `FaceScores.extra`.

``distance``: how far the face is from the pictures that the model was trained on, ≥ 0; beyond 1 it
is unlike them.
"""


@runtime_checkable
class FaceDetector(Protocol):
    """Finds faces in one frame."""

    name: str

    def detect(self, rgb: RgbImage) -> list[FaceObservation]:
        """Return all faces of an RGB uint8 (H, W, 3) frame, best score first; [] if none."""
        ...

    def close(self) -> None:
        """Release native resources."""
        ...


@runtime_checkable
class PictureDetector(FaceDetector, Protocol):
    """A detector that does with a part of a picture's pixels.

    Attributes
    ----------
    steps
        Whether faces between two looks may be laid on the way between them.
    """

    steps: bool

    def look(self, picture: Picture) -> list[FaceObservation]:
        """What `detect` says of the picture's pixels."""
        ...


@runtime_checkable
class FaceEmotionModel(Protocol):
    """Turns face crops into emotion probabilities."""

    record: ModelRecord
    labels: tuple[str, ...]
    crop: CropSpec

    def predict(self, faces: Sequence[RgbImage]) -> FaceScores:
        """N face crops, RGB uint8 (size, size, 3) → scores. Batch = single, to 1e-5."""
        ...


MOUTH_MOTION: Final = "mouth_motion"
"""Further column of face readings: how much the mouth moves beside the rest of the face."""

ROLL: Final = "roll_deg"
"""Further column of face readings whose pose was measured on the whole face."""


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """Face readings of one video, one entry per analysed frame, in order of time.

    Attributes
    ----------
    labels
        Class names of the probability columns (K).
    time_s
        float64 (N,), strictly increasing.
    frame
        int64 (N,), index of the decoded frame.
    faces
        int64 (N,), number of faces found in the frame.
    box
        float32 (N, 4): x, y, width, height in pixels; NaN rows where no usable face is.
    detection_score
        float32 (N,), NaN where no usable face is.
    probabilities
        float32 (N, K); NaN rows where no usable face is.
    valence, arousal
        float32 (N,) or None.
    extra
        Further float32 (N,) columns by name (evidence such as yaw), NaN where unknown.
    witness
        Readings of a second model; None without one.
    shot
        int64 (N,), number of the shot that the frame is in, from 1, never decreasing: it begins
        with the first frame of that number. None: nobody looked for cuts.
    skipped
        bool (N,), frames that nobody looked at and whose readings come from those beside them;
        None: all were looked at.
    """

    labels: tuple[str, ...]
    time_s: DoubleArray
    frame: IntArray
    faces: IntArray
    box: FloatArray
    detection_score: FloatArray
    probabilities: FloatArray
    valence: FloatArray | None = None
    arousal: FloatArray | None = None
    extra: Mapping[str, FloatArray] = field(default_factory=dict)
    witness: WitnessReadings | None = None
    shot: IntArray | None = None
    skipped: NDArray[np.bool_] | None = None

    @property
    def cuts_s(self) -> DoubleArray:
        """float64: times at which a shot begins, but the first one; none where none is known."""
        if self.shot is None or not len(self):
            return np.zeros(0)
        return self.time_s[1:][np.diff(self.shot) > 0]

    @property
    def looked_at(self) -> NDArray[np.bool_]:
        """bool (N,): frames that were looked at."""
        return np.ones(len(self), np.bool_) if self.skipped is None else ~self.skipped

    @property
    def valid(self) -> NDArray[np.bool_]:
        """bool (N,): frames with a usable face and a prediction."""
        return np.asarray(~np.isnan(self.probabilities).any(axis=1))

    @property
    def has_measured_pose(self) -> bool:
        """Whether the pose of the head is that of the whole face; a detector tells no roll."""
        return ROLL in self.extra

    @property
    def emotion(self) -> NDArray[np.object_]:
        """str (N,): the label of the highest probability of each frame; None where none is."""
        named = np.full(len(self), None, dtype=object)
        if self.labels:
            valid = self.valid
            best = self.probabilities[valid].argmax(axis=1)
            named[valid] = np.asarray(self.labels, dtype=object)[best]
        return named

    @property
    def columns(self) -> Columns:
        """Arrays (N,) by column of frames.parquet, in its order."""
        dimensions = {"valence": self.valence, "arousal": self.arousal}
        return {
            "time_s": self.time_s,
            "frame": self.frame,
            "faces": self.faces,
            **dict(zip(("x", "y", "width", "height"), self.box.T, strict=True)),
            "detection_score": self.detection_score,
            **class_columns(PROBABILITY_PREFIX, self.labels, self.probabilities),
            "emotion": self.emotion,
            **{name: values for name, values in dimensions.items() if values is not None},
            **self.extra,
            **witness_columns(self.witness),
            **({} if self.shot is None else {"shot": self.shot}),
        }

    def to_frame(self) -> pd.DataFrame:
        """The readings as a DataFrame: one row per analysed frame, columns of frames.parquet."""
        import pandas as pd

        return pd.DataFrame(self.columns)

    def __len__(self) -> int:
        """Number of analysed frames."""
        return len(self.time_s)
