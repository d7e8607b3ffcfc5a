"""Clips that are joined from stretches without a cut, for the benchmark of cuts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np

from emoreport.media import open_video

WIDTH, HEIGHT, RATE = 320, 180, 25
CLIPS = 5
"""Of each kind."""

Picture = np.ndarray
Scene = list[Picture]

GRADUAL_KINDS = ("fade", "dissolve")
CUT_KINDS = ("hard", "hard, 10 pictures a second", "jump", "jump, closer")


@dataclass
class Clip:
    """A clip with what is in it: cuts, a gradual one, or so many events that are none."""

    kind: str
    frames: Scene
    cuts: list[int] = field(default_factory=list)
    gradual: tuple[int, int] | None = None
    events: int = 0
    rate: int = RATE


# ------------------------------------------------------------------------------- pictures


def read(path: Path, start_s: float, end_s: float) -> Scene:
    """Pictures of a stretch at `RATE`, cut to the shape of the clips."""
    scene: Scene = []
    with open_video(path) as source:
        for frame in source:
            if frame.time_s >= end_s:
                break
            while frame.time_s >= start_s + len(scene) / RATE:
                scene.append(fitted(frame.rgb))
    return scene


def fitted(rgb: Picture) -> Picture:
    """The middle of a picture in the size of the clips."""
    height, width = rgb.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    size = (round(width * scale), round(height * scale))
    rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    top, left = (rgb.shape[0] - HEIGHT) // 2, (rgb.shape[1] - WIDTH) // 2
    return rgb[top : top + HEIGHT, left : left + WIDTH]


def painted(seed: int, count: int = 120) -> Scene:
    """A slow camera over soft colours, with a disc that moves."""
    rng = np.random.default_rng(seed)
    colour = tuple(int(value) for value in rng.integers(0, 255, 3))
    noise = rng.uniform(0, 255, (HEIGHT * 2, WIDTH * 2, 3)).astype(np.float32)
    wide = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 12), None, 0, 255, cv2.NORM_MINMAX)
    scene = []
    for k in range(count):
        left = int(WIDTH / 2 + WIDTH / 3 * np.sin(k / 60))
        top = int(HEIGHT / 2 + HEIGHT / 3 * np.sin(k / 80))
        picture = wide[top : top + HEIGHT, left : left + WIDTH].astype(np.uint8).copy()
        centre = (int(WIDTH / 2 + 40 * np.sin(k / 15)), HEIGHT // 2)
        scene.append(cv2.circle(picture, centre, 30, colour, -1))
    return scene


def slide(rng: np.random.Generator) -> Picture:
    """Lines of text and sometimes bars, on a light or dark ground."""
    ground = int(rng.choice([255, 245, 30, 60]))
    picture = np.full((HEIGHT, WIDTH, 3), ground, np.uint8)
    low, high = (0, 120) if ground > 128 else (150, 255)
    ink = tuple(int(value) for value in rng.integers(low, high, 3))
    for line in range(int(rng.integers(3, 8))):
        words = "some words on a slide"[: int(rng.integers(6, 21))]
        place = (12, 30 + line * 20)
        cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1, cv2.LINE_AA)
    for bar in range(5 * int(rng.integers(0, 2))):
        left, tall = 170 + 25 * bar, int(rng.integers(10, 110))
        colour = tuple(int(value) for value in rng.integers(0, 255, 3))
        cv2.rectangle(picture, (left, 160), (left + 15, 160 - tall), colour, -1)
    return picture


def lit(picture: Picture, gain: float, offset: float = 0.0) -> Picture:
    """Brighter or darker, as a camera shows it."""
    return np.clip(picture.astype(float) * gain + offset, 0, 255).astype(np.uint8)


# ---------------------------------------------------------------------------------- clips


class Joiner:
    """Joins clips from scenes; the same seed gives the same clips."""

    def __init__(self, scenes: list[Scene], talkers: list[Scene], seed: int) -> None:
        self.scenes, self.talkers = scenes, talkers
        self.rng = np.random.default_rng(seed)

    def some(self, scene: Scene, low: int, high: int) -> Scene:
        """A stretch of a scene."""
        length = min(len(scene), int(self.rng.integers(low, high)))
        start = int(self.rng.integers(0, len(scene) - length + 1))
        return scene[start : start + length]

    def scene(self, number: int, low: int = 90, high: int = 120) -> Scene:
        """A stretch of one of the scenes."""
        return self.some(self.scenes[number % len(self.scenes)], low, high)

    def clips(self) -> Iterator[Clip]:
        """All clips, `CLIPS` of a kind."""
        for number in range(CLIPS):
            yield self.hard("hard", RATE)
            yield self.hard("hard, 10 pictures a second", 10)
            yield self.jump(number, zoom=False)
            yield self.jump(number, zoom=True)
            yield from self.gradual(number)
            yield from self.no_cuts(number)
            yield self.slides(number)

    def hard(self, kind: str, rate: int) -> Clip:
        """Scene after scene."""
        clip = Clip(kind, [], rate=rate)
        last = -1
        for _ in range(9):
            last = int(self.rng.choice([k for k in range(len(self.scenes)) if k != last]))
            clip.cuts.append(len(clip.frames))
            clip.frames += self.some(self.scenes[last], 8, 50)
        del clip.cuts[0]
        return clip

    def jump(self, number: int, *, zoom: bool) -> Clip:
        """One talk with a second or more cut out here and there; `zoom` punches in as well."""
        scene = self.talkers[number % len(self.talkers)]
        clip = Clip("jump, closer" if zoom else "jump", [])
        last = -100
        for piece in range(6):
            starts = [k for k in range(len(scene) - 40) if abs(k - last) > RATE]
            start = int(self.rng.choice(starts or [0]))
            last = start + int(self.rng.integers(20, 40))
            part = scene[start:last]
            if zoom and piece % 2:
                part = [fitted(lit(p, 1)[18:162, 32:288]) for p in part]
            clip.cuts.append(len(clip.frames))
            clip.frames += part
        del clip.cuts[0]
        return clip

    def gradual(self, number: int) -> Iterator[Clip]:
        """A fade through black, and a dissolve."""
        first, second = self.scene(number, 50, 51), self.scene(number + 1, 50, 51)
        count = int(self.rng.integers(6, 14))
        down = [lit(p, 1 - (k + 1) / count) for k, p in enumerate(first[-count:])]
        up = [lit(p, (k + 1) / count) for k, p in enumerate(second[:count])]
        span = (len(first) - count, len(first) + count)
        yield Clip("fade", first[:-count] + down + up + second[count:], gradual=span)
        count = min(int(self.rng.integers(10, 25)), len(first) - 5, len(second) - 5)
        mixed = [
            cv2.addWeighted(a, 1 - (k + 1) / (count + 1), b, (k + 1) / (count + 1), 0)
            for k, (a, b) in enumerate(zip(first[-count:], second[:count], strict=True))
        ]
        span = (len(first) - count, len(first))
        yield Clip("dissolve", first[:-count] + mixed + second[count:], gradual=span)

    def no_cuts(self, number: int) -> Iterator[Clip]:
        """What only looks like a cut, or not even that."""
        rng = self.rng
        frames = list(self.scene(number))
        flashes = range(15, len(frames) - 8, 20)
        for start in flashes:
            for k in range(start, start + int(rng.integers(1, 4))):
                frames[k] = lit(frames[k], 1.5, float(rng.choice([60, 110, 200])))
        yield Clip("flash", frames, events=len(flashes))
        shaking = [
            cv2.warpAffine(
                picture,
                np.float32([[1, 0, rng.normal(0, 8)], [0, 1, rng.normal(0, 6)]]),
                (WIDTH, HEIGHT),
                borderMode=cv2.BORDER_REFLECT,
            )
            if k // 15 % 2
            else picture
            for k, picture in enumerate(self.scene(number + 3))
        ]
        yield Clip("camera shake", shaking, events=len(shaking) // 30)
        wide = cv2.resize(self.scene(number + 1)[0], None, fx=2.5, fy=2.5)
        turns = [0.5 - 0.5 * np.cos(k / 25 * np.pi) for k in range(100)]
        lefts = [int((wide.shape[1] - WIDTH) * turn) for turn in turns]
        panned = [wide[80 : 80 + HEIGHT, left : left + WIDTH] for left in lefts]
        yield Clip("fast pan", panned, events=4)
        gains = np.repeat([1.0, *rng.choice([0.45, 0.6, 0.8, 1.35], 5)], 22)
        scene = self.scene(number + 2)
        frames = [lit(picture, gain) for picture, gain in zip(scene, gains, strict=False)]
        yield Clip("light switched", frames, events=(len(frames) - 1) // 22)
        frames = [picture.copy() for picture in self.some(self.talkers[0], 100, 110)]
        for k, picture in enumerate(frames):
            centre = (int(-60 + k % 30 / 12 * (WIDTH + 120)), 100)
            cv2.ellipse(picture, centre, (60, 110), 0, 0, 360, (60, 45, 40), -1)
        yield Clip("something passes", frames, events=4)
        scene, frames, stops, at = self.talkers[number % len(self.talkers)], [], 0, 0
        while at < min(len(scene), 130):
            if len(frames) % 40 == 39:
                frames += [scene[at]] * 15
                at, stops = at + 15, stops + 1
            else:
                frames.append(scene[at])
                at += 1
        yield Clip("call stalls", frames, events=stops)

    def slides(self, number: int) -> Clip:
        """Slides that change beside a speaker."""
        width, height = 112, 63
        frames, ground = [], slide(self.rng)
        scene = self.some(self.talkers[number % len(self.talkers)], 100, 130)
        for k, picture in enumerate(scene):
            ground = slide(self.rng) if k and k % 25 == 0 else ground
            shown = ground.copy()
            speaker = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            shown[HEIGHT - height - 4 : HEIGHT - 4, WIDTH - width - 4 : WIDTH - 4] = speaker
            frames.append(shown)
        return Clip("slides", frames, events=(len(scene) - 1) // 25)


def write(path: Path, clip: Clip) -> Path:
    """Encode a clip as cameras and editors do: H.264, lossy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=clip.rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "26", "preset": "veryfast", "threads": "1"}
        for picture in clip.frames:
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            output.mux(stream.encode(image))
        output.mux(stream.encode(None))
    return path
