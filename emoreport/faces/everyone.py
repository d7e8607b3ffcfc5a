"""Collect the faces of everybody, beside the one face that a FaceTrack holds.

The speaker's readings are those of the FaceTrack; only the other faces are read in addition, in
calls of their own, so that nothing changes for the speaker and one face costs what it did.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from emoreport.faces.appearance import AppearanceCollector
from emoreport.faces.batches import checked_batch
from emoreport.faces.builder import FaceTrackBuilder
from emoreport.faces.following import MOST_FACES, FaceFollower
from emoreport.faces.viewing import Sighting
from emoreport.records import (
    MOUTH_MOTION,
    FaceEmotionModel,
    FaceRecogniser,
    FaceTrack,
    FloatArray,
    SeenFaces,
    TrackAppearance,
    WitnessReadings,
)
from emoreport.settings import FaceSettings

_Value = TypeVar("_Value")


class Everyone:
    """All faces of one recording.

    Parameters
    ----------
    model, witness
        What reads the faces; both stay open.
    settings
        With `strict_single_face` nobody but the speaker is followed.
    recogniser
        What tells faces apart, likewise; None for the colours.

    Attributes
    ----------
    follower, looks
        For the thread that finds faces: which track a face belongs to, and how tracks look.
    """

    def __init__(
        self,
        model: FaceEmotionModel,
        settings: FaceSettings,
        witness: FaceEmotionModel | None,
        recogniser: FaceRecogniser | None = None,
    ) -> None:
        self.follower = FaceFollower(1 if settings.strict_single_face else MOST_FACES)
        self.looks = AppearanceCollector(recogniser)
        self._model, self._witness = model, witness
        self._batch = checked_batch(None, model)
        self._others = FaceTrackBuilder(
            model.labels,
            None if witness is None else witness.labels,
            model.record.head_limits,
            several=True,
        )
        self._waiting: list[Sighting] = []
        self._track = array("q")  # of the speaker's faces
        self._other_track = array("q")

    def add(self, sighting: Sighting) -> None:
        """Add what one frame shows; frames come in order of time."""
        if sighting.face is not None:
            self._track.append(sighting.everybody.track)
        self._waiting.extend(sighting.everybody.others)
        if len(self._waiting) >= self._batch:
            self._read()

    def build(self, faces: FaceTrack) -> tuple[SeenFaces, TrackAppearance] | None:
        """Everything collected; None where there are fewer tracks than two: `faces` say it all.

        Parameters
        ----------
        faces
            The readings of the speaker's face, as they are kept.
        """
        self._read()
        others = self._others.build()
        led = np.flatnonzero(faces.valid)
        track = np.concatenate([_whole(self._track), _whole(self._other_track)])
        if len(np.unique(track)) < 2:
            return None
        time_s = np.concatenate([faces.time_s[led], others.time_s])
        order = np.lexsort((track, time_s))

        def joined(own: FloatArray | None, further: FloatArray | None) -> FloatArray | None:
            """Values of the speaker's faces and of others, in order; None where neither has any."""
            first = None if own is None else own[led]
            known = further if first is None else first
            if known is None:
                return None
            rows = [
                np.full((count, *known.shape[1:]), np.nan, np.float32) if each is None else each
                for each, count in ((first, len(led)), (further, len(others)))
            ]
            return np.asarray(np.concatenate(rows)[order], np.float32)

        witness = None
        if faces.witness is not None and others.witness is not None:
            table = joined(faces.witness.probabilities, others.witness.probabilities)
            assert table is not None
            witness = WitnessReadings(faces.witness.labels, table, faces.witness.is_heeded)
        names = dict.fromkeys((*faces.extra, *others.extra))
        further = _all_known(
            {name: joined(faces.extra.get(name), others.extra.get(name)) for name in names}
        )
        seen = SeenFaces(
            labels=faces.labels,
            time_s=time_s[order],
            frame=np.concatenate([faces.frame[led], others.frame])[order],
            track=track[order],
            leads=(np.arange(len(order)) < len(led))[order],
            box=_known(joined(faces.box, others.box)),
            detection_score=_known(joined(faces.detection_score, others.detection_score)),
            probabilities=_known(joined(faces.probabilities, others.probabilities)),
            mouth_motion=further.pop(MOUTH_MOTION),
            valence=joined(faces.valence, others.valence),
            arousal=joined(faces.arousal, others.arousal),
            extra=further,
            witness=witness,
        )
        return seen, self.looks.build()

    def _read(self) -> None:
        """Read the faces that wait, in order, and empty the list."""
        waiting = self._waiting
        if not waiting:
            return
        scores = self._model.predict([_known(each.crop) for each in waiting])
        witness = None
        if self._witness is not None:
            witness = self._witness.predict([_known(each.witness_crop) for each in waiting])
        for row, each in enumerate(waiting):
            self._others.add_face(
                each.time_s,
                each.frame,
                each.faces,
                _known(each.face),
                each.sharpness,
                scores,
                row,
                witness,
                shot=each.shot,
                mouth_motion=each.mouth_motion,
            )
            self._other_track.append(each.everybody.track)
        waiting.clear()


def _known(value: _Value | None) -> _Value:
    assert value is not None
    return value


def _all_known(values: Mapping[str, FloatArray | None]) -> dict[str, FloatArray]:
    return {name: _known(each) for name, each in values.items()}


def _whole(values: array[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)
