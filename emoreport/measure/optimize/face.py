"""Measure the forms of a face model on faces of real recordings; keep the fastest equal one.

Nothing is exported: the published graph runs in every form.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from emoreport.errors import SettingsError
from emoreport.faces.batches import FACES_AT_ONCE
from emoreport.faces.select import open_detector
from emoreport.faces.tracker import SpeakerTracker
from emoreport.faces.viewing import Viewer
from emoreport.measure.optimize.bench import (
    AUTO,
    Announce,
    Answers,
    Bench,
    check_form,
    circumstances,
    even_indices,
    say,
    timed,
)
from emoreport.media import open_video, probe
from emoreport.messages import spoken
from emoreport.models.families.hsemotion import HSEmotionModel
from emoreport.models.runtimes.forms import (
    BFLOAT16,
    FLOAT32,
    Form,
    FormsRecord,
    MeasuredForm,
    keep,
    making,
)
from emoreport.models.store.registry import PulledModel
from emoreport.records import CropSpec, FaceDetector, FloatArray, RgbImage
from emoreport.settings import Settings

REFERENCE: Final = Form("onnxruntime", FLOAT32)
"""What the others are compared with."""
OTHERS: Final = (Form("openvino", FLOAT32), Form("openvino", BFLOAT16))
FORMS: Final = tuple(form.name for form in (REFERENCE, *OTHERS))
UNIT: Final = "faces/s"

LEAST_FACES: Final = 20
MOST_FACES: Final = 200
"""So many faces are judged by every form."""
HIGHEST_RATE_HZ: Final = 2.0
"""Frames looked at: a face half a second later looks different enough to count again."""
SPARE: Final = 1.5
"""Frames looked at for each face wanted: not every frame shows one."""


def optimize_face_model(
    pulled: PulledModel,
    recordings: Sequence[Path],
    *,
    settings: Settings | None = None,
    form: str = AUTO,
    announce: Announce,
) -> FormsRecord:
    """Measure the forms of an HSEmotion model and keep the one that is to run.

    Parameters
    ----------
    pulled
        The model.
    recordings
        Videos of people like those whom the model is to judge. Speed and agreement are measured
        on their faces.
    settings
        Detector and threads; defaults if None.
    form
        ``auto`` takes the fastest form that answers as ONNX Runtime does in float32, within the
        tolerance of `MeasuredForm.equal`. The name of a form takes that one, whatever its
        agreement: it is stated in the record.
    announce
        Is told each step.

    Returns
    -------
    What was measured, as it was written beside the model.

    Raises
    ------
    SettingsError
        When the recordings show too few faces or `form` is unknown.
    InputNotFoundError, MediaError
        When a recording cannot be read.
    ModelError
        When the model or the detector cannot be loaded, the form asked for does not run here, or
        the folder cannot be written.
    """
    settings = settings or Settings()
    threads = settings.runtime.threads
    check_form(form, FORMS)
    bench = Bench(announce)

    reference = _opened(pulled, REFERENCE, threads)
    announce(say("finding", spoken()))
    faces = face_crops(recordings, reference.crop, settings, announce)
    with making(pulled, lambda: announce(say("waiting", spoken()))) as staging:
        announce(say("measuring", spoken(), form=REFERENCE.name))
        bench.add(REFERENCE, _answers(reference, faces))
        for candidate in OTHERS:
            bench.measure(candidate, partial(_answers_of, pulled, candidate, threads, faces))
        measured_on = circumstances(recordings, threads) | {
            "faces": len(faces),
            "faces_at_once": FACES_AT_ONCE,
        }
        record = bench.record(pulled, form, unit=UNIT, measured_on=measured_on, kept=_kept)
        return keep(pulled, staging, record)


def _kept(form: MeasuredForm, chosen: str) -> bool:
    """All forms stay: they are one file."""
    del form, chosen
    return True


def _opened(pulled: PulledModel, form: Form, threads: int) -> HSEmotionModel:
    return HSEmotionModel(
        pulled, runtime=form.runtime, device="cpu", threads=threads, precision=form.precision
    )


def _answers_of(
    pulled: PulledModel, form: Form, threads: int, faces: Sequence[RgbImage]
) -> Answers:
    return _answers(_opened(pulled, form, threads), faces)


def _answers(model: HSEmotionModel, faces: Sequence[RgbImage]) -> Answers:
    def judge(group: Sequence[RgbImage]) -> FloatArray:
        return model.predict(group).probabilities

    probabilities, speed = timed(judge, faces, FACES_AT_ONCE, len)
    return Answers(probabilities, speed, model.record.runtime)


def face_crops(
    recordings: Sequence[Path], crop: CropSpec, settings: Settings, announce: Announce
) -> list[RgbImage]:
    """Faces of the speaker, cut as the pipeline cuts them, at most `MOST_FACES`.

    Parameters
    ----------
    recordings
        Videos; frames are taken evenly from all of them, at most `HIGHEST_RATE_HZ`.
    crop
        What the model wants to see.
    settings
        Which detector finds the faces and how sure it must be.
    announce
        Is told which detector runs where that is a choice.

    Returns
    -------
    RGB uint8 (size_px, size_px, 3) each.

    Raises
    ------
    SettingsError
        When there are fewer than `LEAST_FACES`.
    InputNotFoundError, MediaError
        When a recording cannot be read.
    """
    total_s = sum(probe(path).duration_s or 0.0 for path in recordings)
    rate_hz = min(HIGHEST_RATE_HZ, SPARE * MOST_FACES / total_s) if total_s else HIGHEST_RATE_HZ
    faces: list[RgbImage] = []
    with closing(open_detector(settings, announce)) as detector:
        for path in recordings:
            faces += _faces(path, rate_hz, detector, crop, settings)
    if len(faces) < LEAST_FACES:
        raise SettingsError("optimize.too_few_faces", count=len(faces), needed=LEAST_FACES)
    return [faces[index] for index in even_indices(len(faces), MOST_FACES)]


def _faces(
    path: Path, rate_hz: float, detector: FaceDetector, crop: CropSpec, settings: Settings
) -> list[RgbImage]:
    faces = settings.faces
    tracker = SpeakerTracker(min_score=faces.min_face_score, strict=faces.strict_single_face)
    viewer = Viewer(detector, tracker, crop)
    with open_video(path, fps=f"{rate_hz:g}", threads=settings.runtime.threads) as source:
        sightings = (viewer.look(frame)[0] for frame in source)
        return [sighting.crop for sighting in sightings if sighting.crop is not None]
