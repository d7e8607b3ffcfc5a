"""The record of exported forms: which one runs, and when none may."""

import dataclasses
import json
import threading

import onnxruntime
import pytest

from emoreport.errors import ModelError
from emoreport.models.runtimes import forms as optimizing
from emoreport.models.runtimes.forms import (
    FOLDER,
    LEAST_SAME,
    MOST_DIFFERENCE,
    RECORD,
    FormsRecord,
    MeasuredForm,
    keep,
    making,
    optimized_form,
)
from emoreport.models.store.registry import PulledModel, find_entry

VERSION = onnxruntime.__version__
WINDOW = "model-window.onnx"
ORT = MeasuredForm(
    "onnxruntime", "float32", VERSION, "model.onnx", "", 20.0, 0.0001, 1.0, kept=True
)
SMALL = MeasuredForm("onnxruntime", "int8", VERSION, "model-int8.onnx", "", 30.0, 0.05, 0.9)
PLAIN = MeasuredForm("torch", "float32", "2.13.0", "", "", 10.0, 0.0, 1.0, kept=True)
VINO = MeasuredForm(
    "openvino", "float32", "2026.4.1", "model.onnx", WINDOW, 15.0, 0.0001, 1.0, kept=True
)
HALF = dataclasses.replace(VINO, precision="bfloat16", speed=40.0)
FORMS = (PLAIN, ORT, SMALL, VINO, HALF)


@pytest.fixture
def pulled(tmp_path):
    return PulledModel(None, "mine", tmp_path, {"config.json": "c" * 64, "model.bin": "d" * 64})


def record_of(pulled, chosen="onnxruntime-float32", forms=FORMS, **changes):
    facts = {
        "model": pulled.name,
        "source": dict(pulled.files),
        "versions": {"onnxruntime": VERSION},
        "measured_on": {"windows": 20},
        "unit": "× real time",
        "forms": forms,
        "failed": {"openvino-int8": "it is not there"},
        "chosen": chosen,
    }
    return FormsRecord(**(facts | changes))


WRITTEN = ("model.onnx", "model.onnx.data", WINDOW, "model-int8.onnx", "model-int8.onnx.data")


def kept(pulled, record, content=b"graph"):
    """Write a set of forms as the program does."""
    with making(pulled, lambda: None) as staging:
        for name in WRITTEN:
            (staging / name).write_bytes(content + name.encode())
        return keep(pulled, staging, record)


def folders(pulled):
    return sorted(path.name for path in (pulled.folder / FOLDER).iterdir() if path.is_dir())


# ------------------------------------------------------------------------------- choice


@pytest.mark.parametrize(
    ("chosen", "runtime", "expected"),
    [
        ("onnxruntime-float32", "auto", "onnxruntime-float32"),
        ("openvino-bfloat16", "auto", "openvino-bfloat16"),
        ("torch-float32", "auto", "torch-float32"),
        ("openvino-bfloat16", "onnxruntime", "onnxruntime-float32"),
        ("onnxruntime-float32", "openvino", "openvino-bfloat16"),
        ("openvino-float32", "openvino", "openvino-float32"),
        ("onnxruntime-int8", "onnxruntime", "onnxruntime-int8"),
    ],
)
def test_the_chosen_form_runs_or_the_fastest_equal_one_of_a_runtime(
    pulled, chosen, runtime, expected
):
    assert record_of(pulled, chosen).best(runtime).name == expected


def test_a_form_that_is_not_equal_is_not_taken_by_itself(pulled):
    off = dataclasses.replace(HALF, max_difference=0.03)
    assert record_of(pulled, forms=(PLAIN, ORT, VINO, off)).best("openvino") == VINO
    assert record_of(pulled, forms=(PLAIN, ORT, off)).best("openvino") is None
    named = record_of(pulled, "openvino-bfloat16", forms=(PLAIN, ORT, off))
    assert named.best("openvino") == named.best("auto") == off


def test_where_the_chosen_runtime_is_not_installed_the_fastest_that_is_takes_over(
    pulled, monkeypatch
):
    """The model was measured where torch is and is used where it is not."""
    installed = {"onnxruntime": VERSION}
    monkeypatch.setattr(optimizing, "runtime_version", installed.get)
    for chosen in ("torch-float32", "openvino-bfloat16"):
        assert record_of(pulled, chosen=chosen).best("auto") == ORT
    assert record_of(pulled, chosen="torch-float32").best("torch") == PLAIN
    alone = dataclasses.replace(record_of(pulled, chosen="torch-float32"), forms=(PLAIN,))
    assert alone.best("auto") is None


