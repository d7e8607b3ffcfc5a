"""Options of single commands that are no settings of an analysis; each default and range once."""

from __future__ import annotations

from typing import Any, Final

from emoreport.settings.described import OptionInfo, checked
from emoreport.vocabulary import ABSTENTION_LEVELS


def _described(
    name: str,
    default: Any,  # noqa: ANN401 - options hold several types
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> OptionInfo:
    return OptionInfo(
        name=name,
        group="",
        attribute=name,
        type=type(default),
        default=default,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        choices=choices,
    )


TOLERANCE: Final = _described(
    "tolerance",
    0.5,
    unit="seconds",
    minimum=0.0,
    maximum=10.0,
)
LEAD_IN: Final = _described(
    "lead_in",
    1.0,
    unit="seconds",
    minimum=0.0,
    maximum=60.0,
)
TOP: Final = _described(
    "top",
    10,
    minimum=1,
)
SMOOTHING_GRID: Final = _described("smoothing", ("0", "0.5", "1", "2"), unit="seconds")
MIN_INTERVAL_GRID: Final = _described("min_interval", ("0.25", "0.5", "1", "2"), unit="seconds")
ABSTENTION_GRID: Final = _described("abstention", ABSTENTION_LEVELS, choices=ABSTENTION_LEVELS)
PLOT_KINDS: Final = _described(
    "kind",
    ("timeline", "shares", "transitions", "matrix"),
    choices=("timeline", "shares", "transitions", "matrix"),
)
PLOT_FORMATS: Final = _described(
    "format",
    ("png", "svg"),
    choices=("png", "svg"),
)
PER_EMOTION: Final = _described(
    "per_emotion",
    3,
    minimum=1,
    maximum=12,
)
CLIP_LENGTH: Final = _described(
    "clip_length",
    4.0,
    unit="seconds",
    minimum=0.5,
    maximum=60.0,
)
SHEET_ORDER: Final = _described(
    "by",
    "length",
    choices=("length", "strength"),
)


COMMAND_OPTIONS: Final = (
    TOLERANCE,
    LEAD_IN,
    TOP,
    SMOOTHING_GRID,
    MIN_INTERVAL_GRID,
    ABSTENTION_GRID,
    PLOT_KINDS,
    PLOT_FORMATS,
    PER_EMOTION,
    SHEET_ORDER,
    CLIP_LENGTH,
)
"""All of them, for the help."""


def chosen(info: OptionInfo, value: Any) -> Any:  # noqa: ANN401 - options hold several types
    """Value of an option: what was given, converted and checked, or the default for None.

    Raises
    ------
    SettingsError
        When the value does not fit.
    """
    return info.default if value is None else checked(info, value)
