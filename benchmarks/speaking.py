"""Who speaks, on clips that are put together of faces and voices that are known.

    python -m benchmarks.speaking [--data ../shared/data] [--work benchmarks/work/speaking]

The limits of `emoreport.analysis.speaking` were chosen on the clips `chosen`; the clips `stated`
have other faces. Seconds are those of detected speech.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from benchmarks.spoken_clips import (
    NOBODY,
    RATE,
    RATE_HZ,
    SIDE,
    Clip,
    Scene,
    Sound,
    beside,
    frozen,
    heard,
    nodding,
    panel,
    to_and_fro,
    voices,
    write,
)
from emoreport.analysis.speaking import speaking_seconds, who_speaks
from emoreport.faces.builder import FaceTrackBuilder
from emoreport.faces.mouth import MouthWatch
from emoreport.faces.select import open_detector
from emoreport.faces.stepping import faces_of
from emoreport.media import open_video, probe
from emoreport.media.audio import open_audio
from emoreport.records import (
    OFF_SCREEN,
    UNKNOWN_SPEAKER,
    Person,
    PictureDetector,
    SeenFaces,
    SpeakingSpan,
    SpeechTrack,
)
from emoreport.settings import Settings, SpeechSettings
from emoreport.speech.activity import SileroDetector
from emoreport.speech.reading import read_speech

SAMPLE = "samples/talk.mp4"
AREAS = {
    "talk_ru_10s.mp4": (480, 40, 380),
    "talk_en_20s.mp4": (0, 0, 450),
    "no_audio_track_vfr.mp4": (195, 0, 290),
    "face_then_none_vfr_hevc.mov": (180, 0, 540),
    SAMPLE: (80, 0, 480),
}
"""Where the face is: left, top, side in pixels."""


Counts = dict[tuple[str, str], float]

NOBODY_ELSE = FaceTrackBuilder(()).build()
"""A recording's frames, where all faces are given beside them."""


