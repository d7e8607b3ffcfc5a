"""From a stream of frames to the face readings of one recording.

Three stages overlap: the source decodes in one thread, detection, tracking and cropping run in a
second, the emotion network in the caller's. PyAV, MediaPipe and ONNX Runtime work outside the
interpreter lock, so two processors are kept busy. What waits between the stages is bounded in
items and in bytes; every stage handles frames in order, so the readings depend neither on the
batch size nor on timing.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.faces.builder import FaceTrackBuilder
from emoreport.faces.channel import CancelledError, Channel
from emoreport.faces.crops import crop_from
from emoreport.faces.mouth import ChosenMouth
from emoreport.faces.stepping import Look, faces_of
from emoreport.faces.tracker import SpeakerTracker
from emoreport.records import (
    Box,
    CropSpec,
    EmbeddingFaceModel,
    FaceDetector,
    FaceEmotionModel,
    FaceFeatures,
    FaceObservation,
    FaceScores,
    FaceTrack,
    FloatArray,
    Frame,
    PictureDetector,
    RgbImage,
)
from emoreport.settings import FaceSettings

FRAMES_WAITING: Final = 8
FRAME_BYTES_WAITING: Final = 96 * 1024 * 1024
"""Decoded frames between decoder and detector: eight of 1080p, three of 4K."""

FACES_AT_ONCE: Final = 16
"""Faces per call of the emotion model."""
FACES_ON_A_CARD: Final = 64
"""Likewise on a graphics card, where a call costs more than a face does."""

KeepFaces = Callable[[FaceFeatures], None]
"""Is given features as they come."""

SeeFrame = Callable[[Frame, Box | None], None]
"""Is given each frame with the speaker's face in its pixels; None where it shows none."""

REMEMBERED_S: Final = 1.0
"""A speaker who was seen so long before a cut can be compared with what is there after it."""

SAME_FACE: Final = 4.0
"""Mean change inside the box of the face, levels of 255, up to which the same face goes on: less
than 4 where slides change beside it, 10 and more where a talk is cut (docs/shots.md)."""

SIGHTINGS_WAITING: Final = 64
SIGHTING_BYTES_WAITING: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame shows of the speaker: the crop is there exactly when `face` is.

    `witness_crop` is the same face as a second model wants it, where there is one. `shot` is the
    number of the shot that the frame is in, from 1.
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


def read_faces(
    source: Iterable[Frame],
    detector: FaceDetector,
    model: FaceEmotionModel,
    settings: FaceSettings,
    *,
    witness: FaceEmotionModel | None = None,
    keep: KeepFaces | None = None,
    see: SeeFrame | None = None,
    batch: int | None = None,
) -> FaceTrack:
    """Read the speaker's face from a stream of frames, at constant memory beyond the readings.

    Parameters
    ----------
    source
        Frames in order of time. It is iterated in a thread of its own and closed there if it can
        be closed, also after an error.
    detector, model
        What finds faces and what reads them; both stay open.
    settings
        Smallest detection score, strictness.
    witness
        Reads the same faces beside `model`, each cut as it wants it; None for nobody.
    keep
        Is given the features of all frames, in order, from a `model` that is an
        `EmbeddingFaceModel`; None where nobody wants them.
    see
        Is given every frame, in order, in the thread that finds faces; those that are not to be
        read (`Frame.is_read`) go to it alone, without a face.
    batch
        Faces per call of a model, ≥ 1; None for what suits the model's device.

    Returns
    -------
    One entry per frame. `extra` holds ``yaw_deg`` and ``pitch_deg`` (NaN where unknown),
    ``sharpness`` (variance of the Laplacian of the grey crop, 8-bit units squared; low where the
    face is blurred), ``distance`` (of `FACE_MEASURES`; NaN where the model has none) and
    ``head_turn`` (the angles in units of the model's `HeadLimits`) and
    ``mouth_motion`` (`MouthWatch.motion` of the same face).

    Raises
    ------
    MediaError, FaceStageError, ModelError
        Whatever a stage raises reaches the caller at once; all threads have ended by then.
    ValueError
        When `batch` is below 1.
    """
    batch = checked_batch(batch, model)
    frames: Channel[Frame] = Channel(max_items=FRAMES_WAITING, max_bytes=FRAME_BYTES_WAITING)
    sightings: Channel[Sighting] = Channel(
        max_items=SIGHTINGS_WAITING, max_bytes=SIGHTING_BYTES_WAITING
    )
    tracker = SpeakerTracker(min_score=settings.min_face_score, strict=settings.strict_single_face)
    viewer = Viewer(detector, tracker, model.crop, None if witness is None else witness.crop, see)
    threads = [
        threading.Thread(target=pump, args=(source, frames), name="decode", daemon=True),
        threading.Thread(
            target=_watch, args=(frames, viewer, sightings), name="find-faces", daemon=True
        ),
    ]
    for thread in threads:
        thread.start()
    try:
        return _collect(sightings, model, witness, keep, batch)
    finally:
        frames.cancel()
        sightings.cancel()
        for thread in threads:
            thread.join()


