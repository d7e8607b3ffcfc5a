"""How much the mouth of one face moves, beside the rest of the face.

A head that nods moves its mouth as well, a box that trembles seems to, and noise changes every
grey level. All three change the upper half of the face as much: the last look is first laid over
this one so that eyes, nose and cheeks meet, turned, scaled and moved, brighter or darker, and what
still differs there is taken off what differs about the mouth. Looks are compared over about a
tenth of a second, whatever the frame rate.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import Box, FaceObservation, FloatArray, Grid, Picture

SIDE: Final = 32
"""Points along one side of the patch that is compared."""
PATCH_SIDES: Final = 1.2
"""Its side, in sides of the face's box."""
CLOSE_PX: Final = 2.5
"""Pixels of the picture between two points that are looked up; farther apart, teeth would come and
go as a head nods."""
FINEST: Final = 3
"""… but at most so many along a point of the patch."""
BLUR: Final = 0.7
"""Points; finer than that, compression shows and not the face."""

STEP_S: Final = 0.08
"""Looks are compared over at least this long: two frames at 25 Hz, three at 30."""
LONGEST_STEP_S: Final = 0.21
"""Farther apart, nothing tells what the mouth did between them."""
_TOLERANCE_S: Final = 0.002

ROUNDS: Final = 2
"""How often one look is laid over the other; the first leaves too much where a head moves fast."""

SAME_FACE_IOU: Final = 0.3
"""Overlap with the box of the last look below which a face is another one's."""

DARK: Final = 4.0
"""Least spread of the grey levels, in levels, by which a change is divided."""


@dataclass(frozen=True, slots=True)
class _Look:
    time_s: float
    patch: FloatArray


class MouthWatch:
    """Watches the mouth of one face from look to look.

    Looks come in order of time. A face that was lost or is in another shot needs a watch of its
    own.
    """

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()

    def motion(self, picture: Picture, face: FaceObservation, time_s: float) -> float:
        """How much the mouth changed over the last tenth of a second.

        Parameters
        ----------
        picture
            The frame.
        face
            The face in pixels of the frame.
        time_s
            When it is shown; later than at the last call.

        Returns
        -------
        Root mean square change about the mouth, less that of the rest of the face, in shares of
        the spread of the face's grey levels: ≥ 0, of a mouth that talks 0.1 to 0.5. NaN where no
        look at this face is `STEP_S` to `LONGEST_STEP_S` earlier.
        """
        now = _Look(time_s, face_patch(picture, face))
        looks = self._looks
        while len(looks) > 1 and time_s - looks[1].time_s >= STEP_S - _TOLERANCE_S:
            looks.popleft()
        motion = math.nan
        if looks and STEP_S - _TOLERANCE_S <= time_s - looks[0].time_s <= LONGEST_STEP_S:
            motion = mouth_change(looks[0].patch, now.patch)
        looks.append(now)
        return motion


class ChosenMouth:
    """Watches the mouth of whichever face is chosen, which may be another in the next look."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Compare nothing with what was seen so far, as after a cut."""
        self._watch = MouthWatch()
        self._box: Box | None = None

    def motion(self, picture: Picture, face: FaceObservation | None, time_s: float) -> float:
        """As `MouthWatch.motion`; NaN without a face, and where another one was chosen before."""
        if face is None:
            self.restart()
            return math.nan
        if self._box is not None and self._box.iou(face.box) < SAME_FACE_IOU:
            self.restart()
        self._box = face.box
        return self._watch.motion(picture, face, time_s)


def face_patch(picture: Picture, face: FaceObservation) -> FloatArray:
    """Grey levels of a face, float32 (`SIDE`, `SIDE`)."""
    import cv2

    x, y = face.box.centre
    side = PATCH_SIDES * max(face.box.width, face.box.height)
    finer = min(max(math.ceil(side / SIDE / CLOSE_PX), 1), FINEST)
    step = side / (SIDE * finer)
    corner = 0.5 * (side - step)
    grey = picture.grey(Grid(x - corner, y - corner, step, SIDE * finer)).astype(np.float32)
    if finer > 1:
        grey = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    blurred: FloatArray = cv2.GaussianBlur(grey, (0, 0), BLUR)
    return blurred


def mouth_change(before: FloatArray, now: FloatArray) -> float:
    """What changed about the mouth of two patches, as `MouthWatch.motion` gives it.

    The patch from before is turned, scaled and moved in steps of Gauss and Newton (Lucas and
    Kanade 1981; here with the gradients of the newer one, Baker and Matthews 2004).
    """
    import cv2

    rest = now.take(_REST)
    own = rest - rest.mean()
    power = float(own @ own)
    fit = _fit(now, own)
    right, down, grown, turned = 0.0, 0.0, 1.0, 0.0
    laid = before
    for _ in range(ROUNDS):
        step = (fit @ laid.take(_REST)).tolist()
        right, down = right + step[0], down + step[1]
        grown, turned = grown - step[2] / SIDE, turned + step[3] / SIDE
        x, y = _CENTRE * (1.0 - grown - turned) - right, _CENTRE * (1.0 - grown + turned) - down
        laid = cv2.warpAffine(
            before,
            np.array([[grown, turned, x], [-turned, grown, y]]),
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    was = laid.ravel()
    gain = float(own @ was.take(_REST)) / max(power, 1e-6)
    left = was - gain * now.ravel()
    other, mouth = left.take(_REST), left.take(_MOUTH)
    level = other.mean()
    other, mouth = other - level, mouth - level
    change = float(mouth @ mouth) / len(mouth) - float(other @ other) / len(other)
    spread = max(math.sqrt(power / len(own)), DARK)
    return math.sqrt(max(change, 0.0)) / (max(abs(gain), 0.1) * spread)


def _fit(now: FloatArray, rest: FloatArray) -> FloatArray:
    """float32 (6, points of the rest): least squares of a step, from the newer patch's gradients.

    A step is what to move right and down, to scale and to turn by, brightness and offset.
    """
    import cv2

    across = cv2.Sobel(now, cv2.CV_32F, 1, 0, scale=1 / 8).take(_REST)
    down = cv2.Sobel(now, cv2.CV_32F, 0, 1, scale=1 / 8).take(_REST)
    table = np.empty((6, len(rest)), np.float32)
    table[0], table[1] = across, down
    table[2] = across * _X + down * _Y
    table[3] = down * _X - across * _Y
    table[4], table[5] = rest, 1.0
    squares = (table @ table.T).astype(np.float64)
    squares.flat[:: len(table) + 1] += 1e-3
    return np.linalg.inv(squares).astype(np.float32) @ table


def _parts() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which points of a patch are the mouth, and which the rest that goes with the head."""
    place = (np.arange(SIDE) + 0.5) / SIDE
    x, y = np.meshgrid(place, place)
    upper = (np.abs(x - 0.5) < 0.35) & (y > 0.12) & (y < 0.56)
    sides = (np.abs(np.abs(x - 0.5) - 0.31) < 0.05) & (y >= 0.56) & (y < 0.75)
    mouth = (np.abs(x - 0.5) < 0.24) & (y > 0.56) & (y < 0.82)
    return np.flatnonzero(mouth), np.flatnonzero(upper | sides)


_CENTRE: Final = 0.5 * (SIDE - 1)
_MOUTH, _REST = _parts()
_X, _Y = (
    (axis.take(_REST) - _CENTRE).astype(np.float32) / SIDE
    for axis in np.meshgrid(np.arange(SIDE), np.arange(SIDE))
)
