"""The specification curve: one result over many settings, as it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """What a dot means: name in the legend, colour, and rank among all meanings (sets its form)."""

    name: str
    colour: str
    rank: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One result over all settings.

    Attributes
    ----------
    label, heading, legend
        Words at the axis, above the panel, above the legend.
    values
        One per setting, in the order of the figure; None where it is not known.
    marks
        One per setting; None where the meaning is not known.
    line, line_name
        Height of a dashed line and its name.
    band, band_name
        Bounds of a shaded band and its name.
    from_zero
        Whether the axis begins at 0.
    """

    label: str
    heading: str
    legend: str
    values: Sequence[float | None]
    marks: Sequence[Mark | None]
    line: float | None = None
    line_name: str = ""
    band: tuple[float, float] | None = None
    band_name: str = ""
    from_zero: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting that varies: its name, what it may be, and what it is in each column."""

    name: str
    options: Sequence[str]
    chosen: Sequence[str]


@dataclass(frozen=True, slots=True)
class Curve:
    """The whole figure.

    Attributes
    ----------
    title, axis
        Words above and below.
    panels
        Results, from above.
    choices
        Settings, from above.
    own, own_name
        Column of the run's own setting, and what it is called.
    """

    title: str
    axis: str
    panels: Sequence[Panel]
    choices: Sequence[Choice]
    own: int
    own_name: str
