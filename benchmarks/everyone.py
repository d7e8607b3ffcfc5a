"""What it costs to follow and read every face, beside the speaker's alone.

    python -m benchmarks.everyone                     # a shared talk, the sample, a crowd
    python -m benchmarks.everyone VIDEO ... --rounds 9

Prints, for each recording, how many faces were read in addition, in how many tracks, and the ratio
of processor time for decoding and reading the face: rounds with and without the others take turns,
the first of each is left out, and the median of the pairs is given with its quartiles.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from emoreport.faces.everyone import Everyone
from emoreport.faces.reading import read_faces
from emoreport.faces.select import open_detector, open_face_model
from emoreport.media import open_video
from emoreport.records import FaceDetector, FaceEmotionModel
from emoreport.settings import Settings

VIDEOS = Path("../shared/data/videos")
RECORDINGS = (
    VIDEOS / "talk_en_20s.mp4",
    Path("samples/talk.mp4"),
    VIDEOS / "many_faces.mp4",
)
SETTINGS = Settings().replace(face="compact")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", type=Path, nargs="*")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    model, detector = open_face_model(SETTINGS, print), open_detector(SETTINGS, print)
    for video in arguments.videos or [path for path in RECORDINGS if path.is_file()]:
        ratios = []
        for number in range(arguments.rounds + 1):
            order = (False, True) if number % 2 else (True, False)
            cost_s = {others: read(video, detector, model, others=others)[0] for others in order}
            ratios.append(cost_s[True] / cost_s[False])
        _, faces, further, tracks = read(video, detector, model, others=True)
        low, half, high = np.percentile(ratios[1:], [25, 50, 75])
        print(f"{video.name}: {further} faces besides {faces}, {tracks} tracks; ", end="")
        print(f"{half:.3f} of the processor time (quartiles {low:.3f} to {high:.3f})")
    detector.close()


def read(
    video: Path, detector: FaceDetector, model: FaceEmotionModel, *, others: bool
) -> tuple[float, int, int, int]:
    """Processor seconds; faces that lead, faces besides, tracks."""
    start_s = time.process_time()
    everyone = Everyone(model, SETTINGS.faces, None) if others else None
    with open_video(video, threads=1, shots=True) as source:
        faces = read_faces(source, detector, model, SETTINGS.faces, everyone=everyone)
    collected = None if everyone is None else everyone.build(faces)
    cost_s = time.process_time() - start_s
    if collected is None:
        return cost_s, int(faces.valid.sum()), 0, 1
    seen = collected[0]
    return cost_s, int(seen.leads.sum()), int((~seen.leads).sum()), len(seen.tracks)


if __name__ == "__main__":
    main()
