"""Fit the rule of `--fps adaptive`, and hold it against a fixed rate, each person left out in turn.

    python -m benchmarks.adaptive VIDEO_OR_FOLDER… [--model NAME] [--write MODEL.json]
    python -m benchmarks.adaptive --speed VIDEO…

Each argument is one person: a recording, or a folder of recordings. The rule is fitted to every
frame of all persons but one and judged on that one: on the recordings as they are, played twice as
fast, and shaken. Compared with the reading of every frame are the face's rows as a table shows
them (by time, and on average over recordings), the labels of frames that were not looked at, and
where rows begin.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE
from emoreport.analysis.rows.doubt import doubted
from emoreport.analysis.rows.judging import judge_rows
from emoreport.analysis.rows.skipped import with_skipped_frames
from emoreport.faces import looks
from emoreport.faces.label_risk import TERMS, Sight, changes, grid_on, shades, terms
from emoreport.faces.reading import read_faces
from emoreport.faces.select import open_detector, open_face_model
from emoreport.media import open_video
from emoreport.pipeline import Analyzer
from emoreport.records import (
    Box,
    DoubleArray,
    FaceDetector,
    FaceEmotionModel,
    FaceTrack,
    Frame,
    LookRule,
    RgbPicture,
    SpeechTrack,
)
from emoreport.settings import Settings

GAPS = (2, 3, 4, 5, 6, 8, 10, 12)
"""Frames from look to look that the rule learns from."""
LIMITS = (0.02, 0.05, 0.1, 0.2)
STRIDES = (2, 3, 4, 5, 6, 8, 10)
RIDGE = 1.0
SPEED_RUNS = 3
OLD_CHANGE, OLD_LONGEST_S = 2.0, 0.2
"""What `adaptive` was before: a picture that changed by so much of 255, or so long a time."""
SHAKE_PX = 6.0
STEP_S = 0.01

_COLUMNS = ("time_s", "frame", "faces", "box", "detection_score", "probabilities", "shot")

Play = Callable[[], Iterator[Frame]]


@dataclass(frozen=True)
class Recording:
    """One recording as it is played, and what reading every frame of it gives."""

    name: str
    play: Play
    duration_s: float
    every: FaceTrack
    old: np.ndarray


class Reading:
    """The models, opened once."""

    def __init__(self, face: str) -> None:
        self.settings = Settings(face=face, offline=True)
        self.model: FaceEmotionModel = open_face_model(self.settings, print)
        self.detector: FaceDetector = open_detector(self.settings, print)

    def every(self, name: str, play: Play) -> Recording:
        """Read every frame."""
        track = read_faces(play(), self.detector, self.model, self.settings.faces)
        duration_s = float(track.time_s[-1] + np.median(np.diff(track.time_s)))
        return Recording(name, play, duration_s, track, _changed(play()))

    def looks(self, recording: Recording, rule: LookRule) -> FaceTrack:
        """Read what the rule looks at."""
        self.model.record = replace(self.model.record, look_rule=rule)
        return looks.read_looks(recording.play(), self.detector, self.model, self.settings.faces)


def _changed(frames: Iterable[Frame]) -> np.ndarray:
    """Numbers of the frames that `adaptive` looked at before."""
    old: list[int] = []
    last, at_s = None, -1.0
    for number, frame in enumerate(frames):
        grey = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY)
        small = cv2.resize(grey, (32, 18), interpolation=cv2.INTER_AREA).astype(np.int16)
        due = frame.time_s - at_s >= OLD_LONGEST_S - 1e-6
        if last is None or due or np.abs(small - last).mean() > OLD_CHANGE:
            old.append(number)
            last, at_s = small, frame.time_s
    return np.array(old)


def plain(path: Path) -> Play:
    """A recording as it is."""

    def play() -> Iterator[Frame]:
        with open_video(path, threads=1, shots=True) as source:
            yield from source

    return play


def faster(play: Play) -> Play:
    """Every second frame in half the time."""
    return lambda: (
        replace(frame, index=number, time_s=0.5 * frame.time_s)
        for number, frame in enumerate(islice(play(), 0, None, 2))
    )


def shaken(play: Play) -> Play:
    """The picture held by an unsteady hand: a random walk that is pulled back."""

    def shake() -> Iterator[Frame]:
        rng, at = np.random.default_rng(1), np.zeros(2)
        for frame in play():
            at = 0.9 * at + rng.normal(0.0, SHAKE_PX / 3, 2)
            height, width = frame.rgb.shape[:2]
            move = np.array([[1.0, 0.0, at[0]], [0.0, 1.0, at[1]]])
            rgb = cv2.warpAffine(frame.rgb, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
            yield replace(frame, picture=RgbPicture(np.asarray(rgb, np.uint8)))

    return shake


def samples(recording: Recording) -> tuple[DoubleArray, np.ndarray]:
    """Terms of frames between looks, and whether another label is shown than is assumed."""
    track, window = recording.every, deque(maxlen=max(GAPS) + 1)
    labels, tables, wrong = _labels(track), [], []
    for last, frame in enumerate(recording.play()):
        window.append(frame)
        for gap in GAPS:
            first = last - gap
            if first < 0 or first % gap:
                continue
            ends = (_sight(track, first), _sight(track, last))
            grid = grid_on(frame.picture, ends[0].box or ends[1].box)
            seen = np.stack([shades(each.picture, grid) for each in list(window)[-gap - 1 :]])
            inside = np.arange(first + 1, last)
            tables.append(
                terms(
                    *ends,
                    track.time_s[inside],
                    changes(seen[0], seen[1:-1]),
                    changes(seen[-1], seen[1:-1]),
                )
            )
            pair = _subset(track, np.array([first, last]))
            wrong.append(_labels(with_skipped_frames(pair, 0.0))[1:-1] != labels[inside])
    return np.concatenate(tables), np.concatenate(wrong)


def fitted(parts: Sequence[tuple[DoubleArray, np.ndarray]]) -> dict[str, float]:
    """Weights of a logistic regression; recordings count by the root of their samples."""
    table = np.concatenate([terms for terms, _ in parts])
    wrong = np.concatenate([wrong for _, wrong in parts]).astype(float)
    weight = np.concatenate([np.full(len(wrong), len(wrong) ** -0.5) for _, wrong in parts])
    weight *= len(weight) / weight.sum()
    spread = np.where(table.std(axis=0) > 0, table.std(axis=0), 1.0)
    scaled = table / spread
    weights = np.zeros(scaled.shape[1])
    for _ in range(50):
        probable = 1.0 / (1.0 + np.exp(-scaled @ weights))
        slope = scaled.T @ (weight * (wrong - probable)) - RIDGE * weights
        curve = (scaled.T * (weight * probable * (1.0 - probable))) @ scaled
        step = np.linalg.solve(curve + RIDGE * np.eye(len(weights)), slope)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return dict(zip(TERMS, (weights / spread).tolist(), strict=True))


@dataclass(frozen=True)
class Score:
    """How a reading of some frames compares with that of all."""

    looks: int
    frames: int
    seconds: float
    agreement: float
    labels: float
    errors_s: np.ndarray

    @classmethod
    def of(cls, recording: Recording, track: FaceTrack, *, fill: bool = True) -> Score:
        """Score a reading; without `fill` each look holds until the next."""
        every, duration_s = recording.every, recording.duration_s
        filled = with_skipped_frames(track, duration_s) if fill else track
        (bounds, names), (own, other) = _rows(every, duration_s), _rows(filled, duration_s)
        at_s = np.arange(0.5 * STEP_S, duration_s, STEP_S)
        same = names[np.searchsorted(bounds, at_s)] == other[np.searchsorted(own, at_s)]
        held = np.searchsorted(filled.time_s, every.time_s + 1e-6, side="right") - 1
        right = _labels(filled)[held] == _labels(every)
        errors = [_nearest(bounds[:-1], own[:-1]), _nearest(own[:-1], bounds[:-1])]
        return cls(
            len(track), len(every), duration_s, same.mean(), right.mean(), np.concatenate(errors)
        )


def _rows(track: FaceTrack, duration_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends and labels of the face's rows."""
    nothing = np.zeros(0)
    speech = SpeechTrack((), nothing, nothing, nothing, np.zeros((0, 0), np.float32), ())
    settings = Settings()
    faces = doubted(track, settings.analysis.distance_limit)
    rows = judge_rows(faces, speech, duration_s, settings, DEFAULT_BRIDGE).video
    return np.array([row.span.end_s for row in rows]), np.array([row.emotion for row in rows])


