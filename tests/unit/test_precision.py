"""How often a model is right when it names an emotion, in words."""

from emoreport.precision import precision_sentence
from emoreport.records import ModelRecord, Precision

LABELS = ("anger", "contempt", "disgust", "fear", "neutral")
TESTED = ModelRecord(
    "tested",
    labels=LABELS,
    precision=Precision(
        data=("FER+", "CK+"),
        right={"anger": 0.6, "contempt": 0.2, "fear": 0.75, "neutral": 0.9},
        said={"anger": 250, "contempt": 10, "fear": 99, "neutral": 1000},
    ),
)


def test_emotions_are_told_from_the_surest_to_those_that_are_seldom_right():
    assert precision_sentence(TESTED, "en") == (
        "When it named an emotion in a test on data kept out of its training (FER+, CK+), it was"
        " right mostly: neutral 90 %, fear 75 % of 99; more often than not: anger 60 %; less often"
        " than not: contempt 20 % of 10; and never named disgust. It is right less often about an"
        " emotion that a recording rarely shows."
    )
    assert "реже, чем ошибалась: презрение 20 % из 10" in precision_sentence(TESTED, "ru")


def test_a_model_without_figures_says_so():
    said = precision_sentence(ModelRecord("foreign", labels=LABELS), "en")
    assert said.endswith("was not measured.")
