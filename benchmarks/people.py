"""How often two people are taken for one, and one for two.

``python -m benchmarks.people`` joins stretches of recordings of different people, each from two
distances and in two lights: first A, then B, then A from nearer, then B from nearer. Cuts are
known, faces are found and followed as in an analysis, and the people that come out are compared
with those who are there. The likeness from which tracks are joined was set with these people in
view; ``--more FILE…`` judges it on recordings of others, each of one person.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from emoreport.analysis.people.grouping import COLOURED, Likeness, group_people
from emoreport.cli.console import print_table
from emoreport.faces.everyone import Everyone
from emoreport.faces.reading import read_faces
from emoreport.faces.select import open_detector, open_face_model
from emoreport.media import open_video
from emoreport.records import FaceTrack, Frame, RgbPicture, SeenFaces, TrackAppearance
from emoreport.settings import Settings

RATE_HZ = 12.5
SECONDS = 2.0
SIZE = (640, 360)
NEARER = 0.62
DARKER = 0.85
PEOPLE = {
    "sample": ("samples/talk.mp4", 1.0),
    "talk_ru": ("../shared/data/videos/talk_ru_10s.mp4", 1.0),
    "talk_en": ("../shared/data/videos/talk_en_20s.mp4", 2.0),
    "vfr": ("../shared/data/videos/face_then_none_vfr_hevc.mov", 0.2),
    "no_audio": ("../shared/data/videos/no_audio_track_vfr.mp4", 0.2),
    "crowd": ("../shared/data/videos/many_faces.mp4", 3.7),
}
"""Where each begins to be seen for two seconds, seconds."""
LIMITS = (0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)

Scene = list[np.ndarray]


@dataclass(frozen=True)
class Pair:
    """A joined clip with the tracks' descriptors and who each track really is."""

    seen: SeenFaces
    appearance: TrackAppearance
    frames: FaceTrack
    truth: dict[int, str]
    duration_s: float

    def judge(self, likeness: Likeness) -> tuple[int, int, int, int]:
        """Pairs of tracks of two people, those joined; of one person, those parted."""
        people = group_people(
            self.seen, self.appearance, self.frames, self.duration_s, likeness=likeness
        )
        of = {track: person.key for person in people for track in person.tracks}
        two = joined = one = parted = 0
        for first, second in combinations(sorted(of), 2):
            same = of[first] == of[second]
            if self.truth[first] == self.truth[second]:
                one, parted = one + 1, parted + (not same)
            else:
                two, joined = two + 1, joined + same
        return two, joined, one, parted


def stretch(path: Path, start_s: float) -> Scene:
    """Pictures at `RATE_HZ` from `start_s` on, in the size of the clips."""
    scene: Scene = []
    with open_video(path) as source:
        for frame in source:
            while frame.time_s >= start_s + len(scene) / RATE_HZ:
                scene.append(fitted(frame.rgb))
            if len(scene) >= SECONDS * RATE_HZ:
                return scene
    raise ValueError(f"{path} is too short")


def fitted(rgb: np.ndarray) -> np.ndarray:
    """The middle of a picture in the size of the clips."""
    height, width = rgb.shape[:2]
    scale = max(SIZE[0] / width, SIZE[1] / height)
    rgb = cv2.resize(rgb, (round(width * scale), round(height * scale)))
    top, left = (rgb.shape[0] - SIZE[1]) // 2, (rgb.shape[1] - SIZE[0]) // 2
    return rgb[top : top + SIZE[1], left : left + SIZE[0]]


def nearer(scene: Scene, centre: tuple[float, float]) -> Scene:
    """The same from nearer and a little darker, as a second camera shows it."""
    width, height = round(SIZE[0] * NEARER), round(SIZE[1] * NEARER)
    left = int(np.clip(centre[0] - width / 2, 0, SIZE[0] - width))
    top = int(np.clip(centre[1] - height / 2, 0, SIZE[1] - height))
    return [
        (cv2.resize(rgb[top : top + height, left : left + width], SIZE) * DARKER).astype(np.uint8)
        for rgb in scene
    ]


def frames_of(scenes: Sequence[Scene]) -> Iterator[Frame]:
    """Frames of scenes one after the other, with a cut at the beginning of each but the first."""
    number = 0
    for place, scene in enumerate(scenes):
        for at, rgb in enumerate(scene):
            cut = np.full((9, 16), 255, np.int16) if place and not at else None
            picture = RgbPicture(np.ascontiguousarray(rgb))
            yield Frame(number, number / RATE_HZ, picture, change=cut)
            number += 1


class Bench:
    """Reads joined clips with the compact models."""

    def __init__(self) -> None:
        self.settings = Settings(face="compact", offline=True)
        self.model = open_face_model(self.settings, print)
        self.detector = open_detector(self.settings, print)

    def read(
        self, scenes: Sequence[Scene]
    ) -> tuple[FaceTrack, tuple[SeenFaces, TrackAppearance] | None]:
        """Faces of all people of scenes that are joined."""
        everyone = Everyone(self.model, self.settings.faces, None)
        faces = read_faces(
            frames_of(scenes), self.detector, self.model, self.settings.faces, everyone=everyone
        )
        return faces, everyone.build(faces)

    def centre(self, scene: Scene) -> tuple[float, float]:
        """Middle of the face in the first picture that shows one."""
        for rgb in scene:
            found = self.detector.detect(np.ascontiguousarray(rgb))
            if found:
                return found[0].box.centre
        return SIZE[0] / 2, SIZE[1] / 2

    def pairs(self, people: Mapping[str, tuple[str, float]]) -> Iterator[Pair]:
        """Joined clips of every two of these people."""
        far = {name: stretch(Path(file), start_s) for name, (file, start_s) in people.items()}
        near = {name: nearer(scene, self.centre(scene)) for name, scene in far.items()}
        for first, second in combinations(people, 2):
            faces, built = self.read([far[first], far[second], near[first], near[second]])
            if built is None:
                continue
            seen, appearance = built
            truth = {}
            for track in seen.tracks.tolist():
                mine = seen.track == track
                began_s = float(seen.time_s[mine][0])
                who = (first, second)[int(began_s / SECONDS + 1e-6) % 2]
                # In a crowd everybody beside the face that leads is somebody else.
                truth[track] = who if seen.leads[mine].mean() > 0.5 else f"{who}, {track}"
            yield Pair(seen, appearance, faces, truth, 4 * SECONDS)


def main() -> None:
    """Join, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--more", type=Path, nargs="+", default=[], metavar="FILE")
    more = {path.stem: (str(path), 0.5) for path in parser.parse_args().more}
    bench = Bench()
    for title, people in (("set with these in view:", PEOPLE), ("others:", more)):
        names = list(people)
        pairs = list(bench.pairs(people))
        if not pairs:
            continue
        rows = []
        for limit in LIMITS:
            sums = np.sum([pair.judge(Likeness(limit, COLOURED.likely)) for pair in pairs], axis=0)
            two, joined, one, parted = sums.tolist()
            mark = " *" if limit == COLOURED.alike else ""
            rows.append(
                [f"{limit}{mark}", f"{joined} of {two}", f"{parted} of {one}", str(len(pairs))]
            )
        print(f"\n{title} {', '.join(names)}")
        print_table(["likeness", "two taken for one", "one taken for two", "clips"], rows)


if __name__ == "__main__":
    main()
