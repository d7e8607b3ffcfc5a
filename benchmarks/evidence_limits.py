"""What little evidence costs: the figures behind the limits in `analysis.rows.abstention`.

    python -m benchmarks.evidence_limits [--data ../shared/data]

Needs the labelled faces and voices of the data folder. The faces are ones that the compact model
was not trained on. The voices are of speakers that it has heard: read the differences, not the
levels.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from emoreport.analysis.rows.evidence import normalised_entropy
from emoreport.corpora.clip_sounds import read_clip_sounds
from emoreport.corpora.labels_csv import read_labels_csv
from emoreport.measure.evaluate import predict_clip
from emoreport.models.families.compact import CompactFaceModel, CompactVoiceModel
from emoreport.models.store.model_metadata import shipped_metadata

VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
PICTURE_PX = 48
BOX_SIDES = 1.17
"""Side of a picture of this data over the side of the face box: docs/models/compact-face.md."""
CLIPS = 500
BATCH = 64
FRAME = 512


def sharpness(pictures: np.ndarray) -> np.ndarray:
    """Variance of the Laplacian of each picture, as the package measures it."""
    return np.asarray([np.var(cv2.Laplacian(picture, cv2.CV_32F)) for picture in pictures])


def faces(folder: Path) -> None:
    """Accuracy of the compact face model by margin, entropy, blur and size."""
    model = CompactFaceModel(shipped_metadata("face"))
    data = np.load(folder / "fer" / "ferplus_valid.npz")
    votes = data["votes"]
    known = votes.argmax(axis=1) < len(VOTES)
    column = np.asarray([model.labels.index(name) for name in VOTES])
    truth = column[votes[known][:, : len(VOTES)].argmax(axis=1)]
    pictures = data["images"][known]

    def probabilities(altered: np.ndarray) -> np.ndarray:
        parts = [
            model.predict([np.repeat(one[:, :, np.newaxis], 3, axis=2) for one in batch])
            for batch in np.array_split(altered, -(-len(altered) // BATCH))
        ]
        return np.concatenate([part.probabilities for part in parts])

    table = probabilities(pictures)
    right = table.argmax(axis=1) == truth
    print(f"{len(pictures)} faces, accuracy {right.mean():.3f}")
    best = np.sort(table, axis=1)
    margin, doubt = best[:, -1] - best[:, -2], normalised_entropy(table)
    for limit in (0.05, 0.1, 0.2):
        hit = margin < limit
        print(f"margin below {limit}: {hit.sum()} faces, {right[hit].mean():.3f} right")
    for limit in (0.6, 0.7, 0.8):
        hit = doubt > limit
        print(f"entropy above {limit}: {hit.sum()} faces, {right[hit].mean():.3f} right")
    usual = sharpness(pictures)
    for name, change in _damages().items():
        altered = np.asarray([change(one) for one in pictures])
        score = (probabilities(altered).argmax(axis=1) == truth).mean()
        ratio = np.median(sharpness(altered) / usual)
        print(f"{name}: accuracy {score:.3f}, sharpness × {ratio:.3f}")


def _damages() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    def focus(sigma: float) -> Callable[[np.ndarray], np.ndarray]:
        return lambda picture: cv2.GaussianBlur(picture, (0, 0), sigma)

    def motion(length: int) -> Callable[[np.ndarray], np.ndarray]:
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1.0 / length
        return lambda picture: cv2.filter2D(picture, -1, kernel)

    def small(side: int) -> Callable[[np.ndarray], np.ndarray]:
        def change(picture: np.ndarray) -> np.ndarray:
            less = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
            size = (PICTURE_PX, PICTURE_PX)
            return cv2.resize(less, size, interpolation=cv2.INTER_LINEAR)

        return change

    found = {f"focus blur, sigma {sigma} px": focus(sigma) for sigma in (0.75, 1.0, 1.5, 2.0)}
    found |= {f"motion blur, {length} px": motion(length) for length in (3, 5, 7, 11)}
    found |= {f"face box of {side / BOX_SIDES:.0f} px": small(side) for side in (16, 20, 24, 32)}
    return found


def voices(folder: Path) -> None:
    """Accuracy of the compact voice model by noise and clipping."""
    model = CompactVoiceModel(shipped_metadata("voice"))
    rng = np.random.default_rng(0)
    read, _ = read_labels_csv(folder / "speech")
    labelled = [clip for clip in read if clip.written in model.labels]
    places = sorted(rng.choice(len(labelled), min(CLIPS, len(labelled)), replace=False))
    wanted = [labelled[place] for place in places]
    clips = [
        (wanted[place].written, samples)
        for place, samples in read_clip_sounds(folder / "speech", [clip.file for clip in wanted])
        if not isinstance(samples, Exception)
    ]

    def noisy(samples: np.ndarray, snr_db: float) -> np.ndarray:
        power = (samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME) ** 2).mean(axis=1)
        loud = power[power > 1e-3 * power.max()].mean()
        noise = rng.standard_normal(len(samples)) * np.sqrt(loud / 10 ** (snr_db / 10))
        return (samples + noise).astype(np.float32)

    def clipped(samples: np.ndarray, share: float) -> np.ndarray:
        size = np.abs(samples)
        limit = np.quantile(size[size > 0.03 * size.max()], 1.0 - share)
        return np.clip(samples, -limit, limit)

    def report(name: str, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        table = np.asarray([predict_clip(model, change(samples)) for _, samples in clips])
        answers = [model.labels[column] for column in table.argmax(axis=1)]
        score = np.mean([one == truth for one, (truth, _) in zip(answers, clips, strict=True)])
        print(f"{name}: accuracy {score:.3f}")
        return table

    doubt = normalised_entropy(report(f"{len(clips)} clips as they are", lambda one: one))
    print("entropy, median and 99th percentile:", np.quantile(doubt, [0.5, 0.99]).round(2))
    for snr_db in (20.0, 10.0, 5.0, 0.0):
        report(f"white noise, {snr_db:.0f} dB", lambda one, snr_db=snr_db: noisy(one, snr_db))
    for share in (0.01, 0.1, 0.2):
        report(f"{share:.0%} of the speech clipped", lambda one, share=share: clipped(one, share))


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    folder = parser.parse_args().data
    faces(folder)
    voices(folder)


if __name__ == "__main__":
    main()