class Sources:
    """Faces and voices of the recordings."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.face = cache(self._face)
        self.voice = cache(self._voice)
        self.others = cache(self._others)

    def _path(self, name: str) -> Path:
        return Path(name) if name == SAMPLE else self._data / "videos" / name

    def _face(self, name: str, start_s: float, end_s: float) -> Scene:
        return panel(self._path(name), start_s, end_s, AREAS[name])

    def _voice(self, name: str, start_s: float, end_s: float) -> Sound:
        return heard(self._path(name), start_s, end_s)

    def _others(self, corpus: str, actor: str, seconds: float) -> Sound:
        return voices(self._data / "speech" / f"{corpus}.tar", (actor,), seconds)


def clip(name: str, panels: list[Scene], *turns: tuple[Sound, int | str]) -> Clip:
    """Panels side by side; the sounds follow each other, each with who is heard."""
    frames = beside(*panels) if len(panels) > 1 else panels[0]
    sounds, speakers, at_s = [], [], 0.0
    for sound, speaker in turns:
        sounds.append(sound)
        speakers.append((at_s, at_s + len(sound) / RATE_HZ, speaker))
        at_s += len(sound) / RATE_HZ
    return Clip(name, frames, np.concatenate(sounds), speakers)


def chosen(sources: Sources) -> Iterator[Clip]:
    """Clips on which the limits were chosen."""
    english, drawn = sources.face("talk_en_20s.mp4", 0, 20), sources.face(SAMPLE, 17, 36)
    laughs = to_and_fro(sources.face("no_audio_track_vfr.mp4", 0, 4.6), 20)
    says, drawn_says = sources.voice("talk_en_20s.mp4", 0, 20), sources.voice(SAMPLE, 17, 36)
    silent = to_and_fro(sources.face(SAMPLE, 16.8, 19.5), 20)
    other = sources.others("ravdess", "", 20)
    yield clip("one talks", [english], (says, 0))
    yield clip("one talks, drawn", [drawn], (drawn_says, 0))
    yield clip("one talks, one laughs", [english, laughs], (says, 0))
    yield clip("one talks, one listens", [silent, english], (says, 1))
    yield clip("two mouths talk, the first is heard", [english, drawn], (says[: 19 * RATE_HZ], 0))
    yield clip("two mouths talk, the second is heard", [english, drawn], (drawn_says, 1))
    yield clip("frozen face, its own voice", [frozen(english[40], 20)], (says, NOBODY))
    yield clip("frozen face that nods", [nodding(frozen(english[40], 20))], (drawn_says, NOBODY))
    yield clip("a listener, a voice", [silent], (says, NOBODY))
    yield clip("a listener who nods, a voice", [nodding(silent)], (other, NOBODY))
    yield clip("somebody laughs, a voice", [laughs], (other, NOBODY))
    yield clip("a talking face, another voice", [english], (other, NOBODY))
    yield clip("a talking face, another talk", [english], (drawn_says, NOBODY))
    half = 10 * RATE_HZ
    yield clip(
        "turns",
        [english[:250] + frozen(english[250], 10), silent[:250] + drawn[200:450]],
        (says[:half], 0),
        (drawn_says[8 * RATE_HZ : 18 * RATE_HZ], 1),
    )


def stated(sources: Sources) -> Iterator[Clip]:
    """Clips with other faces, on which figures are stated."""
    russian, before = (
        sources.face("talk_ru_10s.mp4", 0, 10.1),
        sources.face("talk_ru_10s.mp4", 0.1, 2.5),
    )
    says = sources.voice("talk_ru_10s.mp4", 0, 10.1)
    smiles = to_and_fro(sources.face("face_then_none_vfr_hevc.mov", 0.1, 2.3), 20)
    silent = to_and_fro(before, 20)
    polish = sources.others("nemo", "", 20)
    english = sources.face("talk_en_20s.mp4", 0, 20)
    yield clip("one talks", [russian], (says, 0))
    yield clip("one talks, one smiles", [russian, smiles], (says, 0))
    yield clip("one listens and nods, one talks", [nodding(silent), russian], (says, 1))
    yield clip("two mouths talk, the first is heard", [russian, english], (says, 0))
    yield clip(
        "two mouths talk, the second is heard",
        [russian, english],
        (sources.voice("talk_en_20s.mp4", 0, 10), 1),
    )
    yield clip("frozen face, its own voice", [frozen(russian[100], 10)], (says, NOBODY))
    yield clip("frozen face that nods", [nodding(frozen(russian[100], 20))], (polish, NOBODY))
    yield clip("a listener, a voice", [silent], (polish, NOBODY))
    yield clip("a listener who nods, a voice", [nodding(silent)], (polish, NOBODY))
    yield clip("somebody smiles, a voice", [smiles], (polish, NOBODY))
    yield clip("a talking face, another voice", [russian[70:]], (polish[: 7 * RATE_HZ], NOBODY))
    yield clip(
        "turns, one off screen",
        [silent[:183] + frozen(before[0], 7.3), russian[70:] + silent[:183]],
        (says[round(2.8 * RATE_HZ) :], 1),
        (polish[: round(7.3 * RATE_HZ)], NOBODY),
    )


# ------------------------------------------------------------------------------ measuring


def seen_in(path: Path, detector: PictureDetector, fps: str, panel_px: int = SIDE) -> SeenFaces:
    """The face of each panel, which is one track and one person."""
    rows: list[tuple[float, ...]] = []
    watches: dict[int, MouthWatch] = defaultdict(MouthWatch)
    with open_video(path, fps=fps) as source:
        for look in faces_of(source, lambda frame: detector.look(frame.picture)):
            panels = {
                1 + int(face.box.centre[0] // panel_px): face for face in reversed(look.faces)
            }
            for place, face in sorted(panels.items()):
                time_s, box = look.frame.time_s, face.box
                motion = watches[place].motion(look.frame.picture, face, time_s)
                where = (box.x, box.y, box.width, box.height)
                rows.append((time_s, look.frame.index, place, *where, motion, face.yaw_deg))
    table = np.array(rows, np.float64).reshape(-1, 9)
    return SeenFaces(
        labels=(),
        time_s=table[:, 0],
        frame=table[:, 1].astype(np.int64),
        track=table[:, 2].astype(np.int64),
        leads=table[:, 2] == 1,
        box=table[:, 3:7].astype(np.float32),
        detection_score=np.ones(len(table), np.float32),
        probabilities=np.zeros((len(table), 0), np.float32),
        mouth_motion=table[:, 7].astype(np.float32),
        extra={"yaw_deg": table[:, 8].astype(np.float32)},
    )


def heard_in(path: Path) -> SpeechTrack:
    """Speech and level of a clip."""
    with ExitStack() as stack:
        track = open_audio(path, probe(path), duration_s=None)
        if track is not None:
            stack.enter_context(track)
        return read_speech(track, SileroDetector(0.5), None, SpeechSettings())


def answers(seen: SeenFaces, speech: SpeechTrack, duration_s: float) -> tuple[SpeakingSpan, ...]:
    """Who is said to speak, by the letters of the panels."""
    people = [Person(chr(64 + track), (track,)) for track in seen.tracks.tolist()]
    return who_speaks(NOBODY_ELSE, speech, duration_s, seen, people)


def seconds(
    truth: Sequence[tuple[float, float, int | str]], found: Sequence[SpeakingSpan]
) -> Counts:
    """Seconds by who speaks and who is said to."""
    counted: Counts = defaultdict(float)
    for start_s, end_s, speaker in truth:
        wanted = speaker if isinstance(speaker, str) else chr(65 + speaker)
        for span in found:
            both_s = min(end_s, span.end_s) - max(start_s, span.start_s)
            if both_s > 0:
                counted[wanted, span.speaker] += both_s
    return counted


def shares(counted: Counts) -> tuple[float, float, float, float]:
    """Seconds of speech, and shares right, wrong and not known."""
    total = sum(counted.values())
    right = sum(value for (wanted, said), value in counted.items() if wanted == said)
    unknown = sum(value for (_, said), value in counted.items() if said == UNKNOWN_SPEAKER)
    whole = max(total, 1e-9)
    return total, right / whole, (total - right - unknown) / whole, unknown / whole


def alone(data: Path, work: Path, detector: PictureDetector) -> None:
    """Print what is said of one-person talks, also of small and badly compressed ones."""
    print(f"\n{'one person, nobody else':40} size crf  fps     s  right off_screen unknown")
    for name in (SAMPLE, "talk_en_20s.mp4", "talk_ru_10s.mp4"):
        path = Path(name) if name == SAMPLE else data / "videos" / name
        with open_video(path, fps=str(RATE)) as source:
            frames = [frame.rgb for frame in source]
        sound = heard(path)
        for size, crf in ((1.0, 23), (0.5, 26), (0.25, 26), (1.0, 38), (0.5, 36)):
            edge = [2 * round(0.5 * size * pixels) for pixels in frames[0].shape[1::-1]]
            small = [cv2.resize(each, edge, interpolation=cv2.INTER_AREA) for each in frames]
            made = write(work / "alone.mp4", Clip(name, small, sound), crf=crf)
            speech = heard_in(made)
            for fps in ("every", "10"):
                seen = seen_in(made, detector, fps, panel_px=10_000)
                counted = speaking_seconds(answers(seen, speech, len(frames) / RATE))
                total = sum(counted.values())
                parts = [
                    counted.get(key, 0.0) / total for key in ("A", OFF_SCREEN, UNKNOWN_SPEAKER)
                ]
                cells = f"{parts[0]:6.0%} {parts[1]:10.0%} {parts[2]:7.0%}"
                print(f"{name:40} {size:4} {crf:3} {fps:>5} {total:5.1f} {cells}")


def main() -> None:
    """Print shares by clip, at two frame rates, and of the recordings as they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("benchmarks/work/speaking"))
    options = parser.parse_args()
    sources, work = Sources(options.data), options.work
    detector = open_detector(Settings(), print)
    assert isinstance(detector, PictureDetector)
    alone(options.data, work, detector)
    for part, make in (("chosen", chosen), ("stated", stated)):
        print(f"\n{part:52}  fps     s  right wrong unknown")
        for number, made in enumerate(make(sources)):
            path = write(work / f"{part}_{number}.mp4", made)
            speech = heard_in(path)
            for fps in ("every", "10"):
                found = answers(seen_in(path, detector, fps), speech, len(made.frames) / RATE)
                total, right, wrong, unknown = shares(seconds(made.speakers, found))
                print(
                    f"{made.name:52} {fps:>5} {total:5.1f} {right:5.0%} {wrong:5.0%} {unknown:6.0%}"
                )


if __name__ == "__main__":
    main()
