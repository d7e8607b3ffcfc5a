"""A planted sound spells words at known times; the recogniser finds them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.models.families.recognition import HeardClip, HeardToken
from emoreport.records import ModelRecord, Recogniser, Span
from emoreport.words.pieces import LONGEST_PAUSE_S, LONGEST_PIECE_S, inside, speech_pieces
from emoreport.words.recogniser import BATCH, SpeechRecogniser
from tests.fixtures.audio import RATE_HZ, MemoryTrack

LETTER_S = 0.12


class PlantedModel:
    """Hears the same tokens in every clip, and remembers the lengths of the clips."""

    record = ModelRecord("planted", "words")
    language = "ru"

    def __init__(self, tokens, text=""):
        self._tokens = None if tokens is None else tuple(HeardToken(*token) for token in tokens)
        self._text = text
        self.batches = []

    def hear(self, clips):
        self.batches.append([len(clip) / RATE_HZ for clip in clips])
        return [HeardClip(self._text, self._tokens) for _ in clips]


def silent_track(duration_s, **placed):
    return MemoryTrack(np.zeros(round(duration_s * RATE_HZ), np.float32), **placed)


def heard(tokens, **facts):
    model = SpeechRecogniser(PlantedModel(tokens, **facts))
    return model.transcribe(silent_track(4.0), [Span(1.0, 3.0)]).words


def test_words_of_a_planted_sound_are_right_to_40_ms(tmp_path):
    pytest.importorskip("onnx_asr", reason="needs the extra words")
    from emoreport.models.families.recognition import open_recognition
    from tests.fixtures.recognition import spoken, write_recogniser

    model = SpeechRecogniser(
        open_recognition(write_recogniser("gigaam-v3-ctc", tmp_path), threads=1)
    )
    assert isinstance(model, Recogniser)
    sound = spoken("..да.нет....мне это..".replace("э", "и"), letter_s=LETTER_S)
    track = MemoryTrack(sound, start_s=2.0)
    speech = [Span(2.0 + LETTER_S * 2, 2.0 + LETTER_S * 8), Span(2.0 + LETTER_S * 12, track.end_s)]
    found = model.transcribe(track, speech)
    # Silence is no word mark to such a network: only its own mark is.
    expected = [("данетмне", 2, 15), ("ито", 16, 19)]
    assert [word.text for word in found.words] == [text for text, _, _ in expected]
    for word, (_, first, stop) in zip(found.words, expected, strict=True):
        assert word.start_s == pytest.approx(2.0 + LETTER_S * first, abs=0.04)
        assert word.end_s == pytest.approx(2.0 + LETTER_S * stop, abs=0.04)
        assert word.confidence > 0.9
        assert (word.placed, word.line) == ("recognised", 0)
    assert (found.source, found.language, found.sha256) == ("gigaam-v3-ctc", "ru", "")


def test_marks_begin_words_and_signs_follow_them():
    words = heard(
        [
            (" «пр", 0.1, 0.2, 0.5),
            ("и", 0.2, 0.3, 0.5),
            (",", 0.6, 0.7, 0.1),
            (" ", 0.7, 0.8, 0.9),
            ("что-то", 0.8, 0.9, 0.25),
            ("»", 0.9, 1.0, 1.0),
            (" —", 1.0, 1.1, 1.0),
            ("<unk>", 1.1, 1.2, 1.0),
            (" 5", 1.2, 1.3, 1.0),
        ]
    )
    assert [(word.text, word.after) for word in words] == [
        ("при", ","),
        ("что-то", "» —"),
        ("5", ""),
    ]
    first, second, third = words
    origin_s = 1.0 - 0.15
    assert (first.start_s, first.end_s) == pytest.approx((origin_s + 0.1, origin_s + 0.3))
    assert (first.confidence, second.confidence) == pytest.approx((0.5, 0.25))
    assert third.start_s == pytest.approx(origin_s + 1.2)


def test_confidence_is_the_geometric_mean_and_unknown_where_the_model_tells_none():
    (word,) = heard([("а", 0.0, 0.1, 0.9), ("б", 0.1, 0.2, 0.4)])
    assert word.confidence == pytest.approx(0.6)
    (word,) = heard([("а", 0.0, 0.1, float("nan"))])
    assert word.confidence is None
    (word,) = heard([("а", 0.0, 0.1, 0.0)])
    assert word.confidence == pytest.approx(0.0)


def test_words_do_not_overlap_and_end_with_their_piece():
    words = heard([("а", 0.0, 0.5, 1.0), (" б", 0.3, 0.4, 1.0), (" в", 2.2, 9.0, 1.0)])
    assert words[0].end_s == words[1].start_s
    assert words[2].end_s == pytest.approx(3.15)


def test_words_without_times_are_spread_over_the_speech_by_their_letters():
    model = SpeechRecogniser(PlantedModel(None, text="Да, конечно — нет."))
    speech = [Span(1.0, 1.6), Span(2.0, 3.0)]
    words = model.transcribe(silent_track(4.0), speech).words
    assert [(word.text, word.after) for word in words] == [
        ("Да", ","),
        ("конечно", " —"),
        ("нет", "."),
    ]
    assert words[0].start_s == pytest.approx(1.0)
    assert words[-1].end_s == pytest.approx(3.0)
    lengths = [
        sum(span.overlap_s(Span(word.start_s, word.end_s)) for span in speech) for word in words
    ]
    assert lengths == pytest.approx([1.6 * 3 / 15, 1.6 * 8 / 15, 1.6 * 4 / 15])
    assert all(word.confidence is None for word in words)


def test_pieces_are_heard_in_small_batches_and_progress_is_told():
    spans = [Span(10.0 * number, 10.0 * number + 5.0) for number in range(BATCH + 2)]
    model, said = PlantedModel([("а", 0.0, 0.1, 1.0)]), []
    track = silent_track(60.0)
    found = SpeechRecogniser(model).transcribe(track, spans, lambda *told: said.append(told))
    assert [len(batch) for batch in model.batches] == [BATCH, 2]
    assert [word.line for word in found.words] == list(range(BATCH + 2))
    assert said[-1] == ("words", 60.0, 60.0)
    assert [done_s for _, done_s, _ in said] == sorted(done_s for _, done_s, _ in said)


def test_without_speech_there_are_no_words():
    model = PlantedModel([("а", 0.0, 0.1, 1.0)])
    assert SpeechRecogniser(model).transcribe(silent_track(5.0), []).words == ()
    assert model.batches == []


def test_speech_without_a_pause_is_cut_where_it_is_quietest():
    rng = np.random.default_rng(1)
    sound = rng.normal(0.0, 0.1, round(50.0 * RATE_HZ)).astype(np.float32)
    for quiet_s in (17.0, 30.0):
        at = round(quiet_s * RATE_HZ)
        sound[at : at + round(0.1 * RATE_HZ)] = 0.0
    pieces = list(speech_pieces(MemoryTrack(sound), [Span(0.0, 50.0)]))
    assert [piece.end_s for piece in pieces[:2]] == pytest.approx([17.05, 30.05], abs=0.08)
    assert (pieces[0].start_s, pieces[-1].end_s) == (0.0, 50.0)


@st.composite
def speeches(draw):
    at_s, spans = 0.0, []
    for _ in range(draw(st.integers(0, 12))):
        start_s = at_s + draw(st.floats(0.1, 4.0))
        at_s = start_s + draw(st.floats(0.25, 30.0))
        spans.append(Span(start_s, at_s))
    return spans, at_s + draw(st.floats(0.0, 2.0))


@given(speeches())
def test_pieces_are_short_disjoint_and_hold_all_speech(made):
    speech, duration_s = made
    pieces = list(speech_pieces(silent_track(duration_s), speech))
    for piece in pieces:
        assert 0 < piece.duration_s <= LONGEST_PIECE_S + 1e-6
        assert piece.start_s >= -1e-6
        assert piece.end_s <= duration_s + 1e-4
    for left, right in itertools.pairwise(pieces):
        assert left.end_s <= right.start_s + 1e-9
    for span in speech:
        covered_s = sum(span.overlap_s(piece) for piece in pieces)
        assert covered_s == pytest.approx(span.duration_s, abs=1e-6)
    for left, right in itertools.pairwise(speech):
        if right.start_s - left.end_s > LONGEST_PAUSE_S:
            gap = Span(left.end_s + 0.2, right.start_s - 0.2)
            assert sum(gap.overlap_s(piece) for piece in pieces) == pytest.approx(0.0)
    for piece in pieces:
        parts = inside(speech, piece)
        assert parts == [piece] or all(part.duration_s > 0 for part in parts)
