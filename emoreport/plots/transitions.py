"""The graph of transitions: which emotion of the face followed which, and how often."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emoreport.messages import label_name, text
from emoreport.plots.plot import Plot
from emoreport.plots.style import (
    COLUMN_IN,
    INK,
    PALE,
    caption,
    in_order,
    new_figure,
    number,
    p_text,
    say_nothing_to_draw,
    seconds_by_label,
    statistic,
)
from emoreport.results import Analysis, Findings, Transition
from emoreport.vocabulary import COLOURS, ICONS, is_emotion, text_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT_IN: Final = 3.0
WIDTH: Final = 3.8
"""Of the axis, whose circle has the radius 1: names are beside it."""
SMALLEST_NODE: Final = 110.0
LARGEST_NODE: Final = 600.0
"""Areas of nodes, square points."""
THINNEST: Final = 0.6
THICKEST: Final = 3.2
"""Widths of arrows, points."""
BEND: Final = 0.16
"""How far arrows bend, so that the two between a pair stay apart."""
MOST_NUMBERS: Final = 16
FREQUENT: Final = 6
"""Of more arrows than `MOST_NUMBERS`, only so many get numbers, and those that stand out."""
FAINTEST: Final = "#E3E6EA"
PARTS: Final = (0.4, 0.5, 0.33, 0.6, 0.27, 0.67, 0.73)
"""Where along an arrow its number may be, the best point first."""
NUMBER_WIDTH: Final = 0.5
NUMBER_HEIGHT: Final = 0.12
"""Room of a number in units of the axis."""
ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True)
class Node:
    """An emotion on the circle: where, and how large (square points)."""

    x: float
    y: float
    area: float


def transitions(findings: Findings, lang: str) -> Plot:
    """Draw the graph."""
    analysis = findings.analysis
    note = _order(analysis, lang)
    figure = new_figure(COLUMN_IN, HEIGHT_IN, note)
    axis = figure.subplots()
    explanation = caption("transitions", analysis, note, lang, count=analysis.summary.transitions)
    nodes = _nodes(analysis)
    if not nodes:
        say_nothing_to_draw(axis, lang)
        return Plot(figure, explanation)
    axis.set_axis_off()
    axis.set_aspect("equal")
    axis.set_xlim(-WIDTH / 2, WIDTH / 2)
    axis.set_ylim(-1.35, 1.35)
    _draw_arrows(axis, analysis, nodes, lang)
    for label, node in nodes.items():
        axis.scatter(node.x, node.y, s=node.area, color=COLOURS[label], linewidths=0, zorder=3)
        icon = ICONS[label]
        axis.text(node.x, node.y, icon, color=text_on(label), ha="center", va="center", zorder=4)
        away = 1.0 + _radius(node)
        axis.text(
            node.x * away,
            node.y * away,
            label_name(label, lang),
            ha="center" if abs(node.x) < 0.3 else "left" if node.x > 0 else "right",
            va="bottom" if node.y > 0.3 else "top" if node.y < -0.3 else "center",
            fontsize=6.5,
            zorder=4,
            # Long names would make the circle smaller.
            in_layout=False,
        )
    return Plot(figure, explanation)


def _nodes(analysis: Analysis) -> dict[str, Node]:
    seconds = seconds_by_label(analysis.video_intervals)
    labels = in_order(label for label in seconds if is_emotion(label))
    longest = max((seconds[label] for label in labels), default=1.0)
    numbered = enumerate(labels)
    return {
        label: Node(
            x=math.sin(2 * math.pi * number / len(labels)),
            y=math.cos(2 * math.pi * number / len(labels)),
            area=max(SMALLEST_NODE, LARGEST_NODE * seconds[label] / longest),
        )
        for number, label in numbered
    }


def _radius(node: Node) -> float:
    """Radius of a node in the units of the axis."""
    return math.sqrt(node.area / math.pi) / 72.0 * WIDTH / COLUMN_IN


def _draw_arrows(axis: Axes, analysis: Analysis, nodes: dict[str, Node], lang: str) -> None:
    by_count = sorted(analysis.transitions, key=lambda row: (row.count, row.probability))
    most = max((row.count for row in by_count), default=1)
    few = len(by_count) <= MOST_NUMBERS
    numbered = by_count if few else by_count[-FREQUENT:]
    taken: list[tuple[float, float]] = []
    # The most frequent ones are drawn on top, and their numbers get the best places.
    for order, row in enumerate(by_count):
        stands_out = _stands_out(analysis, row)
        width = THINNEST + (THICKEST - THINNEST) * row.count / most
        quiet = PALE if few else FAINTEST
        _draw_arrow(axis, nodes, row, width, INK if stands_out else quiet, order)
    for row in reversed(by_count):
        stands_out = _stands_out(analysis, row)
        if stands_out or row in numbered:
            x, y = _free_place(nodes, row, taken)
            taken.append((x, y))
            axis.text(
                x,
                y,
                _count(analysis, row, lang) + ("*" if stands_out else ""),
                ha="center",
                va="center",
                fontsize=5.5,
                zorder=5,
                bbox={"boxstyle": "round,pad=0.12", "facecolor": "#FFFFFF", "linewidth": 0},
            )


def _draw_arrow(
    axis: Axes, nodes: dict[str, Node], row: Transition, width: float, colour: str, order: int
) -> None:
    from matplotlib.patches import FancyArrowPatch

    start, end = nodes[row.origin], nodes[row.target]
    axis.add_patch(
        FancyArrowPatch(
            (start.x, start.y),
            (end.x, end.y),
            connectionstyle=f"arc3,rad={BEND}",
            arrowstyle="-|>",
            mutation_scale=7,
            shrinkA=math.sqrt(start.area / math.pi) + 1.5,
            shrinkB=math.sqrt(end.area / math.pi) + 1.5,
            linewidth=width,
            color=colour,
            zorder=(2 if colour == INK else 1) + order / 1000,
        )
    )


def _free_place(
    nodes: dict[str, Node], row: Transition, taken: list[tuple[float, float]]
) -> tuple[float, float]:
    """Where along the arrow its number covers no other one and, if possible, no node."""
    points = [_along(nodes[row.origin], nodes[row.target], part) for part in PARTS]
    circles = [(node.x, node.y) for node in nodes.values()]
    free = [point for point in points if _room(point, taken) >= 1.0]
    clear = [point for point in free if _room(point, circles) >= 1.0]
    if clear or free:
        return (clear or free)[0]
    return max(points, key=lambda point: _room(point, taken))


def _room(point: tuple[float, float], taken: Sequence[tuple[float, float]]) -> float:
    """Distance to the nearest of `taken`; below 1 a number there would cover it."""
    apart = (
        max(abs(point[0] - x) / NUMBER_WIDTH, abs(point[1] - y) / NUMBER_HEIGHT) for x, y in taken
    )
    return min(apart, default=math.inf)


def _along(start: Node, end: Node, part: float) -> tuple[float, float]:
    """Point of the bent arrow (a quadratic Bézier curve, as matplotlib's arc3 draws it)."""
    middle_x, middle_y = (start.x + end.x) / 2, (start.y + end.y) / 2
    bend_x = middle_x + BEND * (end.y - start.y)
    bend_y = middle_y - BEND * (end.x - start.x)
    weights = ((1 - part) ** 2, 2 * part * (1 - part), part**2)
    x = weights[0] * start.x + weights[1] * bend_x + weights[2] * end.x
    y = weights[0] * start.y + weights[1] * bend_y + weights[2] * end.y
    return x, y


def _stands_out(analysis: Analysis, row: Transition) -> bool:
    pair_test = statistic(analysis.transition_statistics, "pair_count", row.origin, row.target)
    return (
        pair_test is not None and pair_test.p_adjusted is not None and pair_test.p_adjusted <= ALPHA
    )


def _count(analysis: Analysis, row: Transition, lang: str) -> str:
    """Count, and behind it in brackets what chance would give."""
    pair_test = statistic(analysis.transition_statistics, "pair_count", row.origin, row.target)
    if pair_test is None or pair_test.expected is None:
        return str(row.count)
    return f"{row.count} ({number(pair_test.expected, '.1f', lang)})"


def _order(analysis: Analysis, lang: str) -> str:
    """What one test of all pairs together says, or why there is none."""
    order_test = statistic(analysis.transition_statistics, "order")
    if order_test is not None and order_test.p_value is not None:
        p_value = p_text(order_test.p_value, lang)
        return text("plots.evidence.order", lang, p_value=p_value, count=order_test.count)
    reason = text("plots.unknown", lang)
    if order_test is not None and order_test.note is not None:
        reason = text(f"tables.note.{order_test.note}.label", lang)
    return text("plots.evidence.no_order", lang, reason=reason)