def _nearest(bounds: np.ndarray, others: np.ndarray) -> np.ndarray:
    if not len(bounds) or not len(others):
        return np.full(len(bounds), np.inf)
    return np.abs(bounds[:, None] - others).min(axis=1)


def _labels(track: FaceTrack) -> np.ndarray:
    filled = np.where(track.valid[:, None], track.probabilities, 0.0)
    return np.where(track.valid, filled.argmax(axis=1), -1)


def _subset(track: FaceTrack, index: np.ndarray) -> FaceTrack:
    return replace(
        track,
        **{name: getattr(track, name)[index] for name in _COLUMNS},
        valence=None if track.valence is None else track.valence[index],
        arousal=None if track.arousal is None else track.arousal[index],
        extra={name: values[index] for name, values in track.extra.items()},
    )


def _sight(track: FaceTrack, index: int) -> Sight:
    if not track.valid[index]:
        return Sight(track.time_s[index], None, None)
    box = Box(*(float(value) for value in track.box[index]))
    return Sight(track.time_s[index], track.probabilities[index], box)


def show(name: str, scores: Sequence[Score]) -> None:
    """Print one line of the curve."""
    seconds = sum(score.seconds for score in scores)
    errors = np.concatenate([score.errors_s for score in scores])
    share = sum(score.looks for score in scores) / sum(score.frames for score in scores)
    by_time = sum(score.agreement * score.seconds for score in scores) / seconds
    even = np.mean([score.agreement for score in scores])
    skipped = sum((1.0 - score.labels) * score.frames for score in scores)
    skipped /= max(sum(score.frames - score.looks for score in scores), 1)
    print(
        f"{name:22s} {share:6.3f} {by_time:9.4f} {even:9.4f} {skipped:9.4f} "
        f"{np.median(errors) if len(errors) else 0.0:8.3f} {len(errors):5d}",
        flush=True,
    )


