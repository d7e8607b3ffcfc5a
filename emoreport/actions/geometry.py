"""From the points of a face mesh to the pose of the head and to measures that do not depend on it.

Points are MediaPipe's 478 (468 of the face, five of each iris), in pixels: x right, y down, z away
from the camera, in the same scale (Kartynnik et al. 2019, 1907.06724; Grishchenko et al. 2020,
2006.10962). What was measured on faces is in `calibration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.actions.calibration import GAZE_AHEAD, RIGID, SCORES
from emoreport.records import DoubleArray, FloatArray

POINTS: Final = 478

_INDEX: Final = np.array(list(RIGID), dtype=np.int64)
_MEAN_FACE: Final = np.array(list(RIGID.values()), dtype=np.float64)
_MIDDLE: Final = _MEAN_FACE.mean(axis=0)
_TO_CAMERA: Final = np.array([1.0, -1.0, -1.0])

RIGHT_EYE: Final = (33, 133)
LEFT_EYE: Final = (263, 362)
"""Outer and inner corner; right and left are the person's own."""
UPPER_LIDS: Final = (160, 159, 158, 385, 386, 387)
LOWER_LIDS: Final = (144, 145, 153, 380, 374, 373)
INNER_BROWS: Final = (55, 107, 285, 336)
OUTER_BROWS: Final = (70, 63, 105, 300, 293, 334)
IRISES: Final = (468, 473)
MOUTH_CORNERS: Final = (61, 291)
LIPS: Final = (13, 14)
"""Inner edge of the upper and of the lower lip, in the middle."""
BELOW_LIP: Final = 17
BELOW_NOSE: Final = 2

LEAST_OPENING_FOR_GAZE: Final = 0.12
"""Where the lids are closer than this, the iris is guessed."""


@dataclass(frozen=True, slots=True)
class PosedFace:
    """A face taken apart into the pose of its head and its shape.

    Attributes
    ----------
    rotation
        float64 (3, 3): turns the face that looks straight ahead into the one seen; axes as in
        `RIGID`.
    frontal
        float64 (478, 3): the points as they would be straight ahead, in units of `RIGID`.
    """

    rotation: DoubleArray
    frontal: DoubleArray

    @property
    def pose_deg(self) -> tuple[float, float, float]:
        """Yaw, pitch and roll; see `angles_deg`."""
        return angles_deg(self.rotation)


def posed_face(points: FloatArray | DoubleArray) -> PosedFace:
    """Find the turn, size and place of the mean face that fit the points best (Umeyama 1991).

    Parameters
    ----------
    points
        float (478, 3), pixels.
    """
    seen = np.asarray(points, np.float64) * _TO_CAMERA
    centre = seen[_INDEX].mean(axis=0)
    ahead = _MEAN_FACE - _MIDDLE
    left, weight, right = np.linalg.svd((seen[_INDEX] - centre).T @ ahead)
    mirror = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = (left * mirror) @ right
    scale = max(float(weight @ mirror) / float((ahead**2).sum()), np.finfo(np.float64).tiny)
    return PosedFace(rotation, (seen - centre) @ rotation / scale + _MIDDLE)


def angles_deg(rotation: DoubleArray) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a head.

    Parameters
    ----------
    rotation
        float64 (3, 3), axes x right, y up, z to the camera: its columns are where the head's own
        right, up and ahead point.

    Returns
    -------
    Degrees: yaw positive where the person looks to the right edge of the picture, pitch where
    down, roll where the head leans to the right edge. Yaw and pitch are those of the nose's
    direction, so that a lean changes neither.
    """
    across, _, ahead = rotation.T
    yaw = np.arctan2(ahead[0], ahead[2])
    pitch = np.arctan2(-ahead[1], np.hypot(ahead[0], ahead[2]))
    level = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    roll = np.arctan2(-(across @ np.cross(ahead, level)), across @ level)
    yaw_deg, pitch_deg, roll_deg = np.degrees([yaw, pitch, roll]).tolist()
    return yaw_deg, pitch_deg, roll_deg


def distances(frontal: DoubleArray) -> dict[str, float]:
    """Distances in a face straight ahead, from which its actions are told.

    Parameters
    ----------
    frontal
        float64 (478, 3), of a `PosedFace`.

    Returns
    -------
    ``eye_opening`` and ``mouth_opening`` are heights over widths; all others are heights above the
    corners of the eyes or the mouth, or widths, in distances of the outer corners of the eyes.
    """
    height = frontal[:, 1]
    corners = float(height[[*RIGHT_EYE, *LEFT_EYE]].mean())
    lids = np.linalg.norm(frontal[list(UPPER_LIDS)] - frontal[list(LOWER_LIDS)], axis=1)
    widths = np.array([_apart(frontal, RIGHT_EYE), _apart(frontal, LEFT_EYE)])
    smile = float(height[list(MOUTH_CORNERS)].mean())
    mouth = _apart(frontal, MOUTH_CORNERS)
    return {
        "eye_opening": float((lids.reshape(2, -1).mean(axis=1) / widths).mean()),
        "mouth_opening": _apart(frontal, LIPS) / mouth,
        "upper_lid": float(height[list(UPPER_LIDS)].mean()) - corners,
        "lower_lid": float(height[list(LOWER_LIDS)].mean()) - corners,
        "inner_brow": float(height[list(INNER_BROWS)].mean()) - corners,
        "outer_brow": float(height[list(OUTER_BROWS)].mean()) - corners,
        "brows_apart": _apart(frontal, (INNER_BROWS[0], INNER_BROWS[2])),
        "mouth_width": mouth,
        "corners_over_lips": smile - float(height[list(LIPS)].mean()),
        "corners_under_nose": smile - float(height[BELOW_NOSE]),
        "lip_under_nose": float(height[BELOW_NOSE] - height[BELOW_LIP]),
    }


def _apart(frontal: DoubleArray, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(frontal[pair[0]] - frontal[pair[1]]))


def gaze(frontal: DoubleArray) -> tuple[float, float]:
    """Where the irises stand in the eyes: right and down, in halves of an eye's width.

    0 is straight ahead of the face. The person's eye is as wide as it is: no degrees are claimed.
    """
    offsets = []
    for eye, iris in zip((RIGHT_EYE, LEFT_EYE), IRISES, strict=True):
        middle = frontal[list(eye)].mean(axis=0)
        offsets.append((frontal[iris] - middle)[:2] / (0.5 * _apart(frontal, eye)))
    right, up = np.mean(offsets, axis=0).tolist()
    return right - GAZE_AHEAD[0], -up - GAZE_AHEAD[1]


def score(name: str, measured: Mapping[str, float]) -> float:
    """One of `SCORES`, 0–1, from the `distances` of a face."""
    constant, weights = SCORES[name]
    total = constant + sum(weight * measured[of] for of, weight in weights.items())
    return float(1.0 / (1.0 + np.exp(-total)))


def measures(frontal: DoubleArray) -> dict[str, float]:
    """Everything of `MEASURES` that a face straight ahead shows.

    Parameters
    ----------
    frontal
        float64 (478, 3), of a `PosedFace`.
    """
    measured = distances(frontal)
    right, down = gaze(frontal)
    if measured["eye_opening"] < LEAST_OPENING_FOR_GAZE:
        right = down = float("nan")
    return {
        "gaze_right": right,
        "gaze_down": down,
        "eye_opening": measured["eye_opening"],
        "mouth_opening": measured["mouth_opening"],
        **{name: score(name, measured) for name in SCORES},
    }
