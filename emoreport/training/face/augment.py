"""Augment a batch of face pictures with what video does to a face.

Every function takes grey levels (N, 1, H, W) float32 in 0-255 and returns the same kind.
Ranges are the author's choice for webcam and interview material, except where a source is
named; the table of conditions in the model card shows what they buy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor
from torch.nn import functional

from emoreport.training.face.data import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

WHITE: Final = 255.0
MOUTH_CENTRE: Final = (0.50, 0.77)
"""Median place (x, y) of the mouth in FER frames, fractions of the side (measured)."""
HEAD_RADIUS: Final = 0.85
"""Half the width of a head in FER frames, in half sides."""
CALM_LABELS: Final = tuple(
    LABELS.index(name) for name in ("anger", "contempt", "neutral", "sadness")
)
"""Emotions that are spoken with a moving mouth and should survive it."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How much of each disturbance; probabilities are per picture, spans are half-widths.

    Attributes
    ----------
    roll_deg, shift, log_scale, log_aspect
        Box jitter: degrees; fraction of the side; natural logarithms.
    jaw
        Largest stretch of the lower face, fraction of the side.
    yaw_deg
        Largest turn of the head, degrees either way.
    log_gamma, log_contrast, brightness
        Light: natural logarithms; grey levels.
    """

    roll_deg: float = 20.0
    shift: float = 0.10
    log_scale: float = 0.26
    log_aspect: float = 0.10
    jaw: float = 0.06
    log_gamma: float = 0.4
    log_contrast: float = 0.4
    brightness: float = 30.0
    dark_probability: float = 0.06
    blur_probability: float = 0.15
    coarse_probability: float = 0.08
    jpeg_probability: float = 0.08
    noise_probability: float = 0.12
    erase_probability: float = 0.15
    mouth_probability: float = 0.12
    yaw_probability: float = 0.2
    yaw_deg: float = 50.0


def uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Return (count,) numbers between ``low`` and ``high``."""
    return low + (high - low) * torch.rand(count, generator=generator)


def chosen(count: int, probability: float, generator: torch.Generator) -> Tensor:
    """Return the positions (K,) at which an event of ``probability`` happens."""
    return torch.nonzero(torch.rand(count, generator=generator) < probability).flatten()


