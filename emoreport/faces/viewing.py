"""What single frames show of the speaker and of everyone else: found, followed and cut out."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.faces.appearance import AppearanceCollector
from emoreport.faces.crops import crop_from
from emoreport.faces.following import FaceFollower
from emoreport.faces.mouth import ChosenMouth
from emoreport.faces.stepping import Look, faces_of
from emoreport.faces.tracker import SpeakerTracker
from emoreport.records import (
    Box,
    CropSpec,
    FaceDetector,
    FaceObservation,
    Frame,
    PictureDetector,
    RgbImage,
)

SeeFrame = Callable[[Frame, Box | None], None]
"""Is given each frame with the speaker's face in its pixels; None where it shows none."""

REMEMBERED_S: Final = 1.0
"""A speaker who was seen so long before a cut can be compared with what is there after it."""

SAME_FACE: Final = 4.0
"""Mean change inside the box of the face, levels of 255, up to which the same face goes on: less
than 4 where slides change beside it, 10 and more where a talk is cut (docs/shots.md)."""


@dataclass(frozen=True, slots=True)
class Everybody:
    """What following every face tells of one of them, and of its frame.

    Attributes
    ----------
    track
        Of the face; 0 where there is none.
    others
        The other faces of the frame that are followed.
    """

    track: int = 0
    others: tuple[Sighting, ...] = ()


NOBODY: Final = Everybody()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame shows of the speaker: the crop is there exactly when `face` is.

    `witness_crop` is the same face as a second model wants it, where there is one. `shot` is the
    number of the shot that the frame is in, from 1. `everybody` is known where every
    face is followed.
    """

    time_s: float
    frame: int
    faces: int
    shot: int
    face: FaceObservation | None = None
    crop: RgbImage | None = None
    sharpness: float = float("nan")
    witness_crop: RgbImage | None = None
    mouth_motion: float = float("nan")
    everybody: Everybody = NOBODY

    def among(self, everybody: Everybody) -> Sighting:
        """The same with what the frame shows of everybody."""
        return replace(self, everybody=everybody)

    @property
    def held_bytes(self) -> int:
        """Memory that its crops take."""
        crop, other = self.crop, self.witness_crop
        own = 0 if crop is None else crop.nbytes
        own += 0 if other is None or other is crop else other.nbytes
        return own + sum(each.held_bytes for each in self.everybody.others)


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """All faces of one frame: in pixels of the picture, and `laid` on the recording's canvas."""

    frame: Frame
    faces: Sequence[FaceObservation]
    laid: Sequence[FaceObservation]

    def in_picture(self, face: FaceObservation) -> FaceObservation:
        """The face in pixels of the picture for one of `laid`."""
        pairs = zip(self.faces, self.laid, strict=True)
        return next(own for own, each in pairs if each is face)


