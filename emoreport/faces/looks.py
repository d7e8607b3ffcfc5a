"""Read the speaker's face from as few frames as its labels need.

The recording is looked at sparsely, and again between two looks only where the label could change,
halving the stretch between them until it is sure enough (`label_risk`). Decoded frames wait in a
bounded window meanwhile, unconverted; of those that are not looked at, a few points on the face are
sampled and nothing else is done. Looks at a window happen out of order, so that the speaker is
followed twice: by guess while they are chosen, and in order of time once all are known. What is
chosen depends on the frames alone, not on the batch size or on timing.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from emoreport.faces.batches import as_features, checked_batch, scored
from emoreport.faces.builder import FaceTrackBuilder
from emoreport.faces.channel import Channel
from emoreport.faces.everyone import Everyone
from emoreport.faces.label_risk import (
    CAUTIOUS,
    Sight,
    changes,
    grid_on,
    risk,
    shades,
    terms,
)
from emoreport.faces.reading import (
    FRAMES_WAITING,
    KeepFaces,
    pump,
)
from emoreport.faces.tracker import SpeakerTracker
from emoreport.faces.viewing import NOBODY, Everybody, FoundFaces, SeeFrame, Sighting, Viewer
from emoreport.records import (
    DoubleArray,
    FaceDetector,
    FaceEmotionModel,
    FaceObservation,
    FaceScores,
    FaceTrack,
    FloatArray,
    Frame,
    Grid,
    LookRule,
)
from emoreport.settings import FaceSettings

SPARSE_S: Final = 0.4
"""Time between the looks that are always taken."""

STRETCHES_AT_ONCE: Final = 8
"""Stretches between such looks that are searched together, so that the model gets batches."""

WINDOW_BYTES: Final = 64 * 1024 * 1024
"""Decoded frames that are searched together: 46 of 720p in 4:2:0, five of 4K."""

WAITING_BYTES: Final = 32 * 1024 * 1024
"""Decoded frames that wait for the window meanwhile."""

TIME_TOLERANCE_S: Final = 1e-6


@dataclass(slots=True)
class Glance:
    """A frame that was looked at."""

    frame: Frame
    found: FoundFaces
    face: FaceObservation | None = None
    sighting: Sighting | None = None
    scores: FaceScores | None = None
    witness: FaceScores | None = None
    row: int = 0
    features: FloatArray | None = None
    shot: int = 1
    mouth_motion: float = float("nan")
    everybody: Everybody = NOBODY

    @property
    def sight(self) -> Sight:
        """What the risk of a label is worked out from."""
        seen = None if self.scores is None else self.scores.probabilities[self.row]
        return Sight(self.frame.time_s, seen, None if self.face is None else self.face.box)


@dataclass(slots=True)
class Stretch:
    """Frames from one sparse look, which is the first of them, to the next, which is the last."""

    frames: Sequence[Frame]
    looks: dict[int, Glance]
    grid: Grid | None = None
    shades: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def sample(self) -> None:
        """Sample the points on the face in all frames; once both ends are looked at."""
        first, last = self.looks[0], self.looks[len(self.frames) - 1]
        seen = first if first.face is not None or last.face is None else last
        own = None if seen.face is None else seen.found.in_picture(seen.face).box
        self.grid = grid_on(seen.frame.picture, own)
        self.shades = np.stack([shades(frame.picture, self.grid) for frame in self.frames])

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Neighbouring looks with frames between them."""
        known = sorted(self.looks)
        for before, behind in pairwise(known):
            if behind - before > 1:
                yield before, behind

    def show(self, see: SeeFrame) -> None:
        """Show all frames but the first, which ends the stretch before, with the faces known."""
        for index, frame in enumerate(self.frames):
            if index or len(self.frames) == 1:
                look = self.looks.get(index)
                face = None if look is None else look.face
                see(
                    frame, None if look is None or face is None else look.found.in_picture(face).box
                )

    def terms(self, before: int, behind: int) -> DoubleArray:
        """Terms of the risk of the frames between two looks; see `label_risk.terms`."""
        inside = slice(before + 1, behind)
        between = self.shades[inside]
        return terms(
            self.looks[before].sight,
            self.looks[behind].sight,
            np.array([frame.time_s for frame in self.frames[inside]]),
            changes(self.shades[before], between),
            changes(self.shades[behind], between),
        )


