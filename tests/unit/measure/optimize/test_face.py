"""From a video and a face model to the form that runs from then on."""

import importlib.util
import json

import numpy as np
import pytest

from emoreport.errors import InputNotFoundError, ModelError, SettingsError
from emoreport.measure.optimize import face as room
from emoreport.measure.optimize.face import FORMS, LEAST_FACES, face_crops, optimize_face_model
from emoreport.media import open_video, probe
from emoreport.models.families import hsemotion as adapter
from emoreport.models.families.hsemotion import HSEmotionModel, open_hsemotion
from emoreport.models.runtimes.forms import FOLDER, RECORD, FormsRecord
from emoreport.models.runtimes.openvino_runtime import OpenvinoSession
from emoreport.records import CropSpec
from emoreport.settings import Settings
from tests.fixtures.hsemotion import efficientnet, pulled
from tests.fixtures.media import run_ffmpeg

NAME = "hsemotion/enet_b0_8_best_vgaf"
CROP = CropSpec(size_px=224, tight_box=True)
HAS_OPENVINO = importlib.util.find_spec("openvino") is not None


def say_nothing(line):
    """Take a line."""


# ------------------------------------------------------------------------------- faces


def test_faces_are_taken_twice_a_second_and_cut_as_the_pipeline_cuts_them(talk):
    found = face_crops([talk], CROP, Settings(), say_nothing)
    # The sample lasts 40 s and shows its face most of the time.
    assert 60 <= len(found) <= 80
    assert {face.shape for face in found} == {(224, 224, 3)}
    assert all(face.dtype == np.uint8 for face in found)
    assert len({face.tobytes() for face in found}) > len(found) / 2


def test_several_recordings_are_one_measurement(talk, clip):
    alone = face_crops([talk], CROP, Settings(), say_nothing)
    together = face_crops([clip, talk], CROP, Settings(), say_nothing)
    # The clip lasts four seconds.
    assert len(together) == len(alone) + 8
    np.testing.assert_array_equal(together[8:], alone)


def test_a_long_recording_is_looked_at_less_often(talk, monkeypatch):
    looked = []
    monkeypatch.setattr(
        room, "open_video", lambda path, fps, **_: looked.append(fps) or open_video(path, fps=fps)
    )
    monkeypatch.setattr(room, "MOST_FACES", 30)
    found = face_crops([talk], CROP, Settings(), say_nothing)
    assert len(found) == 30
    (rate,) = looked
    assert float(rate) == pytest.approx(1.5 * 30 / probe(talk).duration_s, rel=1e-4)


def test_too_few_faces_are_refused(clip):
    with pytest.raises(SettingsError, match=f"{LEAST_FACES} are needed"):
        face_crops([clip], CROP, Settings(), say_nothing)


def test_a_video_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputNotFoundError):
        face_crops([tmp_path / "nowhere.mp4"], CROP, Settings(), say_nothing)


def test_an_unknown_form_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(SettingsError, match="torch-float32"):
        optimize_face_model(
            pulled(tmp_path, NAME), [tmp_path / "no.mp4"], form="torch-float32", announce=print
        )


# ------------------------------------------------------------------------------- all of it


@pytest.fixture(scope="module")
def made(tmp_path_factory, talk):
    """A network of the true shape, its forms measured once."""
    model = pulled(tmp_path_factory.mktemp("model"), NAME, efficientnet("b0", 8))
    lines = []
    return model, optimize_face_model(model, [talk], announce=lines.append), lines


@pytest.mark.slow
def test_every_form_is_measured_or_says_why_not(made):
    model, record, lines = made
    assert {form.name for form in record.forms} | set(record.failed) == set(FORMS)
    assert record.forms[0].name == "onnxruntime-float32"
    assert (record.unit, record.measured_on["faces"] >= LEAST_FACES) == ("faces/s", True)
    assert record.source == model.files
    assert record.files == {}
    assert lines[0] == "finding faces"
    assert {f"measuring {form.name}" for form in record.forms} <= set(lines)
    document = json.loads((model.folder / FOLDER / RECORD).read_text(encoding="utf-8"))
    assert FormsRecord.from_document(document) == record


