"""Plots for a paper: timeline, shares, transition graph, matrix of face and voice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from emoreport.errors import SettingsError
from emoreport.plots.matrix import matrix
from emoreport.plots.plot import Plot, own_style
from emoreport.plots.shares import shares
from emoreport.plots.timeline import timeline
from emoreport.plots.transitions import transitions
from emoreport.results import Findings
from emoreport.settings.described import nearest

KINDS: Final[Mapping[str, Callable[[Findings, str], Plot]]] = {
    "timeline": timeline,
    "shares": shares,
    "transitions": transitions,
    "matrix": matrix,
}
"""Every plot by name, in the order in which they are written."""


def draw_plot(findings: Findings, kind: str, lang: str) -> Plot:
    """Draw one plot.

    Parameters
    ----------
    findings
        The talk.
    kind
        One of `KINDS`.
    lang
        Language of its words.

    Returns
    -------
    The plot; the same findings give the same bytes.

    Raises
    ------
    SettingsError
        When there is no such kind.
    """
    if kind not in KINDS:
        raise SettingsError(
            "plots.kind", kind=kind, near=nearest(kind, KINDS), kinds=", ".join(KINDS)
        )
    with own_style():
        return KINDS[kind](findings, lang)
