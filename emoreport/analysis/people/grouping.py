"""From tracks of faces to the people of a recording.

Two people taken for one make every table wrong without a sign of it; one person taken for two
shows in the list of people and is put right there. So tracks are joined only where they look alike
or are in the same place before the same camera, and never where both are in one frame.

Tracks go, the longest first, to the person that they fit best, else to a new one; then people who
fit each other are joined, best first, until none do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from emoreport.analysis.numeric.hold_times import hold_times
from emoreport.records import (
    DoubleArray,
    FaceTrack,
    FloatArray,
    IntArray,
    Person,
    SeenFaces,
    TrackAppearance,
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two tracks must be, as cosines of their descriptors.

    Attributes
    ----------
    alike
        From here on they show one person, wherever they are.
    likely
        From here on they do if they are in the same place before the same camera.
    """

    alike: float
    likely: float


RECOGNISED: Final = Likeness(alike=0.5, likely=0.3)
"""Of a face recogniser. SFace's authors take two pictures for one person from 0.363."""
COLOURED: Final = Likeness(alike=0.95, likely=0.8)
"""Of colours; measured, see docs/people.md."""

APART: Final = 0.01
"""So much more alike than any two who are seen together must the tracks of one person be."""

COLOURED_PARTS: Final = 3
"""Hair, face and shoulders: descriptors of colours are of three equal parts, and those that are out
of the picture are zeros and say nothing."""

SAME_SET_UP: Final = 0.9
"""Cosine of two small pictures of a whole frame from which the camera is taken for the same."""
SAME_PLACE_SIDES: Final = 1.0
"""How far apart two faces may be, in sides of the larger box, to be in the same place."""
SAME_SIZE: Final = 1.5
"""Ratio of their sides up to which they are of one size."""


@dataclass(frozen=True, slots=True)
class SeenTracks:
    """What is known of each track (T): when, where and how long it is seen.

    Attributes
    ----------
    number
        int64 (T,), increasing.
    seconds
        float64 (T,): how long its frames are on screen.
    first_s
        float64 (T,): time of its first frame.
    centre, side
        float64 (T, 2) and (T,): median middle of its boxes and their side, pixels.
    shot
        int64 (T,): the shot that it is in; 1 where nobody looked for cuts.
    together
        Pairs of places (i < j) of tracks that meet in a frame.
    """

    number: IntArray
    seconds: DoubleArray
    first_s: DoubleArray
    centre: DoubleArray
    side: DoubleArray
    shot: IntArray
    together: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, seen: SeenFaces, frames: FaceTrack, duration_s: float) -> SeenTracks:
        """Sum up the entries of each track; `frames` are those of the recording."""
        number, own = np.unique(seen.track, return_inverse=True)
        at = np.searchsorted(frames.time_s, seen.time_s)
        held_s = hold_times(frames.time_s, duration_s)[at] if len(seen) else np.zeros(0)
        order = np.argsort(own, kind="stable")
        starts = np.searchsorted(own[order], np.arange(len(number)))
        box = seen.box[order].astype(np.float64)
        middles = np.column_stack([box[:, 0] + box[:, 2] / 2, box[:, 1] + box[:, 3] / 2])
        sides = np.sqrt(box[:, 2] * box[:, 3])
        parts = np.split(np.arange(len(order)), starts)[1:]
        shots = np.ones(len(frames), np.int64) if frames.shot is None else frames.shot
        return cls(
            number=number,
            seconds=np.bincount(own, held_s, len(number)).astype(np.float64),
            first_s=seen.time_s[order][starts],
            centre=np.array([np.median(middles[part], axis=0) for part in parts]).reshape(-1, 2),
            side=np.array([np.median(sides[part]) for part in parts]),
            shot=shots[at[order][starts]],
            together=_together(at, own),
        )

    def __len__(self) -> int:
        """Number of tracks."""
        return len(self.number)


