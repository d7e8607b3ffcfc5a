"""Lay pictures of any size on the one canvas of their recording."""

from __future__ import annotations

import numpy as np

from emoreport.records import Frame, RgbImage


def on_canvas(frame: Frame, size_px: tuple[int, int] | None = None) -> RgbImage:
    """Picture of a frame on its recording's canvas, black where it does not reach.

    Parameters
    ----------
    frame
        A frame of any size.
    size_px
        Width and height to give the canvas; its own if None.

    Returns
    -------
    RGB uint8 (height, width, 3); the frame's own pixels, not a copy, where nothing changes. A box
    in it is where `Placement.box` puts it.
    """
    placement, rgb = frame.placement, frame.rgb
    if not placement.is_whole:
        left, top, width, height = placement.area_px
        canvas_width, canvas_height = placement.canvas_px
        canvas = np.zeros((canvas_height, canvas_width, 3), dtype=np.uint8)
        canvas[top : top + height, left : left + width] = _resized(rgb, (width, height))
        rgb = canvas
    return rgb if size_px is None else _resized(rgb, size_px)


def _resized(rgb: RgbImage, size_px: tuple[int, int]) -> RgbImage:
    import cv2

    if rgb.shape[1::-1] == size_px:
        return rgb
    shrinks = size_px[0] < rgb.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size_px, interpolation=way), dtype=np.uint8)