def curve(
    title: str,
    recordings: Mapping[str, Sequence[Recording]],
    reading: Reading,
    rules: Mapping[str, Mapping[str, float]],
) -> None:
    """Print the curve of a set of recordings, each with the rule of the others."""
    flat = [(person, each) for person, group in recordings.items() for each in group]
    print(f"\n{title}: {len(flat)} recordings, {sum(len(each.every) for _, each in flat)} frames")
    print(
        f"{'':22s} {'looks':>6s} {'by time':>9s} {'by video':>9s} {'skipped':>9s} {'bound s':>8s}"
    )
    for stride in STRIDES:
        tracks = [_subset(each.every, np.arange(0, len(each.every), stride)) for _, each in flat]
        pairs = list(zip([each for _, each in flat], tracks, strict=True))
        show(f"every {stride}. frame", [Score.of(each, track) for each, track in pairs])
        show("  without filling", [Score.of(each, track, fill=False) for each, track in pairs])
    old = [(each, _subset(each.every, each.old)) for _, each in flat]
    show("adaptive before", [Score.of(each, track, fill=False) for each, track in old])
    show("  with filling", [Score.of(each, track) for each, track in old])
    for limit in LIMITS:
        show(
            f"adaptive, limit {limit}",
            [
                Score.of(each, reading.looks(each, LookRule(rules[person], limit)))
                for person, each in flat
            ],
        )


def speed(paths: Sequence[Path], face: str) -> None:
    """Print the processor time of whole analyses of the face, every frame ÷ fewer."""
    rates = ("every", "5", "adaptive")
    analyzers = {
        fps: Analyzer(Settings(face=face, speech="none", offline=True, fps=fps)) for fps in rates
    }
    for path in paths:
        spent_s: dict[str, list[float]] = {fps: [] for fps in rates}
        frames = {}
        for _ in range(SPEED_RUNS):  # in turn, so that a busy moment meets all of them
            for fps, analyzer in analyzers.items():
                start_s = time.process_time()
                frames[fps] = analyzer.analyze(path).run.media.frames
                spent_s[fps].append(time.process_time() - start_s)
        best_s = {fps: min(runs) for fps, runs in spent_s.items()}
        ratios = (
            f"{fps}: {frames[fps]} frames, {best_s['every'] / best_s[fps]:.2f}x" for fps in rates
        )
        print(path.name, *ratios, sep="  ", flush=True)


def main() -> None:
    """Read, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("persons", nargs="+", type=Path)
    parser.add_argument("--model", default="compact")
    parser.add_argument("--write", type=Path, help="description of the model that gets the rule")
    parser.add_argument("--limit", type=float, default=0.1, help="of the rule that is written")
    parser.add_argument("--speed", action="store_true", help="processor time only, shipped rule")
    given = parser.parse_args()
    if given.speed:
        speed(given.persons, given.model)
        return
    reading = Reading(given.model)
    files = {
        path.stem: sorted(path.iterdir()) if path.is_dir() else [path] for path in given.persons
    }
    plain_ones = {
        person: [reading.every(path.name, plain(path)) for path in paths]
        for person, paths in files.items()
    }
    parts = {person: [samples(each) for each in group] for person, group in plain_ones.items()}

    def fit(left_out: str | None) -> dict[str, float]:
        kept = [part for person, own in parts.items() if person != left_out for part in own]
        return fitted(kept)

    weights = {name: round(weight, 4) for name, weight in fit(None).items()}
    print(json.dumps(weights, indent=2))
    if given.write:
        document = json.loads(given.write.read_text(encoding="utf-8"))
        document["look_rule"] = {"limit": given.limit, "weights": weights}
        given.write.write_text(
            json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    rules = {person: fit(person) for person in files}
    curve("As they are", plain_ones, reading, rules)
    for title, change in (("Twice as fast", faster), ("Shaken", shaken)):
        made = {
            person: [reading.every(each.name, change(each.play)) for each in group]
            for person, group in plain_ones.items()
        }
        curve(title, made, reading, rules)


if __name__ == "__main__":
    main()
