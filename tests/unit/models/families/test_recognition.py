"""Recognisers on planted graphs in their published layouts, run by the real onnx-asr."""

from __future__ import annotations

import socket
from dataclasses import replace

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.models.families import OPENERS, recognition
from emoreport.models.families.recognition import LAYOUTS, open_recognition
from emoreport.models.store.registry import PulledModel, registry
from tests.fixtures.recognition import WHISPER_TEXT, pulled, spoken, write_recogniser

pytest.importorskip("onnx_asr", reason="needs the extra words")

NAMES = [entry.name for entry in registry().values() if entry.kind == "words"]
LETTER_S = 0.24
"""Three of the longest steps: no letter falls between two."""


def opened(name, folder, **running):
    return open_recognition(write_recogniser(name, folder), threads=1, **running)


def sound(name, text):
    return spoken(text, letter_s=LETTER_S, by_level=name == "t-one")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "whisper"])
def test_every_layout_hears_what_the_sound_spells_at_its_time(name, tmp_path):
    model = opened(name, tmp_path)
    long, short = model.hear([sound(name, "..да нет мио.."), sound(name, "......нет..")])
    if name == "gigaam-v3-e2e-rnnt":  # its tones stand for pieces of words and for signs
        assert (long.text, short.text) == ("да, нет.<unk> мио", "нет.<unk>")
    else:
        assert (long.text, short.text) == ("да нет мио", "нет")
        starts = [LETTER_S * number for number in range(2, 12)]
        assert [token.start_s for token in long.tokens] == pytest.approx(starts, abs=model.step_s)
    for token in (*long.tokens, *short.tokens):
        assert token.start_s < token.end_s <= token.start_s + LETTER_S + model.step_s
        assert 0 < token.probability <= 1


def test_whisper_gives_text_without_times(tmp_path):
    model = opened("whisper", tmp_path)
    clips = model.hear([sound("whisper", "да"), sound("whisper", "нет")])
    assert [(clip.text, clip.tokens) for clip in clips] == [(WHISPER_TEXT, None)] * 2
    assert model.language is None


@pytest.mark.parametrize("name", NAMES)
def test_what_runs_is_recorded_and_nothing_is_downloaded(name, tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    model = opened(name, tmp_path, reason="because")
    entry = registry()[name]
    assert model.record.name == name
    assert (model.record.kind, model.record.device, model.record.reason) == (
        "words",
        "cpu",
        "because",
    )
    assert model.record.licence == entry.weights_licence
    assert model.record.runtime.startswith("onnxruntime")
    assert model.language == entry.details.get("language")


@pytest.mark.parametrize("name", NAMES)
def test_silence_and_no_clips_are_no_words(name, tmp_path):
    model = opened(name, tmp_path)
    assert model.hear([]) == []
    if name != "whisper":
        (clip,) = model.hear([np.zeros(400, np.float32)])
        assert (clip.text, clip.tokens) == ("", ())


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named(name, tmp_path):
    model = write_recogniser(name, tmp_path)
    gone = min(model.registered.details["parts"].values())
    (tmp_path / gone).unlink()
    with pytest.raises(ModelError, match=gone):
        open_recognition(model)


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_graph_is_one_error(name, tmp_path):
    model = write_recogniser(name, tmp_path)
    graph = next(
        file for file in model.registered.details["parts"].values() if file.endswith(".onnx")
    )
    (tmp_path / graph).write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_recognition(model)


def test_a_graph_that_refuses_the_sound_is_one_error(tmp_path):
    model = opened("gigaam-v3-ctc", tmp_path)
    with pytest.raises(ModelError, match="the model failed"):
        model.hear([np.zeros((2, 9000), np.float32)])


def test_posteriors_are_log_probabilities_per_frame(tmp_path):
    model = opened("gigaam-v3-ctc", tmp_path)
    long, short = model.posteriors([sound("", "данет"), sound("", "нет")])
    assert len(long) * model.step_s == pytest.approx(5 * LETTER_S, abs=model.step_s)
    assert len(short) * model.step_s == pytest.approx(3 * LETTER_S, abs=model.step_s)
    assert np.exp(long).sum(axis=1) == pytest.approx(np.ones(len(long)), abs=1e-4)
    assert model.tokens[model.blank] == "<blk>"
    other = opened("vosk-0.54", tmp_path / "other")
    assert not other.has_posteriors
    with pytest.raises(ModelError, match=r"vosk-0\.54"):
        other.posteriors([sound("", "да")])


def test_what_it_cannot_run_on_is_said(tmp_path, monkeypatch):
    model = write_recogniser("t-one", tmp_path)
    with pytest.raises(ModelError, match="openvino"):
        open_recognition(model, runtime="openvino")
    monkeypatch.setattr(recognition, "built_for_cuda", lambda: False)
    with pytest.raises(ModelError, match="CUDA"):
        open_recognition(model, device="cuda")
    with pytest.raises(ModelError, match="registry"):
        open_recognition(PulledModel(None, "mine", tmp_path, {}))
    monkeypatch.setattr(recognition, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"emoreport\[words\]"):
        open_recognition(model)


def test_every_registered_layout_is_known_and_its_parts_are_its_files():
    assert set(OPENERS["words"]) == {"recognition"}
    for name in NAMES:
        entry = registry()[name]
        assert entry.details["layout"] in LAYOUTS
        assert sorted(entry.details["parts"].values()) == sorted(file.name for file in entry.files)
        assert replace(pulled(name, None)).registered is entry
