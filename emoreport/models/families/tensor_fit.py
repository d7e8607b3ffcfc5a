"""Whether the tensors of a file are exactly those of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from emoreport.errors import ModelError

Shape = tuple[int, ...]

MOST_NAMES: Final = 6
"""Names of tensors in one message."""
GET_AGAIN: Final = "checkpoint_from_publisher"


def shapes(tensors: Mapping[str, Any]) -> dict[str, Shape]:
    """Shape of each tensor, of NumPy or of torch, by name."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def check_fit(found: Mapping[str, Shape], expected: Mapping[str, Shape], path: Path) -> None:
    """Refuse a file that does not fit in every name and every shape.

    A tensor left at its random start would still give answers.

    Parameters
    ----------
    found, expected
        Shapes by name of what the file holds, and of what the network has.
    path
        The file.

    Raises
    ------
    ModelError
        When a tensor is missing, unknown or of another shape.
    """
    misshapen = [
        f"{name} is {found[name]}, not {shape}"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    faults = [
        f"{fault} {listed(names)}"
        for fault, names in (
            ("lacks", [name for name in expected if name not in found]),
            ("has the unknown", [name for name in found if name not in expected]),
            ("has other shapes:", misshapen),
        )
        if names
    ]
    if faults:
        raise ModelError("models.misfit", faults="; ".join(faults), remedy=GET_AGAIN, file=path)


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    more = len(every) - MOST_NAMES
    return ", ".join(every[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
