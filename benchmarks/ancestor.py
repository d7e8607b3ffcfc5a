"""The way the direct ancestor of this program went through a video, as a baseline for speed.

Every frame on its own, one after the other: decode, an MTCNN-like pyramid of full images, then a
VGG-19 on ten crops. The layers have the published shapes and random weights: only their cost
matters here. The pyramid stops after its first network (real faces would cost two more), so the
baseline is faster than the original was.
"""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np
import torch
from torch import nn

PYRAMID_FACTOR = 0.709
SMALLEST_FACE_PX = 20
PROPOSAL_CELL_PX = 12
VGG19 = (
    64,
    64,
    0,
    128,
    128,
    0,
    256,
    256,
    256,
    256,
    0,
    512,
    512,
    512,
    512,
    0,
    512,
    512,
    512,
    512,
    0,
)
CROP_PX = 44


def proposal_network() -> nn.Module:
    """First network of MTCNN (Zhang et al., 2016): 12-pixel cells over the whole image."""
    return nn.Sequential(
        nn.Conv2d(3, 10, 3),
        nn.PReLU(10),
        nn.MaxPool2d(2, 2, ceil_mode=True),
        nn.Conv2d(10, 16, 3),
        nn.PReLU(16),
        nn.Conv2d(16, 32, 3),
        nn.PReLU(32),
        nn.Conv2d(32, 6, 1),
    )


def expression_network() -> nn.Module:
    """VGG-19 with batch normalisation and one linear layer to seven classes."""
    layers: list[nn.Module] = []
    channels = 3
    for width in VGG19:
        if width == 0:
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 7))


def frames_per_second(video: Path, frames: int) -> float:
    """Frame rate of the baseline over the first `frames` frames of `video`."""
    detector = proposal_network().eval()
    network = expression_network().eval()
    crops = torch.rand(10, 3, CROP_PX, CROP_PX)
    done = 0
    with torch.inference_mode(), av.open(str(video)) as recording:
        start = time.perf_counter()
        for frame in recording.decode(video=0):
            picture = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)
            _scan(detector, picture[None].float())
            network(crops)
            done += 1
            if done == frames:
                break
        return done / (time.perf_counter() - start)


def _scan(detector: nn.Module, picture: torch.Tensor) -> None:
    scale = PROPOSAL_CELL_PX / SMALLEST_FACE_PX
    height, width = picture.shape[2:]
    while min(height, width) * scale >= PROPOSAL_CELL_PX:
        size = (int(np.ceil(height * scale)), int(np.ceil(width * scale)))
        small = nn.functional.interpolate(picture, size=size, mode="area")
        detector((small - 127.5) / 128)
        scale *= PYRAMID_FACTOR
