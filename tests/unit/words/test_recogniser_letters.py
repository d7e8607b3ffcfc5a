"""A recogniser whose tokens are letters aligns a text with its own posteriors."""

from __future__ import annotations

import numpy as np
import pytest

from emoreport.errors import ModelError, SettingsError
from emoreport.records import Span, TextLine
from emoreport.settings import Settings, WordSettings
from emoreport.words.alignment import LetterAligner
from emoreport.words.recogniser_letters import RecogniserLetters
from emoreport.words.select import open_aligner
from emoreport.words.sounding import RUSSIAN_LETTERS
from tests.fixtures.audio import MemoryTrack

pytest.importorskip("onnx_asr", reason="needs the extra words")
from emoreport.models.families.recognition import open_recognition
from tests.fixtures.recognition import spoken, store_recogniser, write_recogniser

LETTER_S = 0.12
CAN = ("gigaam-v3-ctc", "t-one")
CANNOT = ("gigaam-v3-e2e-rnnt", "vosk-0.54", "parakeet-tdt-v3", "whisper")


def opened(name, folder):
    return open_recognition(write_recogniser(name, folder), threads=1)


def settings_with(aligner):
    return Settings(words=WordSettings(transcript="talk.txt", aligner=aligner))


@pytest.mark.parametrize("name", CAN)
def test_words_are_placed_by_the_posteriors_of_a_recogniser(name, tmp_path):
    model = RecogniserLetters(opened(name, tmp_path))
    # «нёс» is written with a letter that counts as е; the soft sign is not heard.
    sound = spoken("...дано нет..... мите те...", letter_s=LETTER_S, by_level=name == "t-one")
    track = MemoryTrack(sound, start_s=2.0)
    lines = [TextLine("Дано «нёт» — Миьте те!")]
    found = LetterAligner(model).align(track, [Span(2.0, track.end_s)], lines)
    assert [word.text for word in found.words] == ["Дано", "нёт", "Миьте", "те"]
    starts = [2.0 + LETTER_S * letter for letter in (3, 8, 17, 22)]
    assert [word.start_s for word in found.words] == pytest.approx(starts, abs=0.05)
    assert found.source == name
    foreign = LetterAligner(model).align(track, [Span(2.0, track.end_s)], [TextLine("шуба жгла")])
    assert foreign.words == ()


def test_classes_are_the_letters_that_are_heard(tmp_path):
    model = RecogniserLetters(opened("t-one", tmp_path))
    table = np.exp(model.log_posteriors(spoken("е т", by_level=True)))
    assert table.shape[1] == 1 + len(RUSSIAN_LETTERS)
    assert table.sum(axis=1) == pytest.approx(1.0, abs=1e-3)
    assert len(table) == 12
    letters = [(" " + RUSSIAN_LETTERS)[best] for best in table.argmax(axis=1)]
    assert "".join(letters) == "ееее    тттт"


@pytest.mark.parametrize("name", CANNOT)
def test_other_recognisers_are_refused(name, tmp_path):
    with pytest.raises(ModelError, match=name):
        RecogniserLetters(opened(name, tmp_path))
    with pytest.raises(SettingsError, match=name):
        open_aligner(settings_with(name))


def test_auto_takes_a_recogniser_from_the_store_only_where_it_can_align(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path))
    assert open_aligner(settings_with("auto")).record.kind == "letters"
    store_recogniser("vosk-0.54", tmp_path)
    assert open_aligner(settings_with("auto")).record.kind == "letters"
    store_recogniser("gigaam-v3-ctc", tmp_path)
    assert open_aligner(settings_with("auto")).record.name == "gigaam-v3-ctc"
    assert open_aligner(settings_with("compact")).record.kind == "letters"
    assert open_aligner(settings_with("gigaam-v3-ctc")).record.name == "gigaam-v3-ctc"
