"""A trained head in the record of a run: what it leads, what identifies it, what is compared."""

import dataclasses

import pytest

from emoreport.precision import precision_sentence
from emoreport.records import (
    FeatureSource,
    HeadRecord,
    InputRecord,
    MediaRecord,
    ModelRecord,
    RunRecord,
)
from emoreport.run.fingerprint import fingerprint_of, is_retabled, readings_fingerprint_of
from emoreport.run.run_json import document, from_document

FACE = FeatureSource("face", "compact", 128, version="2.0.0", files={"face.onnx": "1" * 64})
VOICE = FeatureSource("voice", "compact", 96, version="2.0.0")
HEAD = HeadRecord(
    name="mine",
    kind="head",
    version="1",
    labels=("neutral", "other"),
    files={"model.json": "2" * 64, "head.onnx": "3" * 64},
    runtime="onnxruntime 1",
    device="cpu",
    task="expr",
    features=(FACE,),
)


def run_with(head=HEAD, **models):
    basic = ModelRecord("compact", "face", "2", ("anger", "neutral"), {"f": "1"}, "onnxruntime 1")
    voice = dataclasses.replace(basic, kind="voice")
    heads = {} if head is None else {"head": head}
    return RunRecord(
        versions={"emoreport": "1"},
        input=InputRecord("talk.mp4", "0" * 64),
        media=MediaRecord(1.0, 25.0),
        models={"face": basic, "speech": voice, **models, **heads},
        settings={"head": "somewhere"},
    )


def test_a_head_comes_back_from_run_json_with_the_sources_of_its_features():
    run = run_with(dataclasses.replace(HEAD, features=(FACE, VOICE), task="au"))
    content = document(run)
    assert content["models"]["head"]["features"][0]["files"] == {"face.onnx": "1" * 64}
    assert from_document(content).head == run.head


@pytest.mark.parametrize(("name", "value"), [("task", "mood"), ("features", [{"model": 1}])])
def test_a_damaged_head_is_refused(name, value):
    content = document(run_with())
    content["models"]["head"][name] = value
    with pytest.raises((ValueError, KeyError)):
        from_document(content)


def test_a_head_on_the_face_alone_leads_it_and_the_model_below_is_its_witness():
    run = run_with()
    (face, beside), (voice, nobody) = run.emotion_models
    assert (face.name, face.kind, face.labels) == ("compact + head mine", "face", HEAD.labels)
    assert (beside, voice.name, nobody) == (run.models["face"], "compact", None)
    assert run.face_model == face
    assert set(run.judges) == {"face", "speech", "face_witness"}
    assert run.is_under_head("face")
    assert not run.is_under_head("voice")


def test_a_witness_that_was_named_stays_the_witness():
    other = ModelRecord("other")
    run = run_with(face_witness=other)
    assert run.emotion_models[0][1] == other
    assert not run.is_under_head("face")


@pytest.mark.parametrize(
    ("task", "features", "leads", "affect", "table"),
    [
        ("expr", (FACE,), "face", False, False),
        ("expr", (VOICE,), "voice", False, False),
        ("expr", (FACE, VOICE), None, False, True),
        ("va", (FACE,), None, True, False),
        ("va", (FACE, VOICE), None, True, False),
        ("va", (VOICE,), None, False, True),
        ("au", (FACE,), None, False, True),
        ("clips", (FACE,), None, False, True),
        ("engagement", (FACE,), None, False, True),
    ],
)
def test_what_a_head_was_trained_for_says_where_its_answers_go(
    task, features, leads, affect, table
):
    head = dataclasses.replace(HEAD, task=task, features=features)
    assert (head.leads, head.gives_affect, head.has_table) == (leads, affect, table)
    run = run_with(head)
    assert ("head" in run.judges) == (leads is None)
    assert (run.face_model.name == "compact") == (leads != "face")


def test_how_often_a_head_is_right_is_never_taken_from_the_model_below():
    run = run_with()
    assert run.face_model.precision is None
    assert precision_sentence(run.face_model, "en") == precision_sentence(
        ModelRecord("unknown", labels=HEAD.labels), "en"
    )


def test_a_head_is_what_its_files_are_and_not_where_they_lie():
    run = run_with()
    moved = dataclasses.replace(run, settings={"head": "elsewhere"})
    assert fingerprint_of(moved) == fingerprint_of(run)
    trained_again = dataclasses.replace(HEAD, files={**HEAD.files, "head.onnx": "4" * 64})
    for other in (run_with(trained_again), run_with(None)):
        assert fingerprint_of(other) != fingerprint_of(run)
        assert readings_fingerprint_of(other) != readings_fingerprint_of(run)
    assert not is_retabled("head")