def checked_batch(batch: int | None, model: FaceEmotionModel) -> int:
    """Faces per call: what is asked for, else what suits the device; ValueError below 1."""
    if batch is None:
        return FACES_ON_A_CARD if model.record.device == "cuda" else FACES_AT_ONCE
    if batch < 1:
        raise ValueError(f"batch must be at least 1, got {batch}")
    return batch


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
    """

    def __init__(
        self,
        detector: FaceDetector,
        tracker: SpeakerTracker,
        crop: CropSpec,
        witness_crop: CropSpec | None = None,
        see: SeeFrame | None = None,
    ) -> None:
        self._tracker = tracker
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
        if frame.change is not None and not self._goes_on(frame, frame.change):
            self._tracker.restart()
            self._mouth.restart()
            self.shot += 1
        return self._tracker.choose(frame.time_s, found.laid, frame.placement.canvas_px)

    def show(self, found: FoundFaces, face: FaceObservation | None) -> Sighting:
        """Cut out one of the faces `laid`; none for None."""
        frame, count = found.frame, len(self._tracker.usable(found.laid))
        if face is None:
            return Sighting(frame.time_s, frame.index, count, self.shot)
        own = found.in_picture(face)
        crop = crop_from(frame.picture, own, self._crop)
        other = None
        if self._witness_crop is not None:
            same = self._witness_crop == self._crop
            other = crop if same else crop_from(frame.picture, own, self._witness_crop)
        return Sighting(
            frame.time_s, frame.index, count, self.shot, face, crop, sharpness(crop), other
        )

    def mouth_motion(self, found: FoundFaces, face: FaceObservation | None) -> float:
        """How much the chosen mouth moves; frames come in order of time, each after `choose`."""
        own = None if face is None else found.in_picture(face)
        return self._mouth.motion(found.frame.picture, own, found.frame.time_s)

    def _sighting(self, frame: Frame, observations: list[FaceObservation]) -> tuple[Sighting, int]:
        found = self._found(frame, observations)
        face = self.choose(found)
        self._box = None if face is None else found.in_picture(face).box
        sighting = replace(self.show(found, face), mouth_motion=self.mouth_motion(found, face))
        crop, other = sighting.crop, sighting.witness_crop
        if crop is None:
            return sighting, 0
        return sighting, crop.nbytes + (0 if other is None or other is crop else other.nbytes)

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

    def _goes_on(self, frame: Frame, change: NDArray[np.int16]) -> bool:
        """Whether the speaker goes on across a cut: only what is beside them changed.

        In calls and filmed lectures the slides change, and the speaker is in a corner.
        """
        box = self._tracker.last_box(frame.time_s, REMEMBERED_S)
        if box is None or not frame.placement.is_whole:
            return False
        (width, height), (rows, columns) = frame.placement.picture_px, change.shape
        down, across = rows / height, columns / width
        # Whole cells only: what is beside the face is in the others too.
        top, low = math.ceil(box.y * down), math.ceil(box.x * across)
        bottom, high = (
            math.floor((box.y + box.height) * down),
            math.floor((box.x + box.width) * across),
        )
        part = change[max(top, 0) : max(bottom, 0), max(low, 0) : max(high, 0)]
        return bool(part.size) and float(part.mean()) < SAME_FACE


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


def pump(source: Iterable[Frame], frames: Channel[Frame]) -> None:
    """Thread: pump the source into `frames`, then close the source."""
    try:
        iterator = iter(source)
        try:
            for frame in iterator:
                frames.put(frame, frame.picture.held_bytes)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()
        frames.close()
    except CancelledError:
        return
    except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
        frames.fail(error)


def _watch(frames: Channel[Frame], viewer: Viewer, sightings: Channel[Sighting]) -> None:
    """Thread: turn frames into sightings."""
    try:
        for sighting in viewer.follow(iter(frames.get, None)):
            sightings.put(*sighting)
        sightings.close()
    except CancelledError:
        return
    except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
        frames.cancel()
        sightings.fail(error)


def _collect(
    sightings: Channel[Sighting],
    model: FaceEmotionModel,
    witness: FaceEmotionModel | None,
    keep: KeepFaces | None,
    batch: int,
) -> FaceTrack:
    """Caller's thread: run the models on batches and keep the readings in order."""
    builder = FaceTrackBuilder(
        model.labels, None if witness is None else witness.labels, model.record.head_limits
    )
    waiting: list[Sighting] = []
    faces = 0
    while (sighting := sightings.get()) is not None:
        waiting.append(sighting)
        faces += sighting.face is not None
        if faces >= batch or len(waiting) >= max(batch, SIGHTINGS_WAITING):
            _flush(waiting, model, witness, keep, builder)
            faces = 0
    _flush(waiting, model, witness, keep, builder)
    return builder.build()


