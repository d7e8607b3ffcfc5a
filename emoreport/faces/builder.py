"""Grow a FaceTrack frame by frame, at a few dozen bytes a frame."""

from __future__ import annotations

import math
from array import array

import numpy as np

from emoreport.errors import FaceStageError
from emoreport.records import (
    FACE_MEASURES,
    MOUTH_MOTION,
    WITNESS_MEASURE,
    FaceObservation,
    FaceScores,
    FaceTrack,
    FloatArray,
    HeadLimits,
    WitnessReadings,
)

NAN = math.nan
(DISTANCE,) = FACE_MEASURES
SEEN = 9


class FaceTrackBuilder:
    """Collects readings in the order of time and gives them as one FaceTrack.

    Parameters
    ----------
    labels
        Class names of the probability columns.
    witness_labels
        Those of a second model; None without one.
    limits
        How far a head may turn for the first model.
    several
        Whether a frame may come more than once, each time with another face.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        witness_labels: tuple[str, ...] | None = None,
        limits: HeadLimits | None = None,
        *,
        several: bool = False,
    ) -> None:
        self._several = several
        self._labels = labels
        self._witness_labels = witness_labels
        self._limits = limits or HeadLimits()
        self._time_s = array("d")
        self._frame = array("q")
        self._faces = array("q")
        self._shot = array("q")
        self._seen = array("f")  # x, y, width, height, score, yaw, pitch, sharpness, mouth
        self._scores = array("f")
        self._witness = array("f")
        self._witness_distance = array("f")
        self._valence = array("f")
        self._arousal = array("f")
        self._has_affect: bool | None = None
        self._extra: dict[str, array[float]] | None = None

    def __len__(self) -> int:
        """Frames collected."""
        return len(self._time_s)

    def add_absent(self, time_s: float, frame: int, faces: int, *, shot: int = 1) -> None:
        """Add a frame without a usable face; `faces` were seen in it."""
        self._add_frame(time_s, frame, faces, shot)
        self._seen.extend([NAN] * SEEN)
        self._scores.extend([NAN] * len(self._labels))
        self._witness.extend([NAN] * len(self._witness_labels or ()))
        self._witness_distance.append(NAN)
        self._valence.append(NAN)
        self._arousal.append(NAN)
        for values in (self._extra or {}).values():
            values.append(NAN)

    def add_face(
        self,
        time_s: float,
        frame: int,
        faces: int,
        seen: FaceObservation,
        sharpness: float,
        scores: FaceScores,
        row: int,
        witness: FaceScores | None = None,
        *,
        shot: int = 1,
        mouth_motion: float = NAN,
    ) -> None:
        """Add a frame with the speaker's face; `row` is its row in `scores` and `witness`.

        Raises
        ------
        FaceStageError
            When a model's answer does not fit its labels.
        """
        probabilities = _checked(scores.probabilities[row], self._labels)
        if witness is not None and self._witness_labels is not None:
            table = _checked(witness.probabilities[row], self._witness_labels)
            self._witness.extend(table.tolist())
        beside = None if witness is None else witness.extra.get(DISTANCE)
        self._witness_distance.append(NAN if beside is None else float(beside[row]))
        extra = self._extra_of(scores)
        self._add_frame(time_s, frame, faces, shot)
        box = seen.box
        self._seen.extend((box.x, box.y, box.width, box.height))
        self._seen.extend((seen.score, seen.yaw_deg, seen.pitch_deg, sharpness, mouth_motion))
        self._scores.extend(probabilities.tolist())
        self._has_affect = scores.valence is not None and scores.arousal is not None
        self._valence.append(NAN if scores.valence is None else float(scores.valence[row]))
        self._arousal.append(NAN if scores.arousal is None else float(scores.arousal[row]))
        for name, values in extra.items():
            values.append(float(scores.extra[name][row]))

    def build(self) -> FaceTrack:
        """Return everything collected so far."""
        count = len(self)
        seen = _floats(self._seen).reshape(count, SEEN)
        yaw_deg, pitch_deg, sharpness, mouth_motion = seen[:, 5:].T.copy()
        extra = {
            "yaw_deg": yaw_deg,
            "pitch_deg": pitch_deg,
            "sharpness": sharpness,
            DISTANCE: np.full(count, np.nan, np.float32),
            "head_turn": self._limits.head_turn(yaw_deg, pitch_deg),
            MOUTH_MOTION: mouth_motion,
            **{name: _floats(values) for name, values in (self._extra or {}).items()},
        }
        distance = _floats(self._witness_distance)
        if not np.isnan(distance).all():
            extra[WITNESS_MEASURE[DISTANCE]] = distance
        witness = None
        if self._witness_labels is not None:
            table = _floats(self._witness).reshape(count, len(self._witness_labels))
            witness = WitnessReadings(self._witness_labels, table)
        return FaceTrack(
            labels=self._labels,
            time_s=np.array(self._time_s, dtype=np.float64),
            frame=np.array(self._frame, dtype=np.int64),
            faces=np.array(self._faces, dtype=np.int64),
            box=seen[:, :4].copy(),
            detection_score=seen[:, 4].copy(),
            probabilities=_floats(self._scores).reshape(count, len(self._labels)),
            valence=_floats(self._valence) if self._has_affect else None,
            arousal=_floats(self._arousal) if self._has_affect else None,
            extra=extra,
            witness=witness,
            shot=np.array(self._shot, dtype=np.int64),
        )

    def _extra_of(self, scores: FaceScores) -> dict[str, array[float]]:
        """The model's further columns so far; the first face tells which there are."""
        if self._extra is None:
            self._extra = {name: array("f", [NAN] * len(self)) for name in scores.extra}
        if set(self._extra) != set(scores.extra):
            raise FaceStageError(
                "faces.columns", given=sorted(scores.extra), before=sorted(self._extra)
            )
        return self._extra

    def _add_frame(self, time_s: float, frame: int, faces: int, shot: int) -> None:
        previous = self._time_s[-1] if self._time_s else None
        follows = previous is None or time_s > previous or (self._several and time_s == previous)
        if not math.isfinite(time_s) or not follows:
            raise FaceStageError("faces.times", time_s=time_s, previous=previous)
        self._time_s.append(time_s)
        self._frame.append(frame)
        self._faces.append(faces)
        self._shot.append(shot)


def _checked(probabilities: FloatArray, labels: tuple[str, ...]) -> FloatArray:
    """One face's probabilities as a model gave them; raise FaceStageError if they do not fit."""
    if probabilities.shape != (len(labels),) or not np.isfinite(probabilities).all():
        raise FaceStageError("faces.probabilities", shape=probabilities, count=len(labels))
    return probabilities


def _floats(values: array[float]) -> FloatArray:
    return np.array(values, dtype=np.float32)
