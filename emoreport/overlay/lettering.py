"""Render text as masks to be laid over pictures: DejaVu Sans, with Latin and Cyrillic letters."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emoreport.records import RgbImage

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]
Mask = NDArray[np.uint8]


@lru_cache(maxsize=1024)
def letters(words: str, size_px: int, *, bold: bool = False) -> Mask:
    """Coverage of a line of text, uint8 (height, width), 0 – 255.

    All lines of one size have one height, and their base lines lie at one place.
    """
    from PIL import Image, ImageDraw

    font = _font(size_px, bold)
    ascent, descent = font.getmetrics()
    width = max(1, round(font.getlength(words)))
    image = Image.new("L", (width, ascent + descent))
    ImageDraw.Draw(image).text((0, 0), words, fill=255, font=font)
    mask = np.array(image, dtype=np.uint8)
    mask.setflags(write=False)  # it is shared by all who ask for these words
    return mask


def digits(words: str, size_px: int, *, bold: bool = False) -> Mask:
    """As `letters`, put together sign by sign: for numbers that change with every picture.

    The digits of this font have one width, so nothing jumps, and few masks serve all numbers.
    """
    return np.concatenate([letters(sign, size_px, bold=bold) for sign in words or " "], axis=1)


def text_width(words: str, size_px: int, *, bold: bool = False) -> int:
    """Width of a line of text in pixels."""
    return letters(words, size_px, bold=bold).shape[1]


def shortened(words: str, size_px: int, width_px: int) -> str:
    """The words, or as many letters of them as fit with an ellipsis; nothing if too few do."""
    if text_width(words, size_px) <= width_px:
        return words
    for count in range(len(words) - 1, 1, -1):
        candidate = words[:count].rstrip() + "…"
        if text_width(candidate, size_px) <= width_px:
            return candidate
    return ""


def wrapped(
    words: str, size_px: int, width_px: int, *, bold: bool = False, most_lines: int | None = None
) -> list[str]:
    """Lines of a text that are no wider than a room; long words are broken.

    Parameters
    ----------
    words
        Without line breaks.
    size_px, bold
        As in `letters`.
    width_px
        The room.
    most_lines
        What is beyond goes, and the last line ends in an ellipsis; None keeps everything.
    """
    font = _font(size_px, bold)
    lines = [""]
    for word in filter(None, words.split(" ")):
        longer = f"{lines[-1]} {word}".lstrip()
        if font.getlength(longer) <= width_px:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for sign in word:
            if lines[-1] and font.getlength(lines[-1] + sign) > width_px:
                lines.append("")
            lines[-1] += sign
    if most_lines is not None and len(lines) > most_lines:
        last = lines[most_lines - 1]
        while last and font.getlength(last + "…") > width_px:
            last = last[:-1].rstrip()
        lines[most_lines - 1 :] = [last + "…"]
    return lines


def lay(picture: RgbImage, mask: Mask, x_px: int, y_px: int, colour: Colour) -> None:
    """Paint a mask into a picture, RGB uint8 (H, W, 3), in place; what leaves it is cut off."""
    height, width = picture.shape[:2]
    left, top = max(0, x_px), max(0, y_px)
    right, bottom = min(width, x_px + mask.shape[1]), min(height, y_px + mask.shape[0])
    if right <= left or bottom <= top:
        return
    cover = mask[top - y_px : bottom - y_px, left - x_px : right - x_px, np.newaxis].astype(
        np.int32
    )
    room = picture[top:bottom, left:right]
    below = room.astype(np.int32)
    room[:] = below + (np.array(colour, np.int32) - below) * cover // 255


@lru_cache(maxsize=32)
def _font(size_px: int, bold: bool) -> FreeTypeFont:
    import matplotlib as mpl
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    # The plain layout engine: the other one is not part of every build of Pillow.
    return ImageFont.truetype(folder / name, size_px, layout_engine=ImageFont.Layout.BASIC)
