"""One damage at a time, the same for every picture: the rows of the robustness table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from emoreport.training.face import augment
from emoreport.training.face.data import LABELS, FerSet
from emoreport.training.face.metrics import FloatArray, figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

_SEED: Final = 7


def _crop(
    *, roll_deg: float = 0.0, x: float = 0.0, y: float = 0.0, scale: float = 1.0
) -> Callable[[Tensor], Tensor]:
    def damage(faces: Tensor) -> Tensor:
        ones = torch.ones(len(faces))
        return augment.warp(
            faces,
            faces.shape[-1],
            roll_deg=roll_deg * ones,
            shift_x=x * ones,
            shift_y=y * ones,
            scale_x=scale * ones,
            scale_y=scale * ones,
        )

    return damage


def _light(
    gamma: float = 1.0, contrast: float = 1.0, offset: float = 0.0
) -> Callable[[Tensor], Tensor]:
    def damage(faces: Tensor) -> Tensor:
        ones = torch.ones(len(faces))
        return augment.relight(faces, gamma * ones, contrast * ones, offset * ones)

    return damage


def _noise(sigma: float) -> Callable[[Tensor], Tensor]:
    def damage(faces: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(_SEED)
        noise = torch.randn(faces.shape, generator=generator)
        return torch.clamp(faces + sigma * noise, 0.0, augment.WHITE)

    return damage


def _cover(left: float, top: float, right: float, bottom: float) -> Callable[[Tensor], Tensor]:
    def damage(faces: Tensor) -> Tensor:
        boxes = torch.tensor([[left, top, right, bottom]]).expand(len(faces), 4)
        return augment.erase(faces, boxes, torch.full((len(faces),), 127.0))

    return damage


def open_mouth(faces: Tensor) -> Tensor:
    """Give every picture a dark, open mouth of the size that speaking makes."""
    ones = torch.ones(len(faces))
    return augment.open_mouths(faces, 0.11 * ones, 0.05 * ones, 0.7 * ones)


def _dark(faces: Tensor) -> Tensor:
    return _noise(5.0)(_light(gamma=1.8, contrast=0.35)(faces) * 0.5)


CORRUPTIONS: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    "none": lambda faces: faces,
    "blur, sigma 1 px": lambda faces: augment.blur(faces, 1.0),
    "blur, sigma 1.5 px": lambda faces: augment.blur(faces, 1.5),
    "motion blur, 5 px": lambda faces: augment.smear(faces, 5, vertical=False),
    "JPEG at twice the size, quality 30": lambda f: augment.compress(f, [30] * len(f)),
    "JPEG at twice the size, quality 10": lambda f: augment.compress(f, [10] * len(f)),
    "face of 24 px, enlarged": lambda faces: augment.coarsen(faces, 24),
    "face of 16 px, enlarged": lambda faces: augment.coarsen(faces, 16),
    "noise, sigma 10 levels": _noise(10.0),
    "noise, sigma 20 levels": _noise(20.0),
    "gamma 0.5 (over-exposed)": _light(gamma=0.5),
    "gamma 2 (under-exposed)": _light(gamma=2.0),
    "contrast 0.4": _light(contrast=0.4),
    "low light: dark, flat, noisy": _dark,
    "box 10 % to the side": _crop(x=0.10),
    "box 10 % higher": _crop(y=-0.10),
    "box 10 % lower": _crop(y=0.10),
    "box 15 % larger": _crop(scale=1.15),
    "box 15 % smaller": _crop(scale=0.85),
    "box 30 % larger": _crop(scale=1.30),
    "roll 10 deg": _crop(roll_deg=10.0),
    "roll 20 deg": _crop(roll_deg=20.0),
    "eyes covered": _cover(0.15, 0.30, 0.85, 0.48),
    "mouth covered": _cover(0.25, 0.66, 0.75, 0.92),
    "left half covered": _cover(0.0, 0.0, 0.5, 1.0),
    "open mouth painted on": open_mouth,
}


def damaged(data: FerSet, name: str, batch: int = 256) -> FerSet:
    """Return ``data`` with one of :data:`CORRUPTIONS` done to its pictures (8-bit again)."""
    parts = []
    for start in range(0, len(data), batch):
        faces = torch.from_numpy(data.images[start : start + batch]).unsqueeze(1).float()
        done = CORRUPTIONS[name](faces)
        parts.append(done.round().clamp(0, augment.WHITE).to(torch.uint8).squeeze(1).numpy())
    return replace(data, images=np.concatenate(parts))


def robustness(
    data: FerSet, predict: Callable[[npt.NDArray[np.uint8]], FloatArray]
) -> dict[str, dict[str, float]]:
    """Return accuracy and macro recall under every corruption.

    Parameters
    ----------
    data
        Labelled pictures.
    predict
        uint8 pictures (N, 48, 48) → logits (N, 8).
    """
    table = {}
    for name in CORRUPTIONS:
        worse = damaged(data, name)
        result = figures(predict(worse.images), worse.labels)
        table[name] = {
            "accuracy": round(result.accuracy, 4),
            "macro_recall": round(result.macro_recall, 4),
        }
    return table


def speaking_confusion(
    data: FerSet, predict: Callable[[npt.NDArray[np.uint8]], FloatArray]
) -> dict[str, float]:
    """Return how often neutral faces read as surprise or happiness, mouth closed and open."""
    neutral = data.take(data.labels == LABELS.index("neutral"))
    wrong = [LABELS.index("happiness"), LABELS.index("surprise")]
    shares = {}
    for key, name in (("as_it_is", "none"), ("open_mouth", "open mouth painted on")):
        answers = predict(damaged(neutral, name).images).argmax(axis=1)
        shares[key] = round(float(np.isin(answers, wrong).mean()), 4)
    return shares
