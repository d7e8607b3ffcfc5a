"""emoreport beside other programs that read emotions from faces: one file, one face, one run.

    python benchmarks/peers.py                          # a minute of 720p25, two processors
    python benchmarks/peers.py --cores 1 --rounds 3
    python benchmarks/peers.py --tree ../earlier        # and beside another checkout

Prints, for each way, its frames a second and the processor time of a frame, as ratios to those of
hsemotion-onnx's loop in the same run, each the median over rounds in which all ways take turns.

- decode: frames are decoded and thrown away.
- compact, adaptive, B0: `emoreport analyze` from start to tables, voice included; `adaptive` looks
  at as few frames as it needs. B0 is HSEmotion's network in its published shape (hsemotion.py).
- hsemotion-onnx: the loop of its demo, which is also that of EmotiEffLib, its successor:
  MediaPipe's face mesh, then one face at a time. Faces only.
- Py-Feat: its two dearest networks alone: ResNet-34, as in its face detector, on the frame at half
  its size, and, as in its emotion network, on the face. It runs landmarks, action units, identity
  and gaze as well, so this is a lower bound of its time.

**No published weights are used**: they are random, in the published shape for HSEmotion, in that of
the trunk for Py-Feat. Speed does not depend on their values.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from statistics import median

from hsemotion import WORK, analyze_here, demo_frames_per_second
from media import default_source, repeat

ROOT = Path(__file__).resolve().parents[1]
DEMO_FRAMES = 100
PYFEAT_FRAMES = 4
REFERENCE = "hsemotion-onnx"
FRAME_PX = (360, 640)
FACE_PX = (224, 224)
LAYERS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Channels, blocks and stride of ResNet-34 (He et al. 2016, arXiv:1512.03385)."""


def decode(video: Path) -> int:
    """Decode all frames with PyAV."""
    import av

    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))


def analyze(video: Path, *options: str) -> int:
    """Run the command line of whatever checkout is on the path."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "emoreport", "analyze", str(video), "--out", out]
        command += ["--face", "compact", "--speech", "compact", "--quiet", *options]
        subprocess.run(command, check=True)
    return frames_in(video)


def analyze_b0(video: Path) -> int:
    """Analyse with HSEmotion's EfficientNet-B0, as benchmarks/hsemotion.py of the checkout does."""
    form = (
        "onnxruntime",
        "float32",
        *(["none"] if "witness" in signature(analyze_here).parameters else []),
    )
    with tempfile.TemporaryDirectory() as out:
        analyze_here(video, Path(out), *form)
    return frames_in(video)


def frames_in(video: Path) -> int:
    """Frames of the recording, looked at or not."""
    import av

    with av.open(str(video)) as container:
        return sum(packet.pts is not None for packet in container.demux(video=0))


def hsemotion_loop(video: Path) -> int:
    """Run the demo's loop over some frames."""
    demo_frames_per_second(video, DEMO_FRAMES)
    return DEMO_FRAMES


def pyfeat_networks(video: Path) -> int:
    """Decode some frames and run two networks on each."""
    import cv2
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    trunk = resnet34().eval()
    recording = cv2.VideoCapture(str(video))
    with torch.inference_mode():
        for _ in range(PYFEAT_FRAMES):
            _, bgr = recording.read()
            for height, width in (FRAME_PX, FACE_PX):
                small = cv2.resize(bgr, (width, height))
                trunk(torch.from_numpy(small).permute(2, 0, 1)[None].float())
    return PYFEAT_FRAMES


