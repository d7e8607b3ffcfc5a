"""The slide that stands in for the face: a title, bars, a footer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont
from talk_paint import RgbImage
from talk_render import HEIGHT_PX, WIDTH_PX

PAPER: Final = (244, 245, 248)
INK: Final = (32, 44, 72)
FADED: Final = (120, 128, 144)
BAR: Final = (58, 110, 184)
LAST_BAR: Final = (222, 130, 46)
WEEKS: Final = ((1, 42), (2, 55), (3, 49), (4, 71), (5, 88))
BASE_PX: Final = 380
BAR_WIDTH_PX: Final = 66
PX_PER_PERCENT: Final = 2.5


def draw_slide(progress: float) -> RgbImage:
    """Return the (480, 640, 3) uint8 RGB slide, its bars grown by ``progress``, 0-1."""
    picture = np.full((HEIGHT_PX, WIDTH_PX, 3), PAPER, np.uint8)
    cv2.rectangle(picture, (0, 0), (WIDTH_PX, 8), BAR, -1)
    cv2.line(picture, (60, BASE_PX), (WIDTH_PX - 60, BASE_PX), FADED, 2, cv2.LINE_AA)
    grown = 1.0 - (1.0 - min(max(progress, 0.0), 1.0)) ** 3
    lefts = [90 + 98 * place for place in range(len(WEEKS))]
    for left, (week, percent) in zip(lefts, WEEKS, strict=True):
        top = BASE_PX - round(PX_PER_PERCENT * percent * grown)
        colour = LAST_BAR if week == len(WEEKS) else BAR
        cv2.rectangle(picture, (left, top), (left + BAR_WIDTH_PX, BASE_PX - 2), colour, -1)
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    pen.text((60, 36), "Результаты по неделям", fill=INK, font=_font(34, bold=True))
    pen.text((60, 84), "доля выполненных задач, %", fill=FADED, font=_font(18))
    for left, (week, percent) in zip(lefts, WEEKS, strict=True):
        middle = left + BAR_WIDTH_PX // 2
        top = BASE_PX - round(PX_PER_PERCENT * percent * grown)
        label = str(round(percent * grown))
        pen.text((middle, top - 14), label, fill=INK, font=_font(18, bold=True), anchor="mm")
        pen.text((middle, BASE_PX + 22), f"{week}-я", fill=INK, font=_font(18), anchor="mm")
    pen.text((60, 436), "Учебный пример: числа вымышлены", fill=FADED, font=_font(14))
    return np.asarray(image)


def _font(size_px: int, *, bold: bool = False) -> FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), size_px)
