"""Options of single commands that are no settings of an analysis; each default and range once."""

from __future__ import annotations

from typing import Any, Final

from emoreport.settings.described import OptionInfo, checked
from emoreport.vocabulary import ABSTENTION_LEVELS


def _described(
    name: str,
    default: Any,  # noqa: ANN401 - options hold several types
    help: str,  # noqa: A002 - the usual word for it
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
        help=help,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        choices=choices,
    )


TOLERANCE: Final = _described(
    "tolerance",
    0.5,
    "Farthest distance of boundaries that count as one",
    unit="seconds",
    minimum=0.0,
    maximum=10.0,
)
LEAD_IN: Final = _described(
    "lead_in",
    1.0,
    "What to show before each passage",
    unit="seconds",
    minimum=0.0,
    maximum=60.0,
)
TOP: Final = _described(
    "top",
    10,
    "So many clips: of mismatches the strongest, of an emotion the longest (all if left out)",
    minimum=1,
)
SMOOTHING_GRID: Final = _described(
    "smoothing", ("0", "0.5", "1", "2"), "Smoothing windows to try", unit="seconds"
)
MIN_INTERVAL_GRID: Final = _described(
    "min_interval", ("0.25", "0.5", "1", "2"), "Shortest intervals to try", unit="seconds"
)
ABSTENTION_GRID: Final = _described(
    "abstention", ABSTENTION_LEVELS, "Levels of abstention to try", choices=ABSTENTION_LEVELS
)
PLOT_KINDS: Final = _described(
    "kind",
    ("timeline", "shares", "transitions", "matrix"),
    "Which plots to make",
    choices=("timeline", "shares", "transitions", "matrix"),
)
PLOT_FORMATS: Final = _described(
    "format",
    ("png", "svg"),
    "PNG has 300 dots per inch, the text of SVG stays text",
    choices=("png", "svg"),
)


def chosen(info: OptionInfo, value: Any) -> Any:  # noqa: ANN401 - options hold several types
    """Value of an option: what was given, converted and checked, or the default for None.

    Raises
    ------
    SettingsError
        When the value does not fit.
    """
    return info.default if value is None else checked(info, value)
