"""A specification curve: results over settings by size, and below them which settings gave them.

The form is that of Simonsohn, Simmons and Nelson (2020, Nature Human Behaviour 4:1208-1214).
"""

from __future__ import annotations

import warnings
from io import BytesIO
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from emoreport.results import Curve, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN: Final = 11.0
PANEL_IN: Final = 2.3
ROW_IN: Final = 0.21
MARGINS_IN: Final = 1.1
DOTS_PER_INCH: Final = 150
MARKERS: Final = "osD^vPX*<>ph8"
"""By place in the legend: what colour tells apart, form does too."""

USUAL_COLUMNS: Final = 96
LARGEST_DOT: Final = 28.0
SMALLEST_DOT: Final = 3.0
LONGEST_TITLE: Final = 110

STYLE: Final[dict[Any, Any]] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    # Text stays text: it can be searched, and edited for a journal.
    "svg.fonttype": "none",
    # The same figure gives the same bytes.
    "svg.hashsalt": "emoreport",
}


def drawn(curve: Curve, kind: str) -> bytes:
    """Draw a figure.

    Parameters
    ----------
    curve
        What it shows.
    kind
        ``png`` or ``svg``.

    Returns
    -------
    Content of the file; the same figure gives the same bytes.
    """
    from matplotlib import rc_context

    stream = BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with rc_context(STYLE), warnings.catch_warnings():
        # A file name may hold letters that the font lacks; they become boxes in the picture.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        _figure(curve).savefig(stream, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
    return stream.getvalue()


def _figure(curve: Curve) -> Figure:
    from matplotlib.figure import Figure

    rows = sum(len(choice.options) for choice in curve.choices) + len(curve.choices)
    heights = [PANEL_IN] * len(curve.panels) + [ROW_IN * rows]
    figure = Figure(figsize=(WIDTH_IN, sum(heights) + MARGINS_IN), layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    figure.suptitle(_plain(curve.title), fontsize=11, parse_math=False)
    for index, (panel, axis) in enumerate(zip(curve.panels, axes, strict=False)):
        _draw_panel(axis, panel, curve, named=index == 0)
    _draw_choices(axes[-1], curve)
    return figure


def _draw_panel(axis: Axes, panel: Panel, curve: Curve, *, named: bool) -> None:
    if panel.band is not None:
        axis.axhspan(*panel.band, color="#000000", alpha=0.08, lw=0, label=panel.band_name)
    if panel.line is not None:
        axis.axhline(panel.line, color="#444444", lw=0.9, ls="--", label=panel.line_name)
    axis.axvline(curve.own, color="#000000", lw=0.8, zorder=1)
    marks = {mark for mark in panel.marks if mark is not None}
    for mark in sorted(marks, key=attrgetter("rank")):
        dots = [
            (column, value)
            for column, (value, dot) in enumerate(zip(panel.values, panel.marks, strict=True))
            if dot == mark and value is not None
        ]
        if dots:
            axis.scatter(
                [column for column, _ in dots],
                [value for _, value in dots],
                s=_dot_size(curve),
                c=mark.colour,
                marker=MARKERS[mark.rank % len(MARKERS)],
                lw=0,
                label=mark.name,
                zorder=3,
            )
    own = panel.values[curve.own]
    if own is not None:
        axis.scatter(
            [curve.own],
            [own],
            s=110,
            facecolors="none",
            edgecolors="#000000",
            lw=1.4,
            zorder=4,
            label=curve.own_name if named else "",
        )
    axis.set_ylabel(panel.label)
    axis.set_title(panel.heading, fontsize=9, loc="left")
    if panel.from_zero:
        axis.set_ylim(bottom=0)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(axis="x", length=0)
    if not axis.get_legend_handles_labels()[0]:
        return
    axis.legend(
        title=panel.legend,
        loc="upper left",
        bbox_to_anchor=(1.005, 1.02),
        frameon=False,
        fontsize=8,
        title_fontsize=8,
        alignment="left",
    )


def _draw_choices(axis: Axes, curve: Curve) -> None:
    """Rows of dots: which settings each column shows; the run's own in black and larger."""
    row, ticks, names = 0.0, [], []
    size = _dot_size(curve)
    for choice in curve.choices:
        axis.text(
            -0.01,
            row,
            choice.name,
            transform=axis.get_yaxis_transform(),
            ha="right",
            va="center",
            fontweight="bold",
            fontsize=8,
        )
        row += 1.0
        for option in choice.options:
            columns = [column for column, chosen in enumerate(choice.chosen) if chosen == option]
            others = [column for column in columns if column != curve.own]
            axis.axhline(row, color="#e6e6e6", lw=0.5, zorder=0)
            axis.scatter(others, [row] * len(others), s=0.6 * size, c="#8c8c8c", lw=0, zorder=2)
            if curve.own in columns:
                axis.scatter([curve.own], [row], s=max(26.0, size), c="#000000", lw=0, zorder=3)
            ticks.append(row)
            names.append(_plain(option))
            row += 1.0
    axis.axvline(curve.own, color="#000000", lw=0.8, zorder=1)
    axis.set_yticks(ticks, names, fontsize=8, parse_math=False)
    axis.set_ylim(row - 0.4, -0.6)
    axis.set_xlim(-1, len(curve.choices[0].chosen))
    axis.set_xticks([])
    axis.tick_params(axis="y", length=0)
    axis.spines[["top", "right", "bottom", "left"]].set_visible(False)
    axis.set_xlabel(curve.axis)


def _dot_size(curve: Curve) -> float:
    """Area of a dot in square points: as many columns share the width, so much smaller it is."""
    columns = max(1, len(curve.choices[0].chosen))
    return max(SMALLEST_DOT, LARGEST_DOT * min(1.0, (USUAL_COLUMNS / columns) ** 2))


def _plain(words: str) -> str:
    """Words that can be drawn: one line, no surrogates, not endless."""
    line = " ".join(words.encode("utf-8", "backslashreplace").decode("utf-8").split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"
