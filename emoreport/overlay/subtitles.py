"""Draw what is said: a caption at the foot of the pictures, the present word brighter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from emoreport.overlay.areas import Area, shade
from emoreport.overlay.lettering import Colour, lay, letters, shortened, text_width
from emoreport.records import RgbImage
from emoreport.results import SpokenWord, caption_starts, milliseconds
from emoreport.results.words import LONGEST_TEXT

MOST_LINES: Final = 2
"""Lines that are seen at a time; of a longer caption those with the present word."""
SAID: Final[Colour] = (255, 255, 255)
UNSAID: Final[Colour] = (190, 190, 190)


class Subtitles:
    """Draws the captions of a talk.

    Parameters
    ----------
    words
        In order of time.
    width_px
        Width of the pictures.
    letters_px
        Height of the letters.

    Attributes
    ----------
    height_px
        What captions take at most.
    """

    def __init__(self, words: Sequence[SpokenWord], width_px: int, letters_px: int) -> None:
        self._size = letters_px
        self._pad = letters_px // 2
        self._line_px = round(1.35 * letters_px)
        self._width_px = width_px
        self._room_px = width_px - 4 * self._pad
        self.height_px = MOST_LINES * self._line_px + self._pad
        self._texts = [_drawable(word.word + word.after) for word in words]
        starts = [milliseconds(word.span.start_s) for word in words]
        ends = [milliseconds(word.span.end_s) for word in words]
        self._starts_ms = np.asarray(starts, dtype=np.int64)
        self._ends_ms = np.asarray(ends, dtype=np.int64)
        firsts = [*caption_starts(self._texts, starts, ends), len(words)]
        self._caption_of = [span for span in pairwise(firsts) for _ in range(*span)]

    def draw(self, picture: RgbImage, time_s: float, bottom_px: int) -> None:
        """Draw into a picture, RGB uint8 (height, width, 3), what is said at a time.

        The caption ends at `bottom_px`, and is gone when its last word is over.
        """
        time_ms = milliseconds(time_s)
        present = int(np.searchsorted(self._starts_ms, time_ms, side="right")) - 1
        if present < 0:
            return
        first, stop = self._caption_of[present]
        if time_ms >= self._ends_ms[first:stop].max():
            return
        lines = self._lines(first, stop)
        at = next(number for number, line in enumerate(lines) if present in line)
        shown = lines[at - at % MOST_LINES :][:MOST_LINES]
        y = bottom_px - len(shown) * self._line_px - self._pad // 2
        shade(picture, Area(0, y - self._pad // 2, self._width_px, bottom_px))
        for line in shown:
            self._draw_line(picture, line, y, present)
            y += self._line_px

    def _lines(self, first: int, stop: int) -> list[range]:
        """Words of a caption, as many on a line as there is room for."""
        lines = [range(first, first + 1)]
        for index in range(first + 1, stop):
            longer = range(lines[-1].start, index + 1)
            if self._wide(longer) <= self._room_px:
                lines[-1] = longer
            else:
                lines.append(range(index, index + 1))
        return lines

    def _wide(self, line: range) -> int:
        blank = text_width(" ", self._size)
        widths = sum(text_width(self._texts[index] or " ", self._size) for index in line)
        return widths + (len(line) - 1) * blank

    def _draw_line(self, picture: RgbImage, line: range, y: int, present: int) -> None:
        x = max(2 * self._pad, (self._width_px - self._wide(line)) // 2)
        for index in line:
            text = shortened(self._texts[index], self._size, self._room_px) or " "
            mask = letters(text, self._size)
            lay(picture, mask, x, y, SAID if index == present else UNSAID)
            x += mask.shape[1] + text_width(" ", self._size)


def _drawable(text: str) -> str:
    """A word as the font can draw it: no sign that has no shape, and not without end."""
    return "".join(sign for sign in text[:LONGEST_TEXT] if sign.isprintable())
