"""The timeline: face, voice, its probabilities, speech and severity on one axis of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emoreport.messages import text
from emoreport.plots.plot import Plot
from emoreport.plots.style import (
    FAINT,
    GAP_HATCH,
    INK,
    PAGE_IN,
    PALE,
    caption,
    chance_note,
    face_colour,
    in_order,
    marked,
    new_figure,
    number,
)
from emoreport.results import (
    BLINK,
    MOUTH_OPEN,
    SMILE,
    ActionEvent,
    Comparison,
    Findings,
    voice_steps,
)
from emoreport.vocabulary import COLOURS, ICONS, like, text_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN: Final = 3.9
HEIGHTS: Final = (1.0, 1.0, 1.3, 0.35, 1.7)
ACTIONS_HEIGHT: Final = 0.9
DRAWN_ACTIONS: Final = (SMILE, MOUTH_OPEN, BLINK)
AXIS_POINTS: Final = 430.0
"""Length of the axis of time on paper, about."""
ICON_POINTS: Final = 9.0
"""Rows narrower than this on paper get no icon."""
PARTED_POINTS: Final = 4.0
"""Rows narrower than this on paper get no line between them."""
SECONDS_UP_TO_S: Final = 180.0
"""Longer recordings have their times in minutes and seconds."""
LEGEND_COLUMNS: Final = 6


def timeline(findings: Findings, lang: str) -> Plot:
    """Draw the timeline."""
    analysis = findings.analysis
    acted = analysis.action_summary is not None
    heights = (*HEIGHTS[:1], *(ACTIONS_HEIGHT,) * acted, *HEIGHTS[1:])
    height_in = HEIGHT_IN * sum(heights) / sum(HEIGHTS)
    figure = new_figure(PAGE_IN, height_in, chance_note(analysis, lang))
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    face, *actions, voice, heard, speech, severity = axes
    duration_s = max(analysis.summary.duration_s, 1e-3)
    bridge = findings.run.bridge
    _draw_rows(face, analysis.video_intervals, duration_s, bridge)
    _draw_rows(voice, analysis.voice_intervals, duration_s, bridge)
    _draw_voice(heard, findings)
    speech.broken_barh(
        [(span.start_s, span.duration_s) for span in findings.speech.speech],
        (0.0, 1.0),
        facecolor=FAINT,
        linewidth=0,
    )
    _draw_severity(severity, analysis.face_voice, lang)
    named = [(face, "face"), (voice, "voice"), (heard, "voice_probabilities"), (speech, "speech")]
    for axis in actions:
        _draw_actions(axis, analysis.action_events)
        named.append((axis, "actions"))
    for axis, key in named:
        axis.set_ylim(0.0, 1.0)
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        axis.tick_params(axis="x", length=0)
        word = text(f"plots.row.{key}", lang)
        axis.set_ylabel(word, rotation=0, ha="right", va="center")
    _draw_time(severity, duration_s, lang)
    _draw_legend(figure, findings, lang)
    return Plot(figure, _caption(findings, lang))


def _draw_rows(
    axis: Axes, rows: Sequence[Any], duration_s: float, bridge: Mapping[str, str] | None
) -> None:
    for label in in_order(row.emotion for row in rows):
        spans = [(row.span.start_s, row.span.duration_s) for row in rows if row.emotion == label]
        axis.broken_barh(spans, (0.0, 1.0), **face_colour(label, bridge))
    # Neighbours of like brightness stay apart in print without colours; between short rows the
    # lines themselves would cover what they part.
    least_s = PARTED_POINTS / AXIS_POINTS * duration_s
    edges = [
        after.span.start_s
        for before, after in pairwise(rows)
        if before.emotion != after.emotion
        and min(before.span.duration_s, after.span.duration_s) >= least_s
    ]
    axis.vlines(edges, 0.0, 1.0, color="#FFFFFF", linewidth=0.4)
    for row in rows:
        if row.span.duration_s / duration_s * AXIS_POINTS >= ICON_POINTS:
            axis.text(
                row.span.centre_s,
                0.48,
                ICONS[row.emotion],
                ha="center",
                va="center",
                color=text_on(like(row.emotion, bridge)),
            )


def _draw_actions(axis: Axes, events: Sequence[ActionEvent]) -> None:
    """A line for each action, in the order in which the axis names them."""
    height = 1.0 / len(DRAWN_ACTIONS)
    for row, action in enumerate(reversed(DRAWN_ACTIONS)):
        spans = [
            (event.span.start_s, event.span.duration_s)
            for event in events
            if event.action == action
        ]
        band = (row * height + 0.1 * height, 0.8 * height)
        axis.broken_barh(spans, band, facecolor=INK, edgecolor=INK, linewidth=0.4)


def _draw_voice(axis: Axes, findings: Findings) -> None:
    """Probabilities of the window that speaks, stacked; nothing where nobody speaks."""
    edges_s, shown = voice_steps(findings.analysis.heard_windows)
    if not shown:
        return
    unknown = (np.nan,) * len(findings.speech.labels)
    table = np.asarray([unknown if values is None else values for values in shown])
    # Each value from its own start to its own end: areas break where nobody speaks.
    bounds_s = np.column_stack((edges_s[:-1], edges_s[1:])).ravel()
    tops = np.cumsum(np.repeat(table, 2, axis=0), axis=1)
    lower = np.zeros(len(tops))
    for label, upper in zip(findings.speech.labels, tops.T, strict=True):
        colour = COLOURS.get(like(label, findings.run.bridge), FAINT)
        axis.fill_between(bounds_s, lower, upper, color=colour, linewidth=0)
        lower = upper


def _draw_severity(axis: Axes, rows: Sequence[Comparison], lang: str) -> None:
    """Bars as high as the severity; time that could not be compared is hatched."""
    looks: dict[bool | None, dict[str, Any]] = {
        False: {"color": INK, "linewidth": 0, "label": text("plots.legend.mismatch", lang)},
        True: {"color": PALE, "linewidth": 0, "label": text("plots.legend.match", lang)},
        None: {
            "facecolor": "none",
            "edgecolor": PALE,
            "linewidth": 0,
            "hatch": GAP_HATCH,
            "label": text("plots.legend.not_compared", lang),
        },
    }
    for match, look in looks.items():
        chosen = [row for row in rows if row.match is match]
        if chosen:
            axis.bar(
                [row.span.start_s for row in chosen],
                [1.0 if match is None else row.severity or 0.0 for row in chosen],
                width=[row.span.duration_s for row in chosen],
                align="edge",
                **look,
            )
    axis.set_ylim(0.0, 1.0)
    axis.set_yticks([0.0, 0.5, 1.0], [number(value, "g", lang) for value in (0.0, 0.5, 1.0)])
    axis.set_ylabel(text("plots.row.severity", lang))


def _draw_time(axis: Axes, duration_s: float, lang: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_xlim(0.0, duration_s)
    if duration_s <= SECONDS_UP_TO_S:
        axis.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda at, _: number(at, "g", lang)))
        axis.set_xlabel(text("plots.axis.seconds", lang))
        return
    axis.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 1.2, 1.5, 3, 6, 10]))
    axis.xaxis.set_major_formatter(
        FuncFormatter(lambda at, _: f"{int(at) // 60}:{int(at) % 60:02d}")
    )
    axis.set_xlabel(text("plots.axis.minutes", lang))


def _draw_legend(figure: Figure, findings: Findings, lang: str) -> None:
    from matplotlib.patches import Patch

    analysis = findings.analysis
    seen = [row.emotion for row in analysis.video_intervals]
    heard = [row.emotion for row in analysis.voice_intervals]
    spoken = findings.speech.labels if analysis.heard_windows else ()
    labels, bridge = in_order((*seen, *heard, *spoken)), findings.run.bridge
    handles: list[Any] = [
        Patch(**face_colour(label, bridge), label=marked(label, lang, bridge)) for label in labels
    ]
    handles += figure.axes[-1].get_legend_handles_labels()[0]
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=LEGEND_COLUMNS,
        handlelength=1.4,
        columnspacing=1.4,
    )


def _caption(findings: Findings, lang: str) -> str:
    summary = findings.analysis.summary
    return caption(
        "timeline",
        findings.analysis,
        chance_note(findings.analysis, lang),
        lang,
        duration=number(summary.duration_s, ".1f", lang),
        coverage=number(100 * summary.face_coverage, ".0f", lang),
        speech=number(summary.speech_s, ".1f", lang),
    )