def warp(
    faces: Tensor,
    side_px: int,
    *,
    roll_deg: Tensor,
    shift_x: Tensor,
    shift_y: Tensor,
    scale_x: Tensor,
    scale_y: Tensor,
    jaw: Tensor | None = None,
    yaw_deg: Tensor | None = None,
) -> Tensor:
    """Resample each picture as another crop of the same scene would show it.

    Parameters
    ----------
    roll_deg, shift_x, shift_y, scale_x, scale_y
        (N,) of the crop against the given frame: a scale above 1 shows more of the scene
        (a smaller face), negative ``scale_x`` mirrors it. Shifts are fractions of the side.
    jaw
        (N,) stretch of the part below the nose, fraction of the side. None = none.
    yaw_deg
        (N,) degrees by which the head is turned, see :func:`turned`. None = none.

    Returns
    -------
    (N, 1, side_px, side_px); outside the picture its edge repeats.
    """
    angle = roll_deg * (math.pi / 180.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.stack(
        [
            torch.stack([cos * scale_x, -sin * scale_y, 2.0 * shift_x], dim=1),
            torch.stack([sin * scale_x, cos * scale_y, 2.0 * shift_y], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(theta, [len(faces), 1, side_px, side_px], align_corners=False)
    if jaw is not None:
        # Below the nose (y > 0.2 of -1..1) sample higher up than asked: the mouth moves down.
        below = torch.clamp(grid[..., 1] - 0.2, min=0.0) / 0.8
        grid[..., 1] -= 2.0 * jaw.view(-1, 1, 1) * below
    if yaw_deg is not None:
        grid[..., 0] = turned(grid[..., 0], yaw_deg)
    return functional.grid_sample(
        faces, grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def turned(across: Tensor, yaw_deg: Tensor) -> Tensor:
    """Return where in the picture to look for what a turned head shows ``across`` the frame.

    The head is taken for an upright cylinder seen from afar; its middle stays in the middle. Its
    far side vanishes behind the edge, the near cheek widens.

    Parameters
    ----------
    across
        (N, H, W) horizontal places, −1 to 1.
    yaw_deg
        (N,) degrees, either way.
    """
    yaw = torch.deg2rad(yaw_deg).view(-1, 1, 1)
    from_axis = across / HEAD_RADIUS + torch.sin(yaw)
    on_head = torch.clamp(from_axis, -1.0, 1.0)
    angle = torch.clamp(torch.asin(on_head) - yaw, -math.pi / 2, math.pi / 2)
    # The background follows the edge of the head.
    return HEAD_RADIUS * (torch.sin(angle) + from_axis - on_head)


def open_mouths(faces: Tensor, half_width: Tensor, half_height: Tensor, depth: Tensor) -> Tensor:
    """Darken a soft ellipse where the mouth is, as an open speaking mouth does.

    Parameters
    ----------
    half_width, half_height
        (N,) fractions of the side.
    depth
        (N,) in 0-1: how far towards black.
    """
    side = faces.shape[-1]
    centres = (torch.arange(side, dtype=torch.float32) + 0.5) / side
    across = (centres - MOUTH_CENTRE[0]).view(1, 1, 1, side) / half_width.view(-1, 1, 1, 1)
    down = (centres - MOUTH_CENTRE[1]).view(1, 1, side, 1) / half_height.view(-1, 1, 1, 1)
    inside = torch.sigmoid(6.0 * (1.0 - across**2 - down**2))
    return faces * (1.0 - depth.view(-1, 1, 1, 1) * inside)


def relight(faces: Tensor, gamma: Tensor, contrast: Tensor, brightness: Tensor) -> Tensor:
    """Apply gamma, then contrast about the mean, then an offset in grey levels; each (N,)."""
    shape = (-1, 1, 1, 1)
    curved = WHITE * torch.clamp(faces / WHITE, 1e-4, 1.0) ** gamma.view(shape)
    mean = curved.mean(dim=(2, 3), keepdim=True)
    lit = (curved - mean) * contrast.view(shape) + mean + brightness.view(shape)
    return torch.clamp(lit, 0.0, WHITE)


def blur(faces: Tensor, sigma_px: float) -> Tensor:
    """Smooth with a Gaussian of ``sigma_px``."""
    radius = max(1, math.ceil(2.5 * sigma_px))
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma_px) ** 2)
    taps = taps / taps.sum()
    padded = functional.pad(faces, (radius, radius, radius, radius), mode="replicate")
    rows = functional.conv2d(padded, taps.view(1, 1, 1, -1))
    return functional.conv2d(rows, taps.view(1, 1, -1, 1))


def smear(faces: Tensor, length_px: int, *, vertical: bool) -> Tensor:
    """Average over ``length_px`` (odd) pixels along one axis: motion blur."""
    half = length_px // 2
    pad = (0, 0, half, half) if vertical else (half, half, 0, 0)
    shape = (1, 1, length_px, 1) if vertical else (1, 1, 1, length_px)
    padded = functional.pad(faces, pad, mode="replicate")
    return functional.conv2d(padded, torch.full(shape, 1.0 / length_px))


def coarsen(faces: Tensor, side_px: int) -> Tensor:
    """Shrink to ``side_px`` and enlarge again: a face that was small in its frame."""
    small = functional.interpolate(
        faces, size=(side_px, side_px), mode="bilinear", antialias=True, align_corners=False
    )
    return functional.interpolate(
        small, size=faces.shape[-2:], mode="bilinear", align_corners=False
    )


def compress(faces: Tensor, qualities: Sequence[int], enlarge: int = 2) -> Tensor:
    """Pass each picture through JPEG at its quality.

    The picture is enlarged first, since in video the codec's 8×8 blocks cover a face that
    is larger than the net's input.
    """
    import cv2

    out = faces.clone()
    side = faces.shape[-1]
    for index, quality in enumerate(qualities):
        picture = faces[index, 0].round().clamp(0, 255).to(torch.uint8).numpy()
        large = cv2.resize(picture, (side * enlarge, side * enlarge), interpolation=1)
        _, code = cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
        decoded = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)
        small = cv2.resize(decoded, (side, side), interpolation=cv2.INTER_AREA)
        out[index, 0] = torch.from_numpy(small).to(faces.dtype)
    return out


def erase(faces: Tensor, boxes: Tensor, levels: Tensor) -> Tensor:
    """Cover one rectangle of each picture.

    Parameters
    ----------
    boxes
        (N, 4) left, top, right, bottom as fractions of the side.
    levels
        (N,) grey level of the cover.
    """
    side = faces.shape[-1]
    centres = (torch.arange(side, dtype=torch.float32) + 0.5) / side
    left, top, right, bottom = (boxes[:, k].view(-1, 1, 1, 1) for k in range(4))
    across, down = centres.view(1, 1, 1, side), centres.view(1, 1, side, 1)
    inside = (across > left) & (across < right) & (down > top) & (down < bottom)
    return torch.where(inside, levels.view(-1, 1, 1, 1).expand_as(faces), faces)


class Augmenter:
    """Draws a random disturbance for every picture of a batch."""

    def __init__(self, strength: Strength, generator: torch.Generator) -> None:
        self.strength = strength
        self.generator = generator

    def __call__(self, faces: Tensor, labels: Tensor, side_px: int) -> Tensor:
        """Return disturbed pictures of ``side_px``.

        Parameters
        ----------
        faces
            (N, 1, 48, 48) float32, 0-255.
        labels
            (N,) majority label, -1 = none; decides who may get a speaking mouth.
        """
        faces = self._speak(faces, labels)
        faces = self._recrop(faces, side_px)
        faces = self._relight(faces)
        faces = self._degrade(faces)
        return self._cover(faces)

    def _draw(self, count: int, low: float, high: float) -> Tensor:
        return uniform(count, low, high, self.generator)

    def _chosen(self, count: int, probability: float) -> Tensor:
        return chosen(count, probability, self.generator)

    def _speak(self, faces: Tensor, labels: Tensor) -> Tensor:
        calm = torch.isin(labels, torch.tensor(CALM_LABELS))
        picks = self._chosen(len(faces), self.strength.mouth_probability)
        picks = picks[calm[picks]]
        if len(picks) == 0:
            return faces
        faces = faces.clone()
        count = len(picks)
        faces[picks] = open_mouths(
            faces[picks],
            self._draw(count, 0.07, 0.15),
            self._draw(count, 0.02, 0.07),
            self._draw(count, 0.4, 0.9),
        )
        return faces

    def _recrop(self, faces: Tensor, side_px: int) -> Tensor:
        count, by = len(faces), self.strength
        # The mean of two uniform draws keeps most rolls small and the bound firm.
        roll = (self._draw(count, -1, 1) + self._draw(count, -1, 1)) * by.roll_deg / 2
        scale = torch.exp(self._draw(count, -by.log_scale, by.log_scale))
        aspect = torch.exp(self._draw(count, -by.log_aspect, by.log_aspect))
        mirror = torch.where(self._draw(count, 0, 1) < 0.5, -1.0, 1.0)
        turns = self._draw(count, 0, 1) < by.yaw_probability
        return warp(
            faces,
            side_px,
            roll_deg=roll,
            shift_x=self._draw(count, -by.shift, by.shift),
            shift_y=self._draw(count, -by.shift, by.shift),
            scale_x=scale * aspect * mirror,
            scale_y=scale / aspect,
            jaw=self._draw(count, -by.jaw / 2, by.jaw),
            yaw_deg=self._draw(count, -by.yaw_deg, by.yaw_deg) * turns,
        )

    def _relight(self, faces: Tensor) -> Tensor:
        count, by = len(faces), self.strength
        contrast = torch.exp(self._draw(count, -by.log_contrast, by.log_contrast))
        brightness = self._draw(count, -by.brightness, by.brightness)
        gamma = torch.exp(self._draw(count, -by.log_gamma, by.log_gamma))
        dark = self._draw(count, 0, 1) < by.dark_probability
        contrast = torch.where(dark, contrast * 0.35, contrast)
        brightness = torch.where(dark, brightness - 60.0, brightness)
        return relight(faces, gamma, contrast, brightness)

    def _degrade(self, faces: Tensor) -> Tensor:
        count, by, side = len(faces), self.strength, faces.shape[-1]
        picks = self._chosen(count, by.blur_probability)
        for part in picks.chunk(4):
            kind = float(self._draw(1, 0, 1))
            if kind < 0.7:
                faces[part] = blur(faces[part], float(self._draw(1, 0.4, 1.6)) * side / 48)
            else:
                length = (3, 5, 7)[int(self._draw(1, 0, 2.999))]
                faces[part] = smear(faces[part], length, vertical=kind > 0.85)
        picks = self._chosen(count, by.coarse_probability)
        for part in picks.chunk(2):
            faces[part] = coarsen(faces[part], int(self._draw(1, 0.33, 0.8) * side))
        picks = self._chosen(count, by.jpeg_probability)
        if len(picks):
            qualities = self._draw(len(picks), 12, 60).int().tolist()
            faces[picks] = compress(faces[picks], qualities)
        picks = self._chosen(count, by.noise_probability)
        sigma = self._draw(len(picks), 2.0, 14.0).view(-1, 1, 1, 1)
        noise = torch.randn(faces[picks].shape, generator=self.generator)
        faces[picks] = torch.clamp(faces[picks] + sigma * noise, 0.0, WHITE)
        return faces

    def _cover(self, faces: Tensor) -> Tensor:
        picks = self._chosen(len(faces), self.strength.erase_probability)
        count = len(picks)
        if count == 0:
            return faces
        width, height = self._draw(count, 0.12, 0.45), self._draw(count, 0.12, 0.40)
        left, top = self._draw(count, 0, 1) * (1 - width), self._draw(count, 0, 1) * (1 - height)
        boxes = torch.stack([left, top, left + width, top + height], dim=1)
        faces[picks] = erase(faces[picks], boxes, self._draw(count, 0.0, WHITE))
        return faces
