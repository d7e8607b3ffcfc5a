"""Write the plots of one talk: pictures for a paper, and their captions beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from emoreport.atomic import Staging
from emoreport.messages import text
from emoreport.plots.kinds import draw_plot
from emoreport.results import Findings

FOLDER: Final = "plots"
CAPTIONS_FILE: Final = "captions.txt"


def write_plots(
    findings: Findings, folder: Path, kinds: Sequence[str], formats: tuple[str, ...], lang: str
) -> tuple[Path, ...]:
    """Write plots and their captions, all or nothing.

    Parameters
    ----------
    findings
        The talk.
    folder
        Where to; made if it is not there.
    kinds, formats
        Some of `KINDS` and of `PLOT_FORMATS`.
    lang
        Language of the words in them.

    Returns
    -------
    The files written: ``<kind>.<format>``, captions.txt last.

    Raises
    ------
    OutputError
        When something cannot be written; earlier files stay as they were.
    """
    captions = []
    with Staging(folder) as staging:
        for number, kind in enumerate(kinds, start=1):
            plot = draw_plot(findings, kind, lang)
            for form in formats:
                staging.put(f"{kind}.{form}", plot.content(form))
            line = text("plots.line.file", lang, number=number, caption=plot)
            captions.append(f"{kind}\n{line}\n")
        lines = "\n".join(captions).encode("utf-8", "backslashreplace")
        staging.put(CAPTIONS_FILE, lines)
        return staging.commit()
