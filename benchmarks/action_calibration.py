"""Find the numbers of emoreport/actions/calibration.py on faces of the training part of FER+.

    python -m benchmarks.action_calibration [--data ../shared/data]

Both sources of actions look at the same faces: the mesh inside mediapipe 0.10.21 gives the points,
MediaPipe's face landmarker the pose and the blendshapes that mean face and scores are fitted to.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from benchmarks.head_pose import labelled, scene
from emoreport.actions import geometry
from emoreport.actions.calibration import RIGID
from emoreport.actions.sources import (
    LandmarkerActions,
    MeshActions,
    rotation_of,
    scores_of,
)
from emoreport.faces.detectors import SolutionsDetector
from emoreport.faces.mesh import face_surroundings
from emoreport.records import DoubleArray, ModelRecord, RgbPicture

FACES = 3000
SEED = 0
FARTHEST_DEG = 40.0
"""Faces that turn further are left out of the mean face."""
ROUNDS = 10
NO_RECORD = ModelRecord("mesh")

WEIGHTS = {
    "AU43_like": ("eye_opening", "upper_lid"),
    "eye_narrowing": ("eye_opening", "lower_lid"),
    "AU1_like": ("inner_brow",),
    "AU2_like": ("outer_brow",),
    "AU4_like": ("outer_brow", "brows_apart"),
    "AU12_like": ("mouth_width", "corners_over_lips", "corners_under_nose"),
    "AU26_like": ("lip_under_nose",),
}
"""What each score is made of."""


def faces(data: Path) -> Iterator[tuple[DoubleArray, DoubleArray, dict[str, float]]]:
    """Points of the mesh, and pose and scores of the landmarker, face by face."""
    detector, mesh = SolutionsDetector(), MeshActions(NO_RECORD)
    landmarker = LandmarkerActions(data / "models" / "face_landmarker.task", NO_RECORD)
    images, _ = labelled(data / "fer" / "ferplus_train.npz")
    for index in np.random.default_rng(SEED).permutation(len(images))[:FACES]:
        picture = scene(images[index])
        found = detector.detect(picture)
        if not found:
            continue
        part, *_ = face_surroundings(RgbPicture(picture), found[0].box)
        points, seen = mesh.points(part), landmarker.detect(part)
        if points is not None and seen.face_landmarks:
            yield points, rotation_of(seen), scores_of(seen.face_blendshapes[0])


def mean_face(points: DoubleArray, turns: DoubleArray) -> DoubleArray:
    """The median face of many, straight ahead by their turns, symmetric: float64 (P, 3)."""
    index = list(RIGID)
    seen = points[:, index] * np.array([1.0, -1.0, -1.0])
    seen -= seen.mean(axis=1, keepdims=True)
    mean = seen[0]
    for _ in range(ROUNDS):
        mean = mean / np.linalg.norm(mean[0] - mean[1])
        fits = [fitted(mean, face) for face in seen]
        ahead = [face @ turn / scale for face, (turn, scale) in zip(seen, fits, strict=True)]
        mean = np.median(ahead, axis=0)
        mean -= mean.mean(axis=0)
    mean /= np.linalg.norm(mean[0] - mean[1])
    ahead = [fitted(mean, face)[0].T @ turn for face, turn in zip(seen, turns, strict=True)]
    left, _, right = np.linalg.svd(np.median(ahead, axis=0))
    mean = mean @ left @ right
    mirrored = (mean * np.array([-1.0, 1.0, 1.0]))[[index.index(twin(point)) for point in index]]
    return 0.5 * (mean + mirrored)


def fitted(mean: DoubleArray, face: DoubleArray) -> tuple[DoubleArray, float]:
    """Turn and scale that bring a mean face nearest to one seen; both are about 0."""
    left, weight, right = np.linalg.svd(face.T @ mean)
    mirror = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return (left * mirror) @ right, float(weight @ mirror) / float((mean**2).sum())


def twin(point: int) -> int:
    """The point of the other half of the face; the middle is its own."""
    pairs = ((33, 263), (133, 362), (98, 327), (127, 356), (234, 454), (162, 389), (21, 251))
    pairs += ((54, 284), (103, 332), (67, 297), (109, 338))
    return next((b if a == point else a for a, b in pairs if point in {a, b}), point)


def weights(measured: DoubleArray, target: DoubleArray) -> DoubleArray:
    """Constant and weights of a logistic function, outliers counting less."""
    table = np.column_stack((np.ones(len(measured)), measured))
    fit = least_squares(
        lambda values: 1.0 / (1.0 + np.exp(-table @ values)) - target,
        np.zeros(table.shape[1]),
        loss="soft_l1",
        f_scale=0.2,
        x_scale="jac",
    )
    return fit.x


def main() -> None:
    """Print the numbers as the module holds them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    seen = list(faces(parser.parse_args().data))
    points, turns = np.array([face[0] for face in seen], float), np.array([x[1] for x in seen])
    angles = np.abs([geometry.angles_deg(turn) for turn in turns]).max(axis=1)
    near = angles < FARTHEST_DEG
    print(f"{len(seen)} faces, {near.sum()} of them turned by less than {FARTHEST_DEG:.0f}°")
    for point, place in zip(RIGID, mean_face(points[near], turns[near]), strict=True):
        x, y, z = (place + 0.0).tolist()
        print(f"    {point}: ({x:.3f}, {y:.3f}, {z:.3f}),")
    posed = [geometry.posed_face(each).frontal for each in points]
    measured = [geometry.distances(face) for face in posed]
    gazes = [geometry.gaze(face) for face, angle in zip(posed, angles, strict=True) if angle < 10]
    print("gaze", (np.median(gazes, axis=0) + np.array(geometry.GAZE_AHEAD)).round(3))
    for name, parts in WEIGHTS.items():
        table = np.array([[face[part] for part in parts] for face in measured])
        constant, *rest = weights(table, np.array([face[2][name] for face in seen])).tolist()
        told = ", ".join(f'"{part}": {value:.2f}' for part, value in zip(parts, rest, strict=True))
        print(f'    "{name}": ({constant:.2f}, {{{told}}}),')


if __name__ == "__main__":
    main()
