"""``--head`` of ``emoreport evaluate``: score a trained head on stored features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoreport.cli.console import warning_line
from emoreport.errors import SettingsError
from emoreport.messages import Words, spoken

if TYPE_CHECKING:
    from emoreport.heads.head import Head
    from emoreport.measure.head_predictions import Chosen

_word = Words("cli.evaluate_head")
NAMED = 8
"""So many recordings that are left out are named."""

HeadFolder = Annotated[
    Path | None,
    typer.Option("--head", metavar="FOLDER", help="evaluate.frames.head", show_default=False),
]
Features = Annotated[
    Path | None,
    typer.Option(
        "--features", metavar="FOLDER", help="evaluate.frames.features", show_default=False
    ),
]
WithKnown = Annotated[bool, typer.Option("--with-known", help="evaluate.frames.with_known")]


@dataclass(frozen=True, slots=True)
class HeadQuestion:
    """The options of a command about a head.

    Attributes
    ----------
    head, features
        Folders, or None.
    with_known
        Whether what the head was trained on is scored too.
    """

    head: Path | None
    features: Path | None
    with_known: bool

    def is_asked(self, predictions: Path | None) -> bool:
        """Whether a head is to be scored, and not `predictions`.

        Raises
        ------
        SettingsError
            When both are given, or none.
        """
        both = self.head is not None and self.features is not None
        neither = self.head is None and self.features is None
        if not (both and predictions is None) and not (neither and predictions is not None):
            raise SettingsError("evaluate.one_source")
        return both

    @property
    def folder(self) -> Path:
        """Where the features are."""
        assert self.features is not None
        return self.features

    def opened(self) -> Head:
        """The head."""
        from emoreport.heads.head import open_head

        assert self.head is not None
        return open_head(self.head)

    def chosen(self, head: Head, names: Mapping[str, str]) -> Chosen:
        """What the head may be scored on; what that means is told as a warning.

        Parameters
        ----------
        names
            Recordings, each with the person in it; empty if not known.
        """
        from emoreport.measure.head_predictions import choose

        chosen = choose(head, names, with_known=self.with_known)
        _tell(chosen)
        return chosen

    def chosen_runs(self, runs: Path, names: Mapping[str, Sequence[str]]) -> Chosen:
        """The same of runs that say themselves that a head knows their recording.

        Parameters
        ----------
        names
            Recordings, each with the names that its run may have.
        """
        from emoreport.measure.head_predictions import choose_runs

        chosen = choose_runs(runs, names, with_known=self.with_known)
        _tell(chosen)
        return chosen


def _tell(chosen: Chosen) -> None:
    """Warn of scores that are too good, or may be."""
    name, lang = chosen.head, spoken()
    if not chosen.is_told:
        warning_line(_word("untold", lang, name=name))
    elif set(chosen.known) & set(chosen.names):
        counts = {"count": len(chosen.known), "all": len(chosen.names)}
        warning_line(_word("included", lang, name=name, **counts))
    elif chosen.known:
        listed = ", ".join(chosen.known[:NAMED])
        more = len(chosen.known) - NAMED
        if more > 0:
            listed = _word("more", lang, names=listed, count=more)
        warning_line(_word("left_out", lang, name=name, names=listed))
