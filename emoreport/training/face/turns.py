"""How far a head may turn before a face model loses what it is right about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emoreport.faces.turning import turned
from emoreport.training.face.data import FerSet
from emoreport.training.face.metrics import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from emoreport.training.face.metrics import FloatArray

TURNS_DEG: Final[dict[str, tuple[int, ...]]] = {
    "yaw_deg": (10, 20, 30, 40, 50, 60, 70),
    "pitch_deg": (10, 20, 30, 40, 50),
}
"""Turns to either side that are measured; 0 is measured too."""
KEPT: Final = 2 / 3
"""Share of the macro recall of faces as they are that is left at the limit.

Accuracy would hide the loss: neutral and happy faces are read longest, and are the most.
"""

Answer = "Callable[[npt.NDArray[np.uint8]], FloatArray]"


def turned_pictures(
    images: npt.NDArray[np.uint8], axis: str, turn_deg: float
) -> npt.NDArray[np.uint8]:
    """Pictures (N, 48, 48) with heads turned to one side and the other by turns."""
    return np.stack(
        [
            turned(image, **{axis: turn_deg if index % 2 == 0 else -turn_deg})
            for index, image in enumerate(images)
        ]
    )


def turned_figures(
    part: FerSet, answer: Callable[[npt.NDArray[np.uint8]], FloatArray], temperature: float
) -> dict[str, Any]:
    """Axis → turn in degrees → accuracy, macro recall and calibration error.

    Parameters
    ----------
    part
        Labelled pictures.
    answer
        Logits (N, K) of pictures.
    temperature
        Divisor of the logits.
    """
    table: dict[str, Any] = {}
    for axis, turns_deg in TURNS_DEG.items():
        table[axis] = {}
        for turn_deg in (0, *turns_deg):
            images = turned_pictures(part.images, axis, turn_deg) if turn_deg else part.images
            found = figures(answer(images), part.labels, temperature)
            table[axis][str(turn_deg)] = {
                name: round(getattr(found, name), 4) for name in ("accuracy", "macro_recall", "ece")
            }
    return table


def head_limits(table: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    """Degrees at which `KEPT` of the macro recall is left, by axis; the largest turn if more is.

    Between two turns that were measured, the straight line counts.
    """
    limits = {}
    for axis, rows in table.items():
        turns_deg = np.array([float(turn_deg) for turn_deg in rows])
        kept = np.minimum.accumulate([row["macro_recall"] for row in rows.values()])
        limits[axis] = round(float(np.interp(-KEPT * kept[0], -kept, turns_deg)), 1)
    return limits
