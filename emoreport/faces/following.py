"""Follow every face of a recording in tracks: one face each, inside one shot.

Two people in one track make everything that follows wrong, one person in two tracks is put right
when tracks are grouped. So a track ends with the shot, after a short absence, and where it cannot
be told which of two faces goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from emoreport.faces.mouth import MouthWatch
from emoreport.faces.tracker import CLEARLY_MORE, distance, in_reach, is_sure, prominence
from emoreport.records import Box, FaceObservation

MOST_FACES: Final = 4
"""Faces of one frame that are followed: of a panel the nearest, of an audience nobody else."""

ABSENCE_S: Final = 0.5
"""A face that was out of sight for longer begins a new track."""

UNCLEAR_RATIO: Final = 2.0
UNCLEAR_SIDES: Final = 0.15
"""A face goes on where it is nearest only if the next candidate is farther than so many times that
distance, and by so much more; see `tracker.distance`."""

SAME_FACE_IOU: Final = 0.4
"""Boxes that overlap by more are one face that the detector found twice."""


@dataclass(slots=True)
class LiveTrack:
    """A track that may go on.

    Attributes
    ----------
    number
        From 1 in the order in which tracks begin.
    box, seen_s
        Where and when the face was last.
    mouth
        Compares its looks.
    """

    number: int
    box: Box
    seen_s: float
    mouth: MouthWatch = field(default_factory=MouthWatch)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A track and a face that may continue it."""

    apart: float
    track: LiveTrack
    face: FaceObservation

    def rivals(self, others: Sequence[_Pair]) -> list[_Pair]:
        """Pairs that share the track or the face, and might as well be the right ones."""
        limit = UNCLEAR_RATIO * self.apart + UNCLEAR_SIDES
        return [
            pair
            for pair in others
            if (pair.track is self.track) != (pair.face is self.face) and pair.apart < limit
        ]


class FaceFollower:
    """Tells, frame by frame, which track each face belongs to; frames come in order of time.

    Parameters
    ----------
    most
        Faces of one frame that are followed, ≥ 1; the speaker's is always among them, and with 1
        there is no other.
    """

    def __init__(self, most: int = MOST_FACES) -> None:
        self._most = most
        self._live: list[LiveTrack] = []
        self._begun = 0
        self._last_s = float("-inf")

    def cut(self, going_on: Box | None = None) -> None:
        """End all tracks but that of a face which goes on across the cut, if one does."""
        self._live = [track for track in self._live if track.box == going_on]

    def follow(
        self,
        time_s: float,
        faces: Sequence[FaceObservation],
        leader: FaceObservation | None,
        frame_size: tuple[int, int] | None = None,
    ) -> list[tuple[LiveTrack, FaceObservation]]:
        """The faces of a frame that are followed, with their tracks, which go on with them.

        Parameters
        ----------
        time_s
            Presentation time.
        faces
            All usable faces of the frame.
        leader
            The speaker's among them; None without one.
        frame_size
            (width, height) in pixels; with it, central faces are preferred.

        Returns
        -------
        At most `most` pairs, in order of their tracks. A face that is not sure begins no track
        unless it leads.
        """
        self._live = [
            track
            for track in self._live
            if time_s - track.seen_s <= ABSENCE_S or track.seen_s >= self._last_s
        ]
        self._last_s = time_s
        if self._most == 1:
            faces = [] if leader is None else [leader]
        if len(faces) == len(self._live) == 1:  # a talk of one person must not wait for the rest
            (face,), (track,) = faces, self._live
            if in_reach(track.box, face.box, max(time_s - track.seen_s, 0.0)):
                track.box, track.seen_s = face.box, time_s
                return [(track, face)]
        apart = _without_doubles(faces, leader)
        known = self._continued(time_s, apart)
        candidates = [
            face for face in apart if face is leader or id(face) in known or is_sure(face)
        ]

        def rank(face: FaceObservation) -> tuple[bool, float]:
            kept = CLEARLY_MORE if id(face) in known else 1.0
            return face is leader, kept * prominence(face, frame_size)

        followed = []
        for face in sorted(candidates, key=rank, reverse=True)[: self._most]:
            track = known.get(id(face)) or self._begin(face, time_s)
            track.box, track.seen_s = face.box, time_s
            followed.append((track, face))
        return sorted(followed, key=lambda pair: pair[0].number)

    def _begin(self, face: FaceObservation, time_s: float) -> LiveTrack:
        self._begun += 1
        self._live.append(LiveTrack(self._begun, face.box, time_s))
        return self._live[-1]

    def _continued(self, time_s: float, faces: Sequence[FaceObservation]) -> dict[int, LiveTrack]:
        """The track that goes on with each face, by the face's `id`; nearest pairs first.

        Where two pairs are about as near, no track of theirs goes on.
        """
        pairs = sorted(
            (
                _Pair(distance(track.box, face.box), track, face)
                for track in self._live
                for face in faces
                if in_reach(track.box, face.box, max(time_s - track.seen_s, 0.0))
            ),
            key=lambda pair: pair.apart,
        )
        known: dict[int, LiveTrack] = {}
        while pairs:
            best, *others = pairs
            rivals = best.rivals(others)
            ended = [best.track] if rivals else []
            ended += [pair.track for pair in rivals if pair.face is best.face]
            if not rivals:
                known[id(best.face)] = best.track
            numbers = {track.number for track in ended}
            self._live = [track for track in self._live if track.number not in numbers]
            numbers.add(best.track.number)
            pairs = [
                pair
                for pair in others
                if pair.face is not best.face and pair.track.number not in numbers
            ]
        return known


def _without_doubles(
    faces: Sequence[FaceObservation], leader: FaceObservation | None
) -> list[FaceObservation]:
    """Faces that are apart from each other; of two at one place the speaker's, or the surer one."""
    kept: list[FaceObservation] = []
    for face in sorted(faces, key=lambda face: (face is leader, face.score), reverse=True):
        if all(face.box.iou(other.box) <= SAME_FACE_IOU for other in kept):
            kept.append(face)
    return kept
