"""The matrix of face and voice: how many seconds each two labels had together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emoreport.messages import text
from emoreport.plots.plot import Plot
from emoreport.plots.style import (
    COLUMN_IN,
    GAP_HATCH,
    PALE,
    caption,
    chance_note,
    in_order,
    marked,
    new_figure,
    number,
    say_nothing_to_draw,
)
from emoreport.records import DoubleArray
from emoreport.results import Comparison, Findings
from emoreport.vocabulary import contrast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

MARGIN_IN: Final = 1.45
ROW_IN: Final = 0.27
HEAT: Final = ((255, 255, 255), (8, 48, 107))
"""Colours of no time and of the longest time, red, green and blue, 0–255."""


def matrix(findings: Findings, lang: str) -> Plot:
    """Draw the matrix."""
    analysis = findings.analysis
    rows = analysis.own_face_voice
    faces = in_order(row.video_emotion for row in rows)
    voices = in_order(row.audio_emotion for row in rows)
    note = chance_note(analysis, lang)
    figure = new_figure(COLUMN_IN, MARGIN_IN + ROW_IN * max(len(faces), 2), note)
    axis = figure.subplots()
    explanation = caption("matrix", analysis, note, lang)
    if not rows:
        say_nothing_to_draw(axis, lang)
        return Plot(figure, explanation)
    seconds = _seconds(rows, faces, voices)
    _draw_cells(axis, seconds, lang)
    _frame_cells(axis, rows, faces, voices)
    bridge = findings.run.bridge
    axis.set_yticks(range(len(faces)), [marked(label, lang, bridge) for label in faces])
    names = [marked(label, lang, bridge) for label in voices]
    axis.set_xticks(range(len(voices)), names, rotation=40, ha="right", rotation_mode="anchor")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_ylabel(text("plots.row.face", lang))
    axis.set_xlabel(text("plots.row.voice", lang))
    return Plot(figure, explanation)


def _seconds(
    rows: Sequence[Comparison], faces: Sequence[str], voices: Sequence[str]
) -> DoubleArray:
    seconds = np.zeros((len(faces), len(voices)))
    for row in rows:
        cell = faces.index(row.video_emotion), voices.index(row.audio_emotion)
        seconds[cell] += row.span.duration_s
    return seconds


def _draw_cells(axis: Axes, seconds: DoubleArray, lang: str) -> None:
    largest = max(float(seconds.max()), 1e-9)
    height, width = seconds.shape
    axis.set_xlim(-0.5, width - 0.5)
    axis.set_ylim(height - 0.5, -0.5)
    for (row, column), value in np.ndenumerate(seconds):
        fill = _shade(float(value) / largest)
        axis.add_patch(_cell(row, column, facecolor=fill, edgecolor="#E1E4E8", linewidth=0.4))
        if value > 0:
            form = ".1f" if largest < 100 else ".0f"
            ink = max(("#000000", "#FFFFFF"), key=lambda colour: contrast(colour, fill))
            words = number(float(value), form, lang)
            axis.text(column, row, words, ha="center", va="center", fontsize=6.0, color=ink)


def _frame_cells(
    axis: Axes, rows: Sequence[Comparison], faces: Sequence[str], voices: Sequence[str]
) -> None:
    """Frame the pairs that count as the same; hatch those that could not be compared."""
    matches = {(row.video_emotion, row.audio_emotion): row.match for row in rows}
    for (seen, heard), match in matches.items():
        row, column = faces.index(seen), voices.index(heard)
        if match:
            # White under black shows on every shade.
            for colour, width in (("#FFFFFF", 2.2), ("#000000", 1.0)):
                look = {"facecolor": "none", "edgecolor": colour, "linewidth": width}
                axis.add_patch(_cell(row, column, inset=0.05, zorder=3, **look))
        elif match is None:
            axis.add_patch(
                _cell(row, column, facecolor="none", edgecolor=PALE, hatch=GAP_HATCH, linewidth=0)
            )


def _shade(part: float) -> str:
    """Colour ``#RRGGBB`` of a share of the longest time, 0–1."""
    mixed = (round(low + part * (high - low)) for low, high in zip(*HEAT, strict=True))
    return "#" + "".join(f"{channel:02X}" for channel in mixed)


def _cell(row: int, column: int, *, inset: float = 0.0, **look: Any) -> Rectangle:  # noqa: ANN401 - what matplotlib takes
    from matplotlib.patches import Rectangle

    side = 1.0 - 2 * inset
    return Rectangle((column - 0.5 + inset, row - 0.5 + inset), side, side, **look)
