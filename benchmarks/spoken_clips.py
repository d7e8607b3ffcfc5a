"""Clips of several faces of which it is known who speaks when, for the benchmark of speaking."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from emoreport.media import open_video

RATE = 25
RATE_HZ = 48_000
SIDE = 360
"""Pixels of one face's panel."""

Picture = np.ndarray
Sound = npt.NDArray[np.float32]
Scene = list[Picture]
NOBODY = "off_screen"


@dataclass
class Clip:
    """A clip, and who speaks where somebody does: `NOBODY` for a voice without a face."""

    name: str
    frames: Scene
    sound: Sound
    speakers: list[tuple[float, float, int | str]] = field(default_factory=list)
    """Start, end, panel from the left (0, 1, …)."""
    rate: int = RATE


# --------------------------------------------------------------------------------- sources


def panel(path: Path, start_s: float, end_s: float, area: tuple[int, int, int]) -> Scene:
    """Pictures of a stretch at `RATE`, of a square `area`: left, top, side in pixels."""
    scene: Scene = []
    left, top, side = area
    with open_video(path) as source:
        for frame in source:
            if frame.time_s >= end_s:
                break
            while frame.time_s >= start_s + len(scene) / RATE - 0.5 / RATE:
                part = frame.rgb[top : top + side, left : left + side]
                scene.append(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return scene


def heard(source: Path | BytesIO, start_s: float = 0.0, end_s: float = 3600.0) -> Sound:
    """Sound of a stretch, mono, float32 at `RATE_HZ`, at a usual level."""
    resampler = av.AudioResampler("flt", "mono", RATE_HZ)
    pieces = []
    opened = str(source) if isinstance(source, Path) else source
    with av.open(opened) as container:
        for frame in container.decode(audio=0):
            pieces += [piece.to_ndarray().ravel() for piece in resampler.resample(frame)]
    pieces += [piece.to_ndarray().ravel() for piece in resampler.resample(None)]
    sound = np.concatenate(pieces)[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    return (sound * (0.08 / max(float(np.sqrt(np.mean(sound**2))), 1e-6))).astype(np.float32)


def voices(archive: Path, actors: Sequence[str], seconds: float) -> Sound:
    """Sentences of acted speech, one after the other with short pauses."""
    pieces: list[Sound] = []
    with tarfile.open(archive) as tar:
        members = sorted(member.name for member in tar.getmembers() if member.isfile())
        for name in members:
            if not any(actor in name for actor in actors):
                continue
            stream = tar.extractfile(name)
            assert stream is not None
            pieces += [heard(BytesIO(stream.read())), np.zeros(RATE_HZ // 4, np.float32)]
            if sum(map(len, pieces)) >= seconds * RATE_HZ:
                break
    return np.concatenate(pieces)[: round(seconds * RATE_HZ)]


# ------------------------------------------------------------------------------ listeners


def to_and_fro(scene: Scene, seconds: float) -> Scene:
    """A short stretch played forwards and backwards until it is as long as wanted."""
    loop = [*scene, *scene[-2:0:-1]]
    return [loop[k % len(loop)] for k in range(round(seconds * RATE))]


def frozen(picture: Picture, seconds: float) -> Scene:
    """One picture all the time, as of a camera that stalls."""
    return [picture] * round(seconds * RATE)


def nodding(scene: Scene) -> Scene:
    """The same with a head that nods and sways."""
    moved = []
    for k, picture in enumerate(scene):
        down, right = 9 * np.sin(k / 25 * 2 * np.pi * 1.3), 7 * np.sin(k / 25 * 2 * np.pi * 0.4)
        matrix = cv2.getRotationMatrix2D(
            (SIDE / 2, SIDE / 2), 4 * np.sin(k / 25 * 2 * np.pi * 0.7), 1 + 0.03 * np.sin(k / 9)
        )
        matrix[:, 2] += right, down
        moved.append(cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT))
    return moved


# --------------------------------------------------------------------------------- joining


def beside(*scenes: Scene) -> Scene:
    """Panels side by side, as long as the shortest."""
    return [np.hstack(pictures) for pictures in zip(*scenes, strict=False)]


def within(
    spans: Sequence[tuple[float, float]], speaker: int | str, offset_s: float = 0.0
) -> Iterator[tuple[float, float, int | str]]:
    """The same speaker in all spans."""
    for start_s, end_s in spans:
        yield start_s + offset_s, end_s + offset_s, speaker


def write(path: Path, clip: Clip, *, crf: int = 26) -> Path:
    """Encode a clip as cameras and calls do: H.264 and AAC, lossy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = clip.frames[0].shape[:2]
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=clip.rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
        audio = output.add_stream("aac", rate=RATE_HZ, layout="mono")
        for picture in clip.frames:
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            output.mux(video.encode(image))
        output.mux(video.encode(None))
        for start in range(0, len(clip.sound), 1024):
            part = np.ascontiguousarray(clip.sound[np.newaxis, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, start
            frame.time_base = Fraction(1, RATE_HZ)
            output.mux(audio.encode(frame))
        output.mux(audio.encode(None))
    return path