def _together(at: IntArray, own: IntArray) -> frozenset[tuple[int, int]]:
    """Pairs of tracks that meet in a frame; entries are in order of the frame `at`."""
    pairs: set[tuple[int, int]] = set()
    step = 1
    while step < len(
        at
    ):  # entries of one frame are neighbours: the second, the third, … after each
        meets = at[step:] == at[:-step]
        if not meets.any():
            break
        lower = np.minimum(own[step:], own[:-step])[meets]
        upper = np.maximum(own[step:], own[:-step])[meets]
        pairs.update(zip(lower.tolist(), upper.tolist(), strict=True))
        step += 1
    return frozenset((low, high) for low, high in pairs if low != high)


@dataclass(slots=True)
class _Group:
    """Tracks that show one person, by their places; `look` (parts, D) is the sum of theirs."""

    members: list[int]
    look: FloatArray
    seconds: float
    apart: set[int] = field(default_factory=set)


class _Grouping:
    def __init__(self, tracks: SeenTracks, appearance: TrackAppearance, likeness: Likeness) -> None:
        self.tracks = tracks
        rows = np.searchsorted(appearance.track, tracks.number)
        is_parted = (
            not appearance.recogniser and appearance.descriptor.shape[1] % COLOURED_PARTS == 0
        )
        parts = COLOURED_PARTS if is_parted else 1
        self.looks = appearance.descriptor[rows].reshape(len(rows), parts, -1)
        self.set_ups = appearance.set_up[rows]
        self.likeness = self._stricter(likeness)
        self.apart: list[set[int]] = [set() for _ in range(len(tracks))]
        for one, other in tracks.together:
            self.apart[one].add(other)
            self.apart[other].add(one)
        self.groups: list[_Group] = []

    def _stricter(self, likeness: Likeness) -> Likeness:
        """More likeness than any two have who are seen together, and so are two."""
        known = [
            float(_cosines(self.looks[one], self.looks[other]))
            for one, other in self.tracks.together
        ]
        alike = max(likeness.alike, max(known, default=0.0) + APART)
        return Likeness(alike, likeness.likely)

    def run(self) -> list[_Group]:
        for place in np.lexsort((self.tracks.first_s, -self.tracks.seconds)).tolist():
            weight = max(float(self.tracks.seconds[place]), 1e-6)
            look = _units(self.looks[place]) * weight
            new = _Group([place], look, weight, set(self.apart[place]))
            fits = [(self._fit(group, new), -number) for number, group in enumerate(self.groups)]
            best, number = max(fits, default=(0.0, 0))
            if best > 0:
                self._join(self.groups[-number], new)
            else:
                self.groups.append(new)
        while (pair := self._best_pair()) is not None:
            one, other = pair
            self._join(self.groups[one], self.groups.pop(other))
        return self.groups

    def _best_pair(self) -> tuple[int, int] | None:
        """The two groups that fit each other best; None if none do."""
        looks = np.array([group.look for group in self.groups])
        cosines = np.triu(_cosines(looks[:, None], looks[None, :]), k=1)
        ones, others = np.nonzero(cosines >= self.likeness.likely)
        for place in np.argsort(-cosines[ones, others], kind="stable"):
            one, other = int(ones[place]), int(others[place])
            if self._fit(self.groups[one], self.groups[other]) > 0:
                return one, other
        return None

    def _join(self, group: _Group, new: _Group) -> None:
        group.members += new.members
        group.look = group.look + new.look
        group.seconds += new.seconds
        group.apart |= new.apart

    def _fit(self, group: _Group, new: _Group) -> float:
        """How well two groups show one person: > 0 if they may be joined, the more the better."""
        if group.apart.intersection(new.members):
            return 0.0
        cosine = float(_cosines(group.look, new.look))
        if cosine >= self.likeness.alike:
            return 1.0 + cosine
        if cosine >= self.likeness.likely and self._same_place(group, new):
            return cosine
        return 0.0

    def _same_place(self, group: _Group, new: _Group) -> bool:
        """Whether a member of each is in the same place, of the same size, before one camera."""
        ours, theirs = np.array(group.members), np.array(new.members)
        side = self.tracks.side
        large = np.maximum(side[ours][:, None], side[theirs][None, :])
        small = np.minimum(side[ours][:, None], side[theirs][None, :])
        moved = self.tracks.centre[ours][:, None] - self.tracks.centre[theirs][None, :]
        near = np.hypot(moved[..., 0], moved[..., 1]) <= SAME_PLACE_SIDES * large
        camera = self.tracks.shot[ours][:, None] == self.tracks.shot[theirs][None, :]
        camera |= self.set_ups[ours] @ self.set_ups[theirs].T >= SAME_SET_UP
        return bool((near & (large <= SAME_SIZE * small) & camera).any())


