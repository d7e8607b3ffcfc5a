from __future__ import annotations

import csv
import io
import json
import tarfile
import wave
from pathlib import Path

import numpy as np
import pytest

from emoreport.cli.app import run
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.face_pictures import read_labelled_faces
from emoreport.corpora.label_names import renamed, standard_names
from emoreport.errors import InputNotFoundError
from emoreport.measure.evaluate import calibration_error, figures
from emoreport.vocabulary import FERPLUS_ORDER
from tests.fixtures.graphs import FACE_LABELS, VOICE_LABELS, face_model_folder, voice_model_folder


def test_calibration_error_by_hand() -> None:
    # Two items at confidence 0.9, one right; two at 0.6, both right.
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]], np.float32)
    truth = np.array([0, 1, 0, 0])
    assert calibration_error(scores, truth) == pytest.approx((2 * 0.4 + 2 * 0.4) / 4, abs=1e-6)
    assert calibration_error(scores[:0], truth[:0]) == 0


def test_a_perfect_model_is_calibrated() -> None:
    scores = np.eye(3, dtype=np.float32)
    found = figures(scores, np.array([0, 1, 2]))
    assert found == {"items": 3, "accuracy": 1, "macro_recall": 1, "calibration_error": 0}


def test_macro_recall_is_over_the_classes_that_occur() -> None:
    scores = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    found = figures(scores, np.array([0, 0, 1, 1]))
    assert found["macro_recall"] == pytest.approx((1 + 0.5) / 2)
    assert found["accuracy"] == 0.75


@pytest.fixture
def faces_file(tmp_path: Path) -> Path:
    votes = np.zeros((10, 10), np.uint8)
    images = np.zeros((10, 48, 48), np.uint8)
    for row, name in enumerate(FERPLUS_ORDER):
        votes[row, row] = 9
        if name in FACE_LABELS:
            images[row] = 16 + 32 * FACE_LABELS.index(name)
    images[FERPLUS_ORDER.index("fear")] = 16  # read as anger
    path = tmp_path / "faces.npz"
    np.savez(path, images=images, votes=votes)
    return path


