"""Whose readings a run holds, and what is known of the actions of each person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emoreport.errors import SettingsError
from emoreport.records import MEASURES, POSE, ActionTrack, EyeTrack, Person
from emoreport.run.people import named_actions, own_actions, settled
from emoreport.run.run_json import document, from_document
from tests.fixtures.findings import run_record
from tests.fixtures.people import everyone_of
from tests.fixtures.results import face_track

FRAMES = face_track(40, gap=slice(10, 14))
SEEN, LOOKS = everyone_of(FRAMES)
RUN = run_record(duration_s=1.6)


def test_one_track_is_one_person_and_changes_nothing() -> None:
    run, faces = settled(RUN, "auto", FRAMES, None, None)
    assert faces is FRAMES
    assert (run.person, [person.key for person in run.people]) == ("A", ["A"])
    assert run.people[0].seconds == pytest.approx(1.6 - 4 / 25)
    assert run.warnings == RUN.warnings


def test_nobody_is_nobody() -> None:
    unseen = replace(FRAMES, probabilities=np.full_like(FRAMES.probabilities, np.nan))
    run, faces = settled(RUN, "auto", unseen, None, None)
    assert faces is unseen
    assert (run.person, run.people) == (None, ())


def test_of_two_the_one_seen_longest_is_taken_and_the_other_can_be_asked_for() -> None:
    run, faces = settled(RUN, "auto", FRAMES, SEEN, LOOKS)
    assert run.person == "A"
    assert [person.tracks for person in run.people] == [(1,), (2,)]
    assert [warning.key for warning in run.warnings][-1] == "several_people"
    np.testing.assert_array_equal(faces.probabilities, FRAMES.probabilities)
    again, same = settled(run, "auto", faces, SEEN, LOOKS)
    assert same is faces
    assert again == run
    other, theirs = settled(run, "b", faces, SEEN, LOOKS)
    assert other.person == "B"
    assert int(theirs.valid.sum()) == int((SEEN.track == 2).sum())
    back, ours = settled(other, "auto", theirs, SEEN, LOOKS)
    assert back == run
    np.testing.assert_array_equal(ours.probabilities, FRAMES.probabilities)


def test_two_who_turn_out_to_be_one_are_read_as_the_face_that_leads() -> None:
    run, faces = settled(RUN, "B", FRAMES, SEEN, LOOKS)
    one = (Person("A", (1, 2), seconds=1.4),)
    merged, whole = settled(run, "auto", faces, SEEN, LOOKS, one)
    assert merged.people == one
    assert "several_people" not in [warning.key for warning in merged.warnings]
    np.testing.assert_array_equal(whole.probabilities, FRAMES.probabilities)


def test_somebody_who_was_not_seen_or_is_not_kept_is_told() -> None:
    with pytest.raises(SettingsError, match="A, B"):
        settled(RUN, "C", FRAMES, SEEN, LOOKS)
    run, faces = settled(RUN, "B", FRAMES, SEEN, LOOKS)
    with pytest.raises(SettingsError, match="not in this folder"):
        settled(run, "A", faces, None, None)


def test_a_name_changes_no_readings_also_where_those_of_others_are_not_kept() -> None:
    run, faces = settled(RUN, "B", FRAMES, SEEN, LOOKS)
    named = tuple(replace(person, name=f"Анна {person.key}") for person in run.people)
    again, same = settled(run, "B", faces, None, None, named)
    assert same is faces
    assert again.people == named


def test_people_are_stored_in_the_run() -> None:
    run, _ = settled(RUN, "auto", FRAMES, SEEN, LOOKS)
    named = replace(run, people=(replace(run.people[0], name="Анна"), run.people[1]))
    assert from_document(document(named)).people == named.people
    assert from_document(document(named)).person == "A"
    assert from_document(document(RUN)).people == ()


def test_a_person_who_is_none_of_the_people_is_damage() -> None:
    with pytest.raises(ValueError, match="none of the people"):
        from_document(document(RUN) | {"person": "A"})


@pytest.mark.parametrize(
    "people",
    [
        [{"key": "A", "tracks": [1], "seconds": 1.0}, {"key": "B", "tracks": [1], "seconds": 1.0}],
        [{"key": "A", "tracks": [1], "seconds": 1.0}, {"key": "A", "tracks": [2], "seconds": 1.0}],
        [{"key": "A", "tracks": [], "seconds": 1.0}],
        [{"key": "A", "tracks": ["1"], "seconds": 1.0}],
        [{"key": "A", "tracks": [1], "seconds": -1.0}],
        [{"tracks": [1], "seconds": 1.0}],
    ],
)
def test_people_that_cannot_be_are_damage(people: list[dict[str, object]]) -> None:
    with pytest.raises((ValueError, KeyError)):
        from_document(document(RUN) | {"people": people})


def test_actions_of_another_face_are_not_known() -> None:
    time_s = np.array([0.0, 0.1, 0.2, 0.9])
    values = {name: np.ones(4, np.float32) for name in (*POSE, *MEASURES)}
    actions = ActionTrack(time_s, values, EyeTrack(time_s, np.ones(4, np.float32)))
    people = (Person("A", (1,)), Person("B", (2,)))
    for person in ("A", None):
        found = own_actions(actions, SEEN, people, person)
        np.testing.assert_array_equal(found.seen, [True] * 4)
    other = own_actions(actions, SEEN, people, "B")
    assert not other.seen.any()
    assert np.isnan(other.eyes.opening).all()
    assert own_actions(actions, None, people, "B") is actions
    assert own_actions(actions, SEEN, people[:1], "A") is actions
    assert own_actions(None, SEEN, people, "A") is None
    assert named_actions(actions, SEEN, people).person.tolist() == ["A"] * 4
    alone = named_actions(actions, None, (Person("A", (1,), "Анна"),))
    assert alone.eyes.person.tolist() == ["Анна"] * 4
    assert named_actions(actions, SEEN, ()) is actions
