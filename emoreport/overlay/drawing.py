"""Draw over the pictures of a talk: face box, emotion bars, strip of both modalities.

Pure: a picture and a time go in, a picture of the same size comes out. Bars of the face are the
model's probabilities for that very frame; bars of the voice, the names and the mismatch flag are
those of the row of the tables that holds the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from emoreport.messages import label_name, number, text
from emoreport.overlay.areas import Area, fill, outline, shade
from emoreport.overlay.lettering import Colour, Mask, digits, lay, letters, shortened, text_width
from emoreport.overlay.moments import Moment, Moments
from emoreport.overlay.placing import face_map, place
from emoreport.overlay.subtitles import Subtitles
from emoreport.records import Box, DoubleArray, RgbImage, Span
from emoreport.results import AudioInterval, Comparison, Findings, VideoInterval
from emoreport.vocabulary import ALL_LABELS, BLACK, COLOURS, NO_FACE, is_emotion, like, text_on

WHITE: Final[Colour] = (255, 255, 255)
PALE: Final[Colour] = (190, 190, 190)
FAINT: Final[Colour] = (90, 90, 90)
DARK: Final[Colour] = (16, 16, 16)
FLAG: Final[Colour] = (176, 0, 32)
FLAG_LANE: Final[Colour] = (255, 70, 70)

MISMATCH_SIGN: Final = "≠"

SMALLEST_LETTERS_PX: Final = 9
LARGEST_LETTERS_PX: Final = 44
LINES_HIGH: Final = 34
LINES_WIDE: Final = 44
"""Letters are as high as the picture ÷ 34, or its width ÷ 44 if that is less."""

STRIP_SIDE_S: Final = 8.0
"""What the strip shows before and after the present moment, seconds."""

LARGEST_BARS: Final = 0.48
"""Share of the picture's width that the bars may take; else they are left out."""

LARGEST_FLAG: Final = 0.6
"""Share of the picture's width that the flag may take; else its sign alone is drawn."""

LARGEST_STRIP: Final = 0.3
"""Share of the picture's height that the strip may take; else it is left out."""


def letter_size(size_px: tuple[int, int]) -> int:
    """Height of the letters for pictures of a size (width, height), pixels."""
    width, height = size_px
    fitting = round(min(height / LINES_HIGH, width / LINES_WIDE))
    return min(max(fitting, SMALLEST_LETTERS_PX), LARGEST_LETTERS_PX)


def clock_text(time_s: float, *, hours: bool) -> str:
    """A time as m:ss.ss, or h:mm:ss.ss; rounded down, so that it never runs ahead."""
    hundredths = int(time_s * 100 + 1e-6)
    seconds, part = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    if not hours:
        return f"{minutes}:{seconds:02d}.{part:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}.{part:02d}"


def rgb_of(label: str) -> Colour:
    """Colour of a label, 0 – 255 each."""
    value = COLOURS[label]
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def ink_on(label: str) -> Colour:
    """Black or white, whichever is easier to read on the colour of a label."""
    return DARK if text_on(label) == BLACK else WHITE


