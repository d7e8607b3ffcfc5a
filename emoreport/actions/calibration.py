"""What was measured on many faces: a mean face, where eyes look straight ahead, and the scores.

All of it is printed by ``python -m benchmarks.action_calibration``, which finds it on faces of the
training part of FER+.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RIGID: Final[Mapping[int, tuple[float, float, float]]] = {
    33: (-0.500, -0.074, -0.024),
    263: (0.500, -0.074, -0.024),
    133: (-0.200, -0.088, 0.037),
    362: (0.200, -0.088, 0.037),
    98: (-0.197, -0.541, 0.212),
    327: (0.197, -0.541, 0.212),
    127: (-0.765, -0.147, -0.555),
    356: (0.765, -0.147, -0.555),
    234: (-0.757, -0.304, -0.597),
    454: (0.757, -0.304, -0.597),
    162: (-0.755, 0.022, -0.455),
    389: (0.755, 0.022, -0.455),
    21: (-0.722, 0.161, -0.325),
    251: (0.722, 0.161, -0.325),
    54: (-0.660, 0.286, -0.201),
    284: (0.660, 0.286, -0.201),
    103: (-0.557, 0.387, -0.070),
    332: (0.557, 0.387, -0.070),
    67: (-0.393, 0.456, 0.046),
    297: (0.393, 0.456, 0.046),
    109: (-0.213, 0.490, 0.114),
    338: (0.213, 0.490, 0.114),
    168: (0.000, -0.019, 0.212),
    6: (0.000, -0.107, 0.265),
    197: (0.000, -0.182, 0.325),
    195: (0.000, -0.252, 0.387),
    5: (0.000, -0.326, 0.452),
    4: (0.000, -0.417, 0.484),
    1: (0.000, -0.487, 0.466),
    2: (0.000, -0.563, 0.300),
    10: (0.000, 0.497, 0.134),
    151: (0.000, 0.331, 0.181),
    9: (0.000, 0.161, 0.218),
    8: (0.000, 0.068, 0.210),
}
"""Points that hardly move with an expression, of a mean face that looks straight ahead.

By number of the mesh point: x to the right of the picture, y up, z to the camera; 1 is the distance
of the outer corners of the eyes. A median made symmetric and turned so that poses agree on average
with the matrix of MediaPipe's face landmarker.
"""

GAZE_AHEAD: Final = (0.014, -0.109)
"""Right and down, in halves of an eye's width: the median of faces that turn by less than 10°."""

SCORES: Final[Mapping[str, tuple[float, Mapping[str, float]]]] = {
    "AU43_like": (1.54, {"eye_opening": -10.06, "upper_lid": -14.07}),
    "eye_narrowing": (1.73, {"eye_opening": -4.09, "lower_lid": 54.98}),
    "AU1_like": (-11.79, {"inner_brow": 46.21}),
    "AU2_like": (-10.26, {"outer_brow": 37.67}),
    "AU4_like": (10.43, {"outer_brow": -35.16, "brows_apart": -18.31}),
    "AU12_like": (
        -4.75,
        {"mouth_width": 10.89, "corners_over_lips": 26.92, "corners_under_nose": 15.40},
    ),
    "AU26_like": (-6.32, {"lip_under_nose": 9.06}),
}
"""Each score as constant and weights of a logistic function of `geometry.distances`.

Fitted to the blendshapes of the face landmarker on the same faces, so that they mean the same.
"""
