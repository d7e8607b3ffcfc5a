"""Follow one speaker through frames that may show several faces, or none for a while."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from emoreport.records import Box, FaceObservation

MIN_SIDE_PX: Final = 16.0
"""A face narrower or lower than this carries no expression that a model could read."""

MAX_ASPECT: Final = 2.0
"""Width : height, or the inverse, beyond which a detection is no face."""

START_SCORE: Final = 0.7
"""Score that starts a track at once; false alarms on faceless footage stay below it."""

CONFIRMATIONS: Final = 3
"""Neighbouring sightings in sequence that start a track below `START_SCORE`."""

MEMORY_S: Final = 2.0
"""How long the speaker may be out of sight among other faces before another is taken."""

SETTLING_S: Final = 1.0
"""Age up to which a track gives way to a clearly more prominent face."""

CLEARLY_MORE: Final = 1.5
"""What "clearly more prominent" means, as a ratio."""

REACH_SIDES: Final = 0.6
"""Distance that a face may move between two neighbouring frames, in box sides."""

REACH_SIDES_PER_S: Final = 2.0
"""What a second without sight adds to it."""

MAX_REACH_SIDES: Final = 3.0
GROWTH: Final = 1.6
"""Ratio of sides within which a box may be the same face one frame later."""

GROWTH_PER_S: Final = 1.0


class SpeakerTracker:
    """Chooses, frame by frame, the face that continues the speaker's track.

    Until continuity is established the most prominent face is taken: large, central, of good
    score. From then on the nearest box within reach is the speaker; all others are bystanders,
    remembered for `MEMORY_S`. Where the speaker is out of sight,

    - a picture in which no remembered face continues is a cut: the tracker starts again at once;
    - while a bystander continues, the speaker is waited for, `MEMORY_S` at most.

    Parameters
    ----------
    min_score
        Faces below this detection score do not exist for the tracker.
    strict
        Give no face in frames that show more than one.
    """

    def __init__(self, *, min_score: float = 0.5, strict: bool = False) -> None:
        self._min_score = min_score
        self._strict = strict
        self.restart()

    def restart(self) -> None:
        """Forget all faces: another shot begins."""
        self._box: Box | None = None
        self._seen_s = -math.inf
        self._started_s = -math.inf
        self._bystanders: list[tuple[Box, float]] = []
        self._rumour: FaceObservation | None = None
        self._rumour_count = 0
        self._rumour_s = -math.inf

    def last_box(self, time_s: float, within_s: float) -> Box | None:
        """Where the speaker was last, if that is no longer ago than `within_s` at `time_s`."""
        return self._box if time_s - self._seen_s <= within_s else None

    def usable(self, faces: Sequence[FaceObservation]) -> list[FaceObservation]:
        """Faces of sufficient score and plausible shape, in the order given."""
        return [face for face in faces if face.score >= self._min_score and _is_plausible(face.box)]

    def waits(self, faces: Sequence[FaceObservation]) -> bool:
        """Whether a frame without a speaker shows a face that must be seen again to be one."""
        candidates = self.usable(faces)
        lone = not self._strict or len(candidates) == 1
        return bool(candidates) and lone and not any(map(is_sure, candidates))

    def guess(
        self, faces: Sequence[FaceObservation], known: Sequence[FaceObservation]
    ) -> FaceObservation | None:
        """The face that is likely to be chosen in a frame near others, whatever their order.

        Parameters
        ----------
        faces
            All faces of the frame.
        known
            The speaker's in frames near it; without any, the most prominent sure face is taken.
        """
        candidates = self.usable(faces)
        if self._strict and len(candidates) > 1:
            return None
        if known:
            pairs = [(near, face) for near in known for face in candidates]
            within = [(near, face) for near, face in pairs if in_reach(near.box, face.box, 0.0)]
            pair = min(within, key=lambda pair: distance(pair[0].box, pair[1].box), default=None)
            return None if pair is None else pair[1]
        sure = [face for face in candidates if is_sure(face)]
        return max(sure, key=lambda face: prominence(face, None), default=None)

    def choose(
        self,
        time_s: float,
        faces: Sequence[FaceObservation],
        frame_size: tuple[int, int] | None = None,
    ) -> FaceObservation | None:
        """Give the speaker's face in the frame at `time_s`, or None.

        Parameters
        ----------
        time_s
            Presentation time; calls come in order of time.
        faces
            All faces of the frame.
        frame_size
            (width, height) in pixels; with it, central faces are preferred at the start.
        """
        candidates = self.usable(faces)
        if not candidates:
            return None
        if self._strict and len(candidates) > 1:
            return None
        chosen = self._continuing(time_s, candidates)
        if chosen is not None and time_s - self._started_s < SETTLING_S:
            chosen = _clearly_better(chosen, candidates, frame_size)
        if chosen is None and self._may_start(time_s, candidates):
            chosen = self._starting(time_s, candidates, frame_size)
        if chosen is not None:
            self._box, self._seen_s = chosen.box, time_s
        others = [face.box for face in candidates if face is not chosen and is_sure(face)]
        self._remember_bystanders(time_s, others)
        return chosen

    def _continuing(
        self, time_s: float, candidates: Sequence[FaceObservation]
    ) -> FaceObservation | None:
        """Nearest face within reach of the last one, or None."""
        last = self._box
        if last is None:
            return None
        unseen_s = max(time_s - self._seen_s, 0.0)
        within = [face for face in candidates if in_reach(last, face.box, unseen_s)]
        return min(within, key=lambda face: distance(last, face.box), default=None)

    def _may_start(self, time_s: float, candidates: Sequence[FaceObservation]) -> bool:
        if self._box is None or time_s - self._seen_s >= MEMORY_S:
            return True
        return not any(self._is_bystander(time_s, face.box) for face in candidates)

    def _is_bystander(self, time_s: float, box: Box) -> bool:
        return any(
            in_reach(bystander, box, max(time_s - seen_s, 0.0))
            for bystander, seen_s in self._bystanders
            if time_s - seen_s < MEMORY_S
        )

    def _remember_bystanders(self, time_s: float, boxes: Sequence[Box]) -> None:
        """Keep the boxes of this frame, and older ones until they are `MEMORY_S` old."""
        older = [
            (bystander, seen_s)
            for bystander, seen_s in self._bystanders
            if time_s - seen_s < MEMORY_S
            and not any(in_reach(bystander, box, max(time_s - seen_s, 0.0)) for box in boxes)
        ]
        self._bystanders = older + [(box, time_s) for box in boxes]

    def _starting(
        self,
        time_s: float,
        candidates: Sequence[FaceObservation],
        frame_size: tuple[int, int] | None,
    ) -> FaceObservation | None:
        """Most prominent face, if it is sure or was seen often enough."""
        best = max(candidates, key=lambda face: prominence(face, frame_size))
        if not is_sure(best):
            rumour = self._rumour
            continues = rumour is not None and in_reach(
                rumour.box, best.box, max(time_s - self._rumour_s, 0.0)
            )
            self._rumour_count = self._rumour_count + 1 if continues else 1
            self._rumour, self._rumour_s = best, time_s
            if self._rumour_count < CONFIRMATIONS:
                return None
        self._rumour, self._rumour_count = None, 0
        self._started_s = time_s
        return best


def is_sure(face: FaceObservation) -> bool:
    """Whether a face may start a track at once, or make the tracker wait for the speaker."""
    return face.score >= START_SCORE


def _is_plausible(box: Box) -> bool:
    numbers = (box.x, box.y, box.width, box.height)
    if not all(math.isfinite(number) for number in numbers):
        return False
    if min(box.width, box.height) < MIN_SIDE_PX:
        return False
    return 1 / MAX_ASPECT <= box.width / box.height <= MAX_ASPECT


def _side(box: Box) -> float:
    return math.sqrt(box.area)


def distance(last: Box, box: Box) -> float:
    """Distance of centres in sides of the last box, plus the change of size; 0 for equal boxes."""
    (last_x, last_y), (x, y) = last.centre, box.centre
    moved = math.hypot(x - last_x, y - last_y) / _side(last)
    return moved + abs(math.log(_side(box) / _side(last)))


def in_reach(last: Box, box: Box, unseen_s: float) -> bool:
    """Whether a box may be the same face as the last one, which was seen `unseen_s` ago."""
    (last_x, last_y), (x, y) = last.centre, box.centre
    moved = math.hypot(x - last_x, y - last_y) / _side(last)
    reach = min(REACH_SIDES + REACH_SIDES_PER_S * unseen_s, MAX_REACH_SIDES)
    grown = abs(math.log(_side(box) / _side(last)))
    return moved <= reach and grown <= math.log(GROWTH + GROWTH_PER_S * unseen_s)


def prominence(face: FaceObservation, frame_size: tuple[int, int] | None) -> float:
    """Area × score, up to halved twice over for a face at a corner of the frame."""
    value = face.box.area * face.score
    if frame_size is None:
        return value
    (x, y), (width, height) = face.box.centre, frame_size
    off_centre = math.hypot(x / width - 0.5, y / height - 0.5) / math.hypot(0.5, 0.5)
    return value * (1.0 - 0.75 * min(off_centre, 1.0))


def _clearly_better(
    chosen: FaceObservation,
    candidates: Sequence[FaceObservation],
    frame_size: tuple[int, int] | None,
) -> FaceObservation:
    best = max(candidates, key=lambda face: prominence(face, frame_size))
    if is_sure(best) and prominence(best, frame_size) > CLEARLY_MORE * prominence(
        chosen, frame_size
    ):
        return best
    return chosen
