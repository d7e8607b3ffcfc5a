"""From a stream of frames to the face readings of one recording.

Three stages overlap: the source decodes in one thread, detection, tracking and cropping run in a
second, the emotion network in the caller's. PyAV, MediaPipe and ONNX Runtime work outside the
interpreter lock, so two processors are kept busy. What waits between the stages is bounded in
items and in bytes; every stage handles frames in order, so the readings depend neither on the
batch size nor on timing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final

from emoreport.faces.batches import as_features, checked_batch, scored
from emoreport.faces.builder import FaceTrackBuilder
from emoreport.faces.channel import CancelledError, Channel
from emoreport.faces.everyone import Everyone
from emoreport.faces.tracker import SpeakerTracker
from emoreport.faces.viewing import SeeFrame, Sighting, Viewer
from emoreport.records import (
    FaceDetector,
    FaceEmotionModel,
    FaceFeatures,
    FaceTrack,
    Frame,
)
from emoreport.settings import FaceSettings

FRAMES_WAITING: Final = 8
FRAME_BYTES_WAITING: Final = 96 * 1024 * 1024
"""Decoded frames between decoder and detector: eight of 1080p, three of 4K."""

KeepFaces = Callable[[FaceFeatures], None]
"""Is given features as they come."""

SIGHTINGS_WAITING: Final = 64
SIGHTING_BYTES_WAITING: Final = 64 * 1024 * 1024


def read_faces(
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
    everyone
        Collects the faces of all people, the speaker's among them; None where nobody wants them.
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
    viewer = Viewer(
        detector,
        tracker,
        model.crop,
        None if witness is None else witness.crop,
        see,
        None if everyone is None else everyone.follower,
        None if everyone is None else everyone.looks,
    )
    threads = [
        threading.Thread(target=pump, args=(source, frames), name="decode", daemon=True),
        threading.Thread(
            target=_watch, args=(frames, viewer, sightings), name="find-faces", daemon=True
        ),
    ]
    for thread in threads:
        thread.start()
    try:
        return _collect(sightings, model, witness, keep, everyone, batch)
    finally:
        frames.cancel()
        sightings.cancel()
        for thread in threads:
            thread.join()


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
    everyone: Everyone | None,
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
        if everyone is not None:
            everyone.add(sighting)
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
