"""A text finds its times in a sound whose letters are planted sample by sample."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from emoreport.records import DecodeOutcome, ModelRecord, Span, TextLine
from emoreport.words import alignment
from emoreport.words.alignment import LetterAligner, speech_pieces
from emoreport.words.sounding import RUSSIAN_LETTERS, heard_letters

RATE_HZ = 16_000
FRAME = 320


class PlantedModel:
    """Reads the letter that is written into every sample: number of the class by 100."""

    record = ModelRecord("planted")
    letters = RUSSIAN_LETTERS
    language = "ru"
    frame_s = 0.02
    blanks_between = False

    def log_posteriors(self, samples):
        classes = np.rint(samples[FRAME // 2 :: FRAME] * 100).astype(int)
        table = np.full((len(classes), 1 + len(self.letters)), 0.1 / len(self.letters))
        table[np.arange(len(classes)), classes] = 0.9
        return np.log(table).astype(np.float32)


class UnsureModel(PlantedModel):
    """Hears another letter rather than the right one in every second frame."""

    def log_posteriors(self, samples):
        sure = super().log_posteriors(samples)
        rng = np.random.default_rng(len(samples))
        noise = rng.normal(0.0, 1.4, sure.shape)
        told = 0.35 * sure + noise
        return (told - np.log(np.exp(told).sum(axis=1, keepdims=True))).astype(np.float32)


class Sound:
    sample_rate_hz = RATE_HZ
    start_s = 0.0
    outcome = DecodeOutcome(0.0, 0, 0, "exact")

    def __init__(self, samples):
        self.samples = samples
        self.end_s = len(samples) / RATE_HZ

    def read(self, span):
        return self.samples[round(span.start_s * RATE_HZ) : round(span.end_s * RATE_HZ)]

    def close(self):
        pass


class Talk:
    """A sound that says words, and when it says them."""

    def __init__(self):
        self.parts = [np.zeros(RATE_HZ // 2, np.float32)]
        self.at = {}
        self.speech = []

    @property
    def now_s(self):
        return sum(map(len, self.parts)) / RATE_HZ

    def say(self, text, frames=4, pause=2):
        start_s = self.now_s
        for word in text.split():
            began_s = self.now_s
            for letter in heard_letters(word):
                number = RUSSIAN_LETTERS.index(letter) + 1
                self.parts.append(np.full(frames * FRAME, number / 100, np.float32))
            self.at.setdefault(word, []).append((began_s, self.now_s))
            self.parts.append(np.zeros(pause * FRAME, np.float32))
        self.speech.append(Span(start_s, self.now_s))
        return self

    def rest(self, seconds):
        self.parts.append(np.zeros(round(seconds * RATE_HZ), np.float32))
        return self

    def align(self, *lines, model=PlantedModel):
        sound = Sound(np.concatenate([*self.parts, np.zeros(RATE_HZ, np.float32)]))
        return LetterAligner(model()).align(sound, self.speech, lines)


def times(transcript, text):
    return np.array([(word.start_s, word.end_s) for word in transcript.words if word.text == text])


def near(spans):
    return pytest.approx(np.array(spans), abs=0.021)


def test_plain_text_finds_its_times():
    talk = Talk().say("она завела прядь").rest(3).say("подняла корзинку с зеленью")
    found = talk.align(TextLine("Она завела прядь, подняла корзинку с зеленью."))
    assert [word.text for word in found.words][:3] == ["Она", "завела", "прядь"]
    assert found.unplaced == ()
    assert times(found, "корзинку") == near(talk.at["корзинку"])
    assert found.words[2].after == ","
    assert found.words[0].placed == "aligned"
    assert min(word.confidence for word in found.words) > 0.9
    assert found.language == "ru"


def test_what_nobody_said_finds_no_place_and_what_nobody_wrote_moves_nothing():
    talk = Talk().say("она завела темную прядь").say("волнистых волос").say("и подняла корзинку")
    found = talk.align(
        TextLine("она завела темную прядь"),
        TextLine("совершенно постороннее"),
        TextLine("и подняла корзинку"),
    )
    unplaced = [word.text for word in found.unplaced]
    assert {"совершенно", "постороннее"} <= set(unplaced)
    assert found.share_unplaced == pytest.approx(len(unplaced) / 9)
    assert times(found, "завела") == near(talk.at["завела"])
    assert times(found, "корзинку") == near(talk.at["корзинку"])


def test_a_cue_is_looked_for_around_its_times():
    talk = Talk().say("да конечно").rest(4).say("да конечно")
    second_s = talk.at["да"][1][0]
    found = talk.align(TextLine("Да, конечно", second_s - 0.2, second_s + 2))
    assert times(found, "Да") == near(talk.at["да"][1:])


def test_a_text_of_another_recording_is_not_forced_on_the_sound():
    talk = Talk().say("она завела прядь волнистых волос за ухо")
    found = talk.align(TextLine("эти журналисты требуют немедленно опубликовать документы"))
    assert found.share_unplaced == 1.0
    assert found.words == ()


LONG = "она завела темную прядь волнистых волос за ухо и подняла корзинку с зеленью"


def test_a_voice_that_the_network_is_unsure_of_keeps_its_words_and_gets_no_others():
    talk = Talk().say(LONG)
    own = talk.align(TextLine(LONG), model=UnsureModel)
    assert np.median([word.confidence for word in own.words]) < 0.4
    assert own.share_unplaced < 0.2
    other = "эти журналисты требуют немедленно опубликовать документы о продаже завода"
    assert talk.align(TextLine(other), model=UnsureModel).share_unplaced > 0.8


def test_a_short_word_stays_with_its_sentence():
    talk = (
        Talk().say("мы сидели на крыше и смотрели на облака").rest(1.5).say("на этом слайде цифры")
    )
    found = talk.align(TextLine("На этом слайде цифры"))
    assert found.unplaced == ()
    assert times(found, "На") == near(talk.at["на"][-1:])


def test_few_words_are_found_in_a_longer_talk(monkeypatch):
    monkeypatch.setattr(alignment, "OTHER_WORDS", 60)
    talk = Talk().say("она завела прядь").rest(1).say("наводнение началось").say("потом ушла")
    found = talk.align(TextLine("Наводнение!"))
    assert times(found, "Наводнение") == near(talk.at["наводнение"])
    assert talk.align(TextLine("Электричество!")).words == ()


def test_the_same_sound_and_text_give_the_same_words():
    talk = Talk().say(LONG)
    first, second = (talk.align(TextLine(LONG), model=UnsureModel) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("in_one_cue", [False, True])
def test_a_long_talk_is_followed_window_by_window(monkeypatch, in_one_cue):
    monkeypatch.setattr(alignment, "WINDOW_FRAMES", 300)
    monkeypatch.setattr(alignment, "KEPT_FRAMES", 200)
    monkeypatch.setattr(alignment, "LETTERS_AHEAD", 120)
    random = np.random.default_rng(0)
    written = []
    talk = Talk()
    for number in range(40):
        words = ["".join(random.choice(list(RUSSIAN_LETTERS), 6)) for _ in range(4)]
        talk.say(" ".join(words)).rest(0.3 if number % 5 else 2.0)
        written.append(" ".join(words))
    cue = TextLine(" ".join(written), 0.0, talk.now_s)
    found = talk.align(*([cue] if in_one_cue else map(TextLine, written)))
    assert found.unplaced == ()
    expected = [talk.at[word][0] for line in written for word in line.split()]
    assert np.array([(word.start_s, word.end_s) for word in found.words]) == near(expected)


def test_cues_beyond_all_measure_are_not_looked_for(monkeypatch):
    looks = []
    own = alignment.best_path
    monkeypatch.setattr(
        alignment,
        "best_path",
        lambda table, *rest, **more: looks.append(len(table)) or own(table, *rest, **more),
    )
    talk = Talk().say("она завела прядь")
    found = talk.align(*[TextLine("она завела прядь", 0.5, talk.now_s)] * 1000)
    once = talk.now_s + 1.0  # with the silence behind it
    most = alignment.MOST_LOOKS * once / (talk.now_s - 0.5)
    assert 10 < len(looks) / 2 <= most  # the text itself, and other words in its place
    assert len(found.words) + len(found.unplaced) == 3000
    assert 3 < len(found.words) <= 3 * most


def test_nothing_said_and_nothing_written():
    assert Talk().align(TextLine("слово")).share_unplaced == 1.0
    assert Talk().say("слово").align(TextLine("…")).words == ()


def test_pieces_hold_all_speech_and_are_never_long():
    speech = [Span(1.0, 4.0), Span(4.5, 30.0), Span(40.0, 41.0)]
    pieces = speech_pieces(speech, 0.0, 41.2)
    assert all(piece.duration_s <= alignment.LONGEST_PIECE_S for piece in pieces)
    assert all(one.end_s <= two.start_s for one, two in pairwise(pieces))
    covered = sum(piece.duration_s for piece in pieces)
    assert covered >= 3.0 + 25.5 + 1.0
    assert pieces[-1].end_s == 41.2