def read_looks(
    source: Iterable[Frame],
    detector: FaceDetector,
    model: FaceEmotionModel,
    settings: FaceSettings,
    *,
    witness: FaceEmotionModel | None = None,
    keep: KeepFaces | None = None,
    see: SeeFrame | None = None,
    everyone: Everyone | None = None,
    batch: int | None = None,
) -> FaceTrack:
    """Read the speaker's face from the frames that its labels need.

    Parameters and errors are those of `read_faces`; `source` gives every frame, and `see` is given
    those that were not looked at without a face.

    Returns
    -------
    One entry per frame that was looked at, as `read_faces` gives it. The first and the last frame
    are among them.
    """
    batch = checked_batch(batch, model)
    frames: Channel[Frame] = Channel(
        max_items=STRETCHES_AT_ONCE * FRAMES_WAITING, max_bytes=WAITING_BYTES
    )
    tracker = SpeakerTracker(min_score=settings.min_face_score, strict=settings.strict_single_face)
    viewer = Viewer(
        detector,
        tracker,
        model.crop,
        None if witness is None else witness.crop,
        follower=None if everyone is None else everyone.follower,
        looks=None if everyone is None else everyone.looks,
    )
    reader = _Reader(model, witness, keep, everyone, batch)
    window = _Window(viewer, tracker, reader, model.record.look_rule or CAUTIOUS, see)
    thread = threading.Thread(target=pump, args=(source, frames), name="decode", daemon=True)
    thread.start()
    try:
        for stretches in _windows(_received(frames)):
            window.search(stretches)
            stretches.clear()  # the next window must not find these frames in memory
        return reader.builder.build()
    finally:
        frames.cancel()
        thread.join()


def _received(frames: Channel[Frame]) -> Iterator[Frame]:
    while (frame := frames.get()) is not None:
        yield frame


def _windows(frames: Iterable[Frame]) -> Iterator[list[list[Frame]]]:
    """Stretches that are searched together; each begins with the last frame of the one before.

    The first one is the first frame alone.
    """
    window: list[list[Frame]] = []
    stretch: list[Frame] = []
    held = 0
    for frame in frames:
        is_cut = frame.change is not None
        if is_cut and len(stretch) > 1:  # nothing is made up across a cut
            window.append(stretch)
            stretch = stretch[-1:]
        stretch.append(frame)
        held += frame.picture.held_bytes
        full = held >= WINDOW_BYTES
        if len(stretch) == 1 or is_cut or _is_due(stretch) or (full and not window):
            window.append(stretch)
            stretch = [frame]
        if window and (full or len(window) >= STRETCHES_AT_ONCE):
            yield window
            window, held = [], sum(waiting.picture.held_bytes for waiting in stretch)
    if len(stretch) > 1:
        window.append(stretch)
    if window:
        yield window


def _is_due(stretch: Sequence[Frame]) -> bool:
    """Whether the next frame would come too late for a sparse look."""
    step_s = stretch[-1].time_s - stretch[-2].time_s
    return stretch[-1].time_s - stretch[0].time_s + 0.5 * step_s > SPARSE_S - TIME_TOLERANCE_S


