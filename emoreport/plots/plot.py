"""One plot: its figure, its caption, and how both become a file or the output of a notebook."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emoreport.atomic import write_file
from emoreport.errors import SettingsError
from emoreport.plots.style import DOTS_PER_INCH, STYLE
from emoreport.settings.commands import PLOT_FORMATS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCREEN_DOTS_PER_INCH: Final = 96
SCREEN_SHARPNESS: Final = 2
"""Dots of a picture in a notebook for each dot of the page: sharp on dense screens too."""


@contextmanager
def own_style() -> Iterator[None]:
    """Draw and save in the style of the plots: a user's own matplotlibrc changes nothing."""
    from matplotlib import rc_context, rcdefaults, rcParams

    with rc_context(), warnings.catch_warnings():
        rcdefaults()
        rcParams.update(STYLE)
        # A file name may hold letters that the font lacks; they become boxes in the picture.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure and what is to be said under it; a notebook shows it.

    Attributes
    ----------
    figure
        The figure, note included.
    caption
        What it shows, how to read it, and what chance has to do with it.
    """

    figure: Figure
    caption: str

    def content(self, form: str, dots_per_inch: float = DOTS_PER_INCH) -> bytes:
        """The picture as a file with the caption in its metadata.

        Parameters
        ----------
        form
            One of `PLOT_FORMATS`: PNG, or SVG whose text is text.
        dots_per_inch
            Of a PNG.
        """
        stream = BytesIO()
        bare = {"Date": None} if form == "svg" else {"Software": None}
        metadata = {"Description": printable(self.caption), **bare}
        with own_style():
            self.figure.savefig(stream, format=form, dpi=dots_per_inch, metadata=metadata)
        return stream.getvalue()

    def save(self, path: Path | str) -> Path:
        """Write the picture, whole or not at all, as PNG or SVG by the ending of `path`.

        Raises
        ------
        SettingsError
            When the ending is another one.
        OutputError
            When the file cannot be written.
        """
        target = Path(path)
        form = target.suffix.removeprefix(".").lower()
        if form not in PLOT_FORMATS.choices:
            raise SettingsError(
                "plots.suffix",
                suffix=target.suffix,
                file=target,
            )
        write_file(target, self.content(form))
        return target

    def screen_png(self) -> tuple[bytes, int]:
        """The picture for a screen, and the width to show it with, in pixels of the page."""
        width_px = round(self.figure.get_figwidth() * SCREEN_DOTS_PER_INCH)
        return self.content("png", SCREEN_SHARPNESS * SCREEN_DOTS_PER_INCH), width_px

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """The picture in a notebook."""
        png, width_px = self.screen_png()
        return png, {"width": width_px}

    def __repr__(self) -> str:
        """The caption: what a terminal shows."""
        return printable(self.caption)


def printable(caption: str) -> str:
    """Spell out what a file name may hold and XML may not: control characters, surrogates."""
    spelt = "".join(
        letter if letter.isprintable() or letter == "\N{NO-BREAK SPACE}" else repr(letter)[1:-1]
        for letter in caption
    )
    return spelt.encode("utf-8", "backslashreplace").decode("utf-8")
