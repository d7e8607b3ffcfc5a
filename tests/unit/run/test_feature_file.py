"""Features on their way into a folder: kept outside of memory, gone when nobody holds them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import tracemalloc

import numpy as np
import pytest

from emoreport.errors import OutputError
from emoreport.records import FaceFeatures, FeatureSource, VoiceFeatures
from emoreport.run.feature_file import FeatureFile, face_source, voice_source
from emoreport.settings import FeatureSettings
from emoreport.tables.feature_files import read_face, read_sources, read_voice
from tests.fixtures.audio import LoudnessModel
from tests.fixtures.faces import BrightnessModel

FACE, VOICE = FeatureSource("face", "a", 4), FeatureSource("voice", "b", 3)


def faces(first: int, count: int, width: int = 4) -> FaceFeatures:
    number = np.arange(first, first + count)
    return FaceFeatures(number / 25, number, np.repeat(number[:, None], width, 1).astype("f4"))


def windows(first: int, count: int) -> VoiceFeatures:
    number = np.arange(first, first + count, dtype=np.float64)
    return VoiceFeatures(number, number + 3, np.repeat(number[:, None], 3, 1).astype("f4"))


def test_faces_and_windows_that_come_by_turns_are_one_file():
    file = FeatureFile(FACE, VOICE)
    with file:
        for first in range(0, 60, 20):
            file.add_face(faces(first, 20))
            file.add_voice(windows(first, 20))
    (face,), (voice,) = read_face(file.path), read_voice(file.path)
    assert face.frame.tolist() == list(range(60))
    assert face.values[59].tolist() == [59] * 4
    assert voice.values[:, 0].tolist() == list(range(60))
    assert read_sources(file.path) == {"face": FACE, "voice": VOICE}


def test_sound_that_is_read_again_takes_the_place_of_the_first_reading():
    with FeatureFile(FACE, VOICE) as file:
        file.add_voice(windows(0, 5))
        file.forget_voice()
        file.add_voice(windows(0, 2))
    (voice,) = read_voice(file.path)
    assert len(voice.start_s) == 2


def test_the_file_goes_with_the_last_that_holds_it():
    with FeatureFile(FACE, None) as file:
        file.add_face(faces(0, 3))
    path = file.path
    assert path.is_file()
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    del file
    gc.collect()
    assert not path.exists()


def test_what_a_killed_process_left_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import os, tempfile; from emoreport.run.feature_file import FeatureFile;"
        "from emoreport.records import FeatureSource;"
        "file = FeatureFile(FeatureSource('face', 'a', 4), None); file.__enter__(); os._exit(9)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], check=False, env=environment)
    assert done.returncode == 9
    (left,) = tmp_path.iterdir()
    with FeatureFile(FACE, None) as file:
        assert list(tmp_path.iterdir()) == [file.path] != [left]


def test_a_run_that_fails_leaves_nothing_behind():
    path = None
    with pytest.raises(RuntimeError), FeatureFile(FACE, VOICE) as file:  # noqa: PT012
        path = file.path
        file.add_face(faces(0, 3))
        raise RuntimeError
    del file
    gc.collect()
    assert not path.exists()


def test_a_temporary_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    file = FeatureFile(FACE, None)
    with pytest.raises(OutputError, match="features cannot be kept"), file:
        pass


def peak_bytes(frames: int) -> int:
    tracemalloc.start()
    try:
        with FeatureFile(FeatureSource("face", "a", 128), None) as file:
            for first in range(0, frames, 500):
                file.add_face(faces(first, 500, 128))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_frames():
    peak_bytes(3_000)  # imports
    assert peak_bytes(12_000) < 1.5 * peak_bytes(3_000)


def test_sources_say_which_model_and_which_layer():
    face = face_source(BrightnessModel(), FeatureSettings())
    assert (face.modality, face.model, face.width, face.layer) == ("face", "brightness", 2, "")
    aligned = face_source(BrightnessModel(), FeatureSettings(face_alignment="points"))
    assert aligned.layer == "points"
    voice = voice_source(LoudnessModel(), FeatureSettings(voice_features="layer:4"))
    assert (voice.modality, voice.version, voice.width, voice.layer) == ("voice", "1", 3, "layer:4")
