"""Cuts against a list made by hand and against clips that are joined here.

    python -m benchmarks.shots [--data ../shared/data] [--work benchmarks/work/shots] [--other]

The limits of `emoreport.media.shots` were chosen on the clips `chosen`, and on many_faces.mp4 of
the list made by hand. The clips `stated` are joined from other recordings. `--other` adds what the
same clips give with FFmpeg's `select` alone and, where it can be imported, with PySceneDetect.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.error import BlockingIOError as NothingYet
from av.filter import Graph

from benchmarks.joined_clips import CUT_KINDS, GRADUAL_KINDS, Clip, Joiner, painted, read, write
from emoreport.faces.select import open_detector
from emoreport.faces.tracker import SpeakerTracker
from emoreport.faces.viewing import Viewer
from emoreport.media import open_video
from emoreport.records import CropSpec
from emoreport.settings import Settings

SAMPLE = "samples/talk.mp4"
BY_HAND = {
    "many_faces.mp4": (1.511, 3.580, 7.884),
    "two_video_two_audio_streams.mp4": (6.120, 8.080),
    "face_then_none_vfr_hevc.mov": (2.400,),
    "none_then_face_vfr_hevc.mov": (3.945,),
    SAMPLE: (13.000, 16.600),
    "talk_ru_10s.mp4": (),
    "talk_en_20s.mp4": (),
    "no_audio_track_vfr.mp4": (),
    "no_face.mp4": (),
    "av1.mkv": (),
    "h264_10bit.mp4": (),
}
"""First pictures of shots, seconds, as seen on sheets of all pictures. At 6.12 s of
two_video_two_audio_streams.mp4 a dissolve has ended. The one black picture at the end of
none_then_face_vfr_hevc.mov is no shot."""
SCENES = {
    "chosen": {
        "talk_en_20s.mp4": ((0, 20),),
        "no_audio_track_vfr.mp4": ((0, 9),),
        "two_video_two_audio_streams.mp4": ((0, 5), (6.1, 8.05), (8.1, 13)),
        "no_face.mp4": ((0, 4),),
    },
    "stated": {
        "many_faces.mp4": ((0, 1.49), (1.52, 3.56), (3.6, 7.86), (7.9, 10)),
        "talk_ru_10s.mp4": ((0, 10),),
        "face_then_none_vfr_hevc.mov": ((0, 2.38), (2.45, 6.4)),
        "av1.mkv": ((0, 5),),
        "h264_10bit.mp4": ((0, 1),),
        SAMPLE: ((0, 12.9), (16.7, 36)),
    },
}
"""Stretches without a cut, by recording."""
TALKERS = {
    "chosen": ("talk_en_20s.mp4", "no_audio_track_vfr.mp4"),
    "stated": ("talk_ru_10s.mp4", "face_then_none_vfr_hevc.mov", SAMPLE),
}
LATE_S = 0.3
"""So much after its end a gradual change may be told."""
SEEDS = {"chosen": 1, "stated": 5}

Finder = Callable[[Path], list[float]]


@dataclass
class Score:
    """Right, wrong and missed cuts."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    events: int = 0

    def add(self, found: Sequence[float], wanted: Sequence[float], tolerance_s: float) -> None:
        """Count the cuts that were found; each wanted one counts once."""
        left = list(wanted)
        for cut_s in found:
            near = [other for other in left if abs(other - cut_s) <= tolerance_s]
            if near:
                left.remove(near[0])
                self.right += 1
            else:
                self.wrong += 1
        self.missed += len(left)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


# --------------------------------------------------------------------------------- finders


def found_cuts(path: Path) -> list[float]:
    """Cuts by the decoder alone, which knows no faces."""
    with open_video(path, shots=True) as source:
        return [frame.time_s for frame in source if frame.change is not None]


class WithFaces:
    """Cuts as a run has them: none where the speaker's face goes on."""

    def __init__(self) -> None:
        self._detector = open_detector(Settings(), lambda _: None)

    def __call__(self, path: Path) -> list[float]:
        """Where shots begin."""
        viewer = Viewer(self._detector, SpeakerTracker(), CropSpec(64))
        with open_video(path, shots=True) as source:
            seen = [sighting for sighting, _ in viewer.follow(source)]
        return [later.time_s for earlier, later in pairwise(seen) if later.shot > earlier.shot]


def by_select(score: float) -> Finder:
    """FFmpeg's filter at a score, on pictures in their own size."""

    def find(path: Path) -> list[float]:
        cuts = []
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            graph = Graph()
            nodes = [
                graph.add_buffer(template=stream),
                graph.add("select", f"gt(scene\\,{score})"),
                graph.add("buffersink"),
            ]
            graph.link_nodes(*nodes).configure()
            for frame in container.decode(stream):
                graph.push(frame)
                try:
                    cuts.append(float(graph.pull().pts * stream.time_base))
                except (NothingYet, EOFError):
                    continue
        return cuts

    return find


