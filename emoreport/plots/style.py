"""What the plots have in common: sizes of a paper, fonts, marks of emotions, numbers in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from emoreport import results
from emoreport.finding import mismatch_sentence
from emoreport.messages import label_name, text
from emoreport.results import Analysis, Statistic
from emoreport.vocabulary import ALL_LABELS, COLOURS, ICONS, is_emotion, like

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN_IN: Final = 3.46
"""One column of a journal page, 88 mm."""
PAGE_IN: Final = 7.09
"""The whole width of a journal page, 180 mm."""
DOTS_PER_INCH: Final = 300
INK: Final = "#2F4B6E"
FAINT: Final = "#6A6F78"
PALE: Final = "#C9CDD3"
GAP_HATCH: Final = "////"
"""Drawn over time without an emotion, so that no one takes its grey for one."""
NOTE_POINTS: Final = 5.5
NOTE_CHARACTERS_PER_IN: Final = 21
"""How many characters of a note fit into an inch, at worst."""

STYLE: Final[dict[Any, Any]] = {
    "font.family": "sans-serif",
    "font.size": 7.0,
    "axes.labelsize": 7.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
    # Text stays text: it can be searched, and edited for a journal.
    "svg.fonttype": "none",
    # The same figure gives the same bytes.
    "svg.hashsalt": "emoreport",
}


def new_figure(width_in: float, height_in: float, note: str) -> Figure:
    """Figure of an exact size with a small note at its foot."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    wrapped = textwrap.fill(note, round(width_in * NOTE_CHARACTERS_PER_IN))
    figure.supxlabel(
        wrapped, x=0.01, ha="left", fontsize=NOTE_POINTS, color=FAINT, parse_math=False
    )
    return figure


def say_nothing_to_draw(axis: Axes, lang: str) -> None:
    """Fill an empty figure with words instead of an empty frame."""
    axis.set_axis_off()
    words = text("plots.nothing", lang)
    axis.text(0.5, 0.5, words, ha="center", va="center", color=FAINT, transform=axis.transAxes)


def marked(label: str, lang: str, bridge: Mapping[str, str] | None) -> str:
    """Icon and name of a label, with the one that the bridge equates it with."""
    return f"{ICONS[label]} {label_name(label, lang, bridge)}" if label in ICONS else label


def face_colour(label: str, bridge: Mapping[str, str] | None) -> dict[str, Any]:
    """Fill of a label: its colour, that of its partner in the bridge, hatched if no emotion."""
    if is_emotion(label):
        return {"facecolor": COLOURS[like(label, bridge)], "edgecolor": "none", "linewidth": 0}
    return {
        "facecolor": COLOURS[label],
        "edgecolor": "#FFFFFF",
        "linewidth": 0,
        "hatch": GAP_HATCH,
    }


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels that occur, each once, in the order of the vocabulary."""
    present = set(labels)
    return tuple(label for label in ALL_LABELS if label in present)


def seconds_by_label(rows: Sequence[Any]) -> dict[str, float]:
    """Seconds of each label of intervals, in the order of the vocabulary."""
    seconds = results.seconds_by_label(rows)
    return {label: seconds[label] for label in in_order(seconds)}


def statistic(
    rows: Iterable[Statistic],
    name: str,
    emotion: str | None = None,
    target: str | None = None,
) -> Statistic | None:
    """Find a number about the whole talk under the run's own settings; None if it is not there."""
    for row in rows:
        wanted = (row.statistic, row.emotion, row.target, row.scope, row.setting)
        if wanted == (name, emotion, target, "all", None):
            return row
    return None


def number(value: float, form: str, lang: str) -> str:
    """A number as people who speak `lang` write it."""
    shown = format(value, form)
    return shown if lang == "en" else shown.replace(".", ",")


def share(value: float | None, lang: str) -> str:
    """A share as a percentage; words where it is not known."""
    if value is None:
        return text("plots.unknown", lang)
    # Number and sign stay on one line.
    return f"{number(100 * value, '.1f', lang)}\N{NO-BREAK SPACE}%"


def source(analysis: Analysis, lang: str) -> str:
    """Whose labels these are: the models, or a person whose coding took their place."""
    face, voice = analysis.summary.face_model, analysis.summary.speech_model
    return text("plots.evidence.source", lang, face=face, voice=voice)


def caption(kind: str, analysis: Analysis, evidence: str, lang: str, **values: object) -> str:
    """Caption of a kind of plot: what it shows, what chance has to do with it, whose labels."""
    return text(
        f"plots.caption.{kind}",
        lang,
        video=analysis.summary.video,
        evidence=evidence,
        source=source(analysis, lang),
        **values,
    )


def chance_note(analysis: Analysis, lang: str) -> str:
    """What the talk as a whole says of face against voice; never a comparison without it."""
    figure = analysis.summary.mismatch
    p_value = (
        "" if figure.p_value is None else f"; p\N{NO-BREAK SPACE}{p_text(figure.p_value, lang)}"
    )
    sentence = mismatch_sentence(figure, lang) + p_value
    return text("plots.evidence.mismatch", lang, sentence=sentence)


def p_text(p_value: float, lang: str) -> str:
    """A p-value: never 0."""
    sign, shown = ("<", 0.0001) if p_value < 0.0001 else ("=", p_value)
    return f"{sign}\N{NO-BREAK SPACE}{number(shown, '.4f', lang)}"
