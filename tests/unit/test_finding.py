"""The sentence of a recording is true in every state of its results."""

from __future__ import annotations

import dataclasses

import pytest

from emoreport.finding import (
    WHYS,
    amount,
    figures_in_words,
    finding_sentence,
    mismatch_sentence,
    modalities_sentence,
    percent,
)
from emoreport.records import Span
from emoreport.results import (
    Analysis,
    AudioInterval,
    MismatchFigure,
    ModalityStatistic,
    VideoInterval,
)
from tests.fixtures.page import findings
from tests.fixtures.results import summary

NOTHING_COMPARED = {
    "compared_s": 0.0,
    "mismatch_share": None,
    "mismatch_verdict": "not_enough_data",
}


def sentence(face="", voice="", *, lang="en", bridge=None, **figures):
    """The sentence of rows of 2 s each, named by words, with these figures of the summary.

    Rows of the voice with an emotion hold 1.5 s of speech.
    """
    seen, heard = face.split(), voice.split()
    video = tuple(
        VideoInterval(Span(2 * i, 2 * i + 2), label, None, 1.0, 50) for i, label in enumerate(seen)
    )
    audio = tuple(
        AudioInterval(Span(2 * i, 2 * i + 2), label, None, 0.0 if label == "no_speech" else 1.5)
        for i, label in enumerate(heard)
    )
    emotions = [label for label in seen if label not in {"no_face", "uncertain"}]
    facts = {
        "duration_s": 2.0 * len(seen),
        "face_coverage": sum(label != "no_face" for label in seen) / max(1, len(seen)),
        "emotion_s": 2.0 * len(emotions),
        "speech_s": sum(row.speech_s for row in audio),
        "dominant_video_emotion": _most(seen),
        "dominant_audio_emotion": _most(heard),
    }
    whole = Analysis(video, (), (), (), summary(**{**facts, **figures}), voice_intervals=audio)
    return finding_sentence(dataclasses.replace(findings(bridge=bridge), analysis=whole), lang)


def _most(labels):
    named = [label for label in labels if label not in {"no_face", "no_speech", "uncertain"}]
    return max(named, key=named.count) if named else None


def test_the_whole_sentence():
    said = sentence(
        "neutral happiness neutral happiness neutral neutral",
        "neutral neutral no_speech neutral neutral no_speech",
        compared_s=8.7,
        mismatch_share=0.868,
        mismatch_verdict="not_enough_data",
    )
    assert said == (
        "The face reads mostly as neutral, with happiness twice; the voice, judged for 6 s of "
        "speech, reads as neutral throughout; the two differ for 87 % of the 9 s compared, which "
        "is too little to tell from chance."
    )


def test_the_whole_sentence_in_russian():
    said = sentence(
        "neutral happiness neutral happiness neutral neutral",
        "happiness happiness no_speech",
        lang="ru",
        compared_s=8.7,
        mismatch_share=0.868,
        mismatch_verdict="not_enough_data",
    )
    assert said == (
        "На лице преобладает нейтральное выражение, есть также радость (дважды); в голосе "
        "(оценено 3 с речи) всё время радость; они расходятся 87 % сравнимого времени (9 с), но "
        "данных слишком мало, чтобы отличить это от случайности."
    )


def test_without_face_and_speech_there_is_nothing_to_judge():
    said = sentence("no_face", "no_speech", **NOTHING_COMPARED)
    assert said == "No face and no speech were found, so there is nothing to judge."
    assert sentence("", "", face_coverage=0.0) == said


@pytest.mark.parametrize(
    ("face", "voice", "said"),
    [
        (
            "no_face",
            "anger",
            "No face was found; the voice, judged for 2 s of speech, reads as anger throughout.",
        ),
        ("anger", "no_speech", "The face reads as anger throughout; no speech was found."),
        (
            "uncertain uncertain",
            "uncertain uncertain",
            (
                "The face was never clear enough to name an emotion; the voice was never clear "
                "enough to name an emotion in 3 s of speech."
            ),
        ),
    ],
)
def test_what_could_not_be_judged_is_said_and_nothing_is_compared(face, voice, said):
    assert sentence(face, voice, **NOTHING_COMPARED) == said


def test_without_a_voice_model_the_voice_was_not_judged():
    said = sentence("fear", "uncertain", speech_model="none", **NOTHING_COMPARED)
    assert (
        said
        == "The face reads as fear throughout; the voice was not judged, as no voice model ran."
    )


def test_two_that_never_meet_are_not_called_alike():
    said = sentence("fear", "fear", **NOTHING_COMPARED)
    assert said.endswith("; there was no moment at which the two could be compared.")
    assert "chance" not in said


def test_a_face_that_was_judged_in_part_says_for_how_long():
    said = sentence("no_face uncertain happiness", "no_speech")
    assert said.startswith("The face, judged for 2 s of 6 s, reads as happiness throughout;")


def test_one_further_emotion_is_not_counted():
    said = sentence("fear fear fear fear anger sadness happiness", "no_speech")
    assert "with anger once, sadness once and one more;" in said


def test_an_emotion_that_leads_without_a_majority_has_its_share():
    face = "fear fear anger sadness sadness happiness anger surprise fear surprise"
    said = sentence(face, "no_speech")
    assert said.startswith(
        "The face reads most often as fear (30 % of the time judged), with anger "
        "twice, sadness twice and 2 more;"
    )


