"""The detector that `auto` takes, beside MediaPipe's own graph and beside a look at every frame.

    python -m benchmarks.detector                       # the shared talks and the sample
    python -m benchmarks.detector VIDEO ... --frames 200

Prints, for each recording, how far the boxes of the first look overlap those of MediaPipe's graph
(mediapipe 0.10.21) and what both cost; then, with and without frames between two looks, how many
frames were looked at, how far boxes overlap, and how often the compact model's label is the same.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np

from emoreport.faces.detectors import DirectDetector, SolutionsDetector, own_short_range
from emoreport.faces.reading import read_faces
from emoreport.faces.select import open_face_model
from emoreport.media import open_video
from emoreport.records import Box, FaceTrack, Frame
from emoreport.settings import Settings

VIDEOS = Path("../shared/data/videos")
TALKS = (VIDEOS / "talk_ru_10s.mp4", VIDEOS / "talk_en_20s.mp4", Path("samples/talk.mp4"))
SETTINGS = Settings().replace(face="compact")


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", type=Path, nargs="*")
    parser.add_argument("--frames", type=int, default=400)
    arguments = parser.parse_args()
    model = open_face_model(SETTINGS, print)
    own = own_short_range()
    assert own is not None, "this mediapipe carries no detector"
    direct, whole = DirectDetector(own), SolutionsDetector()
    for video in arguments.videos or [path for path in TALKS if path.is_file()]:
        with open_video(video, threads=1) as source:
            frames = list(itertools.islice(source, arguments.frames))
        print(f"{video.name}, {len(frames)} frames")
        first_looks(frames, direct, whole)
        between_looks(frames, direct, whole, model)


def first_looks(frames: list[Frame], direct: DirectDetector, whole: SolutionsDetector) -> None:
    """Compare the first looks of both."""
    overlaps, scores, cost_s, other_count = [], [], np.zeros(2), 0
    for frame in frames:
        start_s = time.process_time()
        own = direct.first(frame.picture)
        middle_s = time.process_time()
        rgb = frame.rgb
        start_again_s = time.process_time()
        theirs = whole.near(rgb)
        cost_s += middle_s - start_s, time.process_time() - start_again_s
        other_count += len(own) != len(theirs)
        for face in theirs:
            same = max(own, key=lambda raw: raw.box.iou(face.box), default=None)
            overlaps.append(0.0 if same is None else same.box.iou(face.box))
            scores.append(1.0 if same is None else abs(same.score - face.score))
    print(f"  first look: {1000 * cost_s[0] / len(frames):.2f} ms, ", end="")
    print(f"{cost_s[0] / cost_s[1]:.2f} of MediaPipe's; another count in {other_count} frames")
    if overlaps:
        print(f"  overlap with MediaPipe's: {_spread(overlaps)}; score: ±{max(scores):.3f}")


def between_looks(
    frames: list[Frame], direct: DirectDetector, whole: SolutionsDetector, model: object
) -> None:
    """Compare readings of frames that were all looked at with those of looks and ways between."""
    looks = [0]
    look = direct.look

    def counted(picture: object) -> object:
        looks[0] += 1
        return look(picture)

    tracks = []
    for steps in (False, True):
        looks[0], direct.steps, direct.look = 0, steps, counted
        tracks.append(read_faces(iter(frames), direct, model, SETTINGS.faces))
    direct.look = look
    every, some = tracks
    print(f"  between looks: {looks[0] / len(frames):.3f} of the frames looked at")
    _compare("every frame looked at", every, some)
    theirs = read_faces(iter(frames), whole, model, SETTINGS.faces)
    _compare("MediaPipe's graph, every frame", theirs, some)


def _compare(with_what: str, one: FaceTrack, other: FaceTrack) -> None:
    """Print how often two readings have the same label, and how far their boxes overlap."""
    same = np.mean([a == b for a, b in zip(one.emotion, other.emotion, strict=True)])
    both = one.valid & other.valid
    overlaps = [
        Box(*a).iou(Box(*b))
        for a, b in zip(one.box[both].tolist(), other.box[both].tolist(), strict=True)
    ]
    differs = (one.valid != other.valid).sum()
    print(f"  against {with_what}: same label {same:.4f}, face or none differs in {differs}")
    if overlaps:
        print(f"    overlap of boxes: {_spread(overlaps)}")


def _spread(values: list[float]) -> str:
    lowest, one, five, half = np.percentile(values, [0, 1, 5, 50])
    return f"lowest {lowest:.3f}, 1 % {one:.3f}, 5 % {five:.3f}, median {half:.3f}"


if __name__ == "__main__":
    main()
