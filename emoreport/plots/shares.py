"""The plot of shares: how the time is divided among the emotions, face beside voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from emoreport.messages import text
from emoreport.plots.plot import Plot
from emoreport.plots.style import (
    COLUMN_IN,
    FAINT,
    caption,
    in_order,
    marked,
    new_figure,
    number,
    say_nothing_to_draw,
    seconds_by_label,
    share,
    statistic,
)
from emoreport.results import Analysis, Findings, Statistic
from emoreport.vocabulary import COLOURS, is_emotion, like

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN_IN: Final = 1.05
ROW_IN: Final = 0.31
TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
SHORT_TICKS: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
HATCH: Final = "//////"
"""Over the bars of the voice."""
BAR: Final = 0.36
"""Height of a bar in rows; a row holds two."""


def shares(findings: Findings, lang: str) -> Plot:
    """Draw the shares of face and voice, the face's with its 95 % interval where there is one."""
    analysis = findings.analysis
    face_s = _emotions(seconds_by_label(analysis.video_intervals))
    voice_s = _emotions(seconds_by_label(analysis.voice_intervals))
    labels = in_order((*face_s, *voice_s))
    note = _note(analysis, sum(face_s.values()), sum(voice_s.values()), lang)
    figure = new_figure(COLUMN_IN, MARGIN_IN + ROW_IN * max(len(labels), 2), note)
    axis = figure.subplots()
    explanation = caption("shares", analysis, note, lang)
    if not labels:
        say_nothing_to_draw(axis, lang)
        return Plot(figure, explanation)
    longest = 0.0
    rows = ((face_s, findings.faces.labels, -0.5), (voice_s, findings.speech.labels, 0.5))
    for row, label in enumerate(labels):
        for (seconds, classes, side), hatch in zip(rows, (None, HATCH), strict=True):
            at = row + side * BAR
            if label not in classes:
                words = text("plots.shares.no_class", lang)
                axis.text(0.005, at, words, va="center", fontsize=5.5, color=FAINT)
                continue
            value = seconds.get(label, 0.0) / sum(seconds.values()) if seconds else 0.0
            interval = None if hatch else _interval(analysis, label)
            look = {
                "facecolor": COLOURS[like(label, findings.run.bridge)],
                "edgecolor": "#FFFFFF",
                "hatch": hatch,
            }
            longest = max(longest, _draw_bar(axis, at, value, interval, look, lang))
    names = [marked(label, lang, findings.run.bridge) for label in labels]
    _finish(axis, names, longest, lang)
    return Plot(figure, explanation)


def _draw_bar(
    axis: Axes,
    at: float,
    value: float,
    interval: Statistic | None,
    look: Mapping[str, Any],
    lang: str,
) -> float:
    """Draw a bar, its interval and its number; return where it ends."""
    axis.barh(at, value, BAR, linewidth=0, **look)
    end = value
    if interval is not None and interval.low is not None and interval.high is not None:
        axis.plot([interval.low, interval.high], [at, at], color="#000000", linewidth=0.7)
        end = max(value, interval.high)
    percent = f"{number(100 * value, '.0f', lang)} %"
    axis.annotate(
        percent,
        (end, at),
        xytext=(2.5, 0.0),
        textcoords="offset points",
        va="center",
        fontsize=5.5,
    )
    return end


def _finish(axis: Axes, names: Sequence[str], longest: float, lang: str) -> None:
    from matplotlib.patches import Patch

    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.45, -0.55)
    axis.tick_params(axis="y", length=0)
    ticks = SHORT_TICKS if longest <= SHORT_TICKS[-1] else TICKS
    axis.set_xlim(0.0, ticks[-1] * 1.1)
    axis.set_xticks(ticks, [f"{100 * tick:.0f} %" for tick in ticks])
    axis.set_xlabel(text("plots.axis.share", lang))
    handles = [
        Patch(facecolor=FAINT, label=text("plots.row.face", lang)),
        Patch(
            facecolor=FAINT,
            edgecolor="#FFFFFF",
            hatch=HATCH,
            linewidth=0,
            label=text("plots.row.voice", lang),
        ),
    ]
    axis.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _emotions(seconds: Mapping[str, float]) -> dict[str, float]:
    return {label: value for label, value in seconds.items() if is_emotion(label)}


def _interval(analysis: Analysis, label: str) -> Statistic | None:
    return statistic(analysis.transition_statistics, "time_share", label)


def _note(analysis: Analysis, face_s: float, voice_s: float, lang: str) -> str:
    duration_s = analysis.summary.duration_s
    parts = {
        name: text(
            "plots.shares.part",
            lang,
            seconds=number(value, ".1f", lang),
            share=share(value / duration_s if duration_s else None, lang),
        )
        for name, value in (("face", face_s), ("voice", voice_s))
    }
    has_intervals = any(
        row.statistic == "time_share" and row.scope == "all" and row.low is not None
        for row in analysis.transition_statistics
    )
    lines = text("plots.shares.intervals" if has_intervals else "plots.shares.no_intervals", lang)
    return f"{text('plots.shares.note', lang, **parts)} {lines}"
