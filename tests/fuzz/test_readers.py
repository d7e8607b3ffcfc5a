"""Damaged files of our own kinds: each is read or refused, never anything else."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emoreport.batch.manifest import MANIFEST_FILE, Manifest
from emoreport.batch.metadata import read_metadata as read_groups
from emoreport.corpora.abaw import read_abaw
from emoreport.corpora.face_pictures import read_labelled_faces
from emoreport.corpora.labels_csv import read_labels_csv
from emoreport.corpora.people import read_people
from emoreport.corpora.ramas import read_ramas
from emoreport.corpora.tasks import EXPR, VA
from emoreport.exchange.readers import Tiers, read_codings
from emoreport.exchange.readers.measured_faces import read_measured_faces
from emoreport.heads.metadata import read_head
from emoreport.measure.clip_predictions import read_clip_predictions
from emoreport.models.families.hsemotion_folder import described_folder
from emoreport.models.runtimes.keras_files import read_keras_weights
from emoreport.models.store import model_metadata as models
from emoreport.models.store.lockfile import LOCK_FILE, FileRecord, LockFile, PullRecord
from emoreport.models.store.registry import PulledModel
from emoreport.records import FeatureSource, Transcript, UnplacedWord, Word
from emoreport.run.bridge import load_bridge
from emoreport.run.read import read_machine_report, read_report
from emoreport.settings import Settings
from emoreport.settings.loading import load_settings
from emoreport.tables import readings
from emoreport.tables.feature_files import (
    FeatureWriter,
    joined_sources,
    read_face,
    read_voice,
    row_counts,
)
from emoreport.tables.parquet_files import MAX_ROWS
from emoreport.tables.word_files import read_words, write_words
from emoreport.vocabulary import EMOTIONS
from emoreport.words.placing import place_words
from emoreport.words.transcript_files import read_transcript
from tests.fixtures.people import everyone_of, store_seen
from tests.fixtures.readings import with_contour
from tests.fixtures.stored import store, wandering_talk
from tests.fuzz.mutations import DEEP, damaged, json_file, survives, targets, wrong_values

DURATION_S = 12.0
TIERS = Tiers(
    face=None, voice=None, modality=None, mapping={}, face_labels=EMOTIONS, voice_labels=EMOTIONS,
    video="a.mp4",
)  # fmt: skip
EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="900"/>
    <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="default" TIER_ID="face">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>anger</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
      <ANNOTATION_VALUE>neutral</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="ref" PARENT_REF="face" TIER_ID="voice">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">
      <ANNOTATION_VALUE>sadness</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "face"
        xmin = 0
        xmax = 2
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 0.9
            text = "anger"
        intervals [2]:
            xmin = 0.9
            xmax = 2
            text = "neutral"
"""
CHRONOLOGICAL = """"Praat chronological TextGrid text file"
0 2 ! Time domain.
2 ! Number of tiers.
"IntervalTier" "face" 0 2
"TextTier" "clicks" 0 2
1 0 0.9 "anger"
2 0.5 "click"
1 0.9 2 "neutral"
"""
BORIS = {
    "behaviors_conf": {
        "0": {"code": "anger", "category": "", "type": "State event"},
        "1": {"code": "fear", "category": "", "type": "State event"},
    },
    "observations": {
        "talk": {
            "type": "MEDIA", "time offset": 0.0, "file": {"1": ["b.mp4", "a.mp4"], "2": ["c.mp4"]},
            "media_info": {"length": {"b.mp4": 20.0}, "offset": {"1": 0.0, "2": 2.5}},
            "events": [[20.0, "", "anger", "", ""], [20.9, "", "anger", "", ""]],
        },
        "other": {"file": {"1": ["d.mp4"]}, "events": [[1.0, "", "fear"], [2.0, "", "fear"]]},
    },
}  # fmt: skip
CODING = "coder,modality,start,end,emotion\nA,face,0,0.9,anger\nA,voice,0.9,2,neutral\n"
RUSSIAN = "sep=;\r\n\r\nStart;End;Emotion;;\r\n0;0,9;гнев;;\r\n0,9;2;радость;;\r\n;;;;\r\n"
RUSSIAN_GRID = TEXTGRID.replace("anger", "гнев").replace("neutral", "радость")
EXCEL = "Video;группа;;\r\na.mp4;первая;;\r\n;;;\r\n"
TOML = """[analysis]
smoothing = 0.5
min-interval = 0.4
[output]
formats = ["csv", "parquet"]
lang = "ru"
"""
BRIDGE = '[bridge]\nenthusiasm = "happiness"\npositive = "happiness"\n'
VIDEOS = ("a.mp4", "b/c.mp4")
GROUPS = "video,speaker,group\na.mp4,1,x\nb/c.mp4,2,y\n"