@pytest.mark.slow
@pytest.mark.skipif(not HAS_OPENVINO, reason="the extra openvino is not installed")
def test_the_figures_are_those_of_the_faces(made, talk):
    model, record, _ = made
    faces = face_crops([talk], CROP, Settings(), say_nothing)
    expected = HSEmotionModel(model, device="cpu").predict(faces).probabilities
    for form in record.forms:
        opened = HSEmotionModel(model, runtime=form.runtime, precision=form.precision)
        found = opened.predict(faces).probabilities
        assert np.abs(found - expected).max() == pytest.approx(form.max_difference, abs=1e-6)
        assert (found.argmax(1) == expected.argmax(1)).mean() == form.same_label
        assert form.speed > 0
    plain = next(form for form in record.forms if form.name == "openvino-float32")
    assert plain.equal
    assert plain.max_difference < 1e-4


@pytest.mark.slow
def test_the_chosen_form_is_used_from_then_on(made):
    model, record, _ = made
    (chosen,) = [form for form in record.forms if form.name == record.chosen]
    assert chosen.equal
    found = open_hsemotion(model).record.runtime
    assert found.split()[0] == chosen.runtime
    assert found.endswith(" bfloat16") == (chosen.precision == "bfloat16")


def bfloat16_runs_here(model):
    try:
        OpenvinoSession(model.folder / next(iter(model.files)), precision="bfloat16")
    except ModelError:
        return False
    return True


@pytest.fixture
def forced(tmp_path, talk, monkeypatch):
    """A tiny network of which bfloat16 was chosen by name."""
    model = pulled(tmp_path, NAME)
    if not HAS_OPENVINO or not bfloat16_runs_here(model):
        pytest.skip("nothing calculates in bfloat16 here")
    record = optimize_face_model(model, [talk], form="openvino-bfloat16", announce=say_nothing)
    assert record.chosen == "openvino-bfloat16"
    return model


@pytest.mark.slow
def test_a_form_asked_for_by_name_runs_and_the_reference_still_can(forced):
    def runtime(choice, device="auto"):
        return open_hsemotion(forced, runtime=choice, device=device).record.runtime

    assert runtime("auto").endswith(" bfloat16")
    assert runtime("auto", "cpu").endswith(" bfloat16")
    assert runtime("openvino").endswith(" bfloat16")
    assert runtime("onnxruntime").startswith("onnxruntime ")


@pytest.mark.slow
def test_a_graphics_card_goes_before_a_form_for_the_processor(forced, monkeypatch):
    opened = []

    class Card(HSEmotionModel):
        def __init__(self, *arguments, **choice):
            opened.append(choice.get("runtime", "auto"))
            super().__init__(*arguments, **choice)
            self.record = self.record.__class__(
                **{name: getattr(self.record, name) for name in self.record.__slots__}
                | {"device": "cuda"}
            )

    monkeypatch.setattr(adapter, "built_for_cuda", lambda: True)
    # The build has CUDA, and it does not start: the form runs.
    assert open_hsemotion(forced).record.runtime.endswith(" bfloat16")
    monkeypatch.setattr(adapter, "HSEmotionModel", Card)
    assert open_hsemotion(forced).record.runtime.startswith("onnxruntime ")
    assert opened == ["auto"]


@pytest.mark.slow
def test_another_file_makes_the_forms_void(forced):
    other = type(forced)(
        forced.registered, forced.name, forced.folder, dict.fromkeys(forced.files, "0" * 64), "else"
    )
    with pytest.raises(ModelError, match="made from other files") as error:
        open_hsemotion(other)
    assert f"models optimize {NAME} --face VIDEO" in error.value.remedy
    assert "--runtime onnxruntime" in error.value.remedy
    assert open_hsemotion(other, runtime="onnxruntime").record.runtime.startswith("onnxruntime ")


def test_without_forms_each_runtime_calculates_in_float32(tmp_path):
    model = pulled(tmp_path, NAME)
    assert open_hsemotion(model).record.runtime.startswith("onnxruntime ")
    if HAS_OPENVINO:
        found = open_hsemotion(model, runtime="openvino").record.runtime
        assert found.startswith("openvino ")
        assert not found.endswith("bfloat16")


@pytest.fixture(scope="module")
def dark(tmp_path_factory):
    path = tmp_path_factory.mktemp("dark") / "dark.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "color=black:s=64x64:r=5:d=20", path)
    return path


def test_a_video_without_a_face_leaves_no_record(tmp_path, dark):
    model = pulled(tmp_path, NAME)
    with pytest.raises(SettingsError, match="a face in 0 of the frames"):
        optimize_face_model(model, [dark], announce=say_nothing)
    assert not (model.folder / FOLDER).exists()
