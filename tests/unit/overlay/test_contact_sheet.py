from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.overlay.contact_sheet import (
    CARD_PX,
    GAP_PX,
    LETTERS_PX,
    MARGIN_PX,
    MOST_LINES,
    PAPER,
    Card,
    Group,
    Line,
    draw_sheet,
    paragraph,
)
from emoreport.overlay.drawing import FLAG
from emoreport.overlay.lettering import text_width, wrapped

LONG = (
    "Сегодня я расскажу о том, как мы с коллегами три года подряд изучали "
    "превысокомногорассмотрительствующие выступления и что из этого вышло. "
)


def card(*words: str, level: int = 0) -> Card:
    still = np.full((50, 50, 3), level, np.uint8)
    return Card(still, tuple(Line(one) for one in words))


def sheet(*groups: Group, title: str = "talk.mp4") -> np.ndarray:
    return draw_sheet(title, ("36 s",), groups, ("a note",))


def group(*cards: Card, label: str = "fear") -> Group:
    return Group(label, label, "4 s", cards)


def is_paper(part: np.ndarray) -> bool:
    return bool((part == PAPER).all())


def test_nothing_is_cut_off_however_long_it_is() -> None:
    drawn = sheet(group(card(40 * "щ", LONG), card("short")), title=4 * LONG)
    for edge in (
        drawn[:MARGIN_PX],
        drawn[-MARGIN_PX:],
        drawn[:, :MARGIN_PX],
        drawn[:, -MARGIN_PX:],
    ):
        assert is_paper(edge)
    # Between two cards there is nothing but paper, from the stills down to the notes.
    gap = MARGIN_PX + CARD_PX
    top = int(np.flatnonzero((drawn[:, MARGIN_PX] == 0).all(axis=1))[0])
    assert is_paper(drawn[top : top + CARD_PX + 300, gap : gap + GAP_PX])


def test_a_sheet_is_as_wide_as_its_widest_group_up_to_four_cards() -> None:
    widths = [sheet(group(*[card("a")] * cards)).shape[1] for cards in (1, 3, 4, 9)]
    three, four = (2 * MARGIN_PX + n * CARD_PX + (n - 1) * GAP_PX for n in (3, 4))
    assert widths == [three, three, four, four]


def test_more_cards_than_columns_take_another_row() -> None:
    four, five = (len(sheet(group(*[card("a")] * cards))) for cards in (4, 5))
    assert five > four + CARD_PX


def test_small_groups_share_a_band_where_they_fit() -> None:
    pair, single = group(card("a"), card("b")), group(card("c"))
    assert len(sheet(pair, single)) == len(sheet(pair))
    assert len(sheet(pair, pair)) > len(sheet(pair)) + CARD_PX


def test_stills_fill_their_square_and_a_missing_one_is_a_blank() -> None:
    drawn = sheet(group(card("a", level=7), Card(None, (Line("b"),))))
    column = drawn[:, MARGIN_PX : MARGIN_PX + CARD_PX]
    assert (column == 7).all(axis=(1, 2)).sum() == CARD_PX
    left = MARGIN_PX + CARD_PX + GAP_PX
    assert (drawn[:, left : left + CARD_PX] == 235).all(axis=(1, 2)).sum() == CARD_PX


def test_a_still_keeps_its_shape() -> None:
    wide = Card(np.zeros((20, 80, 3), np.uint8), (Line("a"),))
    drawn = sheet(group(wide))[:, MARGIN_PX : MARGIN_PX + CARD_PX]
    assert (drawn == 0).all(axis=(1, 2)).sum() == CARD_PX // 4


@pytest.mark.parametrize("is_flag", [True, False])
def test_a_mismatch_is_in_its_colour(is_flag: bool) -> None:
    drawn = sheet(group(Card(None, (Line("voice", is_flag=is_flag),))))
    assert (drawn == FLAG).all(axis=2).any() == is_flag


def test_a_text_of_too_many_lines_ends_in_an_ellipsis() -> None:
    lines = wrapped(20 * LONG, LETTERS_PX, CARD_PX, most_lines=MOST_LINES)
    assert len(lines) == MOST_LINES
    assert lines[-1].endswith("…")
    assert paragraph("", CARD_PX, LETTERS_PX, (0, 0, 0)).shape[1] == CARD_PX


@given(st.text(st.sampled_from("абвгWi—. "), max_size=200), st.booleans())
def test_lines_fit_and_hold_every_letter(words: str, bold: bool) -> None:
    lines = wrapped(words, LETTERS_PX, CARD_PX, bold=bold)
    assert max(text_width(line, LETTERS_PX, bold=bold) for line in lines) <= CARD_PX
    assert "".join("".join(lines).split()) == "".join(words.split())