@pytest.mark.parametrize(
    ("share", "verdict", "expected", "said"),
    [
        (0.0, "less", 0.5, "agree throughout the 9 s compared, less"),
        (
            1.0,
            "as_much",
            None,
            "differ throughout the 9 s compared, as much as chance alone would give.",
        ),
        (
            0.997,
            "more",
            0.42,
            "differ for 99 % of the 9 s compared, more than chance alone would give (42 %).",
        ),
        (
            0.004,
            "less",
            0.42,
            "differ for 1 % of the 9 s compared, less than chance alone would give (42 %).",
        ),
        (0.5, None, 0.4, "differ for 50 % of the 9 s compared."),
    ],
)
def test_the_share_stands_beside_what_chance_gives(share, verdict, expected, said):
    figures = {"mismatch_share": share, "mismatch_verdict": verdict}
    whole = sentence("fear", "fear", compared_s=9.0, expected_mismatch_share=expected, **figures)
    assert f"; the two {said}" in whole


def test_a_label_that_the_bridge_equates_says_so():
    said = sentence("happiness", "positive", bridge={"positive": "happiness"})
    assert "reads as positive (= happiness) throughout" in said
    assert "(=" not in sentence("happiness", "positive")


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "один раз"), (2, "дважды"), (3, "3 раза"), (5, "5 раз"), (12, "12 раз"), (22, "22 раза")],
)
def test_russian_counts_as_russians_do(count, words):
    face = "neutral " * 30 + "fear " * count
    assert f"страх ({words})" in sentence(face, "no_speech", lang="ru")


def test_lengths_of_time_are_said_in_their_own_unit():
    seconds = (0.44, 1.2, 119.4, 120.0, 1500.0, 9000.0)
    said = ["0.4 s", "1 s", "119 s", "2 min", "25 min", "2.5 h"]
    assert [amount(value, "en") for value in seconds] == said
    assert amount(9000.0, "ru") == "2,5 ч"


def test_a_share_that_is_not_all_is_not_called_all():
    assert [percent(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == [
        *("0 %", "1 %", "50 %", "99 %", "100 %"),
    ]


@pytest.mark.parametrize(
    ("verdict", "note", "said"),
    [
        ("more", None, "chance alone would give 71 %: more than chance"),
        ("less", None, "chance alone would give 71 %: less than chance"),
        ("as_much", None, "chance alone would give 71 %: as much as chance"),
        ("not_enough_data", "too_short", "chance alone could give that (71 %): too short to tell"),
        ("not_enough_data", None, "chance alone could give that (71 %): not enough to tell"),
        ("not_enough_data", "constant", "chance alone could give that (71 %): not enough to tell"),
    ],
)
def test_the_share_in_mismatch_has_chance_and_verdict_beside_it(verdict, note, said):
    figure = MismatchFigure(8.0, 9.2, 8 / 9.2, 0.71, verdict, note)
    assert mismatch_sentence(figure, "en") == f"87 % of 9 s; {said}"


@pytest.mark.parametrize("note", WHYS)
def test_each_reason_is_told_apart(note):
    figures = [
        MismatchFigure(8.0, 9.2, 8 / 9.2, 0.71, "not_enough_data", why) for why in (note, None)
    ]
    for lang in ("en", "ru"):
        assert len({mismatch_sentence(figure, lang) for figure in figures}) == 2


def test_nothing_compared_is_no_zero():
    said = mismatch_sentence(MismatchFigure(verdict="not_enough_data", note="no_overlap"), "en")
    assert said == "face and voice could not be compared anywhere"


def three(value, p_value, seconds=60.0, **shares):
    same = ModalityStatistic(
        "agreement", "all", "share", value, expected=0.25, p_value=p_value, seconds=seconds
    )
    return (same, *(ModalityStatistic("departs", who, "share", shares[who]) for who in shares))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), None),
        (three(None, None), "comparable all at once for 60 s: too short to tell"),
        (three(None, None, seconds=0.0), "never comparable all at once"),
        (
            three(0.3, 0.4, face=0.9),
            "the same in 30 % of 60 s, which chance alone could give (25 %)",
        ),
        (three(0.5, 0.01), "the same in 50 % of 60 s, more than chance alone would give (25 %)"),
        (
            three(0.1, 0.01, face=0.3, voice=0.6, text=None),
            (
                "the same in 10 % of 60 s, less than chance alone would give (25 %);"
                " of the three, the voice departs most often"
            ),
        ),
    ],
)
def test_face_voice_and_words_have_a_sentence_where_there_are_words(rows, said):
    assert modalities_sentence(rows, "en") == said
    assert (modalities_sentence(rows, "ru") is None) == (said is None)


def test_the_terminal_tells_the_rate_that_the_page_tells():
    rates = {"transitions_per_minute": 1.0, "transitions_per_emotion_minute": 11.04}
    told = dataclasses.replace(findings().analysis, summary=summary(transitions=6, **rates))
    words = figures_in_words(dataclasses.replace(findings(), analysis=told), "en")
    assert words["transitions"] == "6 (11.0 per minute with an emotion)"
