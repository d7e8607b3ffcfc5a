"""Speed of `emoreport analyze` with an HSEmotion face model, beside the demo of its publisher.

    python benchmarks/hsemotion.py                 # 10 minutes of 720p25 with each runtime
    python benchmarks/hsemotion.py --minutes 1 --rounds 3
    python benchmarks/hsemotion.py --minutes 1 --no-demo --witness auto       # compact beside it

The model is an EfficientNet-B0 of the true shape with random weights under the name
hsemotion/enet_b0_8_best_vgaf: speed is that of the published file. Each analysis is a process of
its own, its start and its tables included. The demo's way is the plain loop of hsemotion-onnx:
decode, MediaPipe FaceMesh, cut the face out, one face at a time through its recogniser.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media import default_source, repeat

ROOT = Path(__file__).parents[1]
WORK = Path(__file__).parent / "work"
NAME = "hsemotion/enet_b0_8_best_vgaf"
CLASSES = 8
FORMS = (("onnxruntime", "float32"), ("openvino", "float32"), ("openvino", "bfloat16"))
DEMO_FRAMES = 300
MEAN_OVER = 15
"""Scores that the demo averages."""


@dataclass(frozen=True)
class Run:
    """What one analysis took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    frames: int
    faces: int
    duration_s: float
    runtime: str
    stages_s: dict[str, float]


def graph() -> Path:
    """The network as a file; made once, then kept in benchmarks/work."""
    path = WORK / "enet_b0_8_random.onnx"
    if not path.is_file():
        sys.path.insert(0, str(ROOT))
        from tests.fixtures.hsemotion import efficientnet

        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(efficientnet("b0", CLASSES))
    return path


def demo_frames_per_second(video: Path, frames: int) -> float:
    """Frame rate of the demo's way over the first `frames` frames of `video`."""
    import cv2
    import mediapipe as mp
    import numpy as np
    from hsemotion_onnx.facial_emotions import HSEmotionRecognizer

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / ".hsemotion"
        folder.mkdir()
        (folder / "enet_b0_8_best_vgaf.onnx").symlink_to(graph().resolve())
        usual, os.environ["HOME"] = os.environ.get("HOME", ""), home
        recogniser = HSEmotionRecognizer("enet_b0_8_best_vgaf")
        os.environ["HOME"] = usual
    mesh = mp.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True)
    recording = cv2.VideoCapture(str(video))
    scores: list[Any] = []
    start = time.perf_counter()
    for _ in range(frames):
        _, bgr = recording.read()
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        found = mesh.process(rgb).multi_face_landmarks
        if not found:
            continue
        points = np.array([(point.x, point.y) for point in found[0].landmark])
        low, high = points.min(axis=0).clip(0, 1), points.max(axis=0).clip(0, 1)
        (left, top), (right, bottom) = (np.array([low, high]) * rgb.shape[1::-1]).astype(int)
        scores.append(recogniser.predict_emotions(rgb[top:bottom, left:right], logits=True)[1])
        np.mean(scores[-MEAN_OVER:], axis=0)
    rate = frames / (time.perf_counter() - start)
    if len(scores) < frames / 2:
        sys.exit(f"the demo's way found a face in {len(scores)} of {frames} frames only")
    return rate


def analyze_here(video: Path, out: Path, runtime: str, precision: str, witness: str) -> None:
    """Analyse `video` as the command does, with the network of random weights."""
    from emoreport import analyze, pipeline
    from emoreport.models.families.hsemotion import HSEmotionModel
    from emoreport.models.store.registry import PulledModel, find_entry
    from emoreport.settings import Settings

    entry = find_entry(NAME)
    content = graph().read_bytes()
    (out / entry.files[0].name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    pulled = PulledModel(entry, NAME, out, {entry.files[0].name: digest}, "random weights")

    def open_model(settings: Settings, *_: object) -> HSEmotionModel:
        # The store would refuse a file of random weights.
        run = settings.runtime
        return HSEmotionModel(pulled, runtime=run.runtime, device=run.device, precision=precision)

    pipeline.open_face_model = open_model
    settings = Settings().replace(
        speech="compact",
        speech_witness="none",
        face_witness=witness,
        fps="every",
        runtime=runtime,
        device="cpu",
    )
    analyze(video, settings).write(out / "tables")


def analyze(video: Path, runtime: str, precision: str, witness: str = "none") -> Run:
    """Run `analyze_here` in a process of its own."""
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable,
            __file__,
            "--child",
            str(video),
            out,
            runtime,
            precision,
            witness,
        ]
        start = time.perf_counter()
        child = subprocess.Popen(command)
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"the analysis failed with exit code {child.returncode}")
        run = json.loads((Path(out) / "tables" / "run.json").read_text(encoding="utf-8"))
        faces = _faces(Path(out) / "tables" / "frames.parquet")
    return Run(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        frames=run["media"]["frames"],
        faces=faces,
        duration_s=run["media"]["duration_s"],
        runtime=run["models"]["face"]["runtime"],
        stages_s=run["wall_time_s"],
    )


def _faces(path: Path) -> int:
    from emoreport.tables.readings import read_frames

    return int(read_frames(path).valid.sum())


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=default_source())
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-demo", action="store_true")
    parser.add_argument("--witness", default="none")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        video, out, *form = arguments.child
        analyze_here(Path(video), Path(out), *form)
        return
    source, minutes = arguments.source, arguments.minutes
    video = repeat(source, WORK / f"talk_{minutes:g}min.mp4", minutes)
    for _ in range(arguments.rounds):
        demo = 0.0 if arguments.no_demo else demo_frames_per_second(video, DEMO_FRAMES)
        if demo:
            print(f"demo's way         {demo:.1f} frames/s (over {DEMO_FRAMES} frames)")
        for form in FORMS:
            run = analyze(video, *form, arguments.witness)
            rate = run.frames / run.wall_s
            beside = f", {rate / demo:.1f} x the demo's way" if demo else ""
            print(f"{run.runtime:<26} {rate:.0f} frames/s{beside}")
            print(f"  {run.frames} frames, {run.faces} with a face, {run.wall_s:.1f} s")
            print(f"  processor time   {1000 * run.cpu_s / run.frames:.1f} ms a frame")
            print(f"  peak memory      {run.peak_mb:.0f} MB")
            print(f"  stages           {run.stages_s}")


if __name__ == "__main__":
    main()
