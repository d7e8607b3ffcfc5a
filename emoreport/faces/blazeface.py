"""BlazeFace short range (Bazarevsky et al. 2019, arXiv:1907.05047), run without MediaPipe.

MediaPipe's graph around the network copies and converts whole frames; here the network's own
128 × 128 points are looked up in the picture, and nothing else. What surrounds the network is done
as MediaPipe does it (mediapipe/modules/face_detection/face_detection_short_range.pbtxt and the
calculators that it names): the same points, anchors and blended suppression, so the same faces.
Figures: docs/decisions/0002-face-detector.md.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.errors import FaceStageError, ModelError
from emoreport.faces.geometry import KEY_POINTS, RawDetection
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.tflite_files import onnx_of_tflite
from emoreport.records import Box, DoubleArray, FloatArray, Grid, IntArray, Picture

KNOWN_FILES: Final = frozenset(
    {
        # Inside mediapipe 0.10.21, and as the publisher gives it for MediaPipe Tasks.
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        "b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f",
    }
)
"""SHA-256 of files that hold this network; what surrounds it would not suit another one."""

INPUT_PX: Final = 128
ANCHORS: Final = ((16, 2), (8, 6))
"""Cells along one side, and anchors in each cell, of both layers of the network's answer."""
COORDINATES: Final = 4 + 2 * KEY_POINTS

LEAST_LOGIT: Final = 0.0
"""A score of 0.5: below it MediaPipe's own graph gives no detection either."""
MOST_LOGIT: Final = 100.0
SAME_IOU: Final = 0.3
"""Detections that overlap the best one by more are blended with it."""


def is_known(content: bytes) -> bool:
    """Whether a ``.tflite`` file is one that holds this network."""
    return hashlib.sha256(content).hexdigest() in KNOWN_FILES


class BlazeFace:
    """The short-range network on a picture.

    Parameters
    ----------
    content
        A ``.tflite`` file, of `KNOWN_FILES`.
    file
        What errors call it.

    Raises
    ------
    ModelError
        When the file holds another network, or cannot be run.
    """

    def __init__(self, content: bytes, file: Path) -> None:
        self._session = open_graph(
            onnx_of_tflite(content), runtime="onnxruntime", device="cpu", threads=1, file=file
        )
        self._anchors = _anchors()
        shapes = {info.shape: name for name, info in self._session.outputs.items()}
        (self._input,) = self._session.inputs
        count = len(self._anchors)
        try:
            self._boxes, self._scores = shapes[1, count, COORDINATES], shapes[1, count, 1]
        except KeyError as error:
            raise ModelError("faces.not_a_detector", error=sorted(shapes), file=file) from error

    def find(self, picture: Picture) -> list[RawDetection]:
        """Faces in a picture, best score first.

        Raises
        ------
        FaceStageError
            When the network fails.
        """
        width, height = picture.size_px
        side = max(width, height)
        left, top = 0.5 * (width - side), 0.5 * (height - side)
        points = picture.sampled(Grid(left, top, side / INPUT_PX, INPUT_PX))
        points /= 127.5
        points -= 1.0
        try:
            answer = self._session.run({self._input: points[None]})
        except ModelError as error:
            raise FaceStageError("faces.detector_fails", error=error.cause) from error
        logits = answer[self._scores][0, :, 0]
        likely = np.flatnonzero(logits >= LEAST_LOGIT)
        if not len(likely):
            return []
        scores = 1.0 / (1.0 + np.exp(-np.minimum(logits[likely], MOST_LOGIT).astype(np.float64)))
        places = self._placed(answer[self._boxes][0], likely) * side + np.array([left, top])
        return [_detection(score, place) for score, place in blended(scores, places)]

    def _placed(self, answer: FloatArray, which: IntArray) -> DoubleArray:
        """Corners of the box and key points, float64 (n, 8, 2), in shares of the square."""
        values = answer[which].astype(np.float64).reshape(len(which), -1, 2) / INPUT_PX
        anchors = self._anchors[which]
        centre, half = values[:, 0] + anchors, 0.5 * values[:, 1]
        places = values + anchors[:, None]
        places[:, 0], places[:, 1] = centre - half, centre + half
        return places


def blended(scores: DoubleArray, places: DoubleArray) -> list[tuple[float, DoubleArray]]:
    """Detections of one face made one: the mean of their places, weighted by their scores.

    Parameters
    ----------
    scores
        float64 (n,), 0–1.
    places
        float64 (n, 2 + k, 2): upper left and lower right corner of each box, and k points.

    Returns
    -------
    Score of the best detection and blended places (2 + k, 2) of each face, best first.
    """
    left = np.argsort(-scores, kind="stable")
    faces = []
    while len(left):
        same = _overlaps(places[left[0]], places[left]) > SAME_IOU
        same[0] = True
        members = left[same]
        weights = scores[members]
        mean = (weights[:, None, None] * places[members]).sum(axis=0) / weights.sum()
        faces.append((float(scores[left[0]]), mean))
        left = left[~same]
    return faces


def _overlaps(best: DoubleArray, places: DoubleArray) -> DoubleArray:
    """Intersection over union of one box with others, (n,)."""
    low, high = np.maximum(best[0], places[:, 0]), np.minimum(best[1], places[:, 1])
    shared = np.clip(high - low, 0.0, None).prod(axis=1)
    areas = (places[:, 1] - places[:, 0]).prod(axis=1)
    both = areas + (best[1] - best[0]).prod() - shared
    return np.asarray(np.divide(shared, both, out=np.zeros_like(shared), where=both > 0))


def _detection(score: float, place: DoubleArray) -> RawDetection:
    (left, top), (right, bottom) = place[:2].tolist()
    return RawDetection(Box(left, top, right - left, bottom - top), score, place[2:].copy())


def _anchors() -> DoubleArray:
    """Centres of the anchors, float64 (896, 2), (x, y) in shares of the square."""
    layers = []
    for cells, repeats in ANCHORS:
        y, x = np.mgrid[:cells, :cells]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells
        layers.append(np.repeat(centres, repeats, axis=0))
    return np.concatenate(layers)