class Overlay:
    """Draws the findings about a talk over its pictures.

    Parameters
    ----------
    findings
        The talk.
    size_px
        Width and height of the pictures.
    lang
        Language of the words.
    detail
        Where the pictures show much (`placing.detail_map`): bars and flag keep away from there,
        as they do from the face.
    words
        Draw what is said too; nothing is drawn where the talk has no words.
    """

    def __init__(
        self,
        findings: Findings,
        size_px: tuple[int, int],
        lang: str,
        detail: DoubleArray | None = None,
        *,
        words: bool = False,
    ) -> None:
        self._lang = lang
        self._moments = Moments(findings)
        self._letters_px = letter_size(size_px)
        self._strip = _Strip(findings, size_px, lang)
        self._size_px = size_px
        faces = face_map(findings.faces.box, size_px)
        pad = self._letters_px // 2
        spoken = findings.analysis.words if words else None
        captions_px = round(1.25 * self._letters_px)
        self._said = Subtitles(spoken, size_px[0], captions_px) if spoken else None
        self._foot_px = size_px[1] - self._strip.height_px
        below = self._foot_px - (self._said.height_px if self._said else 0)
        room = Area(pad, pad, size_px[0] - pad, max(pad, below - pad))

        def found(panel_px: tuple[int, int], taken: Sequence[Area] = ()) -> Area:
            return place(panel_px, room, size_px, faces, detail, taken)

        self._bars = _Bars(findings, size_px, room.bottom - room.top, found, lang)
        self._flag = _Flag(findings, size_px, lambda panel_px: found(panel_px, self._taken), lang)

    def draw(self, rgb: RgbImage, time_s: float) -> RgbImage:
        """Copy of a picture, RGB uint8 (height, width, 3), with all that is known at its time."""
        picture = rgb.copy()
        moment = self._moments.at(time_s)
        if moment.box is not None:
            self._draw_box(picture, moment.box, moment.video)
        self._bars.draw(picture, moment)
        if moment.is_mismatch and moment.comparison is not None:
            self._flag.draw(picture, moment.comparison)
        self._strip.draw(picture, time_s)
        if self._said is not None:
            self._said.draw(picture, time_s, self._foot_px)
        return picture

    def _draw_box(self, picture: RgbImage, box: Box, row: VideoInterval | None) -> None:
        label = NO_FACE if row is None else row.emotion
        colour, size = rgb_of(label), self._letters_px
        left, top = round(box.x), round(box.y)
        right, bottom = round(box.x + box.width), round(box.y + box.height)
        thick = max(2, size // 8)
        outline(picture, Area(left - 1, top - 1, right + 1, bottom + 1), thick + 2, DARK)
        outline(picture, Area(left, top, right, bottom), thick, colour)
        if label == NO_FACE:
            return
        name = letters(label_name(label, self._lang), size, bold=True)
        pad = max(2, size // 4)
        height, width = name.shape
        # At an end of the box, inside the picture, beside the bars.
        wide = width + 2 * pad
        ends = [
            min(max(at, 0), max(0, self._size_px[0] - wide)) for at in (left, right - wide, right)
        ]
        above = (Area(at, top - height, at + wide, bottom) for at in ends)
        start = next(
            (area.left for area in above if not any(map(area.meets, self._taken))), ends[0]
        )
        plate = Area(start, top - height, start + wide, top)
        if top < height:
            plate = Area(start, bottom, start + wide, bottom + height)
        fill(picture, plate, colour)
        lay(picture, name, plate.left + pad, plate.top, ink_on(label))

    @property
    def _taken(self) -> tuple[Area, ...]:
        """What the bars cover."""
        return (self._bars.area,) if self._bars.area is not None else ()


Find = Callable[[tuple[int, int]], Area]
"""Where something of a width and height covers least."""


class _Flag:
    """The sign of a mismatch with its severity and the two emotions, always in one place."""

    def __init__(self, findings: Findings, size_px: tuple[int, int], find: Find, lang: str) -> None:
        self._lang = lang
        self._size = letter_size(size_px)
        self._pad = self._size // 2
        self._small = max(SMALLEST_LETTERS_PX, round(0.8 * self._size))
        self._room_px = round(LARGEST_FLAG * size_px[0]) - 2 * self._pad
        pairs = {
            (row.video_emotion, row.audio_emotion): row for row in findings.analysis.mismatches
        }
        lines = [self._lines(row) for row in pairs.values()]
        width = max((mask.shape[1] for pair in lines for mask in pair), default=0)
        height = max((sum(mask.shape[0] for mask in pair) for pair in lines), default=0)
        self._area = find((width + 2 * self._pad, height + self._pad))
        self._to_right = self._area.left > size_px[0] - self._area.right

    def _lines(self, row: Comparison) -> tuple[Mask, Mask]:
        severity = "" if row.severity is None else f" {number(row.severity, 2, self._lang)}"
        words = f"{MISMATCH_SIGN} {text('render.mismatch', self._lang)}{severity}"
        first = letters(words, self._size, bold=True)
        if first.shape[1] > self._room_px:
            return letters(MISMATCH_SIGN, self._size, bold=True), letters(" ", 1)
        names = text(
            "render.pair",
            self._lang,
            face=label_name(row.video_emotion, self._lang),
            voice=label_name(row.audio_emotion, self._lang),
        )
        return first, letters(shortened(names, self._small, self._room_px) or " ", self._small)

    def draw(self, picture: RgbImage, row: Comparison) -> None:
        first, second = self._lines(row)
        width = max(first.shape[1], second.shape[1]) + 2 * self._pad
        left = self._area.right - width if self._to_right else self._area.left
        top = self._area.top
        height = first.shape[0] + second.shape[0] + self._pad
        fill(picture, Area(left, top, left + width, top + height), FLAG)
        y = top + self._pad // 2
        lay(picture, first, left + self._pad, y, WHITE)
        lay(picture, second, left + self._pad, y + first.shape[0], WHITE)


class _Bars:
    """Probabilities of face and voice, side by side, where they cover least.

    Attributes
    ----------
    area
        What they cover; None where the pictures are too small for them.
    """

    def __init__(
        self,
        findings: Findings,
        size_px: tuple[int, int],
        room_px: int,
        find: Find,
        lang: str,
    ) -> None:
        self._face, self._voice = findings.faces.labels, findings.speech.labels
        model_labels = {*self._face, *self._voice}
        self._labels = [label for label in ALL_LABELS if label in model_labels]
        self._names = {label: label_name(label, lang) for label in self._labels}
        self._bridge = findings.run.bridge
        self._heads = [text(f"render.{name}", lang) for name in ("face", "voice")]
        size = self._size = letter_size(size_px)
        self._pad = size // 2
        self._row_px = round(1.25 * size)
        self._name_px = max(
            (text_width(n, size, bold=True) for n in self._names.values()), default=0
        )
        self._bar_px = max(4 * size, *(text_width(head, size) for head in self._heads))
        columns = self._name_px + 2 * self._bar_px
        wide = columns + 4 * self._pad
        tall = (len(self._labels) + 1) * self._row_px + 2 * self._pad
        fits = wide <= LARGEST_BARS * size_px[0] and tall <= room_px
        self.area = find((wide, tall)) if fits and self._labels else None

    def draw(self, picture: RgbImage, moment: Moment) -> None:
        if self.area is None:
            return
        shade(picture, self.area)
        pad = self._pad
        names_x = self.area.left + pad
        columns = (names_x + self._name_px + pad, names_x + self._name_px + self._bar_px + 2 * pad)
        y = self.area.top + pad
        for x, head in zip(columns, self._heads, strict=True):
            lay(picture, letters(head, self._size), x, y, PALE)
        voice = None if moment.audio is None else moment.audio.distribution
        scores = (
            {}
            if moment.face_scores is None
            else dict(zip(self._face, moment.face_scores, strict=True)),
            {} if voice is None else dict(zip(self._voice, voice, strict=True)),
        )
        rows = (moment.video, moment.audio)
        judged = {row.emotion for row in rows if row is not None}
        for label in self._labels:
            y += self._row_px
            bold = label in judged
            name = letters(self._names[label], self._size, bold=bold)
            lay(picture, name, names_x, y, WHITE if bold else PALE)
            for x, shares in zip(columns, scores, strict=True):
                self._bar(picture, x, y, label, shares.get(label))

    def _bar(self, picture: RgbImage, x: int, y: int, label: str, share: float | None) -> None:
        top, bottom = y + self._row_px // 5, y + self._row_px - self._row_px // 8
        if share is None:
            middle = (top + bottom) // 2
            fill(picture, Area(x, middle, x + self._size // 2, middle + 1), FAINT)
            return
        fill(picture, Area(x, top, x + self._bar_px, bottom), FAINT)
        right = x + round(self._bar_px * float(share))
        fill(picture, Area(x, top, right, bottom), rgb_of(like(label, self._bridge)))


class _Strip:
    """Both modalities around the present moment, with mismatches between them, and the time."""

    def __init__(self, findings: Findings, size_px: tuple[int, int], lang: str) -> None:
        width, height = size_px
        self._rows: tuple[Sequence[VideoInterval | AudioInterval], ...] = (
            findings.analysis.video_intervals,
            findings.analysis.audio_intervals,
        )
        self._mismatches = [row.span for row in findings.analysis.mismatches]
        self._ends_s = [np.array([row.span.end_s for row in rows]) for rows in self._rows]
        self._lang, self._bridge = lang, findings.run.bridge
        self._duration_s = findings.analysis.summary.duration_s
        self._hours = self._duration_s >= 3600
        size = self._size = letter_size(size_px)
        self._pad = size // 2
        self._lane_px = round(1.4 * size)
        self._gap_px = max(3, size // 3)
        self._heads = [text(f"render.{name}", lang) for name in ("face", "voice")]
        heads_px = max(text_width(head, size) for head in self._heads)
        total = digits(self._clock(self._duration_s), size, bold=True)
        self._left = heads_px + 2 * self._pad
        self._right = width - total.shape[1] - 2 * self._pad
        self.height_px = 2 * self._lane_px + self._gap_px + 2 * self._pad
        if self.height_px > LARGEST_STRIP * height or self._right - self._left < 4 * size:
            self.height_px = 0
        self._top = height - self.height_px
        self._area = Area(0, self._top, width, height)

    def _clock(self, time_s: float) -> str:
        return clock_text(time_s, hours=self._hours)

    def draw(self, picture: RgbImage, time_s: float) -> None:
        if not self.height_px:
            return
        shade(picture, self._area)
        first = self._top + self._pad
        lanes = (first, first + self._lane_px + self._gap_px)
        for head, y in zip(self._heads, lanes, strict=True):
            lay(picture, letters(head, self._size), self._pad, y + self._lane_px // 8, PALE)
        for rows, ends_s, y in zip(self._rows, self._ends_s, lanes, strict=True):
            first_row = int(np.searchsorted(ends_s, time_s - STRIP_SIDE_S, side="right"))
            for row in rows[first_row:]:
                if row.span.start_s >= time_s + STRIP_SIDE_S:
                    break
                self._segment(picture, row, y, time_s)
        self._mark_mismatches(picture, first + self._lane_px, time_s)
        self._playhead(picture)
        clock_x = self._right + self._pad
        for seconds, y, ink in (
            (time_s, lanes[0], WHITE),
            (self._duration_s, lanes[1], PALE),
        ):
            bold = ink == WHITE
            mask = digits(self._clock(seconds), self._size, bold=bold)
            lay(picture, mask, clock_x, y + self._lane_px // 8, ink)

    def _across(self, span: Span, time_s: float) -> tuple[int, int]:
        """Left and right edge of a span in pixels, inside the strip."""
        scale = (self._right - self._left) / (2 * STRIP_SIDE_S)
        edges = [
            self._left + round((at_s - time_s + STRIP_SIDE_S) * scale)
            for at_s in (span.start_s, span.end_s)
        ]
        return max(edges[0], self._left), min(edges[1], self._right)

    def _segment(
        self, picture: RgbImage, row: VideoInterval | AudioInterval, y: int, time_s: float
    ) -> None:
        left, right = self._across(row.span, time_s)
        if right <= left:
            return
        look = like(row.emotion, self._bridge)
        colour: Colour = rgb_of(look) if is_emotion(look) else FAINT
        # One dark column parts neighbours.
        fill(picture, Area(left + 1, y, right, y + self._lane_px), colour)
        name = label_name(row.emotion, self._lang)
        fitting = shortened(name, self._size, right - left - 2 * self._pad)
        if fitting:
            mask = letters(fitting, self._size)
            ink = ink_on(look) if is_emotion(look) else PALE
            lay(picture, mask, left + self._pad, y + self._lane_px // 8, ink)

    def _mark_mismatches(self, picture: RgbImage, y: int, time_s: float) -> None:
        for span in self._mismatches:
            if span.end_s > time_s - STRIP_SIDE_S and span.start_s < time_s + STRIP_SIDE_S:
                left, right = self._across(span, time_s)
                fill(picture, Area(left + 1, y, right, y + self._gap_px), FLAG_LANE)

    def _playhead(self, picture: RgbImage) -> None:
        middle = (self._left + self._right) // 2
        half = max(1, self._size // 12)
        top, bottom = self._top + self._pad // 2, self._area.bottom - self._pad // 2
        fill(picture, Area(middle - half - 1, top, middle + half + 2, bottom), DARK)
        fill(picture, Area(middle - half, top, middle + half + 1, bottom), WHITE)
