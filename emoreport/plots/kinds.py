"""Plots for a paper: timeline, shares, transition graph, matrix of face and voice."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Final

from emoreport.plots.matrix import matrix
from emoreport.plots.shares import shares
from emoreport.plots.style import DOTS_PER_INCH, STYLE, Plot
from emoreport.plots.timeline import timeline
from emoreport.plots.transitions import transitions
from emoreport.results import Findings

KINDS: Final[Mapping[str, Callable[[Findings, str], Plot]]] = {
    "timeline": timeline,
    "shares": shares,
    "transitions": transitions,
    "matrix": matrix,
}
"""Every plot by name, in the order in which they are written."""


def plot_files(
    findings: Findings, kind: str, formats: tuple[str, ...], lang: str
) -> tuple[dict[str, bytes], str]:
    """Draw one plot.

    Parameters
    ----------
    findings
        The talk.
    kind
        One of `KINDS`.
    formats
        Some of `PLOT_FORMATS`: PNG with 300 dots per inch, SVG whose text is text.
    lang
        Language of its words.

    Returns
    -------
    Content by format, and the caption. The same findings give the same bytes; the caption is the
    description in the files' own metadata too.
    """
    from matplotlib import rc_context, rcdefaults, rcParams

    # A user's own matplotlibrc changes nothing: a plot looks the same everywhere.
    with rc_context(), warnings.catch_warnings():
        rcdefaults()
        rcParams.update(STYLE)
        # A file name may hold letters that the font lacks; they become boxes in the picture.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        plot = KINDS[kind](findings, lang)
        caption = _printable(plot.caption)
        contents = {form: _saved(plot, caption, form) for form in formats}
    return contents, caption


def _printable(caption: str) -> str:
    """Spell out what a file name may hold and XML may not: control characters, surrogates."""
    spelt = "".join(
        letter if letter.isprintable() or letter == "\N{NO-BREAK SPACE}" else repr(letter)[1:-1]
        for letter in caption
    )
    return spelt.encode("utf-8", "backslashreplace").decode("utf-8")


def _saved(plot: Plot, caption: str, form: str) -> bytes:
    stream = BytesIO()
    metadata = {"Description": caption, **({"Date": None} if form == "svg" else {"Software": None})}
    plot.figure.savefig(stream, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
    return stream.getvalue()
