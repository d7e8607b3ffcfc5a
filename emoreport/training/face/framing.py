"""How FER pictures frame a face, in units of MediaPipe's detection box.

Run as ``python -m emoreport.training.face.framing --data DIR`` to measure again what is
in :data:`CROP`. It needs MediaPipe with its legacy solutions (0.10.x, Python up to 3.12).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from emoreport.training.face.data import load_ferplus

if TYPE_CHECKING:
    from collections.abc import Sequence

CROP: Final[dict[str, Any]] = {
    "reference": "mediapipe_face_detection_box",
    "detector": "short range (model_selection 0), MediaPipe 0.10.21",
    "scale": 1.17,
    "scale_w": 1.17,
    "scale_h": 1.17,
    "shift_x": 0.0,
    "shift_y": -0.105,
    "align_roll": True,
    "words": (
        "A square; side = scale × box side (the boxes are square in pixels). Its centre is the "
        "box centre plus (shift_x, shift_y) × box side, y downwards, in the frame of the face "
        "after levelling the eyes: a negative shift_y moves towards the forehead."
    ),
    "measured": {
        "pictures": 2489,
        "scale_percentiles_5_25_50_75_95": [0.920, 1.078, 1.169, 1.312, 1.607],
        "shift_x_percentiles_5_25_50_75_95": [-0.113, -0.039, -0.002, 0.030, 0.102],
        "shift_y_percentiles_5_25_50_75_95": [-0.209, -0.148, -0.105, -0.057, 0.024],
        "roll_deg_percentiles_5_25_50_75_95": [-20.6, -6.9, -1.2, 4.6, 19.2],
    },
    "full_range_detector": {"scale": 1.14, "shift_x": 0.0, "shift_y": -0.05, "pictures": 1668},
}
"""Crop that frames a video face as FER frames its faces (measured on the training part)."""

_SIDE_PX: Final = 192
_MARGIN_PX: Final = 96
_GREY: Final = 128
_PERCENTILES: Final = (5, 25, 50, 75, 95)


def measure(images: npt.NDArray[np.uint8], model_selection: int) -> dict[str, Any]:
    """Detect the face in every picture and relate its box to the picture.

    Parameters
    ----------
    images
        (N, 48, 48) uint8. Each is enlarged to 192 px with a grey margin of 96 px, so that
        the detector sees a whole face in a scene.
    model_selection
        0 = MediaPipe's short-range detector, 1 = full range.
    """
    import cv2
    import mediapipe

    rows = []
    detector = mediapipe.solutions.face_detection.FaceDetection(
        model_selection=model_selection, min_detection_confidence=0.5
    )
    whole = _SIDE_PX + 2 * _MARGIN_PX
    with detector:
        for image in images:
            large = cv2.resize(image, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_CUBIC)
            scene = np.full((whole, whole), _GREY, dtype=np.uint8)
            scene[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX] = large
            detections = detector.process(cv2.cvtColor(scene, cv2.COLOR_GRAY2RGB)).detections
            if detections:
                rows.append(_relation(detections, whole / _SIDE_PX, _MARGIN_PX / _SIDE_PX))
    names = ("scale", "shift_x", "shift_y", "roll_deg")
    table = np.array(rows).reshape(-1, len(names))
    return {
        "pictures": len(table),
        "percentiles": list(_PERCENTILES),
        **{
            name: np.percentile(table[:, k], _PERCENTILES).round(3).tolist()
            for k, name in enumerate(names)
            if len(table)
        },
    }


def _relation(
    detections: Sequence[Any], unit: float, margin: float
) -> tuple[float, float, float, float]:
    """Relate the largest box to the picture, which spans 0-1 in both directions."""
    location = max(
        (f.location_data for f in detections), key=lambda d: d.relative_bounding_box.width
    )
    box = location.relative_bounding_box
    width, height = box.width * unit, box.height * unit
    centre_x = box.xmin * unit - margin + width / 2
    centre_y = box.ymin * unit - margin + height / 2
    right_eye, left_eye = location.relative_keypoints[0], location.relative_keypoints[1]
    roll_deg = float(np.degrees(np.arctan2(left_eye.y - right_eye.y, left_eye.x - right_eye.x)))
    return 1.0 / width, (0.5 - centre_x) / width, (0.5 - centre_y) / height, roll_deg


def main() -> None:
    """Print the relation for both detectors as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of ferplus_train.npz")
    parser.add_argument("--count", type=int, default=2500, help="pictures to look at")
    options = parser.parse_args()
    labelled = load_ferplus(options.data / "ferplus_train.npz").labelled()
    order = np.random.default_rng(0).permutation(len(labelled))[: options.count]
    images = labelled.images[order]
    print(json.dumps({str(k): measure(images, k) for k in (0, 1)}, indent=2))


if __name__ == "__main__":
    main()
