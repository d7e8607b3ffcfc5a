"""Labels of two models in one space."""

import pickle
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.errors import SettingsError
from emoreport.vocabulary import EMOTIONS, OTHER, is_emotion

ANIEMORE = ("anger", "disgust", "enthusiasm", "fear", "happiness", "neutral", "sadness")
DUSHA = ("anger", "positive", "neutral", "sadness")


def certain(label, labels):
    return tuple(float(name == label) for name in labels)


def match(video, audio, voice_labels=ANIEMORE, bridge=DEFAULT_BRIDGE):
    return bridge.compare(
        video,
        certain(video, EMOTIONS),
        EMOTIONS,
        audio,
        certain(audio, voice_labels),
        voice_labels,
    )[0]


def test_the_shared_space_is_what_both_models_can_give():
    expected = ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
    assert DEFAULT_BRIDGE.shared_space(EMOTIONS, ANIEMORE) == expected
    assert DEFAULT_BRIDGE.shared_space(EMOTIONS, DUSHA) == (
        "anger",
        "happiness",
        "neutral",
        "sadness",
    )
    assert DEFAULT_BRIDGE.shared_space(EMOTIONS, ()) == ()


def test_equal_labels_match_and_different_ones_do_not():
    assert match("anger", "anger") is True
    assert match("anger", "sadness") is False


def test_enthusiasm_and_positive_stand_for_happiness():
    assert match("happiness", "enthusiasm") is True
    assert match("sadness", "enthusiasm") is False
    assert match("happiness", "positive", DUSHA) is True


def test_a_label_without_a_partner_is_never_a_mismatch():
    assert match("contempt", "anger") is None
    assert match("surprise", "happiness") is None
    assert match("fear", "anger", DUSHA) is None
    assert match("happiness", "enthusiasm", bridge=Bridge.from_mapping({})) is None


def test_other_is_an_emotion_and_is_never_compared_even_with_itself():
    labels = (*EMOTIONS, OTHER)
    assert is_emotion(OTHER)
    for heard in (OTHER, "anger"):
        assert DEFAULT_BRIDGE.compare(
            OTHER, certain(OTHER, labels), labels, heard, certain(heard, labels), labels
        ) == (None, None)
    half = tuple(0.5 * (name in {OTHER, "anger"}) for name in labels)
    assert DEFAULT_BRIDGE.compare(
        "anger", half, labels, "anger", certain("anger", labels), labels
    ) == (True, 0.0)
    with pytest.raises(SettingsError):
        Bridge.from_mapping({OTHER: "neutral"})


@pytest.mark.parametrize("word", ["no_face", "no_speech", "uncertain"])
def test_what_is_no_emotion_cannot_be_compared(word):
    assert DEFAULT_BRIDGE.compare(
        word, None, EMOTIONS, "anger", certain("anger", ANIEMORE), ANIEMORE
    ) == (None, None)
    assert DEFAULT_BRIDGE.compare(
        "anger", certain("anger", EMOTIONS), EMOTIONS, word, None, ANIEMORE
    ) == (None, None)


def severity(video, face_labels, audio, voice_labels, bridge=DEFAULT_BRIDGE):
    return bridge.compare("anger", video, face_labels, "anger", audio, voice_labels)[1]


def test_severity_is_half_the_summed_difference():
    assert severity((0.7, 0.3), ("anger", "fear"), (0.5, 0.5), ("anger", "fear")) == pytest.approx(
        0.2
    )
    assert severity((1, 0), ("anger", "fear"), (0, 1), ("anger", "fear")) == 1.0
    assert severity((0.5, 0.5), ("anger", "fear"), (0.5, 0.5), ("fear", "anger")) == 0.0


def test_severity_looks_at_the_shared_labels_only():
    found = severity((0.3, 0.2, 0.5), ("anger", "fear", "contempt"), (0.6, 0.4), ("anger", "fear"))
    assert found == pytest.approx(0.0)


def test_bridged_mass_is_added_up():
    voice = ("anger", "happiness", "enthusiasm")
    found = severity((0.4, 0.6), ("anger", "happiness"), (0.4, 0.25, 0.35), voice)
    assert found == pytest.approx(0.0)


def test_no_mass_on_the_shared_labels_has_no_severity():
    assert severity((0.0, 1.0), ("anger", "contempt"), (0.6, 0.4), ("anger", "fear")) is None
    assert severity((1.0,), ("contempt",), (1.0,), ("positive",)) is None


def test_distributions_must_fit_their_labels():
    with pytest.raises(ValueError, match="zip"):
        severity((1.0,), ("anger", "fear"), (0.5, 0.5), ("anger", "fear"))


@pytest.mark.parametrize("mapping", [{"joy": "happiness"}, {"positive": "no_face"}, {"fear": ""}])
def test_unknown_names_are_refused(mapping):
    with pytest.raises(SettingsError, match="no emotion"):
        Bridge.from_mapping(mapping)


def test_a_bridge_of_ones_own_replaces_the_default():
    bridge = Bridge.from_mapping({"contempt": "disgust"})
    assert bridge.shared("contempt") == "disgust"
    assert bridge.shared("enthusiasm") == "enthusiasm"
    assert match("contempt", "disgust", bridge=bridge) is True


def test_a_bridge_can_be_sent_to_another_process_and_does_not_follow_its_source():
    source = {"positive": "happiness"}
    bridge = Bridge.from_mapping(source)
    source["positive"] = "anger"
    assert pickle.loads(pickle.dumps(bridge)) == bridge
    assert bridge.shared("positive") == "happiness"


weights = st.lists(st.integers(0, 50), min_size=8, max_size=8)


@given(face=weights, voice=weights, labels=st.sampled_from([EMOTIONS, (*ANIEMORE, "positive")]))
def test_severity_is_symmetric_and_between_zero_and_one(face, voice, labels):
    there = severity(face, EMOTIONS, voice, labels)
    back = severity(voice, labels, face, EMOTIONS)
    assert there == back
    assert there is None or 0.0 <= there <= 1.0


@given(face=weights)
def test_a_distribution_does_not_differ_from_itself(face):
    assert severity(face, EMOTIONS, face, EMOTIONS) in {0.0, None}


@given(face=weights, voice=weights, factor=st.integers(1, 9))
def test_severity_does_not_depend_on_the_scale(face, voice, factor):
    scaled = severity([factor * weight for weight in face], EMOTIONS, voice, EMOTIONS)
    assert scaled == pytest.approx(severity(face, EMOTIONS, voice, EMOTIONS))


def test_the_documented_file_is_the_default():
    path = Path(__file__).parents[4] / "docs" / "bridge.toml"
    mapping = tomllib.loads(path.read_text(encoding="utf-8"))["bridge"]
    assert Bridge.from_mapping(mapping) == DEFAULT_BRIDGE
    assert mapping == dict(DEFAULT_BRIDGE.mapping)
