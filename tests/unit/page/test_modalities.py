"""The page's figures of face, voice and words."""

from __future__ import annotations

from emoreport.page.modalities import FIGURES, TALKING, talking_rows, three_block
from emoreport.results import ModalityStatistic

ROWS = (
    ModalityStatistic("agreement", "all", "share", 0.5, 0.4, 0.6, 0.25, 0.01, 6.0),
    ModalityStatistic("departs", "voice", "share", note="too_short"),
    ModalityStatistic("pair_kappa", "face_text", "coefficient", 0.1),
    *(
        ModalityStatistic(statistic, "face_text", "share", value, emotion=emotion)
        for emotion, value in (("surprise", 0.125), ("anger", None))
        for statistic in TALKING
    ),
)


def test_figures_carry_chance_and_what_is_missing():
    assert three_block(ROWS) == {
        "all": {
            "unit": "share", "value": 0.5, "low": 0.4, "high": 0.6, "expected": 0.25,
            "p_value": 0.01,
        },
        "departs_voice": {"unit": "share", "note": "too_short"},
    }  # fmt: skip
    assert list(three_block(ROWS)) == [key for key in FIGURES if key in three_block(ROWS)]
    assert three_block(()) == {}


def test_the_talking_mouth_has_a_row_for_each_emotion_in_the_usual_order():
    rows = talking_rows(ROWS)
    assert [row["label"] for row in rows] == ["anger", "surprise"]
    assert rows[1]["in_speech"] == {"unit": "share", "value": 0.125}
    assert rows[0]["at_open_vowels"] == {"unit": "share"}
    assert talking_rows(ROWS[:3]) == []
