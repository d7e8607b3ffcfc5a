"""What a face does, apart from any emotion: pose of the head, gaze, eyes, brows, mouth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emoreport.records.arrays import Columns, DoubleArray, FloatArray, RgbImage
from emoreport.records.models import ModelRecord

POSE: Final = ("yaw_deg", "pitch_deg", "roll_deg")
EYE_OPENING: Final = "eye_opening"
SMILE: Final = "AU12_like"
EYE_NARROWING: Final = "eye_narrowing"
MOUTH_OPENING: Final = "mouth_opening"
MEASURES: Final = (
    "gaze_right",
    "gaze_down",
    EYE_OPENING,
    "AU43_like",
    EYE_NARROWING,
    "AU1_like",
    "AU2_like",
    "AU4_like",
    SMILE,
    MOUTH_OPENING,
    "AU26_like",
)
"""What is measured besides the pose, in the order of the tables.

``gaze_*`` are in halves of an eye's width, the openings are heights over widths, the others go from
0 to 1.
"""


@dataclass(frozen=True, slots=True)
class FaceActions:
    """What one look at one face gave.

    Attributes
    ----------
    pose_deg
        Yaw, pitch and roll in degrees: positive where the person looks to the right edge of the
        picture, looks down, leans the head to the right edge.
    values
        One number for each of `MEASURES`; NaN where it cannot be told.
    """

    pose_deg: tuple[float, float, float]
    values: Mapping[str, float]


class ActionSource(Protocol):
    """Measures the actions of one face."""

    record: ModelRecord

    def look(self, part: RgbImage) -> FaceActions | None:
        """Actions of the face in a square part of a frame; None if there is no face.

        Parameters
        ----------
        part
            RGB uint8 (S, S, 3), the face in its middle, half as wide as the part.
        """
        ...

    def close(self) -> None:
        """Release native resources."""
        ...


@dataclass(frozen=True, slots=True)
class EyeTrack:
    """How far the eyes are open, at the rate of the video.

    Attributes
    ----------
    time_s
        float64 (M,), strictly increasing.
    opening
        float32 (M,): distance of the lids over the width of the eye; NaN where no face is.
    person
        As in `ActionTrack`, (M,).
    """

    time_s: DoubleArray
    opening: FloatArray
    person: NDArray[np.object_] | None = None

    @property
    def columns(self) -> Columns:
        """Arrays (M,) by column of eyes.parquet, in its order, without the person."""
        return {"time_s": self.time_s, EYE_OPENING: self.opening}

    def __len__(self) -> int:
        """Number of looks at the eyes."""
        return len(self.time_s)


@dataclass(frozen=True, slots=True)
class ActionTrack:
    """Actions of the face of one recording, look by look, in order of time.

    Attributes
    ----------
    time_s
        float64 (N,), strictly increasing.
    values
        float32 (N,) for each of `POSE` and `MEASURES`; NaN where no face is.
    eyes
        The eyes at the rate of the video; None where they were not watched.
    person
        str (N,), whose face it is, by name or key, None where that is not known; None for all where
        nobody told. It goes into the file and is not read back.
    """

    time_s: DoubleArray
    values: Mapping[str, FloatArray] = field(default_factory=dict)
    eyes: EyeTrack | None = None
    person: NDArray[np.object_] | None = None

    @property
    def seen(self) -> NDArray[np.bool_]:
        """bool (N,): looks that found a face."""
        return np.asarray(~np.isnan(self.values["yaw_deg"]))

    @property
    def columns(self) -> Columns:
        """Arrays (N,) by column of actions.parquet, in its order, without the person."""
        return {"time_s": self.time_s, **{name: self.values[name] for name in (*POSE, *MEASURES)}}

    def __len__(self) -> int:
        """Number of looks."""
        return len(self.time_s)