def test_a_form_whose_files_went_is_not_taken(pulled):
    gone = dataclasses.replace(ORT, kept=False)
    assert record_of(pulled, "torch-float32", forms=(PLAIN, gone)).best("onnxruntime") is None


@pytest.mark.parametrize(
    ("difference", "same", "equal"),
    [
        (0.0, 1.0, True),
        (MOST_DIFFERENCE, LEAST_SAME, True),
        (MOST_DIFFERENCE + 1e-6, 1.0, False),
        (0.0, LEAST_SAME - 1e-6, False),
    ],
)
def test_equal_means_near_and_of_the_same_label(difference, same, equal):
    form = dataclasses.replace(ORT, max_difference=difference, same_label=same)
    assert form.equal is equal


# ------------------------------------------------------------------------------- files


def test_a_record_comes_back_as_it_was_written(pulled):
    written = kept(pulled, record_of(pulled))
    path = pulled.folder / FOLDER / RECORD
    document = json.loads(path.read_text(encoding="utf-8"))
    assert FormsRecord.from_document(document) == written
    assert document["tolerance"] == {"max_difference": 0.02, "same_label": 0.99}
    assert document["forms"]["onnxruntime-int8"]["equal"] is False
    assert document["failed"] == {"openvino-int8": "it is not there"}


def test_a_form_has_its_files_and_their_digests(pulled):
    written = kept(pulled, record_of(pulled))
    form = optimized_form(pulled, "auto")
    assert form.name == "onnxruntime-float32"
    assert form.graph.read_bytes() == b"graphmodel.onnx"
    (token,) = folders(pulled)[1:]
    assert form.files == {
        f"optimized/{name}": written.files[f"{token}/{name}"]
        for name in ("model.onnx", "model.onnx.data")
    }


def test_a_form_with_two_graphs_has_both(pulled):
    kept(pulled, record_of(pulled, "openvino-bfloat16"))
    form = optimized_form(pulled, "auto")
    assert (form.graph.name, form.window.name) == ("model.onnx", WINDOW)
    assert form.graph.parent == form.window.parent
    assert set(form.files) == {f"optimized/{name}" for name in WRITTEN[:3]}
    form = optimized_form(pulled, "onnxruntime")
    assert (form.graph.name, form.window) == ("model.onnx", None)
    assert set(form.files) == {f"optimized/{name}" for name in WRITTEN[:2]}


def test_only_files_of_kept_forms_stay(pulled):
    def names(record):
        return {name.partition("/")[2] for name in record.files}

    assert names(kept(pulled, record_of(pulled))) == set(WRITTEN[:3])
    assert names(kept(pulled, record_of(pulled, forms=(PLAIN, ORT, SMALL)))) == set(WRITTEN[:2])
    named = tuple(dataclasses.replace(form, kept=True) for form in FORMS)
    assert names(kept(pulled, record_of(pulled, "onnxruntime-int8", forms=named))) == set(WRITTEN)
    form = optimized_form(pulled, "auto")
    assert form.graph.name == "model-int8.onnx"
    assert set(form.files) == {f"optimized/{name}" for name in WRITTEN[3:]}


def test_a_form_of_torch_has_no_files(pulled):
    kept(pulled, record_of(pulled, "torch-float32", forms=(PLAIN,)))
    form = optimized_form(pulled, "auto")
    assert (form.name, form.graph, form.files) == ("torch-float32", None, {})
    assert optimized_form(pulled, "onnxruntime") is None


def test_a_model_without_forms_has_none(pulled):
    assert optimized_form(pulled, "auto") is None
    assert not (pulled.folder / FOLDER).exists()


def test_new_forms_replace_old_ones(pulled):
    kept(pulled, record_of(pulled), b"old ")
    old = folders(pulled)
    kept(pulled, record_of(pulled), b"new ")
    assert len(folders(pulled)) == len(old) == 2
    assert folders(pulled) != old
    assert optimized_form(pulled, "auto").graph.read_bytes() == b"new model.onnx"


def test_a_run_that_fails_leaves_the_old_forms_and_nothing_else(pulled):
    kept(pulled, record_of(pulled), b"old ")
    before = folders(pulled)

    def fail():
        with making(pulled, lambda: None) as staging:
            (staging / "model.onnx").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert folders(pulled) == before
    assert optimized_form(pulled, "auto").graph.read_bytes() == b"old model.onnx"


