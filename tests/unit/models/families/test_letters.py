"""The letter model that ships, on speech that it was not trained on: the sample's own voice."""

from __future__ import annotations

import json
import runpy
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import ModelError, SpeechStageError
from emoreport.media import open_audio, probe
from emoreport.models.families.letters import LetterModel
from emoreport.records import Span, TextLine
from emoreport.words.alignment import LetterAligner

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def model():
    return LetterModel()


@pytest.fixture(scope="module")
def scenes(monkeypatch_module):
    monkeypatch_module.syspath_prepend(str(ROOT / "samples"))
    script = runpy.run_path(str(ROOT / "samples" / "talk_script.py"))
    return list(zip(script["starts_s"](), script["SCENES"], strict=False))


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def aligned(model, lines):
    video = ROOT / "samples" / "talk.mp4"
    info = probe(video)
    track = open_audio(video, info, duration_s=info.duration_s)
    try:
        whole = (Span(0.0, track.end_s),)
        return LetterAligner(model).align(track, whole, [TextLine(line) for line in lines])
    finally:
        track.close()


def test_words_of_the_sample_are_found_in_their_scenes(model, scenes):
    said = [(start_s, scene) for start_s, scene in scenes if scene.words]
    found = aligned(model, [scene.words for _, scene in said])
    assert found.share_unplaced < 0.1
    for word in found.words:
        start_s, scene = said[word.line]
        assert start_s - 0.1 <= word.start_s < word.end_s <= start_s + scene.duration_s + 0.1
    middle = {word.text: 0.5 * (word.start_s + word.end_s) for word in found.words}
    assert middle["Здравствуйте"] < middle["Сегодня"] < middle["новости"] < middle["возмутительно"]


def test_another_text_finds_no_place_in_the_sample(model):
    other = "Корреспондент американской газеты увидел стоявшую перед объявлением молодую женщину"
    assert aligned(model, [other]).share_unplaced > 0.8


def test_posteriors_are_those_of_frames(model):
    samples = np.zeros(16_000, np.float32)
    table = model.log_posteriors(samples)
    assert table.shape == (51, 1 + len(model.letters))
    assert np.allclose(np.exp(table).sum(axis=1), 1.0, atol=1e-4)
    assert model.log_posteriors(samples[:1]).shape[0] == 1
    with pytest.raises(SpeechStageError):
        model.log_posteriors(samples[:0])


@pytest.mark.parametrize(
    "change",
    [{"sha256": "0" * 64}, {"letters": "аа"}, {"kind": "voice"}, {"file": "../x"}, {"frame_s": 0}],
)
def test_damaged_metadata_are_refused(tmp_path, change):
    folder = resources.files("emoreport") / "weights"
    for name in ("letters_ru.onnx", "letters_ru.json"):
        shutil.copy(str(folder / name), tmp_path / name)
    path = tmp_path / "letters_ru.json"
    document = json.loads(path.read_text(encoding="utf-8")) | change
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ModelError):
        LetterModel(path)
