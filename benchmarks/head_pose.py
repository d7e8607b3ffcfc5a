"""How far yaw and pitch from six points of a face are right, and what turned faces cost.

    python -m benchmarks.head_pose [--data ../shared/data]

The reference is the transformation matrix of MediaPipe's face landmarker (face_landmarker.task in
the folder models of the data), on frames of the videos, on posed CK+ faces and on FER2013 faces.
Then the accuracy of the compact face model on FER+ faces that it was not trained on, by the
measured angles: faces that really are turned, beside those that `faces.turning` turns.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from emoreport.faces.detectors import SolutionsDetector
from emoreport.faces.quiet import native_noise_filtered
from emoreport.media import open_video
from emoreport.models.families.compact import CompactFaceModel
from emoreport.models.store.model_metadata import shipped_metadata

VIDEOS = (
    "talk_ru_10s.mp4",
    "talk_en_20s.mp4",
    "face_then_none_vfr_hevc.mov",
    "none_then_face_vfr_hevc.mov",
    "no_audio_track_vfr.mp4",
)
"""Recordings that show one face."""
FRAMES_APART = 6
FER_FACES = 900
SIDE_PX, MARGIN_PX = 192, 96
"""FER pictures are enlarged, with a grey margin: a whole face in a scene."""
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
YAW_EDGES = (0, 10, 20, 30, 40, 50, 90)
PITCH_EDGES = (-90, -25, -15, -5, 5, 15, 25, 35, 90)
FER_SEED = 0


class Landmarker:
    """Yaw and pitch by the face landmarker, signs as in `faces.geometry`."""

    def __init__(self, path: Path) -> None:
        import mediapipe
        from mediapipe.tasks import python as tasks
        from mediapipe.tasks.python import vision

        self._mediapipe = mediapipe
        options = vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(path)),
            output_facial_transformation_matrixes=True,
            min_face_detection_confidence=0.3,
        )
        self._task = vision.FaceLandmarker.create_from_options(options)

    def angles(self, rgb: np.ndarray) -> tuple[float, float] | None:
        """Degrees; None where no face is found."""
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb)
        )
        found = self._task.detect(image).facial_transformation_matrixes
        if not found:
            return None
        ahead = np.asarray(found[0])[:3, 2]  # where the nose points: x right, y up, z to the camera
        yaw = np.degrees(np.arctan2(ahead[0], ahead[2]))
        return float(yaw), float(np.degrees(np.arctan2(-ahead[1], np.hypot(ahead[0], ahead[2]))))


def scene(picture: np.ndarray) -> np.ndarray:
    """A grey crop as RGB, enlarged, in the middle of a grey frame."""
    large = cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, *(MARGIN_PX,) * 4, cv2.BORDER_CONSTANT, value=128)
    return cv2.cvtColor(framed, cv2.COLOR_GRAY2RGB)


def measured(detector: SolutionsDetector, rgb: np.ndarray) -> tuple[float, float] | None:
    """Yaw and pitch of the best face; None where there is none."""
    faces = detector.detect(rgb)
    return (faces[0].yaw_deg, faces[0].pitch_deg) if faces else None


def labelled(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and the columns of their labels; those that show no emotion are left out."""
    with np.load(path) as archive:
        images, votes = archive["images"], archive["votes"]
    kept = votes.argmax(axis=1) < len(VOTES)
    return images[kept], votes[kept, : len(VOTES)].argmax(axis=1)


def sources(data: Path) -> Iterator[tuple[str, Iterator[np.ndarray]]]:
    """Name of each source, and its pictures."""
    for name in VIDEOS:
        with open_video(data / "videos" / name) as video:
            yield name, (frame.rgb for k, frame in enumerate(video) if k % FRAMES_APART == 0)
    with np.load(data / "fer" / "ck48_dev.npz") as archive:
        yield "CK+, every second", map(scene, archive["images"][::2])
    images, _ = labelled(data / "fer" / "ferplus_valid.npz")
    chosen = np.random.default_rng(FER_SEED).permutation(len(images))[:FER_FACES]
    yield "FER+ validation", map(scene, images[chosen])


def errors(detector: SolutionsDetector, data: Path) -> None:
    """Estimate against landmarker, by source; then by angle over the FER faces."""
    with native_noise_filtered():
        landmarker = Landmarker(data / "models" / "face_landmarker.task")
    for name, pictures in sources(data):
        pairs = [
            (own, reference)
            for picture in pictures
            if (own := measured(detector, picture)) and (reference := landmarker.angles(picture))
        ]
        estimate, truth = np.array(pairs).transpose(1, 2, 0)
        told = [f"{name}: {len(pairs)} faces"]
        for axis, own, true in zip(("yaw", "pitch"), estimate, truth, strict=True):
            low, high = np.quantile(true, (0.02, 0.98))
            rms, bias = np.sqrt(np.nanmean((own - true) ** 2)), np.nanmean(own - true)
            told.append(f"{axis} ({low:.0f} to {high:.0f}°): RMS {rms:.1f}°, mean {bias:+.1f}°")
        print(", ".join(told))
    for axis, own, true in zip(("yaw", "pitch"), estimate, truth, strict=True):
        for low, high in ((-50, -30), (-30, -20), (-20, -10), (10, 20), (20, 30), (30, 50)):
            near = (true >= low) & (true < high) & ~np.isnan(own)
            if near.sum() > 3:
                rms = np.sqrt(np.mean((own - true)[near] ** 2))
                means = f"mean {true[near].mean():.0f}°, estimated {own[near].mean():.0f}°"
                name = f"FER+ {axis} {low} to {high}°: {near.sum()} faces"
                print(f"{name}, {means}, RMS {rms:.1f}°")


def costs(detector: SolutionsDetector, data: Path) -> None:
    """Accuracy by measured angle, beside that of the same emotions at any angle."""
    model = CompactFaceModel(shipped_metadata("face"))
    images, votes = labelled(data / "fer" / "ferplus_valid.npz")
    truth = np.array([model.labels.index(name) for name in VOTES])[votes]
    found = [measured(detector, scene(image)) or (np.nan, np.nan) for image in images]
    yaw, pitch = np.array(found).T
    crops = [np.repeat(image[:, :, None], 3, axis=2) for image in images]
    parts = [model.predict(crops[k : k + 64]).probabilities for k in range(0, len(crops), 64)]
    shares = np.concatenate(parts)
    right = shares.argmax(axis=1) == truth
    usual = np.array([right[truth == label].mean() for label in range(len(model.labels))])[truth]
    for axis, angle, edges in (("|yaw|", np.abs(yaw), YAW_EDGES), ("pitch", pitch, PITCH_EDGES)):
        for low, high in itertools.pairwise(edges):
            near = (angle >= low) & (angle <= high)
            print(
                f"{axis} {low} to {high}°: {near.sum()} faces, accuracy {right[near].mean():.3f},"
                f" of the same emotions {usual[near].mean():.3f}, confidence"
                f" {shares[near].max(axis=1).mean():.3f}"
            )


def main() -> None:
    """Print errors, then costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data = parser.parse_args().data
    detector = SolutionsDetector()
    errors(detector, data)
    costs(detector, data)


if __name__ == "__main__":
    main()