def _flush(
    waiting: list[Sighting],
    model: FaceEmotionModel,
    witness: FaceEmotionModel | None,
    keep: KeepFaces | None,
    builder: FaceTrackBuilder,
) -> None:
    """Score the crops, add all waiting sightings in order, empty the list."""
    crops = [sighting.crop for sighting in waiting if sighting.crop is not None]
    others = [sighting.witness_crop for sighting in waiting if sighting.witness_crop is not None]
    scores, features = scored(model, crops, embed=keep is not None) if crops else (None, None)
    if keep is not None:
        known = iter(() if features is None else features)
        moments = [(sighting.time_s, sighting.frame) for sighting in waiting]
        rows = [None if sighting.crop is None else next(known) for sighting in waiting]
        keep(as_features(model, moments, rows))
    second = witness.predict(others) if witness is not None and others else None
    row = 0
    for sighting in waiting:
        if sighting.face is None or scores is None:
            builder.add_absent(sighting.time_s, sighting.frame, sighting.faces, shot=sighting.shot)
            continue
        builder.add_face(
            sighting.time_s,
            sighting.frame,
            sighting.faces,
            sighting.face,
            sighting.sharpness,
            scores,
            row,
            second,
            shot=sighting.shot,
            mouth_motion=sighting.mouth_motion,
        )
        row += 1
    waiting.clear()


def scored(
    model: FaceEmotionModel, crops: Sequence[RgbImage], *, embed: bool
) -> tuple[FaceScores, FloatArray | None]:
    """What a model says of crops; with `embed`, of an `EmbeddingFaceModel`, their features too."""
    if not embed:
        return model.predict(crops), None
    assert isinstance(model, EmbeddingFaceModel)
    return model.embed(crops)


def as_features(
    model: FaceEmotionModel,
    moments: Sequence[tuple[float, int]],
    rows: Sequence[FloatArray | None],
) -> FaceFeatures:
    """Features of frames by their time and number; None where a frame shows no face."""
    assert isinstance(model, EmbeddingFaceModel)
    nothing = np.full(model.feature_width, np.nan, np.float32)
    return FaceFeatures(
        np.array([time_s for time_s, _ in moments], np.float64),
        np.array([frame for _, frame in moments], np.int64),
        np.array([nothing if row is None else row for row in rows], np.float32).reshape(
            len(rows), model.feature_width
        ),
    )