@dataclass(frozen=True)
class Target:
    """A whole file, and what reads it."""

    name: str
    content: bytes
    read: Callable[[Path], object]


def whole_files(folder: Path) -> dict[str, bytes]:
    """A folder of results of twelve seconds, by file name."""
    faces, speech = wandering_talk(DURATION_S)
    store(folder, faces, with_contour(speech), DURATION_S)
    store_seen(folder, *everyone_of(faces))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _npz() -> bytes:
    content = io.BytesIO()
    images = np.zeros((2, 8, 8), dtype=np.uint8)
    np.savez_compressed(content, images=images, labels=np.array(["anger", "neutral"]))
    return content.getvalue()


def _keras() -> bytes:
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for layer in ("e", "hidden_FC", "dense"):
            file[f"{layer}/{layer}/kernel:0"] = np.ones((6, 2), np.float32)
        file.create_group("alpha")
    return content.getvalue()


def _manifest() -> bytes:
    signature = [3, 1, 1, 7]
    lines: list[Mapping[str, Any]] = [
        {"kind": "head", "layout": 1},
        {"kind": "file", "name": "a.mp4", "signature": signature, "sha256": "ab"},
        {"kind": "folder", "sha256": "ab", "folder": "a"},
        {
            "kind": "video", "sha256": "ab", "fingerprint": "f", "name": "a.mp4", "folder": "a",
            "state": "finished", "summary": {"frames": 3}, "files": ["run.json"], "warnings": [],
            "wall_s": 1.0, "stage": "", "cause": "", "remedy": "",
        },
    ]  # fmt: skip
    return b"".join(json_file(line) + b"\n" for line in lines)


def _open_manifest(path: Path) -> dict[str, str]:
    manifest = Manifest(path.parent)
    try:
        return dict(manifest.folders)
    finally:
        manifest.close()


LOCK = {
    "layout": 1,
    "models": {
        "made/net": PullRecord(
            "c" * 40, "https://a.example", "2024-01-01", {"net.onnx": FileRecord(3, "a" * 64)}
        ).document()
    },
}
MODEL = {
    "name": "mine", "kind": "face", "version": "1", "licence": "own", "file": "net.onnx",
    "sha256": "0" * 64, "labels": ["anger", "neutral"],
    "input": {"name": "face", "width_px": 48, "height_px": 48}, "output": {"name": "logits"},
    "temperature": 1.5, "crop": {"scale": 1.3, "shift_x": 0, "shift_y": -0.1, "align_roll": True},
}  # fmt: skip


HEAD = {
    "family": "head", "layout": 1, "name": "mine", "version": "1", "task": "au",
    "labels": ["AU1", "AU2"], "unit": "step", "architecture": "mlp", "fusion": "none",
    "features": {
        "face": {
            "modality": "face", "model": "compact", "width": 2, "version": "1",
            "files": {"face.onnx": "0" * 64}, "layer": "", "columns": ["a", "b"],
        }
    },
    "rate_hz": 10.0, "window_steps": 8, "hop_steps": 4, "counted": "faces", "needs_all": False,
    "smoothing": {"kind": "mean", "half_width_s": 0.5}, "thresholds": [0.5, 0.4],
    "late_weight": None, "metrics": {"f1": 0.5}, "data": {}, "recipe": {}, "licence": "own",
    "files": {"head.onnx": "0" * 64},
}  # fmt: skip
NETWORK = {
    "family": "hsemotion", "name": "mine", "version": "1", "licence": "own", "file": "net.onnx",
    "sha256": "0" * 64, "labels": ["anger", "neutral"], "input": {"width_px": 48},
    "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "valence_arousal": True,
}  # fmt: skip
FOLDERS = {
    "head": (HEAD, read_head),
    "network": (NETWORK, lambda folder: described_folder(PulledModel(None, "own", folder, {}))),
}
"""Descriptions of folders, and what reads the folder."""


def _description(path: Path) -> object:
    return models.read_metadata(path, "face", remedy="none")


def _settings(path: Path) -> Settings:
    return load_settings({}, config=path, environment={})


def _label_file(path: Path) -> object:
    return read_abaw(path.parent, VA)


CLIPS = b"file,emotion,speaker,corpus\na.wav,anger,1,x\nb.wav,neutral,2,x\n"
FOUND = b"file,time,p_anger,p_neutral\na.wav,0.5,0.75,0.25\na.wav,1.5,,\n"
VOTES = b"Time,Angry,Sad,Disgusted,Happy,Scared,Surprised,Neutral,ID\n0,1,0,0,0,0,0,0,1\n"
PICTURES = b"image,valence,arousal,expression\na/00001.jpg,1\nvideo5_left/00012.jpg,3\n"