def by_scenedetect(name: str) -> Finder:
    """A detector of PySceneDetect with its own settings, shots of six pictures and more."""

    def find(path: Path) -> list[float]:
        from scenedetect import detectors

        detector = getattr(detectors, name)(min_scene_len=6)
        with av.open(str(path)) as container:
            frames = list(container.decode(video=0))
        pictures = [frame.to_ndarray(format="bgr24") for frame in frames]
        cuts = [cut for k, p in enumerate(pictures) for cut in detector.process_frame(k, p)]
        cuts += detector.post_process(len(frames))
        return [float(frames[cut].time) for cut in cuts]

    return find


# --------------------------------------------------------------------------------- figures


def by_hand(data: Path) -> None:
    """Print the cuts of the recordings at hand against the list."""
    print("| recording | cuts | found |\n|---|---|---|")
    total = Score()
    for name, cuts in BY_HAND.items():
        path = Path(SAMPLE) if name == SAMPLE else data / "videos" / name
        found = found_cuts(path)
        total.add(found, cuts, 0.021)
        shown = " ".join(f"{cut_s:.3f}" for cut_s in found)
        print(f"| {path.name} | {len(cuts)} | {shown} |")
    print(f"\nF1 {total.f1:.3f}: {total}\n")


def joined(data: Path, work: Path, part: str) -> list[tuple[Clip, Path]]:
    """The clips of one part, written to `work`."""

    def place(name: str) -> Path:
        return Path(SAMPLE) if name == SAMPLE else data / "videos" / name

    scenes = {
        name: [read(place(name), *span) for span in spans] for name, spans in SCENES[part].items()
    }
    seed = SEEDS[part]
    every = [scene for own in scenes.values() for scene in own if len(scene) >= 20]
    every += [painted(10 * seed + k) for k in range(3)]
    talkers = [scenes[name][0] for name in TALKERS[part]]
    clips = Joiner(every, talkers, seed).clips()
    return [(clip, write(work / f"{part}_{k}.mp4", clip)) for k, clip in enumerate(clips)]


def scored(clips: Iterable[tuple[Clip, Path]], find: Finder) -> dict[str, Score]:
    """Scores by kind of clip."""
    scores: dict[str, Score] = defaultdict(Score)
    for clip, path in clips:
        wanted = [cut / clip.rate for cut in clip.cuts]
        found = find(path)
        if clip.gradual is not None:
            start_s, end_s = (bound / clip.rate for bound in clip.gradual)
            wanted = [cut for cut in found if start_s <= cut <= end_s + LATE_S][:1] or [end_s]
        scores[clip.kind].add(found, wanted, 1.01 / clip.rate)
        scores[clip.kind].events += clip.events
    return scores


def cost(path: Path) -> Iterator[tuple[str, float]]:
    """CPU seconds of decoding, without and with a look for cuts, and of a whole analysis."""
    from emoreport.pipeline import Analyzer

    def decode(*, shots: bool) -> float:
        start = time.process_time()
        with open_video(path, threads=1, shots=shots) as source:
            for _ in source:
                pass
        return time.process_time() - start

    runs = [(decode(shots=False), decode(shots=True)) for _ in range(5)]
    plain, looking = (float(np.median(column)) for column in zip(*runs, strict=True))
    yield "decoding", plain
    yield "looking for cuts", looking - plain
    with Analyzer(Settings(offline=True), announce=lambda _: None) as analyzer:
        start = time.process_time()
        analyzer.analyze(path)
        yield "analysis", time.process_time() - start


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("benchmarks/work/shots"))
    parser.add_argument("--other", action="store_true")
    options = parser.parse_args()
    by_hand(options.data)
    finders: dict[str, Finder] = {"cuts": found_cuts, "with faces": WithFaces()}
    if options.other:
        finders |= {"select, 0.1": by_select(0.1), "select, 0.3": by_select(0.3)}
        for name in ("ContentDetector", "AdaptiveDetector", "HistogramDetector"):
            finders[name] = by_scenedetect(name)
    for part in SCENES:
        clips = joined(options.data, options.work, part)
        tables = {name: scored(clips, find) for name, find in finders.items()}
        print(f"| {part} | events | " + " | ".join(finders) + " |")
        print("|---" * (2 + len(finders)) + "|")
        for kind in dict.fromkeys(clip.kind for clip, _ in clips):
            own = [table[kind] for table in tables.values()]
            is_cut = kind in (*CUT_KINDS, *GRADUAL_KINDS)
            cells = [f"F1 {s.f1:.3f}" if is_cut else str(s.wrong) for s in own]
            count = own[0].right + own[0].missed if is_cut else own[0].events
            print(f"| {kind} | {count} | " + " | ".join(cells) + " |")
        print()
    for name, seconds in cost(options.data / "videos" / "talk_ru_10s.mp4"):
        print(f"{name}: {seconds:.2f} s of CPU")


if __name__ == "__main__":
    main()