def test_what_a_killed_run_left_goes_with_the_next(pulled):
    killed = pulled.folder / FOLDER
    for name in (optimizing.MAKING, "0123abcd"):
        (killed / name).mkdir(parents=True)
        (killed / name / "model.onnx").write_bytes(b"half")
    assert optimized_form(pulled, "auto") is None
    kept(pulled, record_of(pulled))
    assert len(folders(pulled)) == 2
    assert "0123abcd" not in folders(pulled)


def test_one_process_at_a_time_makes_forms(pulled):
    entered, waited, done = threading.Event(), threading.Event(), []

    def second():
        entered.wait()
        with making(pulled, waited.set) as staging:
            done.append(list(staging.iterdir()))

    thread = threading.Thread(target=second)
    with making(pulled, lambda: None) as staging:
        (staging / "model.onnx").write_bytes(b"mine")
        thread.start()
        entered.set()
        assert waited.wait(20)
        assert done == []
    thread.join(20)
    assert done == [[]]


# ------------------------------------------------------------------------------- void forms


def test_forms_of_other_files_are_void(pulled):
    kept(pulled, record_of(pulled))
    other = dataclasses.replace(pulled, files={**pulled.files, "model.bin": "e" * 64})
    with pytest.raises(ModelError, match="made from other files") as caught:
        optimized_form(other, "auto")
    assert "`emoreport models optimize" in caught.value.remedy
    assert "--speech-runtime torch" in caught.value.remedy


def test_forms_for_another_major_version_are_void(pulled):
    old = dataclasses.replace(ORT, version="0.9.9")
    kept(pulled, record_of(pulled, forms=(PLAIN, old)))
    with pytest.raises(ModelError, match=r"made for onnxruntime 0\.9\.9"):
        optimized_form(pulled, "auto")
    newer = dataclasses.replace(ORT, version=f"{VERSION.partition('.')[0]}.999.0")
    kept(pulled, record_of(pulled, forms=(PLAIN, newer)))
    assert optimized_form(pulled, "auto").name == "onnxruntime-float32"


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx.data"])
@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_damaged_files_are_not_run(pulled, name, damage):
    kept(pulled, record_of(pulled))
    path = optimized_form(pulled, "auto").graph.with_name(name)
    content = path.read_bytes()
    path.write_bytes(content[:-1] if damage == "cut" else content[:-1] + b"?")
    if damage == "gone":
        path.unlink()
    with pytest.raises(ModelError, match=name):
        optimized_form(pulled, "auto")


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("source"),
        lambda document: document.update(layout=99),
        lambda document: document.update(chosen="openvino-int8"),
        lambda document: document.update(forms=[]),
        lambda document: document["forms"]["torch-float32"].pop("runtime"),
        lambda document: document["files"].update({"../model.onnx": "0" * 64}),
        lambda document: document["files"].update({"/etc/passwd": "0" * 64}),
        lambda document: document["files"].clear(),
        lambda document: [document["files"].pop(key) for key in [*document["files"]][:1]],
    ],
    ids=["key", "layout", "chosen", "forms", "form", "up", "absolute", "no files", "a file"],
)
def test_records_that_make_no_sense_are_refused(pulled, change):
    kept(pulled, record_of(pulled))
    path = pulled.folder / FOLDER / RECORD
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ModelError, match=RECORD):
        optimized_form(pulled, "auto")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_records_that_are_none_are_refused(pulled, content):
    kept(pulled, record_of(pulled))
    (pulled.folder / FOLDER / RECORD).write_bytes(content)
    with pytest.raises(ModelError, match=RECORD):
        optimized_form(pulled, "auto")


def test_a_folder_that_cannot_be_written_is_an_error(pulled):
    (pulled.folder / FOLDER).write_text("a file", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be written"), making(pulled, lambda: None):
        pass


# ------------------------------------------------------------------------------- words


def test_the_command_names_the_model_or_its_folder(pulled):
    assert optimizing.command(pulled).startswith(f"`emoreport models optimize {pulled.folder} ")
    named = dataclasses.replace(pulled, registered=find_entry("aniemore/hubert-resd"), name="n")
    assert optimizing.command(named).startswith("`emoreport models optimize n --speech ")


def test_versions_are_those_of_what_is_installed():
    found = optimizing.library_versions()
    assert found["onnxruntime"] == VERSION
    assert found["emoreport"]
    assert optimizing.runtime_version("no-such-runtime") is None
