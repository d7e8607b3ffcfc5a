"""Rectangles of a picture, and what is painted into them."""

from __future__ import annotations

from dataclasses import dataclass

from emoreport.overlay.lettering import Colour
from emoreport.records import RgbImage


@dataclass(frozen=True, slots=True)
class Area:
    """Rectangle of whole pixels: left, top, right, bottom, the last two outside."""

    left: int
    top: int
    right: int
    bottom: int

    def inside(self, picture: RgbImage) -> RgbImage:
        """View of the part of a picture; empty where it lies outside."""
        left, top = max(0, self.left), max(0, self.top)
        view: RgbImage = picture[top : max(top, self.bottom), left : max(left, self.right)]
        return view

    def meets(self, area: Area) -> bool:
        """Whether the two share a pixel."""
        return max(self.left, area.left) < min(self.right, area.right) and max(
            self.top, area.top
        ) < min(self.bottom, area.bottom)


def fill(picture: RgbImage, area: Area, colour: Colour) -> None:
    """Paint an area in one colour, in place."""
    area.inside(picture)[:] = colour


def shade(picture: RgbImage, area: Area) -> None:
    """Darken an area to a quarter, in place: letters on it can be read, what lies below is seen."""
    room = area.inside(picture)
    room >>= 2


def outline(picture: RgbImage, area: Area, thick: int, colour: Colour) -> None:
    """Paint the inner edge of an area, in place."""
    left, top, right, bottom = area.left, area.top, area.right, area.bottom
    for side in (
        Area(left, top, right, top + thick),
        Area(left, bottom - thick, right, bottom),
        Area(left, top, left + thick, bottom),
        Area(right - thick, top, right, bottom),
    ):
        fill(picture, side, colour)