OPENFACE = (
    b"frame, timestamp, confidence, success, AU01_r\n1, 0.000, 0.98, 1, 0.5\n2, 0.04, 0.9, 0, 1\n"
)
PYFEAT = (
    b",frame,FaceScore,AU01,approx_time,input\n0,0,0.98,0.5,00:00,a.mp4\n1,1,0.98,,00:00,a.mp4\n"
)


def _features() -> bytes:
    content = io.BytesIO()
    face, voice = FeatureSource("face", "a", 3), FeatureSource("voice", "b", 2)
    with FeatureWriter(content, face, voice) as writer:
        writer.add_face(np.arange(4.0), np.arange(4), np.ones((4, 3), np.float32))
        writer.add_voice(np.arange(2.0), np.arange(2.0) + 3, np.ones((2, 2), np.float32))
    return content.getvalue()


def _read_features(path: Path) -> object:
    return [*read_face(path), *read_voice(path), *joined_sources(path), row_counts(path)]


CUES = "1\n00:00:01,000 --> 00:00:02,000\n<i>Да</i>, (смех) нет\n\n2\n00:03.5 --> 0:0:4\nтри\n"
STAMPS = "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:03.000\n<v A>да <00:00:02.000><c>нет</c> &lt;\n"
HEARD = {
    "language": "ru",
    "segments": [
        {
            "start": 0.5, "end": 2.0, "text": " Да, нет",
            "words": [
                {"word": " Да,", "start": 0.5, "end": 1.0, "probability": 0.5}, {"word": " нет"}
            ],
        }
    ],
}  # fmt: skip
SAID = "start;end;слово;confidence\n0,5;1,0;да;0,9\n0:01;0:02;нет;\n"


def _words(path: Path) -> object:
    return place_words(read_transcript(path), DURATION_S)


def _stored_words() -> bytes:
    content = io.BytesIO()
    words = (Word("да", 0.5, 1.0, 0.5, "given", ",", 0), Word("нет", 1.0, 1.5))
    write_words(content, Transcript(words, (UnplacedWord("потом", 2),), "srt", "ru", "0" * 64))
    return content.getvalue()


TARGETS = (
    Target("a.eaf", EAF.encode(), lambda path: read_codings(path, TIERS)),
    Target("a.TextGrid", TEXTGRID.encode(), lambda path: read_codings(path, TIERS)),
    Target("b.TextGrid", CHRONOLOGICAL.encode(), lambda path: read_codings(path, TIERS)),
    Target("a.boris", json_file(BORIS), lambda path: read_codings(path, TIERS)),
    Target("a.csv", CODING.encode(), lambda path: read_codings(path, TIERS)),
    Target("ru.csv", RUSSIAN.encode("cp1251"), lambda path: read_codings(path, TIERS)),
    Target("ru.TextGrid", RUSSIAN_GRID.encode("cp1251"), lambda path: read_codings(path, TIERS)),
    Target("emoreport.toml", TOML.encode(), _settings),
    Target("bridge.toml", BRIDGE.encode(), lambda path: load_bridge(str(path))),
    Target("excel.csv", EXCEL.encode("cp1251"), lambda path: read_groups(path, VIDEOS, [])),
    Target("metadata.csv", GROUPS.encode(), lambda path: read_groups(path, VIDEOS, [])),
    Target(MANIFEST_FILE, _manifest(), _open_manifest),
    Target(LOCK_FILE, json_file(LOCK), lambda path: LockFile(path.parent).read()),
    Target("model.json", json_file(MODEL), _description),
    Target("faces.npz", _npz(), read_labelled_faces),
    Target("clips.csv", CLIPS, read_labels_csv),
    Target("found.csv", FOUND, lambda path: read_clip_predictions(path, ["a.wav"])),
    Target("people.csv", b"file,person\na,Ann\n", read_people),
    Target("10dec_O11_1_ann.csv", VOTES, lambda path: read_ramas(path.parent)),
    Target("video5_left.txt", b"valence,arousal\n0.1,-0.2\n-5,-5\n", _label_file),
    Target("features.parquet", _features(), _read_features),
    Target("openface.csv", OPENFACE, read_measured_faces),
    Target("pyfeat.csv", PYFEAT, read_measured_faces),
    Target("said.srt", CUES.encode(), _words),
    Target("ru.srt", CUES.encode("cp1251"), _words),
    Target("utf16.srt", CUES.encode("utf-16"), _words),
    Target("said.vtt", STAMPS.encode(), _words),
    Target("said.json", json_file(HEARD), _words),
    Target("said.csv", SAID.encode(), _words),
    Target("words.parquet", _stored_words(), read_words),
    Target("pictures.csv", PICTURES, lambda path: read_abaw(path, EXPR)),
)
if find_spec("h5py") is not None:
    TARGETS += (Target("weights.h5", _keras(), read_keras_weights),)