def _units(parts: FloatArray) -> FloatArray:
    """Each part (…, D) at length 1; zeros stay zeros."""
    lengths = np.linalg.norm(parts, axis=-1, keepdims=True)
    return np.asarray(parts / np.maximum(lengths, 1e-12), np.float32)


def _cosines(one: FloatArray, other: FloatArray) -> FloatArray:
    """Mean cosine of the parts (…, parts, D) that both have, float32 (…,); 0 without any."""
    first, second = _units(one), _units(other)
    both = (first.any(axis=-1) & second.any(axis=-1)).sum(axis=-1)
    return np.asarray((first * second).sum(axis=(-2, -1)) / np.maximum(both, 1), np.float32)


def group_people(
    seen: SeenFaces,
    appearance: TrackAppearance,
    frames: FaceTrack,
    duration_s: float,
    *,
    likeness: Likeness | None = None,
) -> tuple[Person, ...]:
    """The people whose faces were seen, by seconds seen: A the longest, of equals the first.

    Parameters
    ----------
    seen
        All faces of the recording.
    appearance
        What their tracks look like; it has every track of `seen`.
    frames
        The recording's frames.
    duration_s
        Length of the recording, seconds.
    likeness
        How alike one person's tracks are; None for what suits the descriptors.
    """
    tracks = SeenTracks.of(seen, frames, duration_s)
    if not len(tracks):
        return ()
    usual = RECOGNISED if appearance.recogniser else COLOURED
    groups = _Grouping(tracks, appearance, likeness or usual).run()
    groups.sort(
        key=lambda group: (
            -round(float(tracks.seconds[group.members].sum()), 6),
            float(tracks.first_s[group.members].min()),
            min(group.members),
        )
    )
    return tuple(
        Person(
            key_of(number),
            tuple(sorted(tracks.number[group.members].tolist())),
            seconds=float(tracks.seconds[group.members].sum()),
        )
        for number, group in enumerate(groups)
    )


def key_of(number: int) -> str:
    """The key of the person of a number from 0: A, …, Z, AA, AB, …."""
    letters = ""
    number += 1
    while number:
        number, last = divmod(number - 1, 26)
        letters = chr(ord("A") + last) + letters
    return letters


def people_of(
    seen: SeenFaces | None,
    appearance: TrackAppearance | None,
    frames: FaceTrack,
    duration_s: float,
) -> tuple[Person, ...]:
    """The people of a recording, also of one in which a single track is all that was seen.

    Parameters
    ----------
    seen, appearance
        As for `group_people`; None where one track is all.
    frames, duration_s
        As for `group_people`.
    """
    if seen is not None and appearance is not None:
        return group_people(seen, appearance, frames, duration_s)
    seconds = float(hold_times(frames.time_s, duration_s)[frames.valid].sum())
    return (Person(key_of(0), (1,), seconds=seconds),) if frames.valid.any() else ()


def measured(
    people: Sequence[Person], seen: SeenFaces, frames: FaceTrack, duration_s: float
) -> tuple[Person, ...]:
    """The people with the seconds that they are seen, after their tracks have changed."""
    tracks = SeenTracks.of(seen, frames, duration_s)
    return tuple(
        replace(person, seconds=float(tracks.seconds[np.isin(tracks.number, person.tracks)].sum()))
        for person in people
    )