def test_evaluate_face_prints_figures(
    faces_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = face_model_folder(tmp_path / "model")
    assert run(["evaluate", "face", str(faces_file), "--face", str(model), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["items"] == 8
    assert document["left_out"] == {"unknown": 1, "not-a-face": 1}
    assert document["accuracy"] == pytest.approx(7 / 8)
    assert document["recall"]["fear"] == 0
    assert document["confusion"]["fear"]["anger"] == 1
    assert document["speed"]["milliseconds_per_face"] > 0
    assert run(["evaluate", "face", str(faces_file), "--face", str(model)]) == 0
    assert "macro recall      0.8750" in capsys.readouterr().out


def test_labels_by_name_or_number(tmp_path: Path) -> None:
    images = np.zeros((3, 60, 50, 3), np.uint8)
    by_name, by_number = tmp_path / "name.npz", tmp_path / "number.npz"
    np.savez(by_name, images=images, labels=np.array(["fear", "bored", "anger"]))
    names = np.array(["bored", "anger", "fear"])
    np.savez(by_number, images=images, labels=np.array([2, 0, 1]), names=names)
    for path in (by_name, by_number):
        faces = read_labelled_faces(path)
        assert faces.labels == ["fear", "anger"]
        assert faces.left_out == {"bored": 1}
        assert faces.images[0].shape == (60, 50, 3)


def test_usual_names_are_mapped_and_said(
    faces_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = face_model_folder(tmp_path / "model")
    with np.load(faces_file) as archive:
        images = archive["images"][:8]
    # In the FERPlus order; fear is read as anger.
    names = ["calm", "happy", "Surprised", "печаль", "angry", "disgusted", "страх", "contempt"]
    path = tmp_path / "named.npz"
    np.savez(path, images=images, labels=np.array(names))
    arguments = ["evaluate", "face", str(path), "--face", str(model)]
    assert run([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["items"] == 8
    assert document["left_out"] == {}
    assert document["accuracy"] == pytest.approx(7 / 8)
    assert document["mapped"]["happy"] == {"label": "happiness", "items": 1}
    assert document["mapped"]["calm"] == {"label": "neutral", "items": 1}
    assert set(document["mapped"]) == set(names) - {"contempt"}
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    assert "печаль → sadness (1)" in printed
    assert "calm → neutral (1); the data have no neutral" in printed


def test_calm_beside_neutral_is_left_out_corpus_by_corpus() -> None:
    written = ["calm", "neutral", "calm", "happy"]
    assert standard_names(written) == ["calm", "neutral", "calm", "happiness"]
    assert standard_names(written, ["a", "a", "b", "b"])[2] == "neutral"
    assert renamed(written, standard_names(written)) == {"happy": ("happiness", 1)}


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"images": np.zeros((2, 4, 4), np.uint8)},
        {"images": np.zeros((2, 4, 4), np.float32), "labels": np.array(["fear", "fear"])},
        {"images": np.zeros((2, 4, 4), np.uint8), "votes": np.zeros((2, 8), np.uint8)},
        {"images": np.zeros((2, 4, 4), np.uint8), "labels": np.array([0, 8])},
        {"images": np.zeros((0, 4, 4), np.uint8), "labels": np.array([])},
    ],
)
def test_other_layouts_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(CorpusError):
        read_labelled_faces(path)


def test_files_that_are_no_npz_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"
    path.write_bytes(b"garbage")
    with pytest.raises(CorpusError):
        read_labelled_faces(path)
    with pytest.raises(InputNotFoundError):
        read_labelled_faces(tmp_path / "none.npz")


def wav(power: float, seconds: float = 1.0) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        half = np.full(round(8_000 * seconds), round(np.sqrt(power) * 32767))
        sound.writeframes(np.concatenate([half, -half]).astype("<i2").tobytes())
    return buffer.getvalue()


@pytest.fixture
def voices_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "speech"
    (folder / "loose").mkdir(parents=True)
    rows = [["corpus", "file", "emotion", "speaker"]]
    with tarfile.open(folder / "packed.tar", "w") as archive:
        for index, label in enumerate(VOICE_LABELS):
            content = wav(index / 10)
            name = f"packed/{label}.wav"
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            rows.append(["packed", name, label, "a"])
    (folder / "loose" / "long.wav").write_bytes(wav(0.4, seconds=30))
    rows += [["loose", "loose/long.wav", "neutral", "b"], ["loose", "loose/long.wav", "fear", "b"]]
    rows += [["loose", "loose/none.wav", "fear", "b"], ["loose", "loose/long.wav", "calm", "b"]]
    rows += [["loose", "../labels.csv", "fear", "b"]]
    with (folder / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder


def test_happy_clips_count_as_positive_for_a_model_that_says_so(
    voices_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = ["positive" if label == "happiness" else label for label in VOICE_LABELS]
    model = voice_model_folder(tmp_path / "model", labels=labels)
    assert run(["evaluate", "voice", str(voices_folder), "--speech", str(model), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["items"] == 9
    assert document["confusion"]["positive"]["positive"] == 1
    assert document["mapped"] == {"happiness": {"label": "positive", "items": 1}}


def test_evaluate_voice_reads_files_and_tars(
    voices_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = voice_model_folder(tmp_path / "model")
    assert run(["evaluate", "voice", str(voices_folder), "--speech", str(model), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["items"] == 9
    assert document["left_out"] == {"calm": 1, "file not found": 2}
    assert document["accuracy"] == pytest.approx(8 / 9, abs=1e-4)
    assert document["confusion"]["fear"] == {
        label: int(label in {"fear", "neutral"}) for label in VOICE_LABELS
    }
    assert document["groups"]["packed"]["macro_recall"] == 1
    assert document["speed"]["seconds_heard"] == pytest.approx(67, abs=0.2)


def test_clips_that_cannot_be_read_are_named_and_cost_themselves_only(
    voices_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = voice_model_folder(tmp_path / "model")
    arguments = ["evaluate", "voice", str(voices_folder), "--speech", str(model), "--json"]
    run(arguments)
    before = json.loads(capsys.readouterr().out)
    (voices_folder / "loose" / "text.wav").write_text("no sound at all")
    (voices_folder / "loose" / "empty.wav").write_bytes(b"")
    (voices_folder / "loose" / "cut.wav").write_bytes(wav(0.1)[:40])
    with tarfile.open(voices_folder / "more.tar", "w") as archive:
        member = tarfile.TarInfo("packed/odd.wav")
        member.size = 1000
        archive.addfile(member, io.BytesIO(b"x" * 1000))
    names = ["loose/text.wav", "loose/empty.wav", "loose/cut.wav", "packed/odd.wav"]
    with (voices_folder / "labels.csv").open("a", newline="") as stream:
        csv.writer(stream).writerows([["bad", name, "fear", "b"] for name in names])
        # No file can have these names.
        csv.writer(stream).writerows([["bad", name, "fear", "b"] for name in ("x" * 5000, "a\0b")])
    assert run(arguments) == 1
    printed = capsys.readouterr()
    after = json.loads(printed.out)
    assert after["left_out"] == {"calm": 1, "cannot be decoded": 4, "file not found": 4}
    assert set(after["unreadable"]) == set(names)
    for figure in ("items", "accuracy", "confusion", "recall", "groups"):
        assert after[figure] == before[figure]
    lines = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 4
    assert all(any(name in line for line in lines) for name in names)
    assert run(arguments[:-1]) == 1
    assert "left out          4 cannot be decoded" in capsys.readouterr().out


def test_clips_of_a_damaged_tar_are_named(
    voices_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = voice_model_folder(tmp_path / "model")
    content = (voices_folder / "packed.tar").read_bytes()
    (voices_folder / "packed.tar").write_bytes(content[: len(content) // 2])
    assert run(["evaluate", "voice", str(voices_folder), "--speech", str(model), "--json"]) == 1
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert 2 < document["items"] < 9
    assert "packed.tar is damaged" in printed.err
    assert f"packed/{VOICE_LABELS[-1]}.wav" in document["unreadable"]


def test_where_no_clip_can_be_read_that_is_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = voice_model_folder(tmp_path / "model")
    (tmp_path / "labels.csv").write_text("file,emotion\na.wav,fear\n")
    (tmp_path / "a.wav").write_text("no sound")
    assert run(["evaluate", "voice", str(tmp_path), "--speech", str(model)]) == 2
    assert "1 cannot be decoded" in capsys.readouterr().err


def test_labels_are_read_as_excel_saves_them(
    voices_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = voice_model_folder(tmp_path / "model")
    (voices_folder / "запись.wav").write_bytes(wav(0.4))
    text = "sep=;\r\n\r\nFile;Emotion;;\r\nзапись.wav;neutral;;\r\n;;;\r\n"
    (voices_folder / "labels.csv").write_bytes(text.encode("cp1251"))
    arguments = ["evaluate", "voice", str(voices_folder), "--speech", str(model), "--json"]
    assert run(arguments) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["items"] == 1
    assert "cp1251" in printed.err
    assert run([*arguments, "--encoding", "cp1251"]) == 0
    assert "cp1251" not in capsys.readouterr().err


def test_evaluate_voice_without_a_model_is_refused(
    voices_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", "voice", str(voices_folder), "--speech", "none"]) == 2
    assert "names no model" in capsys.readouterr().err


def test_evaluate_voice_needs_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = voice_model_folder(tmp_path / "model")
    arguments = ["evaluate", "voice", str(tmp_path), "--speech", str(model)]
    assert run(arguments) == 2
    assert "labels.csv" in capsys.readouterr().err
    (tmp_path / "labels.csv").write_text("clip,feeling\n1,2\n")
    assert run(arguments) == 2
    assert "file and emotion" in capsys.readouterr().err
