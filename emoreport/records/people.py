"""Who is seen and who speaks: all faces of a recording, and the people they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emoreport.records.arrays import DoubleArray, FloatArray, IntArray, RgbImage
from emoreport.records.faces import MOUTH_MOTION, CropSpec, FaceTrack
from emoreport.records.models import ModelRecord, WitnessReadings

OFF_SCREEN: Final = "off_screen"
"""Who speaks where no mouth that is seen does."""
UNKNOWN_SPEAKER: Final = "unknown"
"""Who speaks where that cannot be told."""


@dataclass(frozen=True, slots=True)
class SeenFaces:
    """Readings of all faces of one video: one entry per face and frame.

    Entries are in order of time, those of one frame in order of their track.

    Attributes
    ----------
    labels
        Class names of the probability columns (K).
    time_s
        float64 (N,), never decreasing; every one is a `FaceTrack.time_s`.
    frame
        int64 (N,), index of the decoded frame.
    track
        int64 (N,), from 1 in the order in which tracks begin: one face, followed inside one shot.
    leads
        bool (N,): the face that a `FaceTrack` holds for this frame where nobody asks for a person.
    box, detection_score, probabilities, valence, arousal, extra, witness
        As in `FaceTrack`, (N, …), but without rows of NaN.
    mouth_motion
        float32 (N,): how much the mouth changed over the last tenth of a second beside the rest
        of the face (`faces.mouth.MouthWatch.motion`, one watch a track); NaN for the first entries
        of a track, and where looks are too far apart.
    """

    labels: tuple[str, ...]
    time_s: DoubleArray
    frame: IntArray
    track: IntArray
    leads: NDArray[np.bool_]
    box: FloatArray
    detection_score: FloatArray
    probabilities: FloatArray
    mouth_motion: FloatArray
    valence: FloatArray | None = None
    arousal: FloatArray | None = None
    extra: Mapping[str, FloatArray] = field(default_factory=dict)
    witness: WitnessReadings | None = None

    def __len__(self) -> int:
        """Number of faces in all frames together."""
        return len(self.time_s)

    @property
    def tracks(self) -> IntArray:
        """int64 (T,): the numbers of the tracks, increasing."""
        return np.unique(self.track)

    def readings_of(self, tracks: Iterable[int], frames: FaceTrack) -> FaceTrack:
        """The readings of one person in the frames of a recording.

        Parameters
        ----------
        tracks
            The person's tracks. Where two meet in one frame, the face of the better detection
            score is taken.
        frames
            The recording's frames; times, numbers of faces and shots are taken from it.

        Returns
        -------
        One entry per frame of `frames`: NaN rows where this person is not seen.
        """
        return self._laid(np.isin(self.track, np.fromiter(tracks, np.int64)), frames)

    def leading(self, frames: FaceTrack) -> FaceTrack:
        """The readings of the face that leads, likewise."""
        return self._laid(self.leads, frames)

    def _laid(self, chosen: NDArray[np.bool_], frames: FaceTrack) -> FaceTrack:
        mine = np.flatnonzero(chosen)
        at = np.searchsorted(frames.time_s, self.time_s[mine])
        order = np.lexsort((self.detection_score[mine], at))
        mine, at = mine[order], at[order]  # of two faces in one frame, the better one comes last

        def laid(values: FloatArray) -> FloatArray:
            out = np.full((len(frames), *values.shape[1:]), np.nan, np.float32)
            out[at] = values[mine]
            return out

        return replace(
            frames,
            box=laid(self.box),
            detection_score=laid(self.detection_score),
            probabilities=laid(self.probabilities),
            valence=None if self.valence is None else laid(self.valence),
            arousal=None if self.arousal is None else laid(self.arousal),
            extra={
                **{name: laid(values) for name, values in self.extra.items()},
                MOUTH_MOTION: laid(self.mouth_motion),
            },
            witness=None
            if self.witness is None
            else WitnessReadings(self.witness.labels, laid(self.witness.probabilities)),
        )


@dataclass(frozen=True, slots=True)
class TrackAppearance:
    """What each track looks like, for telling whether two show one person.

    Attributes
    ----------
    recogniser
        Name of the face recogniser that made the descriptors; "" where there was none, and place,
        size and colours must do.
    track
        int64 (T,), as in `SeenFaces.tracks`.
    descriptor
        float32 (T, D), rows of length 1; of a recogniser, or of colours. Zeros where no look at
        the track showed the points of the face that a recogniser needs.
    set_up
        float32 (T, E): a small picture of the whole frame where the track begins, by which the same
        camera is known again; rows of length 1.
    """

    recogniser: str
    track: IntArray
    descriptor: FloatArray
    set_up: FloatArray


class FaceRecogniser(Protocol):
    """Turns aligned faces into numbers that are alike for pictures of one person."""

    record: ModelRecord
    crop: CropSpec

    def embed(self, faces: Sequence[RgbImage]) -> FloatArray:
        """N faces, RGB uint8 (size, size, 3) → float32 (N, D), rows of length 1."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a recording.

    Attributes
    ----------
    key
        A, B, …, AA, …: by seconds seen, the longest first.
    tracks
        Tracks of this person's face, increasing.
    name
        What a user calls the person; None without one.
    seconds
        How long the face is seen.
    """

    key: str
    tracks: tuple[int, ...]
    name: str | None = None
    seconds: float = 0.0

    @property
    def shown_name(self) -> str:
        """The name that a user gave, else the key."""
        return self.name or self.key


@dataclass(frozen=True, slots=True)
class SpeakingSpan:
    """A stretch of speech and who speaks it: a person's key, `OFF_SCREEN` or `UNKNOWN_SPEAKER`."""

    start_s: float
    end_s: float
    speaker: str


def find_person(people: Sequence[Person], wanted: str) -> Person | None:
    """The person of a key or a name, in whatever case; None if there is none."""
    folded = wanted.casefold()
    return next(
        (each for each in people if folded in (each.key.casefold(), each.shown_name.casefold())),
        None,
    )