class Viewer:
    """Detection, tracking and cropping of one frame after the other.

    Parameters
    ----------
    detector, tracker
        What finds faces, and what tells the speaker's from others; frames come in order of time.
    crop
        What the emotion model wants to see.
    witness_crop
        What a second one wants to see; None for nobody.
    see
        As for `read_faces`.
    follower, looks
        What follows every face, and what looks at their tracks; None where nobody wants them.
    """

    def __init__(
        self,
        detector: FaceDetector,
        tracker: SpeakerTracker,
        crop: CropSpec,
        witness_crop: CropSpec | None = None,
        see: SeeFrame | None = None,
        follower: FaceFollower | None = None,
        looks: AppearanceCollector | None = None,
    ) -> None:
        self._tracker = tracker
        self._follower, self._looks = follower, looks
        self._steps = isinstance(detector, PictureDetector) and detector.steps
        self._find: Callable[[Frame], list[FaceObservation]] = (
            (lambda frame: detector.look(frame.picture))
            if isinstance(detector, PictureDetector)
            else (lambda frame: detector.detect(frame.rgb))
        )
        self._crop, self._witness_crop = crop, witness_crop
        self.shot = 1
        self._see = see
        self._box: Box | None = None
        self._mouth = ChosenMouth()
        self._not_shown = 0
        self._besides: deque[Frame] = deque()

    def follow(self, frames: Iterable[Frame]) -> Iterator[tuple[Sighting, int]]:
        """Yield the sighting of each frame that is read, and the bytes that it holds."""
        read = self._read_ones(frames)
        looks = (
            faces_of(read, self._find)
            if self._steps
            else (Look(frame, self._find(frame)) for frame in read)
        )
        for look in looks:
            yield self._sighting(look.frame, look.faces)
            self._not_shown -= 1
            self._show(look.frame)
        while self._see is not None and self._besides:
            self._see(self._besides.popleft(), None)

    def _read_ones(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Frames that are read; others are shown, those after a frame that waits when it is."""
        for frame in frames:
            if frame.is_read:
                self._not_shown += 1
                yield frame
            elif self._not_shown:
                self._besides.append(frame)
            elif self._see is not None:
                self._see(frame, None)

    def _show(self, frame: Frame) -> None:
        """Show a frame that was read, and before it those that came before it."""
        if self._see is None:
            return
        while self._besides and self._besides[0].index < frame.index:
            self._see(self._besides.popleft(), None)
        self._see(frame, self._box)

    def look(self, frame: Frame) -> tuple[Sighting, int]:
        """Return the sighting of one frame, and the bytes that it holds."""
        return self._sighting(frame, self._find(frame))

    def find(self, frame: Frame) -> FoundFaces:
        """All faces of a frame, whatever came before."""
        return self._found(frame, self._find(frame))

    def choose(self, found: FoundFaces) -> FaceObservation | None:
        """The speaker's among the faces `laid`, or None; frames come in order of time."""
        frame = found.frame
        if frame.change is not None:
            going_on = self._going_on(frame, frame.change)
            if going_on is None:
                self._tracker.restart()
                self._mouth.restart()
                self.shot += 1
            if self._follower is not None:
                self._follower.cut(going_on)
        return self._tracker.choose(frame.time_s, found.laid, frame.placement.canvas_px)

    def show(
        self,
        found: FoundFaces,
        face: FaceObservation | None,
        mouth_motion: float = math.nan,
        everybody: Everybody = NOBODY,
    ) -> Sighting:
        """Cut out one of the faces `laid`; none for None."""
        frame, count = found.frame, len(self._tracker.usable(found.laid))
        if face is None:
            return Sighting(
                frame.time_s,
                frame.index,
                count,
                self.shot,
                mouth_motion=mouth_motion,
                everybody=everybody,
            )
        own = found.in_picture(face)
        crop = crop_from(frame.picture, own, self._crop)
        other = None
        if self._witness_crop is not None:
            same = self._witness_crop == self._crop
            other = crop if same else crop_from(frame.picture, own, self._witness_crop)
        return Sighting(
            frame.time_s,
            frame.index,
            count,
            self.shot,
            face,
            crop,
            sharpness(crop),
            other,
            mouth_motion,
            everybody,
        )

    def _sighting(self, frame: Frame, observations: list[FaceObservation]) -> tuple[Sighting, int]:
        found = self._found(frame, observations)
        face = self.choose(found)
        self._box = None if face is None else found.in_picture(face).box
        motion = self.mouth_motion(found, face)
        sighting = self.show(found, face, motion, self.everybody(found, face))
        return sighting, sighting.held_bytes

    def mouth_motion(self, found: FoundFaces, face: FaceObservation | None) -> float:
        """How much the chosen mouth moves; frames come in order of time, each after `choose`."""
        own = None if face is None else found.in_picture(face)
        return self._mouth.motion(found.frame.picture, own, found.frame.time_s)

    def everybody(self, found: FoundFaces, leader: FaceObservation | None) -> Everybody:
        """Follow every face of a frame; frames come in order of time, each after `choose`.

        Parameters
        ----------
        found
            All faces of the frame.
        leader
            The speaker's among the faces `laid`; None without one.
        """
        if self._follower is None:
            return NOBODY
        frame, usable = found.frame, found.laid
        if len(usable) != 1 or usable[0] is not leader:  # a face that leads is usable
            usable = self._tracker.usable(usable)
        track, others = 0, []
        for live, face in self._follower.follow(
            frame.time_s, usable, leader, frame.placement.canvas_px
        ):
            if self._looks is not None and self._looks.is_due(live.number, frame.time_s):
                self._looks.see(frame, found.in_picture(face), live.number)
            if face is leader:
                track = live.number
                continue
            own = found.in_picture(face)
            motion = live.mouth.motion(frame.picture, own, frame.time_s)
            others.append(self.show(found, face, motion, Everybody(live.number)))
        return Everybody(track, tuple(others))

    def _found(self, frame: Frame, observations: list[FaceObservation]) -> FoundFaces:
        placement = frame.placement
        if placement.is_whole:
            return FoundFaces(frame, observations, observations)
        # A face stays the same one when the picture's size changes.
        laid = [
            replace(each, box=placement.box(each.box), eyes=None, points=None)
            for each in observations
        ]
        return FoundFaces(frame, observations, laid)

    def _going_on(self, frame: Frame, change: NDArray[np.int16]) -> Box | None:
        """Where the speaker was who goes on across a cut: only what is beside them changed.

        In calls and filmed lectures the slides change, and the speaker is in a corner.
        """
        box = self._tracker.last_box(frame.time_s, REMEMBERED_S)
        if box is None or not frame.placement.is_whole:
            return None
        (width, height), (rows, columns) = frame.placement.picture_px, change.shape
        down, across = rows / height, columns / width
        # Whole cells only: what is beside the face is in the others too.
        top, low = math.ceil(box.y * down), math.ceil(box.x * across)
        bottom, high = (
            math.floor((box.y + box.height) * down),
            math.floor((box.x + box.width) * across),
        )
        part = change[max(top, 0) : max(bottom, 0), max(low, 0) : max(high, 0)]
        return box if part.size and float(part.mean()) < SAME_FACE else None


def sharpness(crop: RgbImage) -> float:
    """Variance of the Laplacian of the grey image (Pech-Pacheco et al. 2000).

    Parameters
    ----------
    crop
        RGB uint8 (H, W, 3).

    Returns
    -------
    8-bit units squared, ≥ 0; comparable between crops of one size only.
    """
    import cv2

    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return float(np.var(cv2.Laplacian(grey, cv2.CV_32F)))