def resnet34():  # noqa: ANN201 - a torch module
    """ResNet-34 without its last layer, random weights."""
    from torch import nn

    def convolution(width: int, into: int, side: int, stride: int) -> nn.Module:
        convolved = nn.Conv2d(width, into, side, stride, side // 2, bias=False)
        return nn.Sequential(convolved, nn.BatchNorm2d(into))

    class Block(nn.Module):
        def __init__(self, width: int, into: int, stride: int) -> None:
            super().__init__()
            self.way = nn.Sequential(
                convolution(width, into, 3, stride), nn.ReLU(), convolution(into, into, 3, 1)
            )
            same = width == into and stride == 1
            self.past = nn.Identity() if same else convolution(width, into, 1, stride)

        def forward(self, maps):  # noqa: ANN001, ANN202
            return (self.way(maps) + self.past(maps)).relu()

    layers: list[nn.Module] = [convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for into, blocks, stride in LAYERS:
        for number in range(blocks):
            layers.append(Block(width, into, 1 if number else stride))
            width = into
    return nn.Sequential(*layers)


WAYS: dict[str, Callable[[Path], int]] = {
    "decode": decode,
    "compact": lambda video: analyze(video, "--fps", "every"),
    "adaptive": lambda video: analyze(video, "--fps", "adaptive"),
    "B0": analyze_b0,
    REFERENCE: hsemotion_loop,
    "Py-Feat": pyfeat_networks,
}
LOOPS = frozenset({"decode", REFERENCE, "Py-Feat"})
"""Ways whose start is not counted."""


def child(name: str, video: Path) -> None:
    """Run one way and print its frames, seconds and seconds of processor time."""
    start_s, start_cpu_s = time.perf_counter(), _processor_s()
    if name in LOOPS - {"decode"}:
        WAYS[name](video)  # loads what is loaded once
        start_s, start_cpu_s = time.perf_counter(), _processor_s()
    frames = WAYS[name](video)
    print(json.dumps([frames, time.perf_counter() - start_s, _processor_s() - start_cpu_s]))


def _processor_s() -> float:
    own, children = os.times()[:2], os.times()[2:4]
    return sum(own) + sum(children)


def run(name: str, video: Path, cores: int, tree: Path | None = None) -> tuple[float, float]:
    """One way in a process of its own: seconds and seconds of processor time of a frame."""
    here = tree or ROOT
    paths = [str(here), str(here / "benchmarks")]
    environment = dict(
        os.environ,
        OMP_NUM_THREADS=str(cores),
        PYTHONPATH=os.pathsep.join(paths),
        PYTHONSAFEPATH="1",
    )
    chosen = sorted(os.sched_getaffinity(0))[:cores]
    command = [sys.executable, str(Path(__file__).resolve()), "--child", name, str(video)]
    done = subprocess.run(
        command,
        check=True,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=here,
        preexec_fn=lambda: os.sched_setaffinity(0, chosen),
    )
    frames, wall_s, cpu_s = json.loads(done.stdout.splitlines()[-1])
    return wall_s / frames, cpu_s / frames


def main() -> None:
    """Read the arguments, let all ways take turns, and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=default_source())
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--tree", type=Path, help="another checkout, for compact and B0")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child[0], Path(arguments.child[1]))
        return
    video = repeat(arguments.source, WORK / f"talk_{arguments.minutes:g}min.mp4", arguments.minutes)
    ways: list[tuple[str, str, Path | None]] = [(name, name, None) for name in arguments.only]
    if arguments.tree is not None:
        ways += [
            (f"{name}, {arguments.tree.name}", name, arguments.tree.resolve())
            for name in ("compact", "B0")
            if name in arguments.only
        ]
    taken: dict[str, list[tuple[float, float]]] = {shown: [] for shown, _, _ in ways}
    for _ in range(arguments.rounds):
        for shown, name, tree in ways:
            taken[shown].append(run(name, video.resolve(), arguments.cores, tree))
    reference = taken.get(REFERENCE) or next(iter(taken.values()))
    print(f"{'way':<24} frames/s   processor time a frame   (hsemotion-onnx = 1)")
    for shown, rounds in taken.items():
        rate = median(other[0] / own[0] for own, other in zip(rounds, reference, strict=True))
        cost = median(own[1] / other[1] for own, other in zip(rounds, reference, strict=True))
        print(f"{shown:<24} {rate:8.2f}   {cost:8.3f}")


if __name__ == "__main__":
    main()
