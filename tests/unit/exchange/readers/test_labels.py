from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.errors import SettingsError
from emoreport.exchange.readers.labels import coded_spans, parse_map, standard_label
from emoreport.exchange.writers.tiers import face_labels, voice_labels
from emoreport.tiers.raw import RawSpan
from emoreport.vocabulary import ALL_LABELS, NAMES, OTHER

FACE, VOICE = face_labels(()), voice_labels(())


@pytest.mark.parametrize("lang", sorted(NAMES))
def test_every_name_in_every_language_stands_for_its_label(lang: str) -> None:
    for label in ALL_LABELS:
        allowed = VOICE if label in VOICE else face_labels((OTHER,))
        assert standard_label(f"  {NAMES[lang][label].upper()} ", {}, allowed) == label


def test_renamings_hold_for_what_is_written_and_for_names() -> None:
    mapping = parse_map(["Content = happiness", "contempt=disgust"], ALL_LABELS)
    assert standard_label("content", mapping, FACE) == "happiness"
    assert standard_label("презрение", mapping, FACE) == "disgust"
    assert standard_label("contempt", mapping, FACE) == "disgust"


def test_usual_names_are_understood_and_a_renaming_goes_first() -> None:
    for written in ("joy", "Happy", "HAP", "Счастье"):
        assert standard_label(written, {}, FACE) == "happiness"
    assert standard_label("joy", parse_map(["joy=surprise"], ALL_LABELS), FACE) == "surprise"
    assert standard_label("calm", {}, FACE) is None


def test_a_label_of_the_other_modality_is_unknown() -> None:
    assert standard_label("enthusiasm", {}, FACE) is None
    assert standard_label("no_speech", {}, FACE) is None
    assert standard_label("no_face", {}, VOICE) is None


def test_labels_of_a_foreign_model_are_known_where_it_ran() -> None:
    assert standard_label("bored", {}, face_labels(("Bored",))) == "Bored"


@pytest.mark.parametrize(
    ("entries", "cause"),
    [
        (["joy"], "cannot be 'joy'"),
        (["=anger"], "cannot be"),
        (["joy="], "cannot be"),
        (["joy=hapiness"], "'hapiness', which is no label"),
        (["joy=happiness", "JOY=surprise"], "two meanings"),
    ],
)
def test_renamings_that_make_no_sense_are_refused(entries: list[str], cause: str) -> None:
    with pytest.raises(SettingsError, match=cause):
        parse_map(entries, ALL_LABELS)


def test_a_long_list_of_unknown_labels_is_cut() -> None:
    spans = [RawSpan(place, place + 1, f"odd{place}") for place in range(20)]
    with pytest.raises(SettingsError, match="'odd7' and 12 more"):
        coded_spans(spans, {}, FACE)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 20), st.sampled_from(["anger", ""])),
        max_size=8,
    )
)
def test_spans_of_one_label_are_joined_and_cover_what_they_covered(
    entries: list[tuple[int, int, str]],
) -> None:
    raw = [RawSpan(start, start + length, text) for start, length, text in entries]
    found = coded_spans(raw, {}, FACE)
    covered = {moment for span in raw if span.text for moment in range(span.start_ms, span.end_ms)}
    bounds = [(round(one.span.start_s * 1000), round(one.span.end_s * 1000)) for one in found]
    assert {moment for start, end in bounds for moment in range(start, end)} == covered
    assert all(one[1] < other[0] for one, other in itertools.pairwise(bounds))