BY_NAME = {target.name: target for target in TARGETS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.mark.parametrize("name", BY_NAME)
def test_the_whole_file_is_read(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(BY_NAME[name].content)
    (folder / "net.onnx").write_bytes(b"")
    if name == "model.json":
        with pytest.raises(models.ModelError, match="SHA-256"):  # of a graph that is not there
            BY_NAME[name].read(path)
    else:
        assert BY_NAME[name].read(path)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_damaged_file_is_read_or_refused(folder: Path, name: str) -> None:
    target = BY_NAME[name]
    path = folder / name

    @targets
    @given(damaged(target.content))
    @example(b"")
    @example(b"[" * DEEP)
    @example(b'{"a":' * DEEP)
    @example(b"a = " + b"[" * DEEP)
    @example(b"<a>" * DEEP)
    @example(b'"' * DEEP)
    @example(b"\xff\xfe")
    @example(target.content[:-1] + b"\xff")
    def check(content: bytes) -> None:
        path.write_bytes(content)
        survives(lambda: target.read(path), path)

    check()


@pytest.mark.parametrize("name", [LOCK_FILE, "model.json", MANIFEST_FILE, "a.boris"])
def test_wrong_values_in_json_are_refused_or_taken(folder: Path, name: str) -> None:
    target = BY_NAME[name]
    path = folder / name
    lines = [json.loads(line) for line in target.content.splitlines()]

    @targets
    @given(wrong_values(lines))
    def check(documents: list[Any]) -> None:
        path.write_bytes(b"".join(json_file(document) + b"\n" for document in documents))
        survives(lambda: target.read(path), path)

    check()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_describes_itself_wrongly_is_refused(tmp_path: Path, name: str) -> None:
    document, read = FOLDERS[name]
    path = tmp_path / "model.json"
    for graph in ("net.onnx", "head.onnx"):
        (tmp_path / graph).write_bytes(b"")
    path.write_bytes(json_file(document))
    with pytest.raises(models.ModelError, match="SHA-256"):  # of a graph that is not there
        read(tmp_path)

    @targets
    @given(st.one_of(wrong_values(document).map(json_file), damaged(json_file(document))))
    @example(b"[" * DEEP)
    def check(content: bytes) -> None:
        path.write_bytes(content)
        survives(lambda: read(tmp_path), tmp_path)

    check()


@pytest.mark.parametrize(
    "name",
    [
        "frames.parquet",
        "speech.parquet",
        "sound.parquet",
        "faces.parquet",
        "tracks.parquet",
        "run.json",
    ],
)
def test_damaged_results_are_read_or_refused(tmp_path: Path, name: str) -> None:
    results = tmp_path / "talk"
    whole = whole_files(results)

    @targets
    @given(damaged(whole[name]))
    @example(b"[" * DEEP)
    @example(b"")
    def check(content: bytes) -> None:
        (results / name).write_bytes(content)
        survives(lambda: read_machine_report(results), results)

    check()


def test_wrong_values_in_a_run_are_refused_or_written_anew(tmp_path: Path) -> None:
    results = tmp_path / "talk"
    document = json.loads(whole_files(results)["run.json"])
    document["settings"]["formats"] = ["csv", "xlsx", "json", "html"]
    written = 0

    @targets
    @given(wrong_values(document))
    def check(changed: Any) -> None:
        nonlocal written
        (results / "run.json").write_bytes(json_file(changed))
        outcome = survives(lambda: read_report(results).write(tmp_path / "again"), results)
        written += isinstance(outcome, Path)

    check()
    assert written > 0


@targets
@given(st.data())
def test_wrong_settings_are_refused_or_taken(data: st.DataObject) -> None:
    values = Settings().values()
    plain = {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()}
    changed = data.draw(wrong_values(plain))
    survives(lambda: Settings.from_values(changed))


def test_a_parquet_file_that_unpacks_to_billions_of_rows_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    results = tmp_path / "talk"
    whole_files(results)
    path = results / readings.FRAMES_FILE
    schema = pq.read_schema(path)
    rows = 1_000_000
    chunk = pa.table(
        {
            field.name: pa.nulls(rows, field.type)
            if not pa.types.is_floating(field.type)
            else pa.array(np.zeros(rows), type=field.type)
            for field in schema
        },
        schema=schema,
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for _ in range(MAX_ROWS // rows + 1):
            writer.write_table(chunk)
    assert path.stat().st_size < 10_000_000
    refused = survives(lambda: readings.read_frames(path), path)
    assert "rows" in str(refused)


def test_an_npz_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    path.write_bytes(_npz())
    with zipfile.ZipFile(path, "a") as archive:
        # The directory is written anew on closing, with this claim in it.
        archive.getinfo("images.npy").file_size = 1 << 40
        archive.writestr("more.npy", b"")
    refused = survives(lambda: read_labelled_faces(path), path)
    assert "more than the 4.0 GB" in str(refused)