class _Window:
    """Chooses the looks of one window after the other."""

    def __init__(
        self,
        viewer: Viewer,
        tracker: SpeakerTracker,
        reader: _Reader,
        rule: LookRule,
        see: SeeFrame | None,
    ) -> None:
        self._viewer, self._tracker = viewer, tracker
        self._reader, self._rule, self._see = reader, rule, see
        self._last: Glance | None = None

    def search(self, window: Sequence[Sequence[Frame]]) -> None:
        """Glance at what a window needs, and hand its looks on in order."""
        guess = copy.deepcopy(self._tracker)
        ends = []
        for frames in window:
            end = frames[-1]
            look = Glance(end, self._viewer.find(end))
            if end.change is not None:
                guess.restart()
            look.face = guess.choose(end.time_s, look.found.laid, end.placement.canvas_px)
            ends.append(look)
        self._read(ends)
        stretches = self._stretches(window, ends)
        open_stretches = [stretch for stretch in stretches if len(stretch.frames) > 2]
        for stretch in open_stretches:
            stretch.sample()
        while added := [look for stretch in open_stretches for look in self._halve(stretch)]:
            self._read(added)
        self._hand_on(stretches, ends)

    def _stretches(
        self, window: Sequence[Sequence[Frame]], ends: Sequence[Glance]
    ) -> list[Stretch]:
        """The stretches with the looks at their ends."""
        stretches, before = [], self._last
        for frames, end in zip(window, ends, strict=True):
            looks = {len(frames) - 1: end}
            if before is not None and len(frames) > 1:
                looks[0] = before
            stretches.append(Stretch(frames, looks))
            before = end
        return stretches

    def _halve(self, stretch: Stretch) -> list[Glance]:
        """Glance once into each gap of a stretch in which a label is not sure enough."""
        added = {}
        for before, behind in stretch.gaps():
            ends = (stretch.looks[before], stretch.looks[behind])
            if not any(map(self._waits, ends)):
                risks = risk(self._rule, stretch.terms(before, behind))
                if risks.max() <= self._rule.limit:
                    continue
            middle = (before + behind) // 2
            frame = stretch.frames[middle]
            look = Glance(frame, self._viewer.find(frame))
            known = [end.face for end in ends if end.face is not None]
            look.face = self._tracker.guess(look.found.laid, known)
            added[middle] = look
        stretch.looks.update(added)
        return list(added.values())

    def _waits(self, look: Glance) -> bool:
        """Whether a look shows a face that only the frames beside it can make the speaker's."""
        return look.face is None and self._tracker.waits(look.found.laid)

    def _read(self, looks: Sequence[Glance]) -> None:
        for look in looks:
            look.sighting = self._viewer.show(look.found, look.face)
        self._reader.read(looks)

    def _hand_on(self, stretches: Sequence[Stretch], ends: Sequence[Glance]) -> None:
        """Follow the speaker through all looks in order, and keep what they show."""
        looks = [
            stretch.looks[index]
            for stretch in stretches
            for index in sorted(stretch.looks)
            if index or len(stretch.frames) == 1
        ]
        others = []
        for look in looks:
            face = self._viewer.choose(look.found)
            look.shot = self._viewer.shot
            look.mouth_motion = self._viewer.mouth_motion(look.found, face)
            look.everybody = self._viewer.everybody(look.found, face)
            if face is not look.face:
                look.face = face
                others.append(look)
        self._read(others)
        self._reader.keep(looks)
        self._last = ends[-1]
        if self._see is not None:
            for stretch in stretches:
                stretch.show(self._see)


class _Reader:
    """Runs the models on looks and collects what they say."""

    def __init__(
        self,
        model: FaceEmotionModel,
        witness: FaceEmotionModel | None,
        keep: KeepFaces | None,
        everyone: Everyone | None,
        batch: int,
    ) -> None:
        self._model, self._witness, self._keep, self._batch = model, witness, keep, batch
        self._everyone = everyone
        self.builder = FaceTrackBuilder(
            model.labels, None if witness is None else witness.labels, model.record.head_limits
        )

    def read(self, looks: Sequence[Glance]) -> None:
        """Read the face of each look that shows one."""
        for look in looks:
            look.scores = look.witness = look.features = None
        seen = [look for look in looks if look.face is not None]
        for first in range(0, len(seen), self._batch):
            self._read_batch(seen[first : first + self._batch])

    def _read_batch(self, looks: Sequence[Glance]) -> None:
        sightings = [look.sighting for look in looks if look.sighting is not None]
        crops = [sighting.crop for sighting in sightings if sighting.crop is not None]
        others = [each.witness_crop for each in sightings if each.witness_crop is not None]
        scores, features = scored(self._model, crops, embed=self._keep is not None)
        second = self._witness.predict(others) if self._witness is not None else None
        for row, look in enumerate(looks):
            look.scores, look.witness, look.row = scores, second, row
            look.features = None if features is None else features[row]

    def keep(self, looks: Sequence[Glance]) -> None:
        """Add looks to the track, in order of time, with their features where these are wanted."""
        for look in looks:
            frame, sighting = look.frame, look.sighting
            if self._everyone is not None and sighting is not None:
                self._everyone.add(sighting.among(look.everybody))
            if look.face is None or look.scores is None or sighting is None:
                count = 0 if sighting is None else sighting.faces
                self.builder.add_absent(frame.time_s, frame.index, count, shot=look.shot)
                continue
            self.builder.add_face(
                frame.time_s,
                frame.index,
                sighting.faces,
                look.face,
                sighting.sharpness,
                look.scores,
                look.row,
                look.witness,
                shot=look.shot,
                mouth_motion=look.mouth_motion,
            )
        if self._keep is None or not looks:
            return
        moments = [(look.frame.time_s, look.frame.index) for look in looks]
        self._keep(as_features(self._model, moments, [look.features for look in looks]))
