"""Lay out stills with what is to be said beside them on one sheet of paper white.

Pure: words and pictures go in, a picture comes out. Every text is wrapped to its room; the sheet is
as high as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.overlay.areas import Area, fill
from emoreport.overlay.drawing import FLAG, rgb_of
from emoreport.overlay.lettering import Colour, lay, letters, wrapped
from emoreport.records import RgbImage

CARD_PX: Final = 360
GAP_PX: Final = 28
MARGIN_PX: Final = 44
LETTERS_PX: Final = 20
HEADING_PX: Final = 26
TITLE_PX: Final = 34
NOTE_PX: Final = 18
SWATCH_PX: Final = 14
LINE_HEIGHTS: Final = 1.4
FEWEST_COLUMNS: Final = 3
"""Even where there are fewer cards in a row: title and notes want the room."""
MOST_COLUMNS: Final = 4
MOST_LINES: Final = 12
"""Lines of one text on a card."""

PAPER: Final[Colour] = (255, 255, 255)
EMPTY: Final[Colour] = (235, 235, 235)
INK: Final[Colour] = (20, 20, 20)
GREY: Final[Colour] = (90, 90, 90)


@dataclass(frozen=True, slots=True)
class Line:
    """A text below a still: bold, or in the colour of a mismatch, or as it is."""

    words: str
    is_bold: bool = False
    is_flag: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A still, RGB uint8 (height, width, 3) or None where there is none, and its lines."""

    still: RgbImage | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Cards under a heading and a line about it, in the colour of a label."""

    label: str
    heading: str
    about: str
    cards: tuple[Card, ...]


def draw_sheet(
    title: str, facts: Sequence[str], groups: Sequence[Group], notes: Sequence[str]
) -> RgbImage:
    """Draw a contact sheet.

    Parameters
    ----------
    title, facts, notes
        What is above and below the cards; each fact and note is a paragraph.
    groups
        The cards, from top to bottom.

    Returns
    -------
    RGB uint8 (height, width, 3).
    """
    widest = max((len(group.cards) for group in groups), default=0)
    columns = min(max(widest, FEWEST_COLUMNS), MOST_COLUMNS)
    width = _width(columns)
    blocks = [paragraph(title, width, TITLE_PX, INK, is_bold=True)]
    blocks += [paragraph(fact, width, NOTE_PX, GREY) for fact in facts]
    for band in _bands(groups, columns):
        blocks += [_space(GAP_PX, width), _band(band, columns)]
    blocks.append(_space(GAP_PX, width))
    blocks += [paragraph(note, width, NOTE_PX, GREY) for note in notes]
    sheet = np.concatenate(blocks)
    margin = (MARGIN_PX, MARGIN_PX)
    return np.pad(sheet, (margin, margin, (0, 0)), constant_values=PAPER[0])


def paragraph(
    words: str,
    width_px: int,
    letters_px: int,
    colour: Colour,
    *,
    is_bold: bool = False,
    most_lines: int | None = None,
) -> RgbImage:
    """A text on paper, wrapped to a width; RGB uint8 (height, width_px, 3)."""
    lines = wrapped(words, letters_px, width_px, bold=is_bold, most_lines=most_lines)
    step = round(LINE_HEIGHTS * letters_px)
    block = _space(step * len(lines), width_px)
    for number, line in enumerate(lines):
        lay(block, letters(line, letters_px, bold=is_bold), 0, number * step, colour)
    return block


def _bands(groups: Sequence[Group], columns: int) -> list[list[Group]]:
    """Groups that are side by side: as many as there is room for."""
    bands: list[list[Group]] = []
    for group in groups:
        if bands and sum(len(other.cards) for other in (*bands[-1], group)) <= columns:
            bands[-1].append(group)
        else:
            bands.append([group])
    return bands


def _band(groups: Sequence[Group], columns: int) -> RgbImage:
    """Groups side by side, their cards at one height."""
    heads = [_head(group, _width(min(len(group.cards), columns))) for group in groups]
    tallest = max(map(len, heads))
    blocks = [
        np.concatenate([head, _space(tallest - len(head), head.shape[1]), *_rows(group, columns)])
        for head, group in zip(heads, groups, strict=True)
    ]
    return _side_by_side(blocks, _width(columns))


def _head(group: Group, width: int) -> RgbImage:
    """The heading and what is said below it, beside a bar in the colour of the label."""
    inset = 2 * SWATCH_PX
    heading = paragraph(group.heading, width - inset, HEADING_PX, INK, is_bold=True)
    about = paragraph(group.about, width - inset, NOTE_PX, GREY)
    block = np.concatenate([heading, about])
    block = np.pad(block, ((0, 0), (inset, 0), (0, 0)), constant_values=PAPER[0])
    fill(block, Area(0, 4, SWATCH_PX, len(block) - 4), rgb_of(group.label))
    return np.concatenate([block, _space(GAP_PX // 3, width)])


def _rows(group: Group, columns: int) -> list[RgbImage]:
    """The cards of a group, row by row."""
    width = _width(min(len(group.cards), columns))
    blocks = []
    for first in range(0, len(group.cards), columns):
        drawn = [_card(card) for card in group.cards[first : first + columns]]
        blocks += [_side_by_side(drawn, width), _space(GAP_PX // 2, width)]
    return blocks


def _side_by_side(blocks: Sequence[RgbImage], width: int) -> RgbImage:
    """Blocks of any height from left to right, on paper."""
    row = _space(max(map(len, blocks)), width)
    left = 0
    for block in blocks:
        row[: len(block), left : left + block.shape[1]] = block
        left += block.shape[1] + GAP_PX
    return row


def _width(cards: int) -> int:
    return cards * CARD_PX + (cards - 1) * GAP_PX


def _card(card: Card) -> RgbImage:
    blocks = [_fitted(card.still), _space(GAP_PX // 3, CARD_PX)]
    blocks += [
        paragraph(
            line.words,
            CARD_PX,
            LETTERS_PX,
            FLAG if line.is_flag else INK,
            is_bold=line.is_bold,
            most_lines=MOST_LINES,
        )
        for line in card.lines
    ]
    return np.concatenate(blocks)


def _fitted(still: RgbImage | None) -> RgbImage:
    """A still in the middle of a square of `CARD_PX`, as large as it can be."""
    import cv2

    square = np.full((CARD_PX, CARD_PX, 3), EMPTY, dtype=np.uint8)
    if still is None:
        return square
    scale = CARD_PX / max(still.shape[:2])
    width, height = (max(1, round(scale * side)) for side in (still.shape[1], still.shape[0]))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    left, top = (CARD_PX - width) // 2, (CARD_PX - height) // 2
    square[top : top + height, left : left + width] = cv2.resize(
        still, (width, height), interpolation=way
    )
    return square


def _space(height: int, width: int) -> RgbImage:
    return np.full((height, width, 3), PAPER, dtype=np.uint8)
