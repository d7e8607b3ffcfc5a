"""Draw the caption of a clip: what it shows and when, and whether the passage has begun."""

from __future__ import annotations

from emoreport.messages import label_name, number, text
from emoreport.overlay.areas import Area, fill, shade
from emoreport.overlay.drawing import (
    FAINT,
    FLAG_LANE,
    MISMATCH_SIGN,
    PALE,
    WHITE,
    clock_text,
    letter_size,
    rgb_of,
)
from emoreport.overlay.lettering import Colour, digits, lay, letters, shortened
from emoreport.overlay.passages import FACE, MISMATCH, Passage
from emoreport.records import RgbImage


class Caption:
    """Draws the caption of one passage: two lines at the foot of the picture.

    A block at their left is lit in the passage and dim in the lead-in, which is named too.

    Parameters
    ----------
    passage
        What is shown.
    count
        How many passages there are.
    lang
        Language of the words.
    """

    def __init__(self, passage: Passage, count: int, lang: str) -> None:
        self._span = passage.span
        self._colour: Colour = FLAG_LANE
        hours = passage.span.end_s >= 3600
        names = [
            label_name(emotion, lang) for emotion in (passage.video_emotion, passage.audio_emotion)
        ]
        if passage.kind == MISMATCH:
            head = f"{MISMATCH_SIGN} {text('render.mismatch', lang)}"
            if passage.severity is not None:
                head += f" {number(passage.severity, 2, lang)}"
        else:
            on_face = passage.kind == FACE
            label = passage.video_emotion if on_face else passage.audio_emotion
            self._colour = rgb_of(label)
            head = f"{text(f'render.{passage.kind}', lang)}: {names[0 if on_face else 1]}"
        self._head = f"{head} · {passage.number}/{count}"
        times = [clock_text(at, hours=hours) for at in (self._span.start_s, self._span.end_s)]
        pair = text("render.pair", lang, face=names[0], voice=names[1])
        self._body = f"{pair} · {times[0]}–{times[1]}"
        self._lead_in = text("render.lead_in", lang)
        self._hours = hours

    def draw(self, rgb: RgbImage, time_s: float) -> RgbImage:
        """Copy of a picture, RGB uint8 (height, width, 3), with the caption at its foot."""
        picture = rgb.copy()
        height, width = picture.shape[:2]
        size = letter_size((width, height))
        pad, line_px = size // 2, round(1.35 * size)
        top = height - 2 * line_px - 2 * pad
        if top < height // 2:  # a picture too low for letters
            return picture
        shade(picture, Area(0, top, width, height))
        begun = time_s >= self._span.start_s - 0.0006
        fill(
            picture,
            Area(pad, top + pad, pad + pad, height - pad),
            self._colour if begun else FAINT,
        )
        left = 3 * pad
        clock = digits(clock_text(time_s, hours=self._hours), size, bold=True)
        room = width - left - clock.shape[1] - 2 * pad
        head = self._head if begun else f"{self._head} · {self._lead_in}"
        ink = WHITE if begun else PALE
        first = letters(shortened(head, size, room) or " ", size, bold=True)
        body = letters(shortened(self._body, size, width - left - pad) or " ", size)
        lay(picture, first, left, top + pad, ink)
        lay(picture, body, left, top + pad + line_px, PALE)
        lay(picture, clock, width - pad - clock.shape[1], top + pad, WHITE)
        return picture
